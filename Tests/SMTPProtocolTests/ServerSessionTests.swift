import MailSyntax
import SMTPProtocol
import Testing

/// Each state against each command: what is said, and where it leads.
@Suite struct ServerSessionTests {
  private static let greeted: [String] = []
  private static let ready = ["EHLO client.example"]
  private static let mail = ready + ["MAIL FROM:<a@b.example>"]
  private static let recipient = mail + ["RCPT TO:<u@example.org>"]

  struct Row: CustomStringConvertible, Sendable {
    let line: String
    /// Codes and the state after it, in the states greeted, ready, mail, recipient.
    let outcomes: [(String, String)]
    init(_ line: String, _ outcomes: (String, String)...) {
      self.line = line
      self.outcomes = outcomes
    }
    var description: String { line }
  }

  @Test(arguments: [
    Row("EHLO c", ("250", "ready"), ("250", "ready"), ("250", "ready"), ("250", "ready")),
    Row("HELO c", ("250", "ready"), ("250", "ready"), ("250", "ready"), ("250", "ready")),
    Row(
      "EHLO", ("501 5.5.4", "greeted"), ("501 5.5.4", "ready"), ("501 5.5.4", "envelope 0"),
      ("501 5.5.4", "envelope 1")),
    Row(
      "LHLO c", ("500 5.5.1", "greeted"), ("500 5.5.1", "ready"), ("500 5.5.1", "envelope 0"),
      ("500 5.5.1", "envelope 1")),
    Row(
      "MAIL FROM:<x@y>", ("503 5.5.1", "greeted"), ("250 2.1.0", "envelope 0"), ("503 5.5.1", "envelope 0"),
      ("503 5.5.1", "envelope 1")),
    Row(
      "MAIL FROM:<x@", ("503 5.5.1", "greeted"), ("501 5.1.7", "ready"), ("503 5.5.1", "envelope 0"),
      ("503 5.5.1", "envelope 1")),
    Row(
      "RCPT TO:<x@y>", ("503 5.5.1", "greeted"), ("503 5.5.1", "ready"), ("250 2.1.5", "envelope 1"),
      ("250 2.1.5", "envelope 2")),
    Row(
      "RCPT TO:<", ("503 5.5.1", "greeted"), ("503 5.5.1", "ready"), ("501 5.1.3", "envelope 0"),
      ("501 5.1.3", "envelope 1")),
    Row(
      "DATA", ("503 5.5.1", "greeted"), ("503 5.5.1", "ready"), ("503 5.5.1", "envelope 0"), ("354", "data")),
    Row(
      "DATA now", ("503 5.5.1", "greeted"), ("503 5.5.1", "ready"), ("501 5.5.4", "envelope 0"),
      ("501 5.5.4", "envelope 1")),
    Row("BDAT 5", ("-3", "drain"), ("-3", "drain"), ("-3", "drain"), ("-2", "chunk 5")),
    Row("BDAT 0 LAST", ("-3", "drain"), ("-3", "drain"), ("-3", "drain"), ("-2", "chunk 0")),
    Row("BDAT 5000 LAST", ("-3", "drain"), ("-3", "drain"), ("-3", "drain"), ("-3", "drain")),
    Row(
      "BDAT x", ("501 5.5.2", "greeted"), ("501 5.5.2", "ready"), ("501 5.5.2", "envelope 0"),
      ("501 5.5.2", "envelope 1")),
    Row(
      "RSET", ("250 2.0.0", "greeted"), ("250 2.0.0", "ready"), ("250 2.0.0", "ready"), ("250 2.0.0", "ready")
    ),
    Row(
      "NOOP x", ("250 2.0.0", "greeted"), ("250 2.0.0", "ready"), ("250 2.0.0", "envelope 0"),
      ("250 2.0.0", "envelope 1")),
    Row(
      "QUIT", ("221 2.0.0", "closed"), ("221 2.0.0", "closed"), ("221 2.0.0", "closed"),
      ("221 2.0.0", "closed")),
    Row(
      "HELP", ("214 2.0.0", "greeted"), ("214 2.0.0", "ready"), ("214 2.0.0", "envelope 0"),
      ("214 2.0.0", "envelope 1")),
    Row(
      "VRFY u@v", ("252 2.5.0", "greeted"), ("252 2.5.0", "ready"), ("252 2.5.0", "envelope 0"),
      ("252 2.5.0", "envelope 1")),
    Row(
      "EXPN u", ("502 5.7.0", "greeted"), ("502 5.7.0", "ready"), ("502 5.7.0", "envelope 0"),
      ("502 5.7.0", "envelope 1")),
    Row(
      "STARTTLS", ("502 5.5.1", "greeted"), ("502 5.5.1", "ready"), ("502 5.5.1", "envelope 0"),
      ("502 5.5.1", "envelope 1")),
    Row(
      "AUTH PLAIN AAAA", ("502 5.5.1", "greeted"), ("502 5.5.1", "ready"), ("502 5.5.1", "envelope 0"),
      ("502 5.5.1", "envelope 1")),
    Row(
      "TURN", ("502 5.5.1", "greeted"), ("502 5.5.1", "ready"), ("502 5.5.1", "envelope 0"),
      ("502 5.5.1", "envelope 1")),
    Row(
      "SEND FROM:<a@b>", ("502 5.5.1", "greeted"), ("502 5.5.1", "ready"), ("502 5.5.1", "envelope 0"),
      ("502 5.5.1", "envelope 1")),
    Row(
      "", ("500 5.5.1", "greeted"), ("500 5.5.1", "ready"), ("500 5.5.1", "envelope 0"),
      ("500 5.5.1", "envelope 1")),
  ])
  func eachStateAnswersEachCommand(_ row: Row) {
    for (lines, outcome) in zip([Self.greeted, Self.ready, Self.mail, Self.recipient], row.outcomes) {
      var harness = ServerHarness(after: lines)
      let action = harness.say(row.line)
      #expect(action.codes == outcome.0, "after \(lines)")
      #expect(harness.state == outcome.1, "after \(lines)")
      #expect(action.isClose == (outcome.1 == "closed"))
    }
  }

  @Test func commandsWaitForTheGreeting() {
    var session = ServerSession(terms: .init(), offer: ServerHarness.fullOffer)
    #expect(session.need == .answer)
    guard case .ask(.connect) = session.opened() else {
      Issue.record("connect is not asked")
      return
    }
    #expect(session.need == .answer && session.hello == nil && session.envelope == nil)
    #expect(session.answered(.proceed).codes == "220")
    #expect(session.need == .line)
  }

  @Test(arguments: [0, 1, 2])
  func anUnwelcomeClientIsSentAway(_ way: Int) {
    var session = ServerSession(terms: .init(), offer: ServerHarness.fullOffer)
    _ = session.opened()
    let no = Response("LIMIT_X", reply: Reply(421, 7, 0, "No"))
    let action = session.answered([Answer.close(no), .refuse(no), .refuseTransaction(no)][way])
    #expect(action.isClose && action.code == 421 && session.need == .nothing)
  }

  @Test func aRefusedEhloLeavesEverythingAsItWas() {
    for lines in [Self.ready, Self.mail, Self.recipient, Self.recipient + ["BDAT 0"]] {
      var harness = ServerHarness(after: Array(lines.prefix(3)))
      if lines.count > 3 { #expect(harness.chunk("BDAT 3") == 250) }
      let before = (harness.state, harness.session.envelope, harness.session.hello)
      harness.answers = [({ if case .hello = $0 { true } else { false } }, .refuse(Response("X")))]
      #expect(harness.say("EHLO other").code == 550)
      #expect(harness.state == before.0 && harness.session.envelope == before.1)
      #expect(harness.session.hello == before.2)
    }
    // And a chunk begun can still be ended.
    var harness = ServerHarness(after: Self.recipient)
    #expect(harness.chunk("BDAT 3") == 250)
    harness.answers = [({ if case .hello = $0 { true } else { false } }, .refuse(Response("X")))]
    _ = harness.say("EHLO other")
    #expect(harness.chunk("BDAT 3 LAST") == 250)
    #expect(harness.asked.last == .message)
  }

  @Test func aSecondHelloReplacesTheFirst() {
    var harness = ServerHarness(after: ["HELO one"])
    #expect(harness.session.hello == Hello(name: "one", isExtended: false))
    guard case .greet(let keywords) = harness.say("EHLO two") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords == ServerHarness.fullOffer.keywords())
    #expect(harness.session.hello == Hello(name: "two", isExtended: true))
  }

  @Test func heloOffersNothing() {
    var harness = ServerHarness()
    guard case .greet(let keywords) = harness.say("HELO one") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords.isEmpty)
  }

  @Test func aWholeTransaction() throws {
    var harness = ServerHarness(after: Self.recipient)
    #expect(harness.say("RCPT TO:<v@example.org> NOTIFY=NEVER").codes == "250 2.1.5")
    let envelope = try #require(harness.session.envelope)
    #expect(envelope.sender.text == "a@b.example")
    #expect(envelope.recipients.map(\.path.text) == ["u@example.org", "v@example.org"])
    #expect(envelope.recipients[1].parameters.notify == "NEVER")
    #expect(harness.say("DATA").codes == "354")
    #expect(harness.session.need == .data && harness.session.envelope == envelope)
    #expect(harness.settle(harness.session.receivedData()).codes == "250 2.0.0")
    #expect(harness.asked.suffix(2) == [.content, .message])
    #expect(harness.state == "ready" && harness.session.transactions == 1)
    #expect(harness.say("MAIL FROM:<>").codes == "250 2.1.0")
  }

  @Test func refusedContentEndsTheTransaction() {
    var harness = ServerHarness(after: Self.recipient + ["DATA"])
    #expect(harness.session.refusedData(Response(.contentNul)).codes == "550 5.6.11")
    #expect(harness.state == "ready")
    harness = ServerHarness(after: Self.recipient + ["DATA"])
    harness.answers = [({ $0 == .message }, .refuse(Response("X")))]
    #expect(harness.settle(harness.session.receivedData()).code == 550)
    #expect(harness.state == "ready")
  }

  @Test func dataThatIsUnwelcomeLeavesTheTransaction() {
    var harness = ServerHarness(after: Self.recipient)
    harness.answers = [({ $0 == .content }, .refuse(Response(.limitRecipients)))]
    #expect(harness.say("DATA").code == 452)
    #expect(harness.state == "envelope 1")
    harness.answers = []
    #expect(harness.say("DATA").code == 354)
  }

  @Test func aRefusedSenderOrRecipientIsNoMistake() {
    var harness = ServerHarness(after: Self.ready)
    harness.answers = [
      ({ if case .mail = $0 { true } else { false } }, .refuse(Response("X"))),
      ({ if case .recipient = $0 { true } else { false } }, .refuse(Response("X"))),
    ]
    #expect(harness.say("MAIL FROM:<a@b>").code == 550)
    #expect(harness.state == "ready")
    harness.answers.removeFirst()
    _ = harness.say("MAIL FROM:<a@b>")
    #expect(harness.say("RCPT TO:<a@b>").code == 550)
    #expect(harness.session.errors == 0)
    #expect(harness.session.envelope?.refusals == 1)
    // All of them refused: there is nobody to send to.
    #expect(harness.say("DATA").codes == "554 5.5.1")
    #expect(harness.state == "envelope 0")
  }

  @Test func answersCanSayTheirOwn() {
    var harness = ServerHarness(after: Self.ready)
    let own = Response("X", reply: Reply(250, 1, 0, "own"))
    harness.answers = [({ _ in true }, .proceedSaying(own))]
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<a@b>"] {
      guard case .reply(let response) = harness.say(line) else {
        Issue.record("no reply")
        return
      }
      #expect(response == own)
    }
    #expect(harness.say("DATA").code == 354)
    guard case .reply(let response) = harness.settle(harness.session.receivedData()) else {
      Issue.record("no reply")
      return
    }
    #expect(response == own)
  }

  @Test func anAnswerCanCloseAtAnyQuestion() {
    let bye = Response("X", reply: Reply(421, 7, 0, "bye"))
    for (lines, line) in [
      ([], "EHLO c"), (Self.ready, "MAIL FROM:<>"), (Self.mail, "RCPT TO:<a@b>"), (Self.recipient, "DATA"),
      (Self.recipient, "BDAT 4"),
    ] {
      var harness = ServerHarness(after: lines)
      harness.answers = [({ _ in true }, .close(bye))]
      let action = harness.say(line)
      #expect(action.isClose && action.code == 421 && harness.state == "closed", "\(line)")
      #expect(harness.session.envelope == nil && harness.session.hello == nil)
    }
  }

  @Test func theDriverCanEndTheSessionInAnyState() {
    for lines in [Self.greeted, Self.ready, Self.mail, Self.recipient, Self.recipient + ["DATA"]] {
      var harness = ServerHarness(after: lines)
      #expect(harness.session.ended(.limitErrors).isClose)
      #expect(harness.session.need == .nothing)
      var other = ServerHarness(after: lines)
      other.session.disconnected()
      #expect(other.session.need == .nothing && other.session.envelope == nil)
    }
  }
}
