import Filtering
import Foundation
import SMTPProtocol
import TestSupport
import Testing

/// AUTH in the session: order, failures, ends; and what a login opens.
@Suite(.apart) struct ServerLoginTests {
  private static let clear = ["auth_without_tls = \"plaintext-passwords-in-the-clear\""]
  private static let submission = clear + ["profile = \"submission\"", "tls = \"off\""]
  private static let quick = ["auth.tarpit": "\"0s\""]

  private static func plain(_ name: String, _ password: String) -> String {
    "AUTH PLAIN " + Data("\0\(name)\0\(password)".utf8).base64EncodedString()
  }

  private static let anna = plain("anna@example.org", "open sesame")

  @Test func passwordsNeedTLS() throws {
    let gateway = try InnerGateway(users: ScriptedUsers(), isEncrypted: true)
    let (client, lines) = try gateway.session()
    #expect(!lines.contains { $0.contains("AUTH") })
    #expect(try client.command(Self.anna).code == 538)
    let without = try InnerGateway(users: ScriptedUsers())
    let (other, others) = try without.session()
    #expect(!others.contains { $0.contains("AUTH") })
    #expect(try other.command(Self.anna).code >= 500)
    #expect(without.events.all.allSatisfy { $0.kind != .login })
  }

  @Test func mailNeedsALoginOnSubmission() throws {
    let gateway = try InnerGateway(Self.submission, users: ScriptedUsers())
    let (client, lines) = try gateway.session()
    #expect(lines.contains { $0.contains("AUTH PLAIN LOGIN") }, "\(lines)")
    #expect(try client.command("MAIL FROM:<anna@example.org>").code == 530)
    #expect(try client.command(Self.anna).code == 235)
    #expect(try client.command(Self.anna).code == 503)
    #expect(try client.deliver(from: "anna@example.org", to: ["b@outside.example"]).code == 250)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains(" with ESMTPA id ") && text.contains("\r\nMessage-ID: <"), "\(text)")
    let accepted = try gateway.waitForEvent(.messageAccepted)
    #expect(accepted.user == "anna@example.org" && accepted.tls == nil)
  }

  @Test func nobodyWritesInTheNameOfOthers() throws {
    let gateway = try InnerGateway(Self.submission, users: ScriptedUsers())
    let (client, _) = try gateway.session()
    #expect(try client.command(Self.anna).code == 235)
    #expect(try client.command("MAIL FROM:<berta@example.org>").code == 553)
    try gateway.waitForEvent(.senderNotYours) { $0.user == "anna@example.org" }
    let answer = try client.deliver(
      from: "anna@example.org", to: ["b@outside.example"], "From: berta@example.org\r\n\r\nx\r\n")
    #expect(answer.code == 553, "\(answer)")
    try gateway.waitForEvent(.fromNotYours)
    #expect(gateway.relay.messages.isEmpty)
  }

  /// On an open listener a login opens what is closed to strangers, and the lists on strangers are not asked.
  @Test func aLoginIsNoStranger() throws {
    let gateway = try InnerGateway(Self.clear, users: ScriptedUsers())
    let (client, _) = try gateway.session()
    try client.command("MAIL FROM:<anna@example.org>")
    #expect(try client.command("RCPT TO:<b@outside.example>").code == 550)
    try client.command("RSET")
    #expect(try client.command(Self.anna).code == 235)
    #expect(try client.deliver(from: "anna@example.org", to: ["b@outside.example"]).code == 250)
  }

  @Test func challengesAndLOGIN() throws {
    let gateway = try InnerGateway(Self.submission, users: ScriptedUsers())
    let (client, _) = try gateway.session()
    #expect(try client.command("AUTH LOGIN").lines == ["334 VXNlcm5hbWU6"])
    #expect(try client.command(Data("anna".utf8).base64EncodedString()).lines == ["334 UGFzc3dvcmQ6"])
    #expect(try client.command(Data("open sesame".utf8).base64EncodedString()).code == 235)
    #expect(try gateway.waitForEvent("LOGIN").mechanism == "LOGIN")
  }

  @Test func cancelledAndMalformed() throws {
    let users = ScriptedUsers()
    let gateway = try InnerGateway(Self.submission, users: users)
    let (client, _) = try gateway.session()
    #expect(try client.command("AUTH PLAIN").lines == ["334 "])
    #expect(try client.command("*").code == 501)
    #expect(eventually { users.cancelled.withLock { $0 } == 1 })
    #expect(try client.command("AUTH PLAIN").code == 334)
    #expect(try client.command("no base64").code == 501)
    #expect(try client.command("AUTH PLAIN eA==").code == 501)
    #expect(try client.command("AUTH SCRAM-SHA-256").code == 504)
    #expect(try client.command(Self.anna).code == 235)
  }

  @Test func aClientThatGoesCancels() throws {
    let users = ScriptedUsers([.plain], .silent)
    let gateway = try InnerGateway(Self.submission, users: users)
    let (client, _) = try gateway.session()
    try client.send(Array((Self.anna + "\r\n").utf8))
    #expect(eventually { users.requests.withLock { $0.count } == 1 })
    client.reset()
    #expect(eventually { users.cancelled.withLock { $0 } == 1 })
    #expect(eventually { gateway.context.admission.connections == 0 })
  }

  @Test func whoeverDoesNotAnswerIsNotWaitedForLong() throws {
    let gateway = try InnerGateway(
      Self.submission, settings: ["timeouts.verdict": "\"1s\"", "timeouts.backend_reply": "\"1s\""],
      users: ScriptedUsers([.plain], .silent))
    let (client, _) = try gateway.session()
    #expect(try client.command(Self.anna).code == 454)
    #expect(try gateway.waitForEvent("AUTH_UNAVAILABLE").detail.hasPrefix("no answer in"))
    #expect(try client.command("NOOP").code == 250)
  }

  @Test func downIsNotWrong() throws {
    let gateway = try InnerGateway(Self.submission, users: ScriptedUsers([.plain], .down))
    let (client, _) = try gateway.session()
    #expect(try client.command(Self.anna).code == 454)
    let event = try gateway.waitForEvent("AUTH_UNAVAILABLE")
    #expect(event.kind == .defer && event.detail == "the directory is down")
  }

  @Test func failuresAreLoggedWithoutThePassword() throws {
    let gateway = try InnerGateway(Self.submission, settings: Self.quick, users: ScriptedUsers())
    let (client, _) = try gateway.session()
    #expect(try client.command(Self.plain("anna@example.org", "hunter2hunter2")).code == 535)
    let event = try gateway.waitForEvent("AUTH_FAILED")
    #expect(event.kind == .reject && event.user == "anna@example.org" && event.mechanism == "PLAIN")
    #expect(!"\(gateway.events.all)".contains("hunter2"))
    // Each is a mistake too.
    for _ in 0..<20 {
      if try client.command(Self.plain("anna@example.org", "hunter2hunter2")).code == 421 { break }
    }
    #expect(client.isClosed())
    try gateway.waitForEvent(.limitErrors)
  }

  @Test func aFailureWaits() throws {
    let gateway = try InnerGateway(
      Self.submission, settings: ["auth.tarpit": "\"700ms\""], users: ScriptedUsers())
    let (client, _) = try gateway.session()
    let began = ContinuousClock.now
    #expect(try client.command(Self.plain("anna", "wrong")).code == 535)
    #expect(ContinuousClock.now - began >= .milliseconds(650))
  }

  @Test func guessersAreBlocked() throws {
    let gateway = try InnerGateway(
      Self.submission,
      settings: Self.quick.merging(["limits.login_failures_per_subnet": "\"3/1h\""]) { $1 },
      users: ScriptedUsers())
    let (client, _) = try gateway.session()
    for index in 0..<3 {
      #expect(try client.command(Self.plain("anna\(index)@example.org", "guess \(index)")).code == 535)
    }
    _ = try client.command(Self.plain("anna@example.org", "guess 4"))
    let (next, _) = try gateway.session()
    #expect(try next.command(Self.anna).code == 454)
    #expect(next.isClosed())
    try gateway.waitForEvent("AUTH_BLOCKED")
    // Elsewhere nobody is locked out.
    let (other, _) = try gateway.session(from: "127.1.0.1")
    #expect(try other.command(Self.anna).code == 235)
  }

  /// A token of 9,000 octets, in pieces.
  @Test func longResponsesAreRead() throws {
    let gateway = try InnerGateway(Self.submission, settings: Self.quick, users: ScriptedUsers())
    let (client, _) = try gateway.session()
    #expect(try client.command("AUTH PLAIN").code == 334)
    let long = Data("\0anna\0".utf8) + Data(repeating: 0x61, count: 9000)
    let line = Array((long.base64EncodedString() + "\r\n").utf8)
    for start in stride(from: 0, to: line.count, by: 1500) {
      try client.send(Array(line[start..<min(start + 1500, line.count)]))
      usleep(10_000)
    }
    #expect(try client.reply().code == 535)
    #expect(try client.command("NOOP").code == 250)
  }
}
