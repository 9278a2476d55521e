import Filtering
import NIOCore
import NIOPosix
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// Logins that a backend judges.
@Suite struct BackendAuthenticatorTests {
  private func withAuthenticator(
    _ behaviour: TLSBackend.Behaviour, _ encryption: BackendEncryption = .init(.optional), sessions: Int = 8,
    waiting: Int = 256, timeout: Duration = .seconds(10),
    body: (TLSBackend, BackendAuthenticator) async throws -> Void
  ) async throws {
    let backend = try await TLSBackend(behaviour)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = BackendConfiguration(
      name: "main", endpoint: .ip(IPAddress(v4: 0x7F00_0001), port: backend.port))
    configuration.encryption = encryption
    configuration.isLMTP = behaviour.isLMTP
    let authenticator = BackendAuthenticator(
      configuration, hostname: "gateway.example", group: group, sessions: sessions, waiting: waiting,
      timeout: timeout)
    do {
      try await body(backend, authenticator)
    } catch {
      await backend.stop()
      throw error
    }
    await backend.stop()
    try await group.shutdownGracefully()
  }

  private static let right = Array("s3cret pass".utf8)

  @Test(arguments: ["AUTH PLAIN LOGIN", "AUTH LOGIN", "AUTH=LOGIN"])
  func rightAndWrong(offer: String) async throws {
    try await withAuthenticator(
      .init {
        $0.keywords.append(offer)
        $0.users = ["joe": "s3cret pass"]
      }
    ) { backend, authenticator in
      #expect(await authenticator.verify(user: "joe", password: Self.right) == .accepted(name: "joe"))
      #expect(await authenticator.verify(user: "joe", password: [120]) == .refused("535 5.7.8 wrong"))
      #expect(await authenticator.verify(user: "ann", password: Self.right) == .refused("535 5.7.8 wrong"))
      // Nobody waits for the last of them: the answer is there before.
      #expect(await eventuallyAsync { backend.openSessions == 0 })
      #expect(backend.commands.filter { $0 == "QUIT" }.count == 3)
      guard case .refused = await authenticator.verify(user: "joe\0", password: Self.right) else {
        Issue.record("NUL")
        return
      }
      #expect(backend.sessions == 3)
    }
  }

  @Test func overTLSWhereOfferedAndNotWithoutWhereRequired() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    var behaviour = TLSBackend.Behaviour {
      $0.certificate = pair
      $0.encryptedKeywords = ["AUTH PLAIN"]
      $0.users = ["joe": "s3cret pass"]
    }
    let verified = BackendEncryption(.verify, name: "backend.test", authorities: certificates.authority)
    for encryption in [BackendEncryption(.optional), BackendEncryption(.required), verified] {
      try await withAuthenticator(behaviour, encryption) { backend, authenticator in
        #expect(await authenticator.verify(user: "joe", password: Self.right) == .accepted(name: "joe"))
        #expect(backend.lines.filter { $0.text.hasPrefix("AUTH") }.map(\.isEncrypted) == [true])
      }
    }
    let wrong = BackendEncryption(.verify, name: "other.test", authorities: certificates.authority)
    behaviour.keywords.append("AUTH PLAIN")
    for (encryption, startTLS) in [
      (wrong, "220 go"), (.init(.required), "454 4.7.0 no"), (.init(.required), "220 go\r\n250 AUTH PLAIN"),
      (.init(.optional), "220 go\r\n250 AUTH PLAIN"),
    ] {
      behaviour.startTLS = startTLS
      try await withAuthenticator(behaviour, encryption) { backend, authenticator in
        guard case .unavailable(let words) = await authenticator.verify(user: "joe", password: Self.right)
        else {
          Issue.record("\(startTLS)")
          return
        }
        #expect(words.hasPrefix("main: "))
        #expect(backend.commands.allSatisfy { !$0.hasPrefix("AUTH") })
      }
    }
  }

  @Test func aPasswordStaysOnThisMachineInTheClear() throws {
    #expect(LoginSession.isLocal(try SocketAddress(ipAddress: "127.0.0.9", port: 25)))
    #expect(LoginSession.isLocal(try SocketAddress(ipAddress: "::1", port: 25)))
    #expect(LoginSession.isLocal(try SocketAddress(unixDomainSocketPath: "/run/lmtp")))
    #expect(!LoginSession.isLocal(try SocketAddress(ipAddress: "192.0.2.1", port: 25)))
    #expect(!LoginSession.isLocal(try SocketAddress(ipAddress: "2001:db8::1", port: 25)))
    #expect(!LoginSession.isLocal(nil))
  }

  @Test func nobodyCouldTell() async throws {
    let replies: [(String, String?)] = [
      ("AUTH", "454 4.7.0 no server"), ("AUTH", "421 4.3.2 bye"), ("AUTH", "500 5.5.2 what"), ("AUTH", nil),
      ("EHLO", "421 4.3.2 bye"), ("EHLO", nil),
    ]
    for (verb, reply) in replies {
      try await withAuthenticator(
        .init {
          $0.keywords.append("AUTH PLAIN")
          $0.users = ["joe": "s3cret pass"]
          $0.replies.updateValue(reply, forKey: verb)
        }, timeout: .milliseconds(500)
      ) { backend, authenticator in
        guard case .unavailable = await authenticator.verify(user: "joe", password: Self.right) else {
          Issue.record("\(verb) \(reply ?? "-")")
          return
        }
        #expect(await eventuallyAsync { backend.openSessions == 0 })
      }
    }
    try await withAuthenticator(.init()) { _, authenticator in
      #expect(
        await authenticator.verify(user: "joe", password: Self.right)
          == .unavailable("main: it offers neither AUTH PLAIN nor AUTH LOGIN"))
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let nobody = BackendAuthenticator(
      BackendConfiguration(
        name: "gone", endpoint: .ip(IPAddress(v4: 0x7F00_0001), port: try FreePort.take())),
      hostname: "g", group: group)
    #expect(
      await nobody.verify(user: "joe", password: Self.right) == .unavailable("gone: Connection refused"))
    try await group.shutdownGracefully()
  }

  @Test func soManyAtOnceAndNoMore() async throws {
    try await withAuthenticator(
      .init {
        $0.keywords.append("AUTH PLAIN")
        $0.users = ["joe": "s3cret pass"]
      }, sessions: 2, waiting: 100
    ) { backend, authenticator in
      let verdicts = await withTaskGroup(of: PasswordVerdict.self) { group in
        for _ in 0..<40 {
          group.addTask { await authenticator.verify(user: "joe", password: Self.right) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(verdicts == Array(repeating: .accepted(name: "joe"), count: 40))
      // One that is just being closed may still be counted there.
      #expect(backend.state.withLock { $0.mostOpen } <= 4)
    }
    try await withAuthenticator(
      .init { $0.replies.updateValue(nil, forKey: "EHLO") }, sessions: 1, waiting: 2,
      timeout: .milliseconds(500)
    ) { _, authenticator in
      let verdicts = await withTaskGroup(of: PasswordVerdict.self) { group in
        for _ in 0..<6 {
          group.addTask { await authenticator.verify(user: "joe", password: Self.right) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      let tooMany = verdicts.filter { $0 == .unavailable("main: too many logins wait for it") }
      #expect(tooMany.count == 3 && verdicts.count == 6)
    }
  }
}
