import Authentication
import Filtering
import NetAddress
import SASL
import TestSupport
import Testing

@testable import Authentication

/// A Dovecot that is not there, does not answer, or says what it should not.
struct DovecotFaultTests {
  private static let greeting =
    "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tCRAM-MD5\nSPID\t1\nCUID\t2\nCOOKIE\tabc\nDONE\n"

  private func users(_ peer: CannedPeer, timeout: Duration = .seconds(20)) -> DovecotAuthenticator {
    DovecotAuthenticator(endpoint: .unix(peer.socket), timeout: timeout, group: loops)
  }

  /// The number of the AUTH in what a client sent.
  private static func number(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let auth = text.range(of: "AUTH\t") else { return "" }
    return String(text[auth.upperBound...].prefix { $0 != "\t" })
  }

  @Test func nobodyThere() async throws {
    let folder = try ScratchFolder()
    let users = DovecotAuthenticator(
      endpoint: .unix(folder.file("none")), timeout: .seconds(20), group: loops)
    #expect(await users.ask("anna", "secret").isUnavailable)
    #expect(await users.begin(request(.cramMD5)).next(nil).isUnavailable)
    #expect(users.mechanisms == [.plain, .login])
    #expect(await users.obstacle() != nil)
  }

  @Test(.timeLimit(.minutes(5))) func silenceIsUnavailableWithinTheDeadline() async throws {
    let mute = try CannedPeer(.init())
    #expect(await users(mute, timeout: .milliseconds(300)).ask("anna", "secret").isUnavailable)
    // It greets, and answers nothing.
    let deaf = try CannedPeer(.init(greeting: Self.greeting))
    #expect(await users(deaf, timeout: .milliseconds(300)).ask("anna", "secret").isUnavailable)
  }

  @Test(arguments: [
    ("FAIL\t%\tuser=anna\ttemp\n", "unavailable"), ("FAIL\t%\tuser=anna\tcode=temp_fail\n", "unavailable"),
    ("FAIL\t%\tuser=anna\n", "refused"), ("FAIL\t%\tuser=anna\tuser_disabled\n", "refused"),
    ("FAIL\t%\n", "refused"), ("OK\t%\tuser=anna\n", "accepted"),
    // Nobody is let in without a name, or under one with a control character in it.
    ("OK\t%\n", "unavailable"), ("OK\t%\tuser=\n", "unavailable"),
    ("OK\t%\tuser=an\u{1}nna\n", "unavailable"),
    ("OK\t%\tnologin\tuser=anna\n", "refused"), ("OK\t%\tnologin\tproxy\tuser=anna\n", "accepted"),
    ("CONT\t%\tAAAA\n", "unavailable"), ("CONT\t%\t!!!!\n", "unavailable"),
    // Not a number, another's number, garbage.
    ("OK\tx\tuser=anna\n", "unavailable"), ("OK\t99999999999\tuser=anna\n", "unavailable"),
    ("OK\t4000000000\tuser=anna\n", "unavailable"), ("GARBAGE\n", "unavailable"), ("", "unavailable"),
  ])
  func answers(text: String, expected: String) async throws {
    let peer = try CannedPeer(
      .init(greeting: Self.greeting) { bytes in
        let number = Self.number(bytes)
        return number.isEmpty ? [] : Array(text.replacing("%", with: number).utf8)
      })
    let verdict = await users(peer, timeout: .milliseconds(500)).ask("anna", "secret")
    switch expected {
    case "accepted": #expect(verdict == .accepted(name: "anna"))
    case "refused": #expect(verdict.isRefused)
    default: #expect(verdict.isUnavailable)
    }
  }

  @Test(arguments: [
    "DONE\n", "VERSION\t2\t0\nDONE\n", "VERSION\tx\n", "OK\t1\tuser=anna\n", "VERSION\t1\t2\nMECH\n",
    String(repeating: "x", count: 20_000),
    "VERSION\t1\t2\n" + String(repeating: "MECH\tPLAIN\n", count: 100) + "DONE\n",
  ])
  func greetingsThatAreNone(text: String) async throws {
    let peer = try CannedPeer(.init(greeting: text))
    #expect(await users(peer, timeout: .seconds(2)).ask("anna", "secret").isUnavailable)
  }

  @Test func aLostConnectionIsUnavailableForAllThatWait() async throws {
    let peer = try CannedPeer(
      .init(greeting: Self.greeting, closes: true) { bytes in
        // The second login closes it on the first.
        Self.number(bytes).isEmpty ? Array("".utf8) : []
      })
    let users = users(peer)
    #expect(await users.ask("anna", "secret").isUnavailable)
  }

  @Test func linesComeInPieces() throws {
    #expect(DovecotLine(Array("MECH\tPLAIN\tplaintext".utf8)) == .mechanism("PLAIN"))
    #expect(DovecotLine(Array("VERSION\t1\t2".utf8)) == .version(major: 1))
    #expect(DovecotLine(Array("DONE".utf8)) == .done)
    #expect(DovecotLine(Array("CONT\t7\t".utf8)) == .challenge(id: 7, []))
    #expect(DovecotLine(Array("CONT\t7".utf8)) == .challenge(id: 7, []))
    #expect(DovecotLine(Array("CONT\t7\tYQ==\tx".utf8)) == nil)
    #expect(DovecotLine(Array("SPID\t12".utf8)) == .other)
    #expect(DovecotLine([]) == .other)
    guard case .ok(7, let fields)? = DovecotLine(Array("OK\t7\tuser=a\u{1}tb\u{1}1c\tproxy".utf8)) else {
      Issue.record("not read")
      return
    }
    #expect(fields["user"] == "a\tb\u{1}c")
    #expect(fields.has("proxy") && !fields.has("user_disabled"))
    // Whatever the octets are, a reading ends.
    for first in UInt8.min...UInt8.max {
      _ = DovecotLine([first, 0x09, 0xff, 0x09, 0x01])
      _ = DovecotLine(Array("OK\t1\t".utf8) + [first, 0x01])
    }
  }

  @Test func pausesGrowAndEnd() {
    let pauses = (0..<12).map { DovecotLink.pause(after: $0) }
    #expect(pauses[0] == .zero && pauses[1] == .milliseconds(100))
    #expect(pauses == pauses.sorted() && pauses[11] == .seconds(5))
  }

  @Test func whoIsClaimedToBe() {
    func name(_ text: String, _ mechanism: Mechanism) -> String? {
      ClaimedName.find(in: Array(text.utf8), of: mechanism)
    }
    #expect(name("anna b 0123456789abcdef", .cramMD5) == "anna b")
    #expect(name("n,,n=a=2Cb,r=xyz", .scramSHA256) == "a,b")
    #expect(name("c=biws,r=xyz,p=abc", .scramSHA256) == nil)
    #expect(name("n,a=anna@example.org,\u{1}auth=Bearer x\u{1}\u{1}", .oauthBearer) == "anna@example.org")
    #expect(name("user=anna\u{1}auth=Bearer x\u{1}\u{1}", .xoauth2) == "anna")
    #expect(name("", .cramMD5) == nil && name("", .xoauth2) == nil)
  }
}
