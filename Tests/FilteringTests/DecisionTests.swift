import Filtering
import SMTPProtocol
import DNS
import Testing

/// The order, written once: an allowed address, then what decides outright, then the score.
@Suite struct DecisionTests {
  private func finding(
    _ code: ReasonCode, _ score: Double = 0, _ ruling: Ruling = .none, _ mode: CheckMode = .enforce,
    found: Stage = .connect, at enforceAt: Stage = .recipient
  ) -> WeighedFinding {
    WeighedFinding(
      Finding(code), weight: Weight(score, ruling), mode: mode, found: found, enforceAt: enforceAt)
  }

  private func decide(
    _ findings: [WeighedFinding], at stage: Stage = .recipient, _ thresholds: Thresholds = .init(deferral: 7)
  ) -> Decision { Decision(of: findings, at: stage, thresholds: thresholds) }

  @Test func nothingFoundIsAccepted() {
    #expect(decide([]) == Decision(verdict: .accept, score: 0))
  }

  @Test func anAllowedAddressLiftsEverything() {
    let allowed = finding("ALLOWED", 0, .allow)
    let decision = decide([finding("A", 100), finding("B", 0, .reject), allowed, finding("C", 0, .defer)])
    #expect(decision == Decision(verdict: .accept, score: 0, decisive: allowed))
    // At every stage.
    for stage in Stage.allCases {
      #expect(decide([finding("B", 0, .reject, at: .connect), allowed], at: stage).verdict == .accept)
    }
  }

  @Test func noListLiftsALimit() {
    let limit = finding("LIMIT", 0, .limit, found: .recipient)
    let others = [finding("ALLOWED", 0, .allow), finding("R", 5, .reject), finding("D", 0, .defer)]
    #expect(decide(others + [limit]) == Decision(verdict: .reject, score: 0, decisive: limit))
    #expect(decide([limit] + others) == Decision(verdict: .reject, score: 0, decisive: limit))
    #expect(decide([finding("L", 0, .limit, .shadow)]).verdict == .accept)
    #expect(decide([finding("L", 0, .limit, at: .message)], at: .recipient).verdict == .accept)
  }

  @Test func aRefusalForGoodWinsOverOneForNowAndBothOverTheScore() {
    let reject = finding("R", 1, .reject)
    let postpone = finding("D", 2, .defer)
    #expect(decide([postpone, reject]) == Decision(verdict: .reject, score: 3, decisive: reject))
    #expect(
      decide([postpone, finding("S", 100)]) == Decision(verdict: .defer, score: 102, decisive: postpone))
    let other = finding("R2", 0, .reject)
    #expect(decide([reject, other]).decisive == reject)
    #expect(decide([other, reject]).decisive == other)
    #expect(decide([reject]).reason == "R")
  }

  /// One list is one opinion, however often it is asked about a message.
  @Test func aDNSListCountsOnceByItsHeaviestAnswer() {
    func listed(_ list: String, _ score: Double) -> WeighedFinding {
      WeighedFinding(
        Finding("LISTED", list: list, weight: score), weight: Weight(score), mode: .enforce, found: .mail,
        enforceAt: .recipient)
    }
    #expect(decide([listed("dbl", 5), listed("dbl", 6), listed("dbl", 6)]).score == 6)
    #expect(decide([listed("dbl", 6), finding("S", 1), listed("other", 4)]).score == 11)
    // What speaks for a client, and local lists, are added as ever.
    #expect(decide([listed("dnswl", -2), listed("dnswl", -2)]).score == -4)
    let local = WeighedFinding(
      Finding("L", list: "block.cidr:1"), weight: Weight(3), mode: .enforce, found: .mail, enforceAt: .mail)
    #expect(decide([local, local]).score == 6)
  }

  @Test(arguments: [
    (4.9, Verdict.accept), (5, .tag), (6.9, .tag), (7, .defer), (11.9, .defer), (12, .reject),
    (1000, .reject), (-5, .accept),
  ])
  func theScoreActsFromItsThresholdsOn(_ score: Double, _ verdict: Verdict) {
    let decision = decide([finding("S", score / 2), finding("S", score / 2)])
    #expect(decision == Decision(verdict: verdict, score: score, decisive: decision.decisive))
    #expect((decision.decisive == nil) == (score < 24))
    if score >= 24 { return }
    #expect(decision.reason == (verdict == .defer ? .scoreDeferred : .scoreRejected))
  }

  /// What refuses by its weight alone speaks for itself; what takes several is the score.
  @Test func oneFindingThatAloneReachesAThresholdSpeaks() {
    let strong = finding("STRONG", 12)
    let stronger = finding("STRONGER", 13)
    #expect(decide([strong]) == Decision(verdict: .reject, score: 12, decisive: strong))
    #expect(decide([finding("A", 2), strong]).reason == "STRONG")
    #expect(
      decide([strong, stronger]).reason == "STRONGER" && decide([stronger, strong]).reason == "STRONGER")
    #expect(decide([finding("A", 11.9), finding("B", 11.9)]).reason == .scoreRejected)
    // By the threshold that is passed: alone it defers, together they refuse.
    let late = finding("LATE", 8)
    #expect(decide([late]) == Decision(verdict: .defer, score: 8, decisive: late))
    #expect(decide([late, finding("B", 7)]) == Decision(verdict: .reject, score: 15))
    // What speaks for the message is counted first.
    #expect(decide([strong, finding("GOOD", -1)]).verdict == .defer)
    #expect(decide([strong, finding("GOOD", -1)]).reason == "STRONG")
    #expect(decide([strong, finding("GOOD", -8)]).verdict == .accept)
    // Nor does what has no effect, what could not be told, or what is no refusal.
    #expect(decide([finding("S", 50, .none, .shadow), finding("A", 6), finding("B", 6)]).decisive == nil)
    #expect(decide([finding("SPF_UNAVAILABLE", 20)]) == Decision(verdict: .reject, score: 20))
    #expect(decide([finding("S", 5)]) == Decision(verdict: .tag, score: 5))
    // A ruling is no matter of weight.
    #expect(decide([strong, finding("R", 0, .reject)]).reason == "R")
  }

  @Test func whoSpeaksDoesNotHangOnTheOrder() {
    func listed(_ code: ReasonCode, _ list: String, _ evidence: String, _ score: Double) -> WeighedFinding {
      WeighedFinding(
        Finding(code, evidence: evidence, reason: "as \(evidence)", list: list, weight: score),
        weight: Weight(score), mode: .enforce, found: .mail, enforceAt: .recipient)
    }
    var findings = [
      listed("LISTED", "dbl", "b", 14), listed("LISTED", "dbl", "a", 14), listed("LISTED", "abl", "c", 14),
      listed("LISTED", "dbl", "d", 3), finding("A", 14, found: .message), finding("GOOD", -3),
    ]
    var chance = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      findings.shuffle(using: &chance)
      let decision = decide(findings)
      #expect(decision.verdict == .reject && decision.score == 39, "\(decision)")
      #expect(decision.decisive?.finding.list == "abl", "\(decision)")
      #expect(decision.speaker(among: findings)?.list == "abl")
    }
    // Where none is enough by itself, the heaviest may be named.
    let two = [listed("LISTED", "dbl", "a", 7), finding("S", 6), listed("LISTED", "abl", "b", 7.5)]
    for order in [two, two.reversed()] {
      let decision = Decision(of: order, at: .recipient, thresholds: Thresholds())
      #expect(decision.decisive == nil && decision.reason == .scoreRejected)
      #expect(decision.speaker(among: order)?.list == "abl")
    }
  }

  @Test func scoresAddUpAndHamOffsetsSpam() {
    #expect(decide([finding("A", 8), finding("B", 8), finding("C", -5)]).verdict == .defer)
    #expect(decide([finding("A", 8), finding("B", 4)]).verdict == .reject)
    #expect(decide([finding("A", 8), finding("B", 4)]).score == 12)
  }

  @Test func thresholdsThatAreNotSetDoNothing() {
    let none = Thresholds(tag: nil, deferral: nil, reject: nil)
    #expect(decide([finding("A", 1e9)], none).verdict == .accept)
    #expect(decide([finding("A", 1e9)], Thresholds(tag: 1, deferral: nil, reject: nil)).verdict == .tag)
  }

  @Test func nothingIsEnforcedBeforeItsStage() {
    for enforceAt in Stage.allCases {
      for stage in Stage.allCases {
        let listed = finding("L", 0, .reject, at: enforceAt)
        #expect(decide([listed], at: stage).verdict == (stage >= enforceAt ? .reject : .accept))
        let thresholds = Thresholds(enforceAt: enforceAt)
        #expect(
          decide([finding("S", 20)], at: stage, thresholds).verdict == (stage >= enforceAt ? .reject : .tag))
      }
    }
    // What is not due yet weighs all the same.
    #expect(decide([finding("S", 12, .none, at: .message)], at: .recipient).verdict == .reject)
  }

  @Test func shadowHasNoEffect() {
    for ruling in [Ruling.none, .reject, .defer, .allow, .limit] {
      let shadow = finding("X", 100, ruling, .shadow)
      #expect(decide([shadow]) == Decision(verdict: .accept, score: 0))
      let rest = [finding("A", 5), finding("B", 0, .reject)]
      #expect(decide([shadow] + rest) == decide(rest))
      #expect(decide(rest + [shadow]) == decide(rest))
    }
  }

  @Test func scoresThatAreNoNumbersDecideNothingOutright() {
    #expect(decide([finding("A", .nan)]).verdict == .accept)
    #expect(decide([finding("A", .infinity)]).verdict == .reject)
    #expect(decide([finding("A", -.infinity)]).verdict == .accept)
  }

  @Test func theLogShowsEvidenceRulingScoreAndShadow() {
    func form(_ evidence: String, _ score: Double, _ ruling: Ruling, _ mode: CheckMode) -> String {
      WeighedFinding(
        Finding("X", evidence: evidence), weight: Weight(score, ruling), mode: mode, found: .mail,
        enforceAt: .mail
      ).logForm
    }
    #expect(form("", 0, .none, .enforce) == "X")
    #expect(form("zen=1", 8, .none, .enforce) == "X(zen=1;8.0)")
    #expect(form("f:1 e", 0, .reject, .enforce) == "X(f:1 e;reject)")
    #expect(
      form("", -2.45, .defer, .shadow) == "X(defer;-2.4;shadow)"
        || form("", -2.45, .defer, .shadow) == "X(defer;-2.5;shadow)")
  }

  @Test(arguments: [
    (0, "0.0"), (5, "5.0"), (2.44, "2.4"), (2.46, "2.5"), (-0.04, "0.0"), (-3.2, "-3.2"), (.nan, "0.0"),
    (.infinity, "0.0"),
    (1e300, "1000000000.0"), (-1e300, "-1000000000.0"),
  ])
  func scoresHaveOneDecimal(_ score: Double, _ text: String) {
    #expect(Score.text(score) == text)
  }
}

@Suite struct CheckPlanTests {
  private func examination(
    _ name: String, _ mode: CheckMode = .enforce, _ work: Examination<Int>.Work
  ) -> Examination<Int> { Examination(check: name, mode: mode, enforceAt: .recipient, work: work) }

  private let scores = ScoreTable(["A": Weight(1), "B": Weight(2, .reject)])

  @Test func findingsAreWeighedInTheOrderOfThePlan() {
    let plan = [
      examination("b") { _ in [Finding("B")] }, examination("none") { _ in [] },
      examination("a", .shadow) { facts in [Finding("A", evidence: "\(facts)"), Finding("C")] },
    ]
    let found = CheckPlan.examine(plan, 7, at: .mail, scores: scores)
    #expect(found?.map(\.finding.code) == ["B", "A", "C"])
    #expect(found?.map(\.weight) == [Weight(2, .reject), Weight(1), Weight(0)])
    #expect(found?.map(\.mode) == [.enforce, .shadow, .shadow])
    #expect(found?.allSatisfy { $0.found == .mail && $0.enforceAt == .recipient } == true)
    #expect(found?[1].finding.evidence == "7")
    #expect(CheckPlan.examine([Examination<Int>](), 7, at: .mail, scores: scores)?.isEmpty == true)
  }

  /// The same order whatever comes back first.
  @Test func theOrderIsThatOfThePlanWhateverComesBackFirst() async {
    let plan: [Examination<Int>] = [
      Examination(
        check: "slow", mode: .enforce, enforceAt: .mail,
        work: .awaited { _, _ in
          for _ in 0..<200 { await Task.yield() }
          return [Finding("SLOW")]
        }),
      examination("now") { _ in [Finding("NOW")] },
      Examination(
        check: "fast", mode: .enforce, enforceAt: .mail, work: .awaited { _, _ in [Finding("FAST")] }),
    ]
    #expect(CheckPlan.examine(plan, 1, at: .mail, scores: scores) == nil)
    let lookups = Lookups(NoResolver(), until: .now)
    for _ in 0..<20 {
      let found = await CheckPlan.examineWaiting(plan, 1, at: .mail, scores: scores, lookups)
      #expect(found.map(\.finding.code) == ["SLOW", "NOW", "FAST"])
    }
  }

  private func examination(
    _ name: String, _ mode: CheckMode = .enforce, _ look: @escaping @Sendable (Int) -> [Finding]
  ) -> Examination<Int> { examination(name, mode, .immediate(look)) }
}
