import Filtering
import NetAddress
import TestSupport
import Testing

@testable import Authentication

/// A real saslauthd over its mux socket.
@Suite(needs(.saslauthd, .slapd), .apart) struct SaslauthdTests {
  @Test func usersBehindIt() async throws {
    let bare = PeerUser(name: "bert@example.org", password: "p w:ö\"\\")
    let peer = try Saslauthd(users: [.anna, bare])
    // Its few processes ask a directory: on a busy machine sixty questions take their time.
    let users = SaslauthdPasswords(endpoint: .unix(peer.socket), timeout: .seconds(120), group: loops)
    #expect(await users.obstacle() == nil)
    let right = await users.ask("anna@example.org", "secret")
    #expect(right == .accepted(name: "anna@example.org"), "\(peer.log)")
    #expect(await users.ask("Anna@Example.org", "secret") == .accepted(name: "anna@example.org"))
    #expect(await users.ask(bare.name, bare.password) == .accepted(name: bare.name))
    #expect(await users.ask("anna@example.org", "wrong").isRefused)
    #expect(await users.ask("nobody@example.org", "secret").isRefused)
    #expect(await users.ask("anna@elsewhere.example", "secret").isRefused)
    #expect(await users.ask("anna@example.org", "").isRefused)
    #expect(await users.ask("", "secret").isRefused)
    #expect(await users.ask("*@example.org", "secret").isRefused)
    #expect(await users.ask("anna@example.org", String(repeating: "x", count: 600)).isRefused)
    await withTaskGroup(of: Bool.self) { group in
      for index in 0..<60 {
        group.addTask {
          index % 2 == 0
            ? await users.ask("anna@example.org", "secret") == .accepted(name: "anna@example.org")
            : await users.ask("anna@example.org", "wrong\(index)").isRefused
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    peer.stop()
    #expect(await users.ask("anna@example.org", "secret").isUnavailable)
    #expect(await users.obstacle() != nil)
  }
}

/// What is no saslauthd, and the protocol by itself.
struct SaslauthdFaultTests {
  private func ask(_ script: CannedPeer.Script, within limit: Duration = .seconds(20)) async throws
    -> PasswordVerdict
  {
    let peer = try CannedPeer(script)
    return await SaslauthdPasswords(endpoint: .unix(peer.socket), timeout: limit, group: loops)
      .ask("anna", "secret")
  }

  /// It never answers: that this ends is the deadline.
  @Test(.timeLimit(.minutes(5))) func silence() async throws {
    #expect(try await ask(.init(), within: .milliseconds(300)).isUnavailable)
  }

  @Test(arguments: [
    ([0, 2, 0x4f, 0x4b], "accepted"), ([0, 3, 0x4f, 0x4b, 0], "accepted"),
    ([0, 7, 0x4f, 0x4b, 0x20, 0x62, 0x79, 0x65, 0], "accepted"), ([0, 2, 0x4e, 0x4f], "refused"),
    ([0, 6, 0x4e, 0x4f, 0x20, 0x62, 0x79, 0x65], "refused"),
    // Neither OK nor NO, too long, too short, broken off.
    ([0, 3, 0x4f, 0x4b, 0x41], "unavailable"), ([0, 2, 0x6f, 0x6b], "unavailable"),
    ([0xff, 0xff, 0x4f, 0x4b], "unavailable"), ([0, 0], "unavailable"), ([0, 1, 0x4f], "unavailable"),
    ([0, 9, 0x4f, 0x4b], "unavailable"), ([], "unavailable"),
  ])
  func answers(bytes: [UInt8], expected: String) async throws {
    let verdict = try await ask(.init(closes: true) { _ in bytes })
    switch expected {
    case "accepted": #expect(verdict == .accepted(name: "anna"))
    case "refused": #expect(verdict.isRefused)
    default: #expect(verdict.isUnavailable)
    }
    var reader = SaslauthdAnswerReader()
    var dripped = SaslauthdAnswerReader.Reading.needsMore
    for byte in bytes where dripped == .needsMore { dripped = reader.received([byte]) }
    var whole = SaslauthdAnswerReader()
    #expect(dripped == whole.received(bytes))
  }

  @Test func questions() {
    #expect(
      SaslauthdProtocol.question(user: [0x61], password: [0x62, 0x63], service: [0x73], realm: [])
        == [0, 1, 0x61, 0, 2, 0x62, 0x63, 0, 1, 0x73, 0, 0])
    let long = [UInt8](repeating: 0x61, count: 256)
    #expect(SaslauthdProtocol.question(user: long, password: [0x62], service: [0x73], realm: []) == nil)
    #expect(SaslauthdProtocol.question(user: [0x61, 0], password: [0x62], service: [0x73], realm: []) == nil)
  }

  @Test(.timeLimit(.minutes(5))) func aFloodIsHeldBack() async throws {
    let mute = try CannedPeer(.init())
    let users = SaslauthdPasswords(
      endpoint: .unix(mute.socket), timeout: .milliseconds(800), group: loops, mostAtOnce: 2)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<200 { group.addTask { await users.ask("anna", "secret").isUnavailable } }
      for await isUnavailable in group { #expect(isUnavailable) }
    }
  }
}
