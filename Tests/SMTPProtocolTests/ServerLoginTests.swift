import MailSyntax
import SMTPProtocol
import Testing

/// AUTH (RFC 4954).
@Suite struct ServerLoginTests {
  private func session(
    _ lines: [String] = ["EHLO c"], terms: ServerSession.Terms = .init(mostErrors: 100)
  ) -> ServerHarness {
    ServerHarness(after: lines, terms: terms, offer: ServerHarness.guardedOffer)
  }

  /// What was asked of a login, each question with its octets.
  private func asked(_ harness: ServerHarness) -> [String] {
    harness.asked.compactMap { question in
      switch question {
      case .authenticate(let mechanism, let initial):
        "\(mechanism) \(initial.map { String(decoding: $0, as: UTF8.self) } ?? "nil")"
      case .authenticationResponse(let response): String(decoding: response, as: UTF8.self)
      default: nil
      }
    }
  }

  @Test(arguments: [
    ("AUTH PLAIN", "PLAIN nil"), ("auth plain", "PLAIN nil"), ("AUTH PLAIN =", "PLAIN "),
    ("AUTH PLAIN dQ==", "PLAIN u"), ("AUTH  LOGIN\tdXNlcg==  ", "LOGIN user"),
    ("AUTH scram-sha-256 bixhPQ==", "SCRAM-SHA-256 n,a="),
  ])
  func aLoginIsAskedFor(_ line: String, _ expected: String) {
    var harness = session()
    #expect(harness.say(line).codes == "235 2.7.0")
    #expect(asked(harness) == [expected])
    #expect(harness.session.isAuthenticated && harness.state == "ready")
    #expect(!harness.session.isAuthenticating && harness.session.errors == 0)
  }

  @Test func challengesAndResponsesTakeTurns() {
    var harness = session()
    harness.on("authenticate", .challenge(Array("Username:".utf8)))
    #expect(harness.say("AUTH LOGIN").challenge == "334 VXNlcm5hbWU6\r\n")
    #expect(harness.state == "challenged" && harness.session.isAuthenticating)
    #expect(harness.session.hello?.name == "c" && harness.session.envelope == nil)
    harness.answers = []
    harness.on("authenticationResponse", .challenge([]))
    #expect(harness.respond("dXNlcg==").challenge == "334 \r\n")
    harness.answers = []
    #expect(harness.respond("").codes == "235 2.7.0")
    #expect(asked(harness) == ["LOGIN nil", "user", ""])
    #expect(harness.state == "ready" && harness.session.isAuthenticated)
  }

  @Test func whileItIsAskedALoginIsUnderWay() {
    var harness = session()
    guard case .ask(.authenticate) = harness.session.received(line: Array("AUTH PLAIN".utf8)) else {
      Issue.record("not asked")
      return
    }
    #expect(harness.session.isAuthenticating && harness.session.need == .answer)
    _ = harness.session.answered(.challenge([1]))
    guard case .ask(.authenticationResponse) = harness.session.received(response: []) else {
      Issue.record("not asked")
      return
    }
    #expect(harness.session.isAuthenticating && harness.session.need == .answer)
    _ = harness.session.answered(.refuse(Response(.authFailed)))
    #expect(!harness.session.isAuthenticating && harness.session.need == .line)
  }

  @Test(arguments: [
    ("*", "501 5.7.0", ReasonCode.authCancelled), ("**", "501 5.5.2", .authMalformed),
    ("=", "501 5.5.2", .authMalformed), ("dXNlcg", "501 5.5.2", .authMalformed),
    ("dXNlcg=", "501 5.5.2", .authMalformed), ("dXNl cg==", "501 5.5.2", .authMalformed),
    (" dXNlcg==", "501 5.5.2", .authMalformed), ("dXNlch==", "501 5.5.2", .authMalformed),
    ("dXNlcg==dXNlcg==", "501 5.5.2", .authMalformed), ("dX-_", "501 5.5.2", .authMalformed),
    ("QUIT", "334", nil as ReasonCode?), ("MAIL FROM:<a@b>", "501 5.5.2", .authMalformed),
  ])
  func aResponseIsBase64OrNothing(_ line: String, _ codes: String, _ reason: ReasonCode?) {
    var harness = session()
    harness.on("authenticate", .challenge([]))
    harness.on("authenticationResponse", .challenge([]))
    _ = harness.say("AUTH PLAIN")
    let action = harness.respond(line)
    #expect(action.codes == codes && action.reason == reason)
    guard reason != nil else { return }
    #expect(harness.state == "ready" && harness.session.errors == 1 && !harness.session.isAuthenticated)
    // And one may try again.
    harness.answers = []
    #expect(harness.say("AUTH PLAIN dQ==").code == 235)
  }

  @Test(arguments: [
    ("AUTH", "501 5.5.4", ReasonCode.commandArgument), ("AUTH  ", "501 5.5.4", .commandArgument),
    ("AUTH PLAIN x", "501 5.5.2", .authMalformed), ("AUTH PLAIN *", "501 5.5.2", .authMalformed),
    ("AUTH PLAIN ==", "501 5.5.2", .authMalformed), ("AUTH PLAIN dQ== dQ==", "501 5.5.2", .authMalformed),
    ("AUTH PLA/IN", "501 5.5.2", .authMalformed), ("AUTH =", "501 5.5.2", .authMalformed),
    ("AUTH ABCDEFGHIJKLMNOPQRSTU", "501 5.5.2", .authMalformed), ("AUTH X", "504 5.5.4", .authMechanism),
    ("AUTH CRAM-MD5", "504 5.5.4", .authMechanism), ("AUTH c2VjcmV0", "504 5.5.4", .authMechanism),
    ("AUTH:PLAIN", "500 5.5.1", .commandUnknown),
  ])
  func whatIsNoLoginIsRefused(_ line: String, _ codes: String, _ reason: ReasonCode) {
    var harness = session()
    let action = harness.say(line)
    #expect(action.codes == codes && action.reason == reason)
    #expect(harness.session.errors == 1 && asked(harness).isEmpty && harness.state == "ready")
  }

  @Test(arguments: [
    ([], "503 5.5.1"), (["HELO c"], "503 5.5.1"), (["EHLO c", "MAIL FROM:<>"], "503 5.5.1"),
    (["EHLO c", "MAIL FROM:<>", "RCPT TO:<u@b>"], "503 5.5.1"),
    (["EHLO c", "AUTH PLAIN dQ=="], "503 5.5.1"), (["EHLO c", "MAIL FROM:<>", "RSET"], "235 2.7.0"),
    (["EHLO c", "AUTH PLAIN dQ==", "EHLO c"], "503 5.5.1"),
  ])
  func itHasItsPlace(_ lines: [String], _ codes: String) {
    var harness = session(lines)
    #expect(harness.say("AUTH PLAIN dQ==").codes == codes)
    // Order is judged before grammar.
    if codes != "235 2.7.0" { #expect(harness.say("AUTH ???").codes == codes) }
  }

  @Test func aMechanismThatNeedsTLSIsRefusedAsThat() {
    var offer = ServerHarness.guardedOffer
    offer.mechanisms = []
    offer.mechanismsWithTLS = ["PLAIN", "LOGIN"]
    var harness = ServerHarness(after: ["EHLO c"], offer: offer)
    #expect(harness.say("AUTH PLAIN dQ==").codes == "538 5.7.11")
    #expect(harness.say("AUTH SCRAM-SHA-256").codes == "504 5.5.4")
    var encrypted = ServerHarness(after: ["EHLO c"], offer: offer, isEncrypted: true)
    #expect(encrypted.say("AUTH PLAIN dQ==").codes == "504 5.5.4")
    #expect(asked(harness).isEmpty && asked(encrypted).isEmpty)
    var without = ServerHarness(after: ["EHLO c"])
    #expect(without.say("AUTH PLAIN dQ==").codes == "502 5.5.1")
  }

  @Test func aFailedLoginIsAMistakeAndAnUnknownOutcomeIsNone() {
    var harness = session(terms: .init(mostErrors: 3))
    harness.on("authenticate", .refuse(Response(.authUnavailable)))
    for _ in 0..<5 { #expect(harness.say("AUTH PLAIN dQ==").codes == "454 4.7.0") }
    #expect(harness.session.errors == 0)
    harness.answers = []
    harness.on("authenticate", .refuse(Response(.authFailed)))
    for _ in 0..<2 { #expect(harness.say("AUTH PLAIN dQ==").codes == "535 5.7.8") }
    #expect(harness.state == "ready" && harness.say("AUTH PLAIN dQ==").reason == .limitErrors)
    harness = session()
    harness.on("authenticate", .close(Response(.authBlocked)))
    #expect(harness.say("AUTH PLAIN dQ==").isClose && harness.state == "closed")
  }

  @Test func responsesCountAsCommands() {
    var harness = session(terms: .init(mostErrors: nil, mostCommands: 5))
    harness.on("authenticate", .challenge([]))
    harness.on("authenticationResponse", .challenge([]))
    _ = harness.say("AUTH PLAIN")
    for _ in 0..<3 { #expect(harness.respond("").code == 334) }
    #expect(harness.respond("").reason == .limitCommands)
  }

  @Test(arguments: [ReasonCode.authTooLong, .commandLineEnding])
  func aLineThatCannotBeReadEndsTheLogin(_ reason: ReasonCode) {
    var harness = session()
    harness.on("authenticate", .challenge([]))
    _ = harness.say("AUTH PLAIN")
    let action = harness.session.receivedMalformedLine(reason)
    #expect(action.reason == reason && action.code == 500)
    #expect(harness.state == "ready" && !harness.session.isAuthenticating && harness.session.errors == 1)
    #expect(catalogue.reply(.authTooLong).summary.hasPrefix("500 5.5.6"))
  }

  /// Neither what follows AUTH nor what follows its refusal is ever said back, or kept.
  @Test func nothingOfAPasswordIsSaidBack() {
    let secret = "abcdefgh"
    for line in [
      "AUTH \(secret)", "AUTH PLAIN \(secret)x", "AUTH PLAIN \(secret) \(secret)", "AUTH \(secret)=",
      "AUTH PLAIN \(secret)\u{1}", "AUTH CRAM-MD5 \(secret)", secret,
    ] {
      for isOffered in [true, false] {
        var harness = isOffered ? session() : ServerHarness(after: ["EHLO c"])
        _ = harness.say("AUTH LOGIN !")
        for said in [line, secret] {
          let action = harness.say(said)
          guard case .reply(let response) = action else {
            Issue.record("\(action)")
            return
          }
          #expect(!response.variables.reason.contains(secret), "\(line)")
          #expect(!catalogue.reply(response).summary.contains(secret), "\(line)")
        }
      }
    }
    var harness = session()
    harness.on("authenticate", .challenge([]))
    harness.on("authenticationResponse", .challenge([]))
    _ = harness.say("AUTH PLAIN \(secret)")
    _ = harness.session.received(response: Array("c2VjcmV0c2VjcmV0".utf8))
    // "secretsecret" as text and as octets; the initial response alike.
    for needle in ["secretsecret", "115, 101, 99, 114", "c2Vj", secret, "105, 183, 29"] {
      #expect(!String(reflecting: harness.session).contains(needle), "\(needle)")
    }
    #expect("\(Question.authenticationResponse(Array(secret.utf8)))" == "authenticationResponse")
    #expect(String(reflecting: Question.authenticate(mechanism: "X", initial: [1])) == "authenticate")
  }

  @Test func theOfferIsToldUntilTheLogin() {
    var offer = ServerHarness.guardedOffer
    offer.legacyAuthLine = true
    var harness = ServerHarness(offer: offer)
    func keywords(_ action: ServerAction) -> [String] {
      if case .greet(let keywords) = action { keywords } else { [] }
    }
    let before = keywords(harness.say("EHLO c"))
    #expect(before.contains("AUTH SCRAM-SHA-256 PLAIN LOGIN"))
    #expect(before.contains("AUTH=SCRAM-SHA-256 PLAIN LOGIN"))
    _ = harness.say("AUTH PLAIN dQ==")
    #expect(!keywords(harness.say("EHLO c")).contains { $0.hasPrefix("AUTH") })
    offer.legacyAuthLine = false
    var modern = ServerHarness(offer: offer)
    #expect(!keywords(modern.say("EHLO c")).contains { $0.hasPrefix("AUTH=") })
    offer.mechanismsWithTLS = offer.mechanisms
    offer.mechanisms = []
    var none = ServerHarness(offer: offer)
    #expect(!keywords(none.say("EHLO c")).contains { $0.hasPrefix("AUTH") })
  }

  @Test func aLoginMayBeRequired() {
    let terms = ServerSession.Terms(mostErrors: 100, requiresAuthentication: true)
    var harness = session(["EHLO c"], terms: terms)
    #expect(harness.say("MAIL FROM:<a@b.example>").codes == "530 5.7.0")
    #expect(harness.session.errors == 1 && harness.session.transactions == 0)
    #expect(!harness.asked.contains { $0.description == "mail" })
    #expect(harness.say("NOOP").code == 250 && harness.say("RSET").code == 250)
    #expect(harness.say("AUTH PLAIN dQ==").code == 235)
    #expect(harness.say("MAIL FROM:<a@b.example>").codes == "250 2.1.0")
  }

  @Test(arguments: [
    ("AUTH=<>", "<>"), ("AUTH=user@example.org", "user@example.org"), ("auth=e+3Dmc2@b", "e+3Dmc2@b"),
  ])
  func mailMayNameWhoSubmittedIt(_ parameter: String, _ expected: String) {
    for lines in [["EHLO c"], ["EHLO c", "AUTH PLAIN dQ=="]] {
      var harness = session(lines)
      #expect(harness.say("MAIL FROM:<a@b.example> \(parameter)").code == 250)
      #expect(harness.session.envelope?.parameters.authenticatedSender == expected)
    }
    var without = ServerHarness(after: ["EHLO c"])
    #expect(without.say("MAIL FROM:<a@b.example> \(parameter)").codes == "555 5.5.4")
  }

  @Test func rsetLeavesTheLogin() {
    var harness = session(["EHLO c", "AUTH PLAIN dQ==", "RSET", "EHLO d"])
    #expect(harness.session.isAuthenticated)
    #expect(harness.say("MAIL FROM:<>").code == 250)
  }
}
