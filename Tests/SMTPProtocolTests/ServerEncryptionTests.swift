import MailSyntax
import SMTPProtocol
import Testing

/// STARTTLS (RFC 3207) and REQUIRETLS (RFC 8689).
@Suite struct ServerEncryptionTests {
  /// A session whose STARTTLS was answered with nothing behind it.
  private func handshaking(_ lines: [String] = ["EHLO c"], octetsBehind: Int = 0) -> (
    ServerHarness, ServerAction
  ) {
    var harness = ServerHarness(after: lines, offer: ServerHarness.guardedOffer)
    harness.on("startTLS", .encrypt(octetsBehind: octetsBehind))
    let action = harness.say("STARTTLS")
    return (harness, action)
  }

  @Test func theHandshakeFollowsTheReply() {
    let (harness, action) = handshaking()
    guard case .startTLS(let response) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(catalogue.reply(response).summary == "220 2.0.0 Ready to start TLS")
    #expect(harness.session.need == .handshake && !harness.session.isEncrypted)
    #expect(harness.session.hello == nil && harness.session.envelope == nil)
  }

  @Test(arguments: [1, 7, 100_000])
  func octetsBehindTheCommandCloseTheConnection(_ count: Int) {
    let (harness, action) = handshaking(octetsBehind: count)
    #expect(action.isClose && action.reason == .tlsInjection && action.codes == "421 4.5.1")
    #expect(harness.state == "closed" && !harness.session.isEncrypted)
  }

  /// RFC 3207 §4.2: nothing that was said before counts.
  @Test func theSessionBeginsAfresh() {
    var (harness, _) = handshaking([
      "EHLO c", "XFORWARD NAME=n.example", "MAIL FROM:<a@b.example>", "RSET", "XFORWARD HELO=h", "XYZZY",
    ])
    let (errors, commands, transactions) = (
      harness.session.errors, harness.session.commands, harness.session.transactions
    )
    #expect(errors == 1 && transactions == 1 && harness.session.forwarded != nil)
    var offer = ServerHarness.guardedOffer
    offer.mechanisms = ["LOGIN"]
    harness.session.encrypted(offer: offer)
    #expect(harness.session.isEncrypted && harness.state == "greeted")
    #expect(harness.session.forwarded == nil && !harness.session.isAuthenticated)
    #expect(harness.say("MAIL FROM:<a@b.example>").codes == "503 5.5.1")
    guard case .greet(let keywords) = harness.say("EHLO c") else {
      Issue.record("no greeting")
      return
    }
    #expect(keywords.contains("AUTH LOGIN") && keywords.contains("REQUIRETLS"))
    #expect(!keywords.contains("STARTTLS"))
    #expect(harness.say("STARTTLS").codes == "503 5.5.1")
    // What bounds a connection is not begun afresh.
    #expect(harness.session.errors == errors + 2 && harness.session.commands == commands + 3)
    #expect(harness.session.transactions == transactions)
  }

  @Test func aLoginDoesNotOutliveTheHandshake() {
    var harness = ServerHarness(after: ["EHLO c", "AUTH PLAIN AAAA"], offer: ServerHarness.guardedOffer)
    #expect(harness.session.isAuthenticated)
    harness.on("startTLS", .encrypt(octetsBehind: 0))
    _ = harness.say("STARTTLS")
    harness.session.encrypted(offer: ServerHarness.guardedOffer)
    #expect(!harness.session.isAuthenticated)
    _ = harness.say("EHLO c")
    #expect(harness.say("AUTH PLAIN AAAA").codes == "235 2.7.0")
  }

  @Test func itIsToldInTheClearAlone() {
    for isEncrypted in [false, true] {
      var harness = ServerHarness(offer: ServerHarness.guardedOffer, isEncrypted: isEncrypted)
      guard case .greet(let keywords) = harness.say("EHLO c") else {
        Issue.record("no greeting")
        return
      }
      #expect(keywords.contains("STARTTLS") == !isEncrypted)
      #expect(keywords.contains("REQUIRETLS") == isEncrypted)
    }
  }

  @Test(arguments: [
    ([], "503 5.5.1"), (["HELO c"], "503 5.5.1"), (["EHLO c", "MAIL FROM:<>"], "503 5.5.1"),
    (["EHLO c", "MAIL FROM:<>", "RCPT TO:<u@b>"], "503 5.5.1"), (["EHLO c"], "220 2.0.0"),
    (["EHLO c", "MAIL FROM:<>", "RSET"], "220 2.0.0"),
  ])
  func itHasItsPlace(_ lines: [String], _ codes: String) {
    #expect(handshaking(lines).1.codes == codes)
  }

  @Test func itTakesNoArgumentAndCanBeRefused() {
    var harness = ServerHarness(after: ["EHLO c"], offer: ServerHarness.guardedOffer)
    #expect(harness.say("STARTTLS now").codes == "501 5.5.4")
    harness.on("startTLS", .refuse(Response(.tlsUnavailable)))
    #expect(harness.say("STARTTLS").codes == "454 4.7.0")
    #expect(harness.state == "ready" && harness.session.errors == 1)
    #expect(harness.say("MAIL FROM:<>").code == 250)
    var without = ServerHarness(after: ["EHLO c"])
    #expect(without.say("STARTTLS").codes == "502 5.5.1")
  }

  private static let required = ServerSession.Terms(mostErrors: 100, requiresEncryption: true)

  /// RFC 3207 §4.
  @Test(arguments: [
    ("HELO c", "530 5.7.0"), ("MAIL FROM:<a@b.example>", "530 5.7.0"), ("RCPT TO:<u@b.example>", "530 5.7.0"),
    ("DATA", "530 5.7.0"), ("RSET", "530 5.7.0"), ("VRFY u", "530 5.7.0"), ("HELP", "530 5.7.0"),
    ("AUTH PLAIN AHUAcA==", "530 5.7.0"), ("XCLIENT NAME=x", "530 5.7.0"), ("XYZZY", "530 5.7.0"),
    ("BDAT x", "530 5.7.0"), ("EHLO c", "250"), ("NOOP", "250 2.0.0"), ("QUIT", "221 2.0.0"),
    ("STARTTLS", "220 2.0.0"),
  ])
  func whereItIsRequiredNothingElseGoesInTheClear(_ line: String, _ codes: String) {
    var harness = ServerHarness(after: ["EHLO c"], terms: Self.required, offer: ServerHarness.guardedOffer)
    harness.on("startTLS", .encrypt(octetsBehind: 0))
    #expect(harness.say(line).codes == codes)
    // Under TLS it is as everywhere.
    var other = ServerHarness(
      after: ["EHLO c"], terms: Self.required, offer: ServerHarness.guardedOffer, isEncrypted: true)
    #expect(other.say(line).codes != "530 5.7.0")
  }

  @Test func aChunkThatIsRefusedIsNotReadAsCommands() {
    for lines in [[], ["EHLO c"]] {
      var harness = ServerHarness(after: lines, terms: Self.required, offer: ServerHarness.guardedOffer)
      guard case .drainChunk(20) = harness.say("BDAT 20 LAST") else {
        Issue.record("not drained")
        return
      }
      #expect(harness.session.drainedChunk().codes == "530 5.7.0")
      #expect(harness.state == (lines.isEmpty ? "greeted" : "ready") && harness.session.errors == 1)
    }
  }

  @Test func theRefusalsAreCounted() {
    var harness = ServerHarness(terms: .init(mostErrors: 3, requiresEncryption: true))
    #expect(harness.say("MAIL FROM:<>").code == 530 && harness.say("RCPT TO:<>").code == 530)
    #expect(harness.say("DATA").reason == .limitErrors)
  }

  @Test func requireTLSIsTakenWhereItIsOffered() {
    for (isEncrypted, isOffered, codes) in [
      (true, true, "250 2.1.0"), (true, false, "555 5.5.4"), (false, true, "555 5.5.4"),
      (false, false, "555 5.5.4"),
    ] {
      var offer = ServerHarness.guardedOffer
      offer.requireTLS = isOffered
      var harness = ServerHarness(after: ["EHLO c"], offer: offer, isEncrypted: isEncrypted)
      #expect(harness.say("MAIL FROM:<a@b.example> requiretls").codes == codes)
      #expect(harness.session.envelope?.parameters.requireTLS == (code(codes) == 250 ? true : nil))
    }
    var harness = ServerHarness(after: ["EHLO c"], offer: ServerHarness.guardedOffer, isEncrypted: true)
    for value in ["REQUIRETLS=", "REQUIRETLS=yes", "REQUIRETLS REQUIRETLS"] {
      #expect(harness.say("MAIL FROM:<a@b.example> \(value)").codes == "501 5.5.4", "\(value)")
    }
    #expect(harness.say("MAIL FROM:<a@b.example>").code == 250)
    #expect(harness.session.envelope?.parameters.requireTLS == false)
  }

  private func code(_ codes: String) -> Int? { Int(codes.prefix(3)) }

  @Test func everyBackendMustHaveRequireTLS() {
    var with = Capabilities()
    with.requireTLS = true
    func offer(_ backends: [Capabilities]) -> Bool {
      Offer(common: backends, size: nil, mostRecipients: nil, mostTransactions: nil).requireTLS
    }
    #expect(offer([with]) && offer([with, with]) && !offer([with, Capabilities()]) && !offer([]))
  }
}
