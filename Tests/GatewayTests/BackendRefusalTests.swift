import Foundation
import TestSupport
import Testing

/// Recipients that were told 250 and are refused when it matters: nothing is accepted for fewer than that.
@Suite(.apart) struct BackendRefusalTests {
  /// Accepted when asked, refused when it matters: nothing is delivered, to nobody, without the dot; the retry
  /// hears 550 for the one and the others get their message.
  @Test(arguments: [false, true]) func refusedOnlyAtDelivery(isPipelined: Bool) throws {
    var behaviour = isPipelined ? BackendBehaviour() : .withoutPipelining
    behaviour.recipientReplies = [
      "second@example.org": ["250 2.1.5 For now", "550 5.1.1 Moved away just now"]
    ]
    let backend = try ScriptedBackend(behaviour)
    let gateway = try Gateway.before(backend)
    let client = try gateway.connect()
    try client.open()
    let message = Mail.text("partly")
    let reply = try client.deliver(from: Mail.sender, to: [Mail.user, "second@example.org"], message)
    #expect(reply.code == 451, "\(reply)")
    #expect(eventually { backend.timesReached(.data) == (isPipelined ? 1 : 0) })
    #expect(backend.messages.isEmpty && backend.refusedMessages.isEmpty)
    #expect(backend.timesReached(.endOfData) == 0)
    let line = try gateway.waitForLog { $0["code"] == "RECIPIENT_CHANGED" }
    #expect(line.event == "defer" && line.raw.contains("Moved away just now"), "\(line)")
    // No octet of the content left the gateway, and no dot.
    for session in 1...backend.sessionCount {
      let input = String(decoding: backend.input(ofSession: session), as: UTF8.self)
      #expect(!input.contains("\r\n.\r\n") && !input.contains("Subject:"), "\(input)")
    }
    try client.command("MAIL FROM:<\(Mail.sender)>")
    #expect(try client.command("RCPT TO:<\(Mail.user)>").code == 250)
    let second = try client.command("RCPT TO:<second@example.org>")
    #expect(second.code == 550 && second.text.contains("Moved away just now"))
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(try client.reply().code == 250)
    #expect(backend.messages.map(\.addresses) == [[Mail.user]])
    #expect(backend.messages.map(\.withoutTrace) == [message])
  }

  /// A temporary refusal at delivery is said at RCPT to the same sender's retry, so that one full mailbox does not
  /// keep the message from the others; for everybody else it is no knowledge, and the backend is asked again.
  @Test(arguments: ["probe", "any", "file:users"])
  func aFullMailboxDoesNotHoldUpTheOthers(_ recipients: String) throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.recipientReplies = [
          "second@example.org":
            (recipients == "probe" ? ["250 2.1.5 Still room"] : []) + ["452 4.2.2 Mailbox full"]
        ]
      })
    let gateway = try Gateway.before(
      backend, extra: ["recipients = \"\(recipients)\""],
      files: ["users": "user@example.org\nsecond@example.org\n"])
    let both = [Mail.user, "second@example.org"]
    #expect(try gateway.send(Mail.text("full"), to: both).code == 451)
    #expect(backend.messages.isEmpty)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    #expect(try both.map { try client.command("RCPT TO:<\($0)>").code } == [250, 452])
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(Mail.text("full").utf8)))
    #expect(try client.reply().code == 250)
    #expect(backend.messages.map(\.addresses) == [[Mail.user]])
    // There is room again: only that sender comes too soon.
    backend.change { $0.recipientReplies = [:] }
    #expect(try gateway.ask(both).map(\.code) == [250, 452])
    #expect(try gateway.send(Mail.text("room"), from: "other@outside.example", to: both).code == 250)
    #expect(backend.messages.last?.addresses == both)
  }

  /// All recipients refused at delivery: the message is refused for all, and 451 is said once only.
  @Test func allRefusedAtDelivery() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.recipientReplies = [Mail.user: ["250 2.1.5 Ok", "550 5.1.1 Gone"]]
      })
    let gateway = try Gateway.before(backend)
    #expect(try gateway.send(Mail.text("gone")).code == 451)
    #expect(try gateway.ask([Mail.user]).map(\.code) == [550])
    #expect(backend.messages.isEmpty)
  }

  /// Mail to the outside is not probed; whom the backend refuses at delivery is refused at RCPT the next time.
  @Test func relayNetworksAreNotProbedForTheOutside() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour { $0.recipientReplies = ["bad@far.example": ["550 5.1.2 No such domain"]] })
    let gateway = try Gateway.before(backend) { $0.networks = ["127.0.0.0/8"] }
    let client = try gateway.connect()
    try client.open()
    let both = ["good@far.example", "bad@far.example"]
    let message = Mail.text("outward")
    try client.command("MAIL FROM:<user@example.org>")
    #expect(try both.map { try client.command("RCPT TO:<\($0)>").code } == [250, 250])
    #expect(backend.asked.isEmpty)
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(try client.reply().code == 451)
    #expect(backend.messages.isEmpty)
    try client.command("MAIL FROM:<user@example.org>")
    #expect(try both.map { try client.command("RCPT TO:<\($0)>").code } == [250, 550])
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(try client.reply().code == 250)
    #expect(backend.messages.map(\.addresses) == [["good@far.example"]])
  }
}
