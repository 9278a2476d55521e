import Bytes
import Filtering
import RuleLanguage
import SMTPProtocol
import Testing

@testable import Rules

/// What comes of rules, for sessions and logs.
@Suite struct OutcomeTests {
  @Test func aScoreIsAFinding() async throws {
    let book = try Rehearsed.book(["a.rc": "# weir: name INVOICE\n:0\n* SUBJECT ?? hello\nscore -1.5 HELLO\n"]
    )
    let found = try await Rehearsed().outcome(book).findings
    #expect(found.count == 1)
    #expect(found[0].finding.code == .ruleScore)
    #expect(found[0].finding.evidence == "HELLO a.rc:2")
    #expect(found[0].weight == Weight(-1.5))
    #expect(found[0].mode == .enforce && found[0].audience == .strangers && found[0].found == .message)
    #expect(found.total == -1.5)
  }

  /// Two scores of one rule are two.
  @Test func scoresAddUp() async throws {
    let book = try Rehearsed.book(["a.rc": ":0\n{\n:0\nscore +2 A\n:0\nscore +3 B\n}\n"])
    #expect(try await Rehearsed().outcome(book).findings.total == 5)
  }

  @Test func verdictsCarryTheirRule() async throws {
    let book = try Rehearsed.book([
      "a.rc": "# weir: name NO\n:0\n* SUBJECT ?? ^^\\/.*\nreject 554 5.7.9 \"no ${MATCH}s\"\n"
    ])
    let outcome = try await Rehearsed().outcome(book)
    guard case .reject(let reply)? = outcome.verdict else {
      Issue.record("no refusal")
      return
    }
    #expect(reply.code == 554 && reply.enhanced == "5.7.9" && reply.text == "no hellos")
    #expect(outcome.decidedBy?.id == "NO")
    #expect(outcome.findings.isEmpty && outcome.hits.map(\.rule.id) == ["NO"])
  }

  @Test(arguments: [
    ("reject 550 \"no\"", "RULE_REJECT reject 550 \"no\" a.rc:2"), ("defer", "RULE_DEFER defer a.rc:2"),
    ("discard", "RULE_DISCARD discard a.rc:2"),
    ("quarantine spam/x", "RULE_QUARANTINE quarantine spam/x a.rc:2"),
    ("accept", "RULE_ACCEPT accept a.rc:2"),
    ("redirect x@y.example", "RULE_REDIRECT redirect x@y.example a.rc:2"),
    ("tag", "RULE_TAG tag a.rc:2"), ("score 7 MUCH", "RULE_SCORE MUCH a.rc:2"),
  ])
  func aShadowIsToldAndNothingIsDone(_ action: String, _ expected: String) async throws {
    let own = try Rehearsed.book(["a.rc": "# weir: mode shadow\n:0\n\(action)\n:0\nscore +1 NEXT\n"])
    let outcome = try await Rehearsed().outcome(own)
    #expect(outcome.told.first == expected)
    #expect(outcome.findings.map(\.mode) == [.shadow, .enforce])
    #expect(outcome.verdict == nil && !outcome.isTagged)
    #expect(outcome.hits.first?.isShadow == true)
    // As though it had acted: the log tells what would have been refused.
    let ruling = ["reject 550 \"no\"": Ruling.reject, "defer": .defer][action] ?? .none
    #expect(outcome.findings.first?.weight.ruling == ruling)
    // All rules together.
    var terms = RuleTerms()
    terms.mode = .shadow
    let all = try Rehearsed.book(["a.rc": "\n:0\n* SUBJECT ?? .\n\(action)\n"], terms)
    let told = try await Rehearsed().outcome(all)
    #expect(told.told == [expected] && told.findings[0].mode == .shadow)
    #expect(told.verdict == nil && !told.isTagged)
    terms.mode = .off
    #expect(try Rehearsed.book(["a.rc": ":0\n\(action)\n"], terms).general.isEmpty)
  }

  @Test func aFolderThatNobodyMayNameIsTold() async throws {
    let book = try Rehearsed.book([
      "a.rc": "# weir: name INTO\n:0\n* SUBJECT ?? ()\\/[a-z]+\nquarantine $MATCH\n"
    ])
    var mail = Rehearsed()
    #expect(try await mail.outcome(book).verdict == .quarantine(folder: "hello"))
    mail.message = "Subject: undeliverable\r\n\r\nx\r\n"
    let outcome = try await mail.outcome(book)
    #expect(outcome.verdict == .quarantine(folder: nil))
    #expect(outcome.told == ["RULE_FOLDER_REFUSED 'undeliverable' a.rc:2"])
    #expect(outcome.findings.first?.weight == Weight(0) && outcome.findings.first?.finding.list == "INTO")
    // What the rule writes in front stays there, or it is no name.
    let beneath = try Rehearsed.book(["a.rc": ":0\n* SUBJECT ?? ()\\/[a-z/]+\nquarantine lists/$MATCH\n"])
    mail.message = "Subject: a/b/c\r\n\r\nx\r\n"
    #expect(try await mail.outcome(beneath).verdict == .quarantine(folder: "lists/a/b/c"))
    mail.message = "Subject: a/trusted/b/c/d\r\n\r\nx\r\n"
    let deep = try await mail.outcome(beneath)
    #expect(deep.verdict == .quarantine(folder: nil))
    #expect(deep.told == ["RULE_FOLDER_REFUSED 'lists/a/trusted/b/c/d' a.rc:1"])
  }

  @Test func headersAreBoundedAndWhole() async throws {
    let book = try Rehearsed.book([
      "a.rc": ":0\nheader add X-Subject: $SUBJECT\n:0\nheader remove X-Old\n"
    ])
    var mail = Rehearsed()
    mail.message = "Subject: =?utf-8?q?one=0D=0AInjected:_yes?=\r\n\r\nx\r\n"
    let outcome = try await mail.outcome(book)
    #expect(
      outcome.headers == [.add("X-Subject", Array("one  Injected: yes".utf8)), .remove("X-Old")])
    mail.message = "Subject: " + String(repeating: "发票", count: 400) + "\r\n\r\nx\r\n"
    guard case .add(_, let long)? = try await mail.outcome(book).headers.first else {
      Issue.record("no header")
      return
    }
    #expect(long.count <= 998 && long.count > 990)
    #expect(String(validating: long, as: UTF8.self) != nil)
  }

  @Test func copiesNotesAndHeldCopies() async throws {
    let book = try Rehearsed.book([
      "a.rc": """
      LOG="mail of $SENDER
      second \u{7}line
      "
      :0
      copy a@x.example b@x.example a@x.example
      :0 c
      quarantine seen
      :0 c
      quarantine seen
      """
    ])
    let outcome = try await Rehearsed().outcome(book)
    #expect(outcome.copies == ["a@x.example", "b@x.example"])
    #expect(outcome.heldCopies == ["seen"])
    #expect(outcome.notes == ["mail of ann@outside.example", "second \\x07line"])
  }

  // MARK: - RCPT

  @Test func connectionAndEnvelopeAreDecidedAtRecipient() async throws {
    let book = try Rehearsed.book([
      "a.rc":
        ":0\n* SENDER ?? ann@\n* RECIPIENT ?? ada@\nscore +1 EARLY\n:0\n* SUBJECT ?? hello\nscore +1 LATE\n"
    ])
    #expect(book.general.decidesAtRecipient)
    let early = try await Rehearsed().early(book)
    #expect(early.told == ["RULE_SCORE EARLY a.rc:1"] && early.findings[0].found == .recipient)
    #expect(
      try await Rehearsed().outcome(book).told == ["RULE_SCORE EARLY a.rc:1", "RULE_SCORE LATE a.rc:5"])
    let late = try Rehearsed.book(["a.rc": ":0\n* SUBJECT ?? hello\ntag\n"])
    #expect(!late.general.decidesAtRecipient)
    #expect(try await Rehearsed().early(late) === RuleOutcome.none)
  }

  // MARK: - Sharing

  @Test func recipientsThatNothingTellsApartShareOneRun() async throws {
    var mail = Rehearsed()
    mail.recipients = ["ada@example.org", "bob@example.org", "eve@example.net"]
    let book = try Rehearsed.book([
      "a.rc": ":0\n* SUBJECT ?? hello\nscore +1 A\n", "domains/example.net/b.rc": ":0\ntag\n",
    ])
    let outcomes = try await mail.outcomes(book)
    #expect(outcomes[0] === outcomes[1] && outcomes[0] !== outcomes[2])
    #expect(outcomes.map(\.isTagged) == [false, false, true])
    // Where the recipient is asked, each has a run of its own.
    let asked = try Rehearsed.book(["a.rc": ":0\n* SUBJECT ?? hello\n* RECIPIENT ?? bob@\ntag\n"])
    #expect(try await mail.outcomes(asked).map(\.isTagged) == [false, true, false])
    // And where RCPT told them apart, though nothing later does.
    let early = try Rehearsed.book([
      "a.rc": ":0\n* RECIPIENT ?? bob@\n{ WHO=bob }\n:0\n* SUBJECT ?? hello\n* WHO ?? bob\ntag\n"
    ])
    #expect(try await mail.outcomes(early).map(\.isTagged) == [false, true, false])
  }

  // MARK: - Bounds

  /// A clock on which every look at an expression takes half a millisecond.
  @Test func aRuleOverTheBudgetIsToldOfAndUnknown() async throws {
    let ticks = Ticks()
    var terms = RuleTerms()
    terms.budget = 800_000
    terms.clock = { ticks.next() }
    terms.weights = [.ruleOverBudget: 0.5]
    let rules = (1...4).map { "# weir: name R\($0)\n:0\n* SUBJECT ?? h[a-z]*\($0)?\nscore +1 S\($0)\n" }
    let book = try Rehearsed.book(["a.rc": rules.joined(separator: "\n")], terms)
    let outcome = try await Rehearsed().outcome(book)
    #expect(
      outcome.told == [
        "RULE_SCORE S1 a.rc:2", "RULE_SCORE S2 a.rc:7",
        "RULE_OVER_BUDGET R3 and 1 more: more work than a message is worth",
      ])
    #expect(outcome.findings.last?.weight == Weight(0.5))
  }

  /// Expressions that no engine takes are searched for by the run itself.
  @Test func longExpressionsWork() async throws {
    let words = (0..<900).map { "word\($0)x" }.joined(separator: "|")
    #expect(try await Rehearsed().holds("SUBJECT ?? \(words)|hello"))
  }

  @Test func largeMessagesAreJudgedToo() async throws {
    var mail = Rehearsed()
    mail.message = "Subject: x\r\n\r\n" + String(repeating: "filler filler\r\n", count: 8000) + "needle\r\n"
    #expect(try await mail.holds("B ?? ^needle$"))
    #expect(try await mail.holds("TEXT ?? ^needle$"))
  }

  @Test func whyIsKeptWhereItIsAskedFor() async throws {
    var mail = Rehearsed()
    let book = try Rehearsed.book(["a.rc": ":0\n* SUBJECT ?? hel+o\ntag\n"])
    #expect(try await mail.outcome(book).traces.isEmpty)
    mail.keepsTrace = true
    let trace = try await mail.outcome(book).traces
    #expect(trace.count == 1 && trace[0].outcome == .matched)
    #expect(trace[0].conditions.first?.matched.map { String(decoding: $0, as: UTF8.self) } == "hello")
    // Why one was not judged, too.
    var terms = RuleTerms()
    terms.modes = ["ONE": .off]
    let rules = ["ONE\n:0", "TWO, mode off\n:0", "THREE, optional\n:0", "FOUR\n:0 a"].map {
      "# weir: name \($0)\n* SUBJECT ?? hello\ntag\n"
    }.joined()
    let silent = try Rehearsed.book(["a.rc": rules, "users/ada@example.org/opt-out": "THREE\n"], terms)
    #expect(
      try await mail.outcome(silent).traces.map(\.outcome) == [
        .off(byConfiguration: true), .off(byConfiguration: false), .optedOut, .skipped,
      ])
  }
}
