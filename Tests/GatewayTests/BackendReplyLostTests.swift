import Foundation
import TestSupport
import Testing

/// The backend has the message and the client never read so: the retry is answered, not delivered again.
@Suite(.apart) struct BackendReplyLostTests {
  /// Sends a message and goes before the answer, as soon as the backend has it whole.
  private func sendAndHangUp(
    _ gateway: Gateway, _ backend: ScriptedBackend, _ message: String, to recipients: [String] = [Mail.user],
    politely: Bool = true, isNoticed: Bool = true
  ) throws {
    let before = backend.timesReached(.endOfData)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    for recipient in recipients { try client.command("RCPT TO:<\(recipient)>") }
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(eventually { backend.timesReached(.endOfData) == before + 1 })
    if politely { client.close() } else { client.reset() }
    try gateway.waitForLog { $0.event == "accept" }
    if isNoticed { try gateway.waitForLog { $0.raw.contains("nothing will be done a second time") } }
  }

  private func slow(_ extra: [String] = []) throws -> (ScriptedBackend, Gateway) {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.milliseconds(500)), .normal))
    return (backend, try Gateway.before(backend))
  }

  @Test(arguments: [true, false], [0, 700_000])
  func theRetryIsAnsweredAndNotDelivered(politely: Bool, size: Int) throws {
    let (backend, gateway) = try slow()
    let message = Mail.text("lost", size: size)
    try sendAndHangUp(gateway, backend, message, to: [Mail.user, "b@example.org"], politely: politely)
    #expect(backend.messages.count == 1)
    // Recipients in another order are the same message.
    let reply = try gateway.send(message, to: ["b@example.org", Mail.user])
    #expect(reply.code == 250 && reply.text.contains("Taken as"), "\(reply)")
    #expect(backend.messages.count == 1)
    try gateway.waitForLog { $0.event == "accept" && $0.raw.contains("repeat") }
    // The entry is used up: what comes a third time is meant.
    #expect(try gateway.send(message, to: [Mail.user, "b@example.org"]).code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message, message])
  }

  @Test func whatDiffersIsDelivered() throws {
    let (backend, gateway) = try slow()
    let message = Mail.text("same")
    try sendAndHangUp(gateway, backend, message)
    #expect(try gateway.send(message.replacing("line of", with: "LINE of")).code == 250)
    #expect(try gateway.send(message, from: "other@outside.example").code == 250)
    #expect(try gateway.send(message, to: [Mail.user, "b@example.org"]).code == 250)
    #expect(try gateway.send(message.replacing("Subject: same", with: "Subject: sane")).code == 250)
    #expect(backend.messages.count == 5)
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 5)
  }

  @Test(arguments: ["Date", "Message-ID"]) func withoutDateOrMessageIDNothingIsMatched(_ field: String) throws
  {
    let (backend, gateway) = try slow()
    let message = Mail.text("bare").replacing("\(field):", with: "X-\(field):")
    try sendAndHangUp(gateway, backend, message, isNoticed: false)
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 2)
  }

  @Test func aReplyThatWasReadIsNotRemembered() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let message = Mail.text("twice")
    #expect(try gateway.send(message).code == 250)
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 2)
  }

  /// The client closes its sending side and reads on: it has the reply, and what it sends again is meant.
  @Test func aClosedSendingSideIsNoHangUp() throws {
    let (backend, gateway) = try slow()
    let message = Mail.text("half")
    for round in 1...2 {
      let client = try gateway.connect()
      try client.open()
      for line in ["MAIL FROM:<\(Mail.sender)>", "RCPT TO:<\(Mail.user)>", "DATA"] {
        try client.command(line)
      }
      try client.send(RawClient.stuffed(Array(message.utf8)) + (round == 1 ? [] : Array("QUIT\r\n".utf8)))
      client.closeWriting()
      #expect(try client.readUntilClosed().hasPrefix("250"))
      #expect(backend.messages.count == round)
    }
    #expect(!gateway.log().contains { $0.raw.contains("nothing will be done a second time") })
  }

  @Test func aRefusalIsNotRemembered() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.actions[.endOfData] = [.reply("451 4.3.0 Not now"), .normal]
        $0.latency = .milliseconds(100)
      })
    let gateway = try Gateway.before(backend)
    let client = try gateway.connect()
    try client.open()
    let message = Mail.text("refused")
    for line in ["MAIL FROM:<\(Mail.sender)>", "RCPT TO:<\(Mail.user)>", "DATA"] { try client.command(line) }
    try client.send(RawClient.stuffed(Array(message.utf8)))
    #expect(eventually { backend.timesReached(.endOfData) == 1 })
    client.reset()
    try gateway.waitForLog { $0.event == "defer" && $0["code"] == "BACKEND_REFUSED" }
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 1)
  }

  @Test func theMemoryEndsWithItsLifetime() throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.milliseconds(300)), .normal))
    let gateway = try Gateway.before(backend) { $0.settings["delivery.digest_lifetime"] = "\"1s\"" }
    let message = Mail.text("old")
    try sendAndHangUp(gateway, backend, message)
    block(for: .milliseconds(1100))
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 2)
  }

  /// A reload that changes the backends' table does not forget what was delivered.
  @Test func aReloadForgetsNothing() throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.milliseconds(300)), .normal))
    var configuration = try GatewayConfiguration(before: backend)
    let gateway = try Gateway(configuration)
    let message = Mail.text("kept")
    try sendAndHangUp(gateway, backend, message)
    configuration.backends[0].extra = ["connections = 7"]
    try gateway.rewrite(configuration)
    gateway.hangUp()
    try gateway.waitForLog { $0["code"] == "RELOADED" }
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 1)
  }

  /// The reply was on its way when the client died of a reset: it cannot have read what it left unread.
  @Test func aResetBehindTheReplyCountsAsLost() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let message = Mail.text("unread")
    let client = try gateway.connect()
    try client.open()
    for line in ["MAIL FROM:<\(Mail.sender)>", "RCPT TO:<\(Mail.user)>", "DATA"] { try client.command(line) }
    try client.send(RawClient.stuffed(Array(message.utf8)))
    // The answer lies in the socket, unread.
    try gateway.waitForLog { $0.event == "accept" }
    client.reset()
    #expect(
      eventually(within: .seconds(3)) {
        gateway.log().contains { $0.raw.contains("nothing will be done a second time") }
      }
    )
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.count == 1)
  }
}
