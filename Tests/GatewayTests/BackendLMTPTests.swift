import Foundation
import TestSupport
import Testing

/// LMTP answers for each recipient; the client gets one answer that is true for all.
@Suite(.apart) struct BackendLMTPTests {
  private static let both = [Mail.user, "second@example.org"]
  private static let lmtp = ["protocol = \"lmtp\""]

  @Test func allSaidYes() throws {
    let backend = try ScriptedBackend(.lmtp)
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    let message = Mail.text("all")
    #expect(try gateway.send(message, to: Self.both).code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message])
    #expect(backend.messages.map(\.addresses) == [Self.both])
    #expect(backend.commands.contains { $0.hasPrefix("LHLO ") })
  }

  /// One for now: 451, and the retry goes to that one alone.
  @Test func aMixtureIsTriedAgainForTheRestAlone() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = ["second@example.org": ["452 4.2.2 Full", "250 2.0.0 Room again"]]
      })
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    let message = Mail.text("mixed")
    let reply = try gateway.send(message, to: Self.both)
    #expect(reply.code == 451, "\(reply)")
    let line = try gateway.waitForLog { $0["code"] == "LMTP_MIXED" }
    #expect(line.event == "defer" && line.raw.contains("452 4.2.2 Full"))
    #expect(try gateway.send(message, to: Self.both).code == 250)
    #expect(backend.messages.map(\.addresses) == [Self.both, ["second@example.org"]])
    // All is done: the same message once more is a new one.
    #expect(try gateway.send(message, to: Self.both).code == 250)
    #expect(backend.messages.last?.addresses == Self.both)
  }

  /// One for good: 451 now, 550 at RCPT then, and whoever has it does not get it twice.
  @Test func whoIsRefusedForGoodIsRefusedAtRecipientThen() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = ["second@example.org": ["550 5.2.1 Mailbox disabled"]]
      })
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    let message = Mail.text("good", size: 400_000)
    #expect(try gateway.send(message, to: Self.both).code == 451)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    #expect(try client.command("RCPT TO:<\(Mail.user)>").code == 250)
    let refused = try client.command("RCPT TO:<second@example.org>")
    #expect(refused.code == 550 && refused.text.contains("Mailbox disabled"), "\(refused)")
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(try client.reply().code == 250)
    // It was answered from memory: the first recipient had it.
    #expect(backend.messages.count == 1)
  }

  @Test func allRefused() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = [
          Mail.user: ["550 5.7.1 No", "250 2.0.0 Yes"],
          "second@example.org": ["550 5.7.1 No", "250 2.0.0 Yes"],
        ]
      })
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    #expect(try gateway.send(Mail.text("no"), to: Self.both).code == 550)
    #expect(backend.messages.isEmpty)
    #expect(try gateway.send(Mail.text("yes"), to: Self.both).code == 250)
  }

  /// It dies between the replies: who was told to have it has it, and only the others get the retry.
  @Test func deathBetweenTheReplies() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.actions[.endOfData] = [.replyAndClose("250 2.0.0 The first has it"), .normal]
      })
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    let message = Mail.text("between")
    #expect(try gateway.send(message, to: Self.both).code == 451)
    #expect(try gateway.send(message, to: Self.both).code == 250)
    #expect(backend.messages.map(\.addresses) == [Self.both, ["second@example.org"]])
  }

  /// Without Date and Message-ID a retry cannot be known, so it goes to all again.
  @Test func whatCannotBeKnownGoesToAllAgain() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = ["second@example.org": ["452 4.2.2 Full", "250 2.0.0 Room"]]
      })
    let gateway = try Gateway.before(backend, extra: Self.lmtp)
    let message = Mail.anonymous("unknown")
    #expect(try gateway.send(message, to: Self.both).code == 451)
    #expect(try gateway.send(message, to: Self.both).code == 250)
    #expect(backend.messages.map(\.addresses) == [Self.both, Self.both])
  }

  /// A reload that changes the backend does not forget who has the message.
  @Test func aReloadForgetsNothing() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = ["second@example.org": ["452 4.2.2 Full", "250 2.0.0 Room"]]
      })
    var configuration = try GatewayConfiguration(before: backend, extra: Self.lmtp)
    let gateway = try Gateway(configuration)
    #expect(try gateway.send(Mail.text("reload"), to: Self.both).code == 451)
    configuration.backends[0].extra.append("connections = 3")
    try gateway.rewrite(configuration)
    gateway.hangUp()
    try gateway.waitForLog { $0["code"] == "RELOADED" }
    #expect(try gateway.send(Mail.text("reload"), to: Self.both).code == 250)
    #expect(backend.messages.map(\.addresses) == [Self.both, ["second@example.org"]])
  }

  @Test(needs(.dovecot)) func dovecot() throws {
    let backend = try DovecotBackend()
    let gateway = try Gateway(GatewayConfiguration(backends: [.init(port: backend.port, extra: Self.lmtp)]))
    let replies = try gateway.ask(Self.both + ["nobody@example.org"])
    #expect(replies.map(\.code) == [250, 250, 550] && replies[2].text.contains(backend.unknownText))
    let message = Mail.text("dovecot", size: 300_000)
    let reply = try gateway.send(message, to: Self.both)
    #expect(reply.code == 250 && reply.text.contains("Saved"), "\(reply)")
    for address in Self.both {
      let mail = try backend.waitForMail(to: address)
      #expect(mail.count == 1 && mail[0].replacing("\n", with: "\r\n").hasSuffix(message))
    }
    // What Dovecot does not have is not offered.
    let offered = try gateway.offered()
    #expect(offered.contains("8BITMIME") && !offered.contains("DSN") && !offered.contains("SMTPUTF8"))
  }

  /// A mailbox of Dovecot's is full: the one has the message once, the other is refused when the client comes again.
  @Test(needs(.dovecot)) func dovecotWithAFullMailbox() throws {
    let backend = try DovecotBackend(quota: ["second@example.org": 1000])
    let gateway = try Gateway(GatewayConfiguration(backends: [.init(port: backend.port, extra: Self.lmtp)]))
    let message = Mail.text("full", size: 20_000)
    #expect(try gateway.send(message, to: Self.both).code == 451)
    try gateway.waitForLog { $0["code"] == "LMTP_MIXED" && $0.raw.lowercased().contains("quota") }
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    let codes = try Self.both.map { try client.command("RCPT TO:<\($0)>").code }
    #expect(codes[0] == 250 && (500...599).contains(codes[1]), "\(codes)")
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(try client.reply().code == 250)
    #expect(backend.mailbox(Mail.user).count == 1 && backend.mailbox("second@example.org").isEmpty)
  }
}
