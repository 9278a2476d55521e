import MailSyntax
import NetAddress
import Testing

@testable import SMTPProtocol

/// Drives a session with lines and writes down what it says and does.
struct ClientDriver {
  var session: ClientSession
  private(set) var said = ""
  private(set) var results: [ClientResult] = []
  private(set) var faults: [ClientFault] = []
  private(set) var contents = 0
  private(set) var handshakes = 0
  private(set) var logins: [LoginAnswer] = []
  /// Whether the driver writes the content at once when told to.
  var sendsContent = true

  init(_ dialect: ClientSession.Dialect = .smtp, _ keywords: [String] = ["PIPELINING"]) {
    session = ClientSession(dialect: dialect, hostname: "gw.example")
    hear("220 hi")
    let lines = ["backend.example"] + keywords
    for (index, line) in lines.enumerated() { hear("250\(index == lines.count - 1 ? " " : "-")\(line)") }
    said = ""
  }

  init(unopened dialect: ClientSession.Dialect, opening: ClientOpening = ClientOpening()) {
    session = ClientSession(dialect: dialect, hostname: "gw.example", opening: opening)
  }

  mutating func hear(_ lines: String...) {
    for line in lines {
      let bytes = Array((line + "\r").utf8)
      take(session.received(line: bytes.span.bytes))
    }
  }

  mutating func take(_ action: ClientAction) {
    collect()
    switch action {
    case .wait, .open, .rest: break
    case .sendContent:
      contents += 1
      if sendsContent { session.contentSent() }
    case .startTLS: handshakes += 1
    case .loggedIn(let answer): logins.append(answer)
    case .report(let result): results.append(result)
    case .close(let fault): faults.append(fault)
    }
  }

  mutating func begin(_ transaction: ClientTransaction) {
    session.begin(transaction)
    collect()
  }

  private mutating func collect() {
    said += String(decoding: session.output, as: UTF8.self).replacing("\r\n", with: "|")
    session.outputTaken()
  }

  /// What was said since the last look.
  mutating func saidSince() -> String {
    defer { said = "" }
    return said
  }
}

private func path(_ text: String) -> Path { Path(text: text, localPart: text, domain: .name("x")) }

private func transaction(_ recipients: Int = 2, content: ClientTransaction.Content = .data)
  -> ClientTransaction
{
  ClientTransaction(
    sender: path("s@x"), recipients: (0..<recipients).map { Envelope.Recipient(path: path("r\($0)@x")) },
    content: content)
}

@Suite struct ClientSessionTests {
  // MARK: Opening

  @Test func opensWithEHLO() {
    var driver = ClientDriver(unopened: .smtp)
    driver.hear("220-one", "220 two")
    #expect(driver.said == "EHLO gw.example|")
    #expect(!driver.session.isOpen)
    driver.hear("250-b", "250-PIPELINING", "250 SIZE 1000")
    #expect(driver.session.isReady)
    #expect(driver.session.capabilities.size == 1000)
  }

  @Test func fallsBackToHELOAndLMTPDoesNot() {
    var driver = ClientDriver(unopened: .smtp)
    driver.hear("220 hi", "502 5.5.1 what")
    #expect(driver.said == "EHLO gw.example|HELO gw.example|")
    driver.hear("250 b")
    #expect(driver.session.isReady)
    #expect(driver.session.capabilities == Capabilities())
    var lmtp = ClientDriver(unopened: .lmtp)
    lmtp.hear("220 hi", "500 what")
    #expect(lmtp.said == "LHLO gw.example|")
    #expect(lmtp.session.isOver)
  }

  @Test(arguments: ["421 4.3.2 busy", "554 no", "250 hm", "nonsense"])
  func refusedGreetingEndsIt(line: String) {
    var driver = ClientDriver(unopened: .smtp)
    driver.hear(line)
    #expect(driver.session.isOver)
    #expect(driver.faults.count == 1)
    #expect(driver.said.isEmpty)
  }

  @Test func refusedHelloEndsIt() {
    for lines in [["220 hi", "421 no"], ["220 hi", "500 no", "500 no"]] {
      var driver = ClientDriver(unopened: .smtp)
      for line in lines { driver.hear(line) }
      #expect(driver.session.isOver)
      #expect(driver.faults.count == 1)
    }
  }

  // MARK: Pipelined

  @Test func pipelinedMessage() {
    var driver = ClientDriver()
    driver.begin(transaction())
    #expect(driver.saidSince() == "MAIL FROM:<s@x>|RCPT TO:<r0@x>|RCPT TO:<r1@x>|DATA|")
    driver.hear("250 ok", "250 ok", "250 ok")
    #expect(driver.contents == 0)
    driver.hear("354 go")
    #expect(driver.contents == 1)
    driver.hear("250 2.0.0 queued")
    #expect(driver.results == [.taken(Reply(250, 0, 0, "queued"))])
    #expect(driver.session.isReady)
    #expect(driver.said.isEmpty)
  }

  @Test func repliesOfSeveralLinesAreReadToo() {
    var driver = ClientDriver()
    driver.begin(transaction(1))
    driver.hear("250-a", "250 b", "250-2.1.5 a", "250 2.1.5 b", "354-a", "354 b", "250-x", "250 y")
    #expect(driver.results == [.taken(Reply(250, nil, ["x", "y"]))])
  }

  @Test func pipelinedSenderRefused() {
    var driver = ClientDriver()
    driver.begin(transaction())
    driver.hear("550 5.7.1 no", "503 x", "503 x")
    #expect(driver.results.isEmpty)
    driver.hear("503 x")
    #expect(driver.results == [.senderRefused(Reply(550, 7, 1, "no"))])
    #expect(driver.session.isReady)
    #expect(driver.contents == 0)
  }

  @Test func pipelinedRecipientRefusedEndsTheSessionAt354() {
    var driver = ClientDriver()
    driver.begin(transaction())
    _ = driver.saidSince()
    driver.hear("250 ok", "250 ok", "550 5.1.1 no", "354 go")
    #expect(driver.results == [.recipientsRefused([.init(index: 1, reply: Reply(550, 1, 1, "no"))])])
    #expect(driver.contents == 0)
    #expect(driver.session.isOver)
    #expect(driver.said.isEmpty)
  }

  @Test func pipelinedRecipientsRefusedAndDATAToo() {
    var driver = ClientDriver()
    driver.begin(transaction())
    _ = driver.saidSince()
    driver.hear("250 ok", "450 4.2.0 a", "550 5.1.1 b", "554 5.5.1 none")
    #expect(
      driver.results == [
        .recipientsRefused([
          .init(index: 0, reply: Reply(450, 2, 0, "a")), .init(index: 1, reply: Reply(550, 1, 1, "b")),
        ])
      ])
    #expect(driver.said == "RSET|")
    #expect(!driver.session.isReady && !driver.session.isOver)
    driver.hear("250 ok")
    #expect(driver.session.isReady)
    #expect(driver.session.refusals == 3)
  }

  @Test func senderRefusedButContentAskedForEndsTheSession() {
    var driver = ClientDriver()
    driver.begin(transaction(1))
    driver.hear("451 4.3.0 no", "250 ok", "354 go")
    #expect(driver.results == [.senderRefused(Reply(451, 3, 0, "no"))])
    #expect(driver.session.isOver)
    #expect(driver.contents == 0)
  }

  @Test func refusedDATAAndContent() {
    var driver = ClientDriver()
    driver.begin(transaction(1))
    _ = driver.saidSince()
    driver.hear("250 ok", "250 ok", "451 4.3.0 no")
    #expect(driver.results == [.refused(Reply(451, 3, 0, "no"))])
    #expect(driver.saidSince() == "RSET|")
    driver.hear("250 ok")
    driver.begin(transaction(1))
    driver.hear("250 ok", "250 ok", "354 go", "554 5.6.0 no")
    #expect(driver.results.last == .refused(Reply(554, 6, 0, "no")))
    #expect(driver.session.isReady)
  }

  // MARK: Step by step

  @Test func stepByStep() {
    var driver = ClientDriver(.smtp, [])
    driver.begin(transaction())
    #expect(driver.saidSince() == "MAIL FROM:<s@x>|")
    driver.hear("250 ok")
    #expect(driver.saidSince() == "RCPT TO:<r0@x>|")
    driver.hear("250 ok")
    #expect(driver.saidSince() == "RCPT TO:<r1@x>|")
    driver.hear("250 ok")
    #expect(driver.saidSince() == "DATA|")
    driver.hear("354 go", "250 ok")
    #expect(driver.results == [.taken(Reply(250, nil, ["ok"]))])
  }

  @Test func stepByStepRefusals() {
    var sender = ClientDriver(.smtp, [])
    sender.begin(transaction())
    _ = sender.saidSince()
    sender.hear("550 no")
    #expect(sender.results == [.senderRefused(Reply(550, nil, ["no"]))])
    #expect(sender.session.isReady && sender.said.isEmpty)

    var recipient = ClientDriver(.smtp, [])
    recipient.begin(transaction())
    recipient.hear("250 ok", "550 no")
    _ = recipient.saidSince()
    // The others are heard too, so that the retry knows of all.
    recipient.hear("250 ok")
    #expect(recipient.results == [.recipientsRefused([.init(index: 0, reply: Reply(550, nil, ["no"]))])])
    #expect(recipient.said == "RSET|")

    var data = ClientDriver(.smtp, [])
    data.begin(transaction(1))
    data.hear("250 ok", "250 ok")
    _ = data.saidSince()
    data.hear("554 no")
    #expect(data.results == [.refused(Reply(554, nil, ["no"]))])
    #expect(data.said == "RSET|")
    data.hear("421 bye")
    #expect(data.session.isOver)
  }

  // MARK: BDAT

  @Test func chunkWaitsForAllReplies() {
    var driver = ClientDriver(.smtp, ["PIPELINING", "CHUNKING", "BINARYMIME"])
    var binary = transaction(2, content: .chunk(octets: 77))
    binary.parameters.body = .binary
    driver.begin(binary)
    #expect(driver.saidSince() == "MAIL FROM:<s@x> BODY=BINARYMIME|RCPT TO:<r0@x>|RCPT TO:<r1@x>|")
    driver.hear("250 ok", "250 ok")
    #expect(driver.contents == 0)
    driver.hear("250 ok")
    #expect(driver.contents == 1)
    #expect(driver.said == "BDAT 77 LAST|")
    driver.hear("250 done")
    #expect(driver.results == [.taken(Reply(250, nil, ["done"]))])
  }

  @Test func chunkIsNotSentWhereSomebodyIsRefused() {
    var driver = ClientDriver(.smtp, ["PIPELINING", "CHUNKING", "BINARYMIME"])
    driver.begin(transaction(2, content: .chunk(octets: 77)))
    _ = driver.saidSince()
    driver.hear("250 ok", "550 no", "250 ok")
    #expect(driver.contents == 0)
    #expect(driver.said == "RSET|")
    #expect(driver.results.count == 1)
  }

  // MARK: Probes

  @Test func probes() {
    for keywords in [["PIPELINING"], []] {
      for (reply, isKnown) in [("250 ok", true), ("251 will forward", true), ("550 5.1.1 no", false)] {
        var driver = ClientDriver(.smtp, keywords)
        driver.begin(transaction(1, content: .probe))
        driver.hear("250 ok", reply)
        #expect(driver.said == "MAIL FROM:<s@x>|RCPT TO:<r0@x>|RSET|")
        guard let result = driver.results.first else {
          Issue.record("no result")
          return
        }
        if case .taken = result { #expect(isKnown) } else { #expect(!isKnown) }
        #expect(!driver.session.isReady)
        driver.hear("250 reset")
        #expect(driver.session.isReady)
        #expect(driver.session.refusals == (isKnown ? 0 : 1))
      }
    }
  }

  @Test func probeWhoseSenderIsRefused() {
    var pipelined = ClientDriver()
    pipelined.begin(transaction(1, content: .probe))
    pipelined.hear("550 5.1.8 no", "503 x")
    #expect(pipelined.results == [.senderRefused(Reply(550, 1, 8, "no"))])
    pipelined.hear("250 reset")
    #expect(pipelined.session.isReady)
    var stepwise = ClientDriver(.smtp, [])
    stepwise.begin(transaction(1, content: .probe))
    stepwise.hear("550 5.1.8 no")
    #expect(stepwise.results == [.senderRefused(Reply(550, 1, 8, "no"))])
    #expect(stepwise.session.isReady)
  }

  // MARK: LMTP

  @Test func oneReplyForEachRecipient() {
    var driver = ClientDriver(.lmtp)
    driver.begin(transaction(3))
    driver.hear("250 ok", "250 ok", "250 ok", "250 ok", "354 go", "250 a", "250 b")
    #expect(driver.results.isEmpty)
    driver.hear("250 c")
    #expect(driver.results == [.taken(Reply(250, nil, ["c"]))])
    driver.begin(transaction(2))
    driver.hear("250 ok", "250 ok", "250 ok", "354 go", "250 a", "452 full")
    #expect(driver.results.last == .answered([Reply(250, nil, ["a"]), Reply(452, nil, ["full"])]))
    #expect(driver.session.isReady)
  }

  @Test func lossBetweenTheRepliesTellsWhoHasIt() {
    var driver = ClientDriver(.lmtp)
    driver.begin(transaction(3))
    driver.hear("250 ok", "250 ok", "250 ok", "250 ok", "354 go", "250 a", "452 full")
    driver.take(driver.session.disconnected())
    #expect(driver.results == [.lost(.disconnected, .content(taken: [0]))])
  }

  // MARK: Ends

  @Test func progressTellsWhetherItMayBeTriedAgain() {
    for keywords in [["PIPELINING"], []] {
      let replies = ["250 ok", "250 ok", "354 go"]
      for count in 0...3 {
        var driver = ClientDriver(.smtp, keywords)
        driver.begin(transaction(1))
        for reply in replies.prefix(count) { driver.hear(reply) }
        driver.take(driver.session.timedOut())
        #expect(driver.results == [.lost(.timedOut, count == 3 ? .content(taken: []) : .envelope)])
        #expect(driver.session.isOver)
        driver.take(driver.session.disconnected())
        #expect(driver.results.count == 1)
      }
    }
  }

  @Test func closingReplyEndsTheSession() {
    for count in 0...2 {
      var driver = ClientDriver()
      driver.begin(transaction(1))
      for _ in 0..<count { driver.hear("250 ok") }
      driver.hear("421 4.3.2 bye")
      #expect(driver.results == [.lost(.closing(Reply(421, 3, 2, "bye")), .envelope)])
      #expect(driver.session.isOver)
    }
    var driver = ClientDriver()
    driver.begin(transaction(1))
    driver.hear("250 ok", "250 ok", "354 go", "421 4.3.2 bye")
    #expect(driver.results == [.refused(Reply(421, 3, 2, "bye"))])
    #expect(driver.session.isOver)
  }

  @Test func repliesThatDoNotFitEndTheSession() {
    for lines in [
      ["354 go"], ["250 ok", "354 go"], ["250 ok", "250 ok", "250 ok"],
      ["250 ok", "250 ok", "354 go", "354 go"],
      ["250 ok", "junk"], ["250-a", "251 b"],
    ] {
      var driver = ClientDriver()
      driver.begin(transaction(1))
      for line in lines { driver.hear(line) }
      guard case .lost? = driver.results.first, driver.results.count == 1 else {
        Issue.record("\(lines): \(driver.results)")
        continue
      }
      #expect(driver.session.isOver)
    }
  }

  @Test func whatComesWhereContentIsDueEndsTheSession() {
    var driver = ClientDriver()
    driver.sendsContent = false
    driver.begin(transaction(1))
    driver.hear("250 ok", "250 ok", "354 go")
    driver.take(driver.session.spokeBeforeContent())
    #expect(driver.results == [.lost(.tooSoon, .content(taken: []))])
    #expect(driver.session.isOver)
  }

  @Test func repliesAreBoundedAndTheGreetingIsNot() {
    let keywords = (0..<60).map { "X-KEYWORD-\($0) " + String(repeating: "x", count: 100) } + ["SIZE 1000"]
    var driver = ClientDriver(.smtp, keywords)
    #expect(driver.session.capabilities.size == 1000)
    driver.begin(transaction(1))
    for _ in 0..<30 { driver.hear("550-5.7.1 no") }
    driver.hear("550 5.7.1 no")
    #expect(driver.results == [.senderRefused(Reply(550, .init(7, 1), Array(repeating: "no", count: 20)))])
    let wide = Reply(550, nil, [String(repeating: "ä", count: 1023), "aää", "b"])
    #expect(wide.bounded.lines == [String(repeating: "ä", count: 1023), "a"])
    #expect(Reply(550, nil, ["a", "b"]).bounded.lines == ["a", "b"])
  }

  @Test func answerBeforeTheContentIsSent() {
    var driver = ClientDriver()
    driver.sendsContent = false
    driver.begin(transaction(1))
    driver.hear("250 ok", "250 ok", "354 go", "552 5.3.4 too big")
    #expect(driver.results == [.refused(Reply(552, 3, 4, "too big"))])
    #expect(driver.session.isOver)
    var early = ClientDriver()
    early.sendsContent = false
    early.begin(transaction(1))
    early.hear("250 ok", "250 ok", "354 go", "250 already")
    guard case .lost(.unexpected, .content(taken: []))? = early.results.first else {
      Issue.record("\(early.results)")
      return
    }
  }

  @Test func strayRepliesEndAnIdleSession() {
    for line in ["421 4.4.2 idle", "250 hm"] {
      var driver = ClientDriver()
      driver.hear(line)
      #expect(driver.session.isOver)
      #expect(driver.faults.count == 1)
    }
  }

  @Test func quitting() {
    var driver = ClientDriver()
    driver.take(driver.session.quit())
    #expect(driver.said == "QUIT|")
    #expect(!driver.session.isReady)
    driver.hear("221 bye")
    #expect(driver.session.isOver)
    var busy = ClientDriver()
    busy.begin(transaction(1))
    busy.take(busy.session.quit())
    #expect(busy.results == [.lost(.ended, .envelope)])
  }

  @Test func endlessLineEndsIt() {
    var driver = ClientDriver()
    driver.hear("250 " + String(repeating: "x", count: 3000))
    #expect(driver.session.isOver)
    var other = ClientDriver()
    other.take(other.session.lineOverflowed())
    #expect(other.faults == [.malformed(.lineTooLong)])
  }
}
