import Filtering
import MailSyntax
import RuleLanguage
import SMTPProtocol
import Settings
import Testing

/// What becomes of a message whose recipients' rules and policies do not agree: nothing is lost, nobody is bounced to.
@Suite struct DispositionTests {
  private static let everybody = RecipientPolicy(thresholds: Thresholds())

  private func verdict(
    _ ruling: RuleVerdict? = nil, score: Double = 0, copies: [String] = [], heldCopies: [String?] = [],
    headers: [HeaderChange] = [], tags: Bool = false, thresholds: Thresholds = Thresholds()
  ) -> RecipientVerdict {
    let outcome = RuleOutcome(
      verdict: ruling, isTagged: tags, headers: headers, copies: copies, heldCopies: heldCopies)
    let findings =
      score == 0
      ? []
      : [
        WeighedFinding(
          Finding("SCORED"), weight: Weight(score), mode: .enforce, found: .message, enforceAt: .recipient)
      ]
    return RecipientVerdict(
      decision: Decision(of: findings, at: .message, thresholds: thresholds, rules: outcome),
      outcome: outcome,
      policy: Self.everybody, findings: findings)
  }

  private static let refusal = RuleVerdict.reject(RefusalReply(code: nil, enhanced: nil, text: nil))
  private static let putOff = RuleVerdict.defer(RefusalReply(code: nil, enhanced: nil, text: nil))

  @Test func whatNobodyHasAnythingAgainstGoesInOnePiece() {
    let disposition = Disposition([verdict(), verdict(), verdict(score: 2)])
    #expect(disposition.shares.map(\.recipients) == [[0, 1, 2]])
    #expect(disposition.holds.isEmpty && disposition.legs.isEmpty && disposition.refusal == nil)
  }

  @Test func whatAllRefuseIsRefusedAndForNowWhereSomebodyPutsItOff() {
    #expect(Disposition([verdict(Self.refusal), verdict(Self.refusal)]).refusal == 0)
    #expect(Disposition([verdict(Self.refusal), verdict(Self.putOff)]).refusal == 1)
    #expect(Disposition([verdict(score: 12)]).refusal == 0)
  }

  /// One reply is for all: the refusal of one of two would be a lie or a bounce.
  @Test(arguments: [DispositionTests.refusal, DispositionTests.putOff])
  func aRefusalThatCannotBeSaidIsHeld(refusal: RuleVerdict) {
    let disposition = Disposition([verdict(), verdict(refusal)])
    #expect(disposition.refusal == nil && disposition.refused.isEmpty)
    #expect(disposition.shares.map(\.recipients) == [[0]])
    #expect(disposition.holds.map(\.recipients) == [[1]])
    #expect(disposition.holds.first?.folder == .refused)
    #expect(disposition.holds.first?.code == .refusalHeld)
  }

  @Test func withAReplyForEachItIsSaid() {
    let disposition = Disposition([verdict(), verdict(Self.refusal)], answersEach: true)
    #expect(disposition.refused == [1] && disposition.holds.isEmpty && disposition.refusal == nil)
    #expect(disposition.shares.map(\.recipients) == [[0]])
    // And where nobody takes it all are told so.
    let all = Disposition([verdict(Self.refusal), verdict(Self.putOff)], answersEach: true)
    #expect(all.refused == [0, 1] && all.refusal == 1)
  }

  @Test func itIsHeldInTheFoldersThatAreNamed() {
    let disposition = Disposition([
      verdict(.quarantine(folder: "sales/odd")), verdict(.quarantine(folder: nil)),
      verdict(.quarantine(folder: "sales/odd")), verdict(.quarantine(folder: "../etc")),
      verdict(score: 9, thresholds: Thresholds(quarantine: 8)),
    ])
    #expect(disposition.shares.isEmpty)
    #expect(
      disposition.holds.map { "\($0.folder) \($0.recipients)" } == [
        "sales/odd [0, 2]", "rules [1]", "rules [3]", "spam [4]",
      ])
    #expect(disposition.holds.last?.code == .scoreQuarantined)
  }

  /// Nobody here has mailboxes: a word alone would go out as an address of nowhere.
  @Test func whatHasNoDomainIsNoAddress() {
    let disposition = Disposition([verdict(.redirect(["a@example.net", "word", "@", "a@b@c"]))])
    #expect(disposition.legs.map { $0.path?.text } == ["a@example.net", nil, nil, nil])
  }

  @Test func redirectsAndCopiesGoToEachAddressOnce() {
    let disposition = Disposition([
      verdict(.redirect(["a@example.net", "b@example.net"])), verdict(.redirect(["a@example.net"])),
      verdict(copies: ["log@example.net"]), verdict(copies: ["log@example.net"]), verdict(.discard),
    ])
    #expect(
      disposition.legs.map { "\($0.kind) \($0.address)" } == [
        "redirect a@example.net", "redirect b@example.net", "copy log@example.net",
      ])
    #expect(disposition.shares.map(\.recipients) == [[2, 3]])
    #expect(disposition.discarded == [4])
  }

  @Test func aRefusedMessageIsNotCopied() {
    let disposition = Disposition([
      verdict(Self.refusal, copies: ["log@example.net"], heldCopies: ["seen"])
    ])
    #expect(disposition.refusal == 0 && disposition.legs.isEmpty && disposition.holds.isEmpty)
  }

  @Test func aHeldCopyDoesNotHoldUpTheMessage() {
    let disposition = Disposition([verdict(heldCopies: ["seen"])])
    #expect(disposition.shares.map(\.recipients) == [[0]])
    #expect(disposition.holds.map(\.isCopy) == [true])
    #expect(disposition.holds.first?.code == .ruleQuarantine)
  }

  /// The form that most recipients get is the one that the backend answers for.
  @Test func formsThatDifferGoSeparately() {
    let disposition = Disposition([
      verdict(headers: [.add("X-Own", Array("1".utf8))]), verdict(), verdict(),
      verdict(tags: true), verdict(headers: [.add("X-Own", Array("1".utf8))]), verdict(),
    ])
    #expect(disposition.shares.map(\.recipients) == [[1, 2, 5], [0, 4], [3]])
  }
}

/// The order with rules: outright, then the rules, then the score.
@Suite struct RuledDecisionTests {
  private func decide(
    _ ruling: RuleVerdict?, _ findings: [WeighedFinding] = [], tags: Bool = false,
    _ thresholds: Thresholds = Thresholds(quarantine: 8)
  ) -> Decision {
    Decision(
      of: findings, at: .message, thresholds: thresholds,
      rules: RuleOutcome(
        verdict: ruling,
        decidedBy: RuleReference(
          id: "R", place: RulePlace(file: "a.rc", position: SourcePosition(line: 1, column: 1), length: 0)),
        isTagged: tags))
  }

  private func found(_ score: Double, _ ruling: Ruling = .none) -> WeighedFinding {
    WeighedFinding(
      Finding("F"), weight: Weight(score, ruling), mode: .enforce, found: .message, enforceAt: .recipient)
  }

  @Test func rulesComeBehindWhatDecidesOutrightAndBeforeTheScore() {
    #expect(decide(.accept, [found(20)]).verdict == .accept)
    #expect(decide(.accept, [found(20)]).rule?.id == "R")
    #expect(decide(.accept, [found(0, .reject)]).verdict == .reject)
    #expect(decide(.discard, [found(0, .allow)]).verdict == .accept)
    #expect(decide(.stop, [found(20)]).verdict == .reject)
    #expect(decide(nil, [found(20)]).rule == nil)
    #expect(decide(.redirect(["x@example.net"])).redirect == ["x@example.net"])
  }

  @Test func aRuleMarksWhateverTheScore() {
    #expect(decide(nil, tags: true).verdict == .tag)
    #expect(decide(.accept, tags: true).verdict == .tag)
    #expect(decide(nil, [found(9)], tags: true).verdict == .quarantine)
  }

  @Test func theHighestThresholdThatIsReachedCounts() {
    let all = Thresholds(tag: 5, deferral: 7, quarantine: 8, reject: 12)
    let verdicts = [4.9, 5, 7, 8, 12].map {
      Decision(of: [found($0)], at: .message, thresholds: all).verdict
    }
    #expect(verdicts == [.accept, .tag, .defer, .quarantine, .reject])
    // Nothing is held before it is there, nor put off that will be held.
    let early = [5, 7, 8, 12].map { Decision(of: [found($0)], at: .recipient, thresholds: all).verdict }
    #expect(early == [.tag, .defer, .tag, .reject])
  }

  @Test func aRuleSpeaksInItsOwnWords() {
    let catalogue = ReasonCatalogue([
      Reason(.ruleReject, Reply(550, 7, 1, "Refused"), .refusal, cause: "c", effect: "e", remedy: "r"),
      Reason(.ruleDefer, Reply(451, 7, 1, "Later"), .refusal, cause: "c", effect: "e", remedy: "r"),
    ])
    func reply(_ ruling: RuleVerdict) -> String {
      var variables = ReplyVariables()
      variables.id = "ID"
      return decide(ruling).reply(at: .message, in: catalogue, variables).summary
    }
    #expect(
      reply(.reject(RefusalReply(code: 554, enhanced: "5.6.0", text: "No 发票 here\r\n250 Ok")))
        == "554 5.6.0 No ?????? here\\x0d\\x0a250 Ok [RULE_REJECT ID]")
    #expect(reply(.reject(RefusalReply(code: 451, enhanced: nil, text: nil))).hasPrefix("550 5.7.1 Refused"))
    #expect(reply(.defer(RefusalReply(code: 550, enhanced: nil, text: "x"))).hasPrefix("450 4.7.1 x"))
  }
}

@Suite struct RecipientPoliciesTests {
  private func policies() -> RecipientPolicies {
    func policy(_ id: Int) -> RecipientPolicy { RecipientPolicy(id: id, thresholds: Thresholds()) }
    return RecipientPolicies(
      standard: policy(0),
      recipients: [
        "ada@example.org": policy(1), "example.org": policy(2), ".example.org": policy(3),
        "mail.example.org": policy(4),
      ], logins: ["anna": policy(5)])
  }

  @Test(arguments: [
    ("Ada@Example.ORG", 1), ("ada+list@example.org", 1), ("bob@example.org", 2), ("bob@a.example.org", 3),
    ("bob@x.a.example.org", 3), ("bob@mail.example.org", 4), ("bob@y.mail.example.org", 3),
    ("bob@example.net", 0), ("bob@org", 0), ("postmaster", 0),
  ])
  func theMostSpecificCounts(address: String, id: Int) throws {
    let path = try #require(PathParser.parse(whole: address))
    #expect(policies().policy(for: path).id == id)
  }

  @Test func loginsHaveTheirOwn() {
    #expect(policies().policy(forLogin: "anna").id == 5)
    #expect(policies().policy(forLogin: "bob").id == 0)
    #expect(policies().all.map(\.id) == [0, 1, 2, 3, 4, 5])
  }

  @Test func modesArePutOnFindings() {
    let policy = RecipientPolicy(
      id: 1, thresholds: Thresholds(), modes: ["spf": .off, "dnsbl": .enforce, "helo": .shadow])
    func found(_ check: String, _ mode: CheckMode, isShadow: Bool = false) -> WeighedFinding {
      WeighedFinding(
        Finding("F", isShadow: isShadow), weight: Weight(1), mode: mode, found: .mail, enforceAt: .recipient,
        check: check)
    }
    let all = [
      found("spf", .enforce), found("dnsbl", .off), found("dnsbl", .off, isShadow: true),
      found("helo", .enforce), found("other", .off), found("dkim", .enforce),
    ]
    #expect(
      all.under(policy).map { "\($0.check) \($0.mode)" } == [
        "dnsbl enforce", "dnsbl shadow", "helo shadow", "dkim enforce",
      ])
    let everybody = RecipientPolicy(thresholds: Thresholds())
    #expect(all.under(everybody).map(\.check) == ["spf", "helo", "dkim"])
  }

  /// The rules know the gateway's own folders by the names that these have.
  @Test func theGatewaysOwnFoldersAreKnownByName() {
    let own: [QuarantineFolder] = [.spam, .rules, .refused, .undeliverable]
    #expect(own.map(\.description) == FolderName.builtIn)
    #expect(own.allSatisfy { QuarantineFolder($0.description) == $0 })
  }
}
