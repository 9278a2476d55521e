import Foundation
import TestSupport
import Testing

/// The scripted backend does what it is told, so that a test that blames the gateway may do so.
@Suite(.apart) struct HarnessScriptedBackendTests {
  private let message = "Subject: dots\r\n\r\n.one\r\n..two\r\nplain\r\n"

  @Test func takesAMessageByteForByte() throws {
    let backend = try ScriptedBackend()
    let client = try RawClient(port: backend.port)
    let ehlo = try client.open()
    #expect(ehlo.lines.contains("250-PIPELINING"))
    let reply = try client.deliver(from: "a@b.example", to: ["c@d.example", "e@d.example"], message)
    #expect(reply.code == 250 && reply.enhanced == "2.0.0")
    let taken = try backend.waitForMessages(1)
    #expect(taken[0].text == message)
    #expect(taken[0].wire == Array("Subject: dots\r\n\r\n..one\r\n...two\r\nplain\r\n.\r\n".utf8))
    #expect(taken[0].sender == "a@b.example" && taken[0].addresses == ["c@d.example", "e@d.example"])
    #expect(taken[0].header("subject") == ["dots"])
    #expect(!taken[0].hasBareLineEnds)
    #expect(
      backend.commands == [
        "EHLO client.example", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "RCPT TO:<e@d.example>",
        "DATA",
      ])
  }

  @Test func aPipelinedAndDrippedSessionIsTheSame() throws {
    let backend = try ScriptedBackend(.withXFORWARD)
    let session = """
      EHLO c\r\nXFORWARD ADDR=192.0.2.1 HELO=h\r\nMAIL FROM:<> SIZE=5\r\nRCPT TO:<x@y.example> NOTIFY=NEVER\r
      DATA\r\nA: b\r\n\r\nc\r\n.\r\nQUIT\r\n
      """
    let joined = try RawClient(port: backend.port)
    try joined.send(session)
    let one = try joined.readUntilClosed()
    let dripped = try RawClient(port: backend.port)
    try dripped.drip(Array(session.utf8))
    let two = try dripped.readUntilClosed()
    #expect(one.replacing("1.1", with: "2.1") == two)
    let taken = backend.messages
    #expect(taken.map(\.text) == ["A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n"])
    #expect(taken.allSatisfy { $0.xforward == ["ADDR": "192.0.2.1", "HELO": "h"] })
    #expect(
      taken.allSatisfy { $0.senderParameters == "SIZE=5" && $0.recipients[0].parameters == "NOTIFY=NEVER" })
    #expect(backend.input(ofSession: 2) == Array(session.utf8))
  }

  @Test func chunksAreJoined() throws {
    let backend = try ScriptedBackend()
    let client = try RawClient(port: backend.port)
    try client.open()
    try client.command("MAIL FROM:<a@b.example>")
    try client.command("RCPT TO:<c@d.example>")
    try client.send("BDAT 4\r\n.\r\n\nBDAT 0 LAST\r\n")
    #expect(try client.reply().code == 250)
    #expect(try client.reply().code == 250)
    let taken = backend.messages
    #expect(taken.count == 1 && taken[0].isChunked && taken[0].content == Array(".\r\n\n".utf8))
    #expect(taken[0].hasBareLineEnds)
  }

  @Test func recipientsAreRefusedAsTold() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.knownRecipients = ["known@d.example", "later@d.example"]
        $0.recipientReplies = ["moody@d.example": ["250 ok", "450 4.2.1 Not now", "550 5.1.1 Gone"]]
        $0.refusedAtDelivery = ["later@d.example": "550 5.1.1 Changed my mind"]
      })
    let client = try RawClient(port: backend.port)
    try client.open()
    try client.command("MAIL FROM:<a@b.example>")
    #expect(try client.command("RCPT TO:<Known@d.example>").code == 250)
    #expect(try client.command("RCPT TO:<nobody@d.example>").description == "550 5.1.1 No such user here")
    #expect(
      try (0..<4).map { _ in try client.command("RCPT TO:<moody@d.example>").code } == [250, 450, 550, 550])
    try client.send("RCPT TO:<later@d.example>\r\nRSET\r\n")
    #expect(try client.reply().code == 250)
    #expect(try client.reply().code == 250)
    try client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<later@d.example>\r\nDATA\r\n")
    #expect(try [client.reply().code, client.reply().code, client.reply().code] == [250, 550, 503])
  }

  @Test func itDiesInTheMiddleAndAfterTheDot() throws {
    let backend = try ScriptedBackend(.at(.content, .reset))
    let cut = try RawClient(port: backend.port)
    try cut.open()
    for line in ["MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"] { try cut.command(line) }
    try cut.send(String(repeating: "x", count: 2000))
    #expect(try cut.readUntilClosed().isEmpty)
    #expect(backend.messages.isEmpty && backend.timesReached(.content) == 1)

    let whole = try RawClient(port: backend.port)
    try whole.open()
    let long = String(repeating: "a line of some length\r\n", count: 100)
    #expect(throws: HarnessFault.self) { try whole.deliver(from: "a@b.example", to: ["c@d.example"], long) }
    #expect(backend.messages.isEmpty && backend.timesReached(.content) == 2)

    backend.behaviour = .at(.endOfData, .close, .normal)
    let silent = try RawClient(port: backend.port)
    try silent.open()
    #expect(throws: HarnessFault.self) { try silent.deliver(from: "a@b.example", to: ["c@d.example"]) }
    #expect(backend.messages.count == 1)
    let second = try RawClient(port: backend.port)
    try second.open()
    #expect(try second.deliver(from: "a@b.example", to: ["c@d.example"]).code == 250)
    #expect(backend.messages.count == 2)
  }

  @Test func itRefusesStallsAndDelays() throws {
    let backend = try ScriptedBackend(.at(.endOfData, .reply("451 4.3.0 Later")))
    let client = try RawClient(port: backend.port)
    try client.open()
    #expect(try client.deliver(from: "a@b.example", to: ["c@d.example"]).code == 451)
    #expect(backend.messages.isEmpty && backend.refusedMessages.count == 1)

    backend.behaviour = .at(.mail, .delay(.milliseconds(200)), .stall)
    let start = ContinuousClock.now
    #expect(try client.command("MAIL FROM:<a@b.example>").code == 250)
    #expect(ContinuousClock.now - start >= .milliseconds(200))
    try client.command("RSET")
    try client.send(line: "MAIL FROM:<a@b.example>")
    #expect(client.isSilent(for: .milliseconds(300)))
    client.close()
    #expect(eventually { backend.openSessionCount == 0 })
  }

  @Test func idleSessionsAreClosed() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.closesIdleAfter = .milliseconds(100) })
    let client = try RawClient(port: backend.port)
    try client.open()
    #expect(try client.readUntilClosed().hasPrefix("421 4.4.2"))
  }

  @Test func pipeliningUnaskedIsAnOffence() throws {
    let backend = try ScriptedBackend(.withoutPipelining)
    let client = try RawClient(port: backend.port)
    #expect(try !client.open().lines.contains { $0.contains("PIPELINING") })
    #expect(try client.deliver(from: "a@b.example", to: ["c@d.example"]).code == 250)
    try client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
    #expect(try client.readUntilClosed().hasPrefix("554"))
    #expect(backend.offences.count == 1)
  }

  @Test func lmtpAnswersForEachRecipient() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.isLMTP = true
        $0.finalReplies = ["full@d.example": ["452 4.2.2 Full"]]
      })
    let client = try RawClient(port: backend.port)
    #expect(try client.reply().code == 220)
    #expect(try client.command("EHLO c").code == 500)
    #expect(try client.command("LHLO c").code == 250)
    #expect(try client.deliver(from: "", to: ["full@d.example", "well@d.example"]).code == 452)
    #expect(try client.reply().code == 250)
    #expect(backend.messages.count == 1)
  }

  @Test(needs(.python3)) func pythonFindsItAnOrdinaryServer() throws {
    let backend = try ScriptedBackend()
    let program = """
      import smtplib
      with smtplib.SMTP("127.0.0.1", \(backend.port), "py.example") as s:
          print(s.sendmail("a@b.example", ["c@d.example"], "Subject: py\\n\\n.dot\\n"))
      """
    let result = try run("python3", ["-c", program])
    #expect(result.succeeded && result.output == "{}\n", "\(result.errors)")
    #expect(backend.messages.map(\.text) == ["Subject: py\r\n\r\n.dot\r\n"])
  }
}
