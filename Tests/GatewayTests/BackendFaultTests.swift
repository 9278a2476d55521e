import Foundation
import TestSupport
import Testing

/// Backends that misbehave: whatever they do, the client keeps what was not taken and nothing comes twice.
@Suite(.apart) struct BackendFaultTests {
  @Test func aMessageArrivesAsItWasSentBehindTheTraceLine() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let message = Mail.text("one")
    let reply = try gateway.send(message)
    #expect(reply.code == 250 && reply.text.hasPrefix("2.0.0 Taken as "), "\(reply)")
    let taken = try backend.waitForMessages(1)
    #expect(taken[0].withoutTrace == message)
    #expect(taken[0].sender == Mail.sender && taken[0].addresses == [Mail.user])
    #expect(!taken[0].hasBareLineEnds && backend.offences.isEmpty)
  }

  /// It dies in the middle of the content, by a polite end and by a reset: 451, and the retry is delivered.
  @Test(arguments: [BackendAction.close, .reset], [4000, 700_000])
  func deathInTheMiddleOfContent(_ death: BackendAction, size: Int) throws {
    let backend = try ScriptedBackend(.at(.content, death, .normal))
    let gateway = try Gateway.before(backend)
    let message = Mail.text("cut", size: size)
    let reply = try gateway.send(message)
    #expect(reply.code == 451 && reply.enhanced?.hasPrefix("4.") == true, "\(reply)")
    try gateway.waitForLog { $0.event == "defer" && $0["code"] == "BACKEND_LOST" }
    #expect(backend.messages.isEmpty)
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message])
  }

  /// It dies behind the final dot without an answer: it may have the message, so the client is told 451.
  @Test(arguments: [BackendAction.close, .reset]) func deathBehindTheDot(_ death: BackendAction) throws {
    let backend = try ScriptedBackend(.at(.endOfData, death, .normal))
    let gateway = try Gateway.before(backend)
    let message = Mail.text("dot")
    #expect(try gateway.send(message).code == 451)
    // Never tried again by the gateway itself: only the client may.
    #expect(backend.messages.count == 1 && backend.timesReached(.endOfData) == 1)
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message, message])
  }

  /// It goes silent at a step: 451 within the time-out, not the client's.
  @Test(arguments: [BackendStep.connect, .hello, .mail, .recipient, .data, .content, .endOfData])
  func silence(_ step: BackendStep) throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""]) {
      $0.settings["timeouts.backend_reply"] = "\"1s\""
      $0.settings["timeouts.backend_connect"] = "\"1s\""
      $0.settings["timeouts.verdict"] = "\"1s\""
    }
    #expect(try gateway.send(Mail.text("first")).code == 250)
    backend.behaviour = .at(step, .stall)
    backend.dropSessions()
    #expect(eventually { backend.openSessionCount == 0 })
    let start = ContinuousClock.now
    let reply = try gateway.send(Mail.text("stalled", size: 3000))
    #expect(reply.code == 451 && ContinuousClock.now - start < .seconds(14), "\(reply)")
    let line = try gateway.waitForLog { $0.event == "defer" }
    let code = try #require(line["code"])
    #expect(["BACKEND_TIMEOUT", "BACKEND_DOWN", "BACKEND_BUSY"].contains(code), "\(line)")
    backend.behaviour = BackendBehaviour()
    #expect(
      try eventually(within: .seconds(15), every: .milliseconds(200)) {
        try gateway.send(Mail.text("again")).code == 250
      })
    #expect(backend.messages.filter { $0.subject == "again" }.count == 1)
  }

  /// It stops reading in the middle of a message too large for the buffers between.
  @Test func aBackendThatReadsNoFurther() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""]) {
      $0.settings["timeouts.backend_reply"] = "\"1s\""
      $0.settings["timeouts.verdict"] = "\"1s\""
    }
    backend.behaviour = .at(.content, .stall)
    let client = try gateway.connect()
    try client.open()
    for line in ["MAIL FROM:<\(Mail.sender)>", "RCPT TO:<\(Mail.user)>", "DATA"] { try client.command(line) }
    try client.send(Array(Mail.text("endless", size: 20_000_000).utf8))
    try client.send(line: ".")
    let start = ContinuousClock.now
    #expect(try client.reply(within: .seconds(20)).code == 451)
    #expect(ContinuousClock.now - start < .seconds(10))
    try gateway.waitForLog { $0["code"] == "BACKEND_TIMEOUT" }
    // The message's file and its room are given back; the session to the client goes on.
    backend.behaviour = BackendBehaviour()
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("next")).code == 250
      })
    #expect(
      try eventually(every: .milliseconds(100)) {
        let status = try gateway.weir(["status", "--json"])
        return status.output.replacing(" ", with: "").contains("\"spool\":0")
      })
    #expect(backend.messages.map(\.subject) == ["next"])
  }

  /// A silence behind the dot does not outlast the one budget of verdict and backend.
  @Test func aSlowButLivingBackendIsWaitedFor() throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.seconds(2)), .normal))
    let gateway = try Gateway.before(backend)
    #expect(try gateway.send(Mail.text("slow")).code == 250)
    #expect(backend.messages.count == 1)
  }

  /// A refusal at DATA or behind the dot is the client's, text and all.
  @Test(arguments: [
    (BackendStep.mail, "452 4.3.1 Insufficient storage here"), (.mail, "550 5.7.1 Sender not wanted here"),
    (.data, "451 4.3.2 Not now, come later"), (.data, "554 5.7.1 No data today"),
    (.endOfData, "450 4.7.1 Greylisted by content"), (.endOfData, "554 5.6.0 That was no message"),
    (.endOfData, "550 Plain words only"),
  ])
  func refusalsArePassedOn(_ step: BackendStep, _ words: String) throws {
    let backend = try ScriptedBackend(.at(step, .reply(words), .normal))
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""])
    let reply = try gateway.send(Mail.text("refused"))
    #expect("\(reply.code)" == words.prefix(3))
    let text = words.dropFirst(4).drop { $0.isNumber || $0 == "." }.drop { $0 == " " }
    #expect(reply.text.contains(text), "\(reply)")
    #expect(reply.enhanced?.hasPrefix(String(words.prefix(1))) == true, "\(reply)")
    let line = try gateway.waitForLog { $0["code"] == "BACKEND_REFUSED" }
    #expect(line.event == (words.hasPrefix("5") ? "reject" : "defer"))
    #expect(backend.messages.isEmpty)
    #expect(try gateway.send(Mail.text("refused")).code == 250)
    #expect(backend.messages.count == 1)
  }

  /// 421 is not a word about the message but about the session: the client reads 451 and comes again.
  @Test(arguments: [BackendStep.mail, .recipient, .data, .endOfData]) func goodbye(_ step: BackendStep) throws
  {
    let backend = try ScriptedBackend(.at(step, .replyAndClose("421 4.3.2 Shutting down"), .normal))
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""])
    let reply = try gateway.send(Mail.text("goodbye"))
    #expect(reply.code == 451 || reply.code == 250, "\(reply)")
    #expect(backend.messages.count == (reply.code == 250 ? 1 : 0))
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try gateway.send(Mail.text("later")).code == 250
      })
  }

  /// Idle sessions that the backend closed are replaced; no loss, no duplicate.
  @Test(arguments: [true, false]) func idleSessionsAreClosed(saysGoodbye: Bool) throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.closesIdleAfter = .milliseconds(100)
        $0.saysGoodbye = saysGoodbye
      })
    let gateway = try Gateway.before(backend)
    for round in 0..<4 {
      #expect(try gateway.send(Mail.text("idle-\(round)")).code == 250)
      #expect(eventually { backend.openSessionCount == 0 })
    }
    #expect(backend.messages.map(\.subject) == (0..<4).map { "idle-\($0)" })
  }

  /// The session is dead when it is used again, and only writing shows it: once more on a fresh one.
  @Test func aSessionThatDiesWhenUsedAgainIsTriedOnceAnew() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""])
    // One client stays on one event loop, and so with one session to the backend.
    let client = try gateway.connect()
    try client.open()
    func send(_ subject: String) throws -> Int {
      try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text(subject)).code
    }
    #expect(try send("before") == 250)
    backend.behaviour = .at(.mail, .close, .normal)
    #expect(try send("after") == 250)
    #expect(backend.messages.map(\.subject) == ["before", "after"])
    // On a fresh session it is not tried a second time.
    backend.behaviour = .at(.mail, .close, .close, .normal)
    #expect(try send("twice") == 451)
    #expect(backend.timesReached(.mail) == 5)
    #expect(backend.messages.count == 2)
  }

  @Test func pipeliningIsNotForcedOnWhoDoesNotOfferIt() throws {
    let backend = try ScriptedBackend(.withoutPipelining)
    let gateway = try Gateway.before(backend)
    let message = Mail.text("slowly")
    for _ in 0..<3 { #expect(try gateway.send(message, to: [Mail.user, "b@example.org"]).code == 250) }
    #expect(backend.offences.isEmpty, "\(backend.offences)")
    #expect(backend.messages.map(\.withoutTrace) == [message, message, message])
    // The gateway still offers it: it is its own.
    #expect(try gateway.offered().contains("PIPELINING"))
  }

  @Test func aBackendThatKnowsOnlyHELO() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knowsOnlyHELO = true })
    let gateway = try Gateway.before(backend)
    let message = Mail.text("plain")
    #expect(try gateway.send(message).code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message])
    let offered = try gateway.offered()
    #expect(!offered.contains("8BITMIME") && !offered.contains("SMTPUTF8") && !offered.contains("DSN"))
  }

  /// A banner that refuses, and nobody there at all: 451 at RCPT, and mail flows again without a restart.
  @Test func awayAndBack() throws {
    let backend = try ScriptedBackend(.at(.connect, .replyAndClose("554 5.3.2 No service")))
    let gateway = try Gateway.before(backend, extra: ["health_interval = \"1s\""])
    let refused = try gateway.ask([Mail.user])
    #expect(refused.map(\.code) == [451], "\(refused)")
    backend.behaviour = BackendBehaviour()
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try gateway.send(Mail.text("back")).code == 250
      })
    let port = backend.port
    backend.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", port) })
    // The recipient is known already, so it is DATA that cannot be served.
    let reply = try gateway.send(Mail.text("away"))
    #expect(reply.code == 451, "\(reply)")
    #expect(try gateway.ask(["other@example.org"]).map(\.code) == [451])
    try gateway.waitForLog { $0["code"] == "BACKEND_DOWN" }
    let second = try ScriptedBackend(port: port)
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try gateway.send(Mail.text("here")).code == 250
      })
    try gateway.waitForLog { $0["code"] == "BACKEND_UP" }
    #expect(second.messages.filter { $0.subject == "here" }.count == 1)
    #expect(backend.messages.count == 1)
  }

  /// Nobody was there when the gateway started, and nothing is known of the backend.
  @Test func neverHeardIsNotRoutedTo() throws {
    let port = try FreePort.take()
    let gateway = try Gateway(
      GatewayConfiguration(
        backends: [.init(port: port, extra: ["health_interval = \"1s\"", "recipients = \"any\""])]))
    #expect(try gateway.send(Mail.text("early")).code == 451)
    let offered = try gateway.offered()
    #expect(!offered.contains("8BITMIME") && !offered.contains("DSN"))
    let backend = try ScriptedBackend(port: port)
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try gateway.send(Mail.text("later")).code == 250
      })
    #expect(backend.messages.map(\.subject) == ["later"])
    #expect(try gateway.offered().contains("8BITMIME"))
  }

  /// A backend that refuses while the content is still on its way is heard.
  @Test func aRefusalInTheMiddleOfContent() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.actions[.content] = [.replyAndClose("552 5.3.4 Too much for me"), .normal]
        $0.contentCut = 2000
      })
    let gateway = try Gateway.before(backend)
    let reply = try gateway.send(Mail.text("huge", size: 100_000))
    #expect(reply.code == 552 || reply.code == 451, "\(reply)")
    #expect(backend.messages.isEmpty)
  }
}
