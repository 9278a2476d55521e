import Filtering
import SMTPProtocol
import Testing

/// A decision that is given early is the decision that would have been given late.
@Suite struct CertaintyTests {
  /// One examination of a random plan, and what it will have found.
  private struct Case {
    let open: OpenExamination
    let found: [WeighedFinding]
  }

  private struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  private static let rulings: [Ruling] = [.none, .none, .none, .none, .reject, .defer, .limit, .allow]

  private func randomCase(_ place: Int, _ chance: inout Chance) -> Case {
    let mode: CheckMode = Int.random(in: 0..<6, using: &chance) == 0 ? .shadow : .enforce
    let enforceAt = Stage.allCases.randomElement(using: &chance) ?? .recipient
    let codes = (0..<Int.random(in: 1...3, using: &chance)).map { number in
      (
        ReasonCode("C\(place)_\(number)"),
        Weight(
          Double(Int.random(in: -30...80, using: &chance)) / 10,
          Self.rulings.randomElement(using: &chance) ?? .none)
      )
    }
    if Int.random(in: 0..<3, using: &chance) == 0 { return listCase(place, mode, enforceAt, &chance) }
    let repeats = Bool.random(using: &chance)
    let prospect = Prospect(of: codes.map(\.1), repeats ? .anyNumber : .eachOnce)
    var found: [WeighedFinding] = []
    for (code, weight) in codes where Int.random(in: 0..<3, using: &chance) == 0 {
      for _ in 0..<(repeats ? Int.random(in: 1...2, using: &chance) : 1) {
        found.append(
          WeighedFinding(Finding(code), weight: weight, mode: mode, found: .connect, enforceAt: enforceAt))
      }
    }
    return Case(
      open: OpenExamination(check: "c\(place)", mode: mode, enforceAt: enforceAt, prospect: prospect),
      found: found)
  }

  /// One that asks DNS lists, with weights of their own; others ask the same lists.
  private func listCase(_ place: Int, _ mode: CheckMode, _ enforceAt: Stage, _ chance: inout Chance) -> Case {
    let lists = (0..<Int.random(in: 1...3, using: &chance)).map { _ in
      (0..<2).map { _ in Double(Int.random(in: -30...80, using: &chance)) / 10 }
    }
    let ruling: Ruling = Int.random(in: 0..<6, using: &chance) == 0 ? .reject : .none
    let reports = Reports.oneOfEach(lists)
    var found: [WeighedFinding] = []
    for (number, weights) in lists.enumerated() where Bool.random(using: &chance) {
      let weight = weights.randomElement(using: &chance) ?? 0
      found.append(
        WeighedFinding(
          Finding(ReasonCode("L\(place)"), list: "list\(number)", weight: weight),
          weight: Weight(weight, ruling),
          mode: mode,
          found: .connect, enforceAt: enforceAt))
    }
    return Case(
      open: OpenExamination(
        check: "c\(place)", mode: mode, enforceAt: enforceAt,
        prospect: Prospect(of: [Weight(0, ruling)], reports)),
      found: found)
  }

  /// What the peer and the log are told of a refusal; nil where there is none.
  private func refusal(_ findings: [WeighedFinding], _ stage: Stage, _ thresholds: Thresholds) -> String? {
    let decision = Decision(of: findings, at: stage, thresholds: thresholds)
    return [.reject, .defer].contains(decision.verdict) ? "\(decision.verdict) \(decision.reason)" : nil
  }

  private func permutations(_ count: Int) -> [[Int]] {
    if count == 0 { return [[]] }
    return permutations(count - 1).flatMap { shorter in
      (0...shorter.count).map { place in
        var order = shorter
        order.insert(count - 1, at: place)
        return order
      }
    }
  }

  /// Every order in which the answers of four examinations can come, for thousands of random plans.
  @Test func theVerdictIsTheSameWhateverComesFirst() {
    var chance = Chance(state: 0x9e37_79b9_7f4a_7c15)
    let orders = permutations(4)
    var early = 0
    for _ in 0..<2500 {
      let cases = (0..<4).map { randomCase($0, &chance) }
      let stage = Stage.allCases.randomElement(using: &chance) ?? .recipient
      let thresholds = Thresholds(
        deferral: Bool.random(using: &chance) ? 3 : nil, reject: 6,
        enforceAt: Bool.random(using: &chance) ? .recipient : .connect)
      let last = refusal(cases.flatMap(\.found), stage, thresholds)
      for order in orders {
        for arrived in 0...4 {
          let here = Set(order.prefix(arrived))
          let examined = cases.indices.map {
            here.contains($0) ? Examined.found(cases[$0].found) : .open(cases[$0].open)
          }
          guard Certainty.isReached(examined, at: stage, thresholds: thresholds) else { continue }
          let now = refusal(
            cases.indices.flatMap { here.contains($0) ? cases[$0].found : [] }, stage, thresholds)
          #expect(now == last, "\(examined) at \(stage)")
          if arrived < 4 { early += 1 }
          // What lets a message pass is only certain at the end.
          if stage == .message, now == nil { #expect(arrived == 4) }
          break
        }
      }
    }
    // It does not wait always.
    #expect(early > 20_000, "\(early)")
  }

  private func open(
    _ least: Double = 0, _ most: Double = 0, _ rulings: Set<Ruling> = [], mode: CheckMode = .enforce,
    at enforceAt: Stage = .recipient
  ) -> Examined {
    .open(
      OpenExamination(
        check: "x", mode: mode, enforceAt: enforceAt,
        prospect: Prospect(least: least, most: most, rulings: rulings)))
  }

  private func found(_ score: Double, _ ruling: Ruling = .none) -> Examined {
    .found([
      WeighedFinding(
        Finding("A"), weight: Weight(score, ruling), mode: .enforce, found: .connect, enforceAt: .recipient)
    ])
  }

  private func isReached(_ examined: [Examined], at stage: Stage = .recipient) -> Bool {
    Certainty.isReached(examined, at: stage, thresholds: Thresholds(reject: 12))
  }

  @Test func whatCannotActYetIsNotWaitedFor() {
    let all = open(-.infinity, .infinity, [.reject, .defer, .allow])
    #expect(isReached([all], at: .connect) && isReached([all], at: .hello) && isReached([all], at: .mail))
    #expect(!isReached([all]))
    #expect(!isReached([open(0, 0, [.reject], at: .hello)], at: .hello))
    #expect(isReached([open(0, 0, [.reject], at: .hello)], at: .connect))
    // A limit is a refusal like the others, at its time.
    #expect(isReached([open(0, 0, [.limit])], at: .mail) && !isReached([open(0, 0, [.limit])]))
  }

  @Test func whatTheRestCannotOutweighIsCertain() {
    #expect(isReached([found(13), open(-0.9, 12)]))
    #expect(!isReached([found(13), open(-1.1, 12)]))
    #expect(!isReached([found(13), open(-0.5), open(-0.6)]))
    #expect(isReached([found(3), open(0, 8.9)]))
    #expect(!isReached([found(3), open(0, 9)]))
    // An allowed address would lift it; one that decides outright would answer under its own code.
    #expect(!isReached([found(13), open(0, 0, [.allow])]))
    #expect(!isReached([found(13), open(0, 0, [.reject])]))
    #expect(isReached([found(0, .reject), open(0, 5, [.reject])]))
    #expect(!isReached([open(0, 5, [.reject]), found(0, .reject)]))
    #expect(!isReached([found(0, .defer), open(0, 5, [.reject])]))
    #expect(isReached([found(0, .allow), open(0, 99, [.reject, .defer])]))
    #expect(!isReached([found(0, .allow), open(0, 0, [.limit])]))
  }

  /// The code of a refusal is as certain as the refusal.
  @Test func whatMaySpeakInstead() {
    func open(_ most: Double, each: Double) -> Examined {
      .open(
        OpenExamination(
          check: "x", mode: .enforce, enforceAt: .recipient,
          prospect: Prospect(least: 0, most: most, each: each, rulings: [])))
    }
    let sum: [Examined] = [found(7), found(7)]
    #expect(isReached(sum + [open(100, each: 11.9)]))
    #expect(!isReached(sum + [open(100, each: 12)]))
    #expect(isReached([found(13), open(100, each: 12.9)]))
    #expect(!isReached([found(13), open(100, each: 13)]))
  }

  @Test func whatOnlyCountsAsIfIsWaitedForWithTheMessage() {
    let shadow = open(-.infinity, .infinity, [.reject, .allow], mode: .shadow)
    #expect(isReached([shadow]) && !isReached([shadow], at: .message))
    #expect(isReached([found(13), shadow], at: .message))
  }

  @Test func aProspectFollowsFromTheWeights() {
    let weights = [Weight(2), Weight(-1), Weight(4, .reject), Weight(-0.5)]
    #expect(Prospect(of: weights, .eachOnce) == Prospect(least: -1.5, most: 6, each: 4, rulings: [.reject]))
    #expect(
      Prospect(of: weights, .anyNumber)
        == Prospect(least: -.infinity, most: .infinity, each: 4, rulings: [.reject]))
    #expect(
      Prospect(of: [Weight(2)], .anyNumber) == Prospect(least: 0, most: .infinity, each: 2, rulings: []))
    #expect(
      Prospect(of: weights, .within(least: -3, most: 9, each: 5))
        == Prospect(least: -3, most: 9, each: 5, rulings: [.reject]))
    #expect(Reports.oneOfEach([[2, -1, 4], [-0.5, -2], []]) == .within(least: -3, most: 4, each: 4))
    #expect(
      Prospect(of: weights, .within(least: -3, most: 9)) == Prospect(least: -3, most: 9, rulings: [.reject]))
    #expect(Prospect(of: [Weight(0)], .anyNumber) == .nothing)
  }
}
