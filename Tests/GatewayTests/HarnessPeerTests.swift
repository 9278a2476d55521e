import TestSupport
import Testing

/// Each real peer takes a message straight from a client and shows it: what a test behind the gateway relies on.
@Suite(.apart) struct HarnessPeerTests {
  private func trial(of backend: some RealBackend) throws {
    let client = try RawClient(port: backend.port)
    try client.open()
    #expect(try client.command("MAIL FROM:<sender@outside.example>").code == 250)
    let refusal = try client.command("RCPT TO:<nobody@example.org>")
    #expect(refusal.code == 550 && refusal.enhanced == "5.1.1")
    #expect(refusal.text.contains(backend.unknownText), "\(refusal)")
    #expect(try client.command("RCPT TO:<user@outside.example>").code >= 500)
    #expect(try client.command("RSET").code == 250)
    let message = "From: sender@outside.example\r\nSubject: by hand\r\n\r\n.stuffed\r\n"
    let reply = try client.deliver(
      from: "sender@outside.example", to: ["user@example.org", "second@example.org"], message)
    #expect(reply.code == 250, "\(reply)")
    for address in ["user@example.org", "second@example.org"] {
      let mail = try backend.waitForMail(to: address)
      #expect(mail.count == 1)
      #expect(mail[0].contains("\nSubject: by hand\n") && mail[0].hasSuffix("\n\n.stuffed\n"), "\(mail[0])")
    }
    #expect(backend.deliveredCount == 2)
    #expect(!backend.log.isEmpty)
  }

  @Test(needs(.postfix)) func postfixTakesAMessage() throws {
    try trial(of: PostfixBackend())
  }

  @Test(needs(.exim)) func eximTakesAMessage() throws {
    try trial(of: EximBackend())
  }

  @Test(needs(.sendmail)) func sendmailTakesAMessage() throws {
    try trial(of: SendmailBackend())
  }

  @Test(needs(.postfix)) func postfixBelievesXFORWARDWhereTold() throws {
    let silent = try PostfixBackend()
    let plain = try RawClient(port: silent.port)
    #expect(try !plain.open().text.contains("XFORWARD"))
    let backend = try PostfixBackend(xforward: true)
    let client = try RawClient(port: backend.port)
    #expect(try client.open().text.contains("XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"))
    #expect(try client.command("XFORWARD ADDR=192.0.2.7 NAME=far.example HELO=far.example").code == 250)
    #expect(try client.deliver(from: "", to: ["user@example.org"]).code == 250)
    try backend.waitForMail(to: "user@example.org")
    #expect(backend.log.contains("192.0.2.7"))
  }

  @Test(needs(.swaks)) func swaksShowsTheDialogue() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knownRecipients = ["user@example.org"] })
    let taken = try Swaks.send(port: backend.port, to: ["user@example.org"], data: "Subject: s\n\nbody\n")
    #expect(taken.code == 0 && taken.replies.contains("250 2.1.5 Recipient noted"), "\(taken.transcript)")
    #expect(backend.messages.first?.text.hasPrefix("Subject: s\r\n\r\nbody\r\n") == true)
    let refused = try Swaks.send(port: backend.port, to: ["nobody@example.org"])
    #expect(refused.code == 24 && refused.replies.contains("550 5.1.1 No such user here"))
  }

  @Test(needs(.smtpSource, .smtpSink)) func smtpSourceFillsASink() throws {
    let sink = try SMTPSink()
    let result = try SMTPSource.send(port: sink.port, messages: 20, sessions: 4)
    #expect(result.succeeded, "\(result.output)")
    #expect(try sink.waitForMessages(20).count == 20)
  }

  @Test(needs(.smtpSource)) func smtpSourceFillsAScriptedBackend() throws {
    let backend = try ScriptedBackend()
    let result = try SMTPSource.send(port: backend.port, messages: 200, sessions: 20, size: 10_000)
    #expect(result.succeeded, "\(result.output)")
    #expect(backend.messages.count == 200 && backend.messages.allSatisfy { $0.size >= 10_000 })
  }
}
