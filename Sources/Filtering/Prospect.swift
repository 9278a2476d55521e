/// How often the codes of a check turn up among the findings of one examination: what bounds its score.
public enum Reports: Hashable, Sendable {
  /// Any of them, any number of times, each with the weight of its code.
  case anyNumber
  /// Each of them once at most.
  case eachOnce
  /// Findings with weights of their own: those that speak for the message come to no less than `least` together, those
  /// against it to no more than `most`, and no single one weighs more than `each`.
  case within(least: Double, most: Double, each: Double = .infinity)

  /// Of each of these groups of codes one at most, once; the codes by their weights.
  public static func oneOfEach(_ groups: [[Double]]) -> Reports {
    let least = groups.reduce(0) { $0 + min($1.min() ?? 0, 0) }
    let most = groups.reduce(0) { $0 + max($1.max() ?? 0, 0) }
    return .within(least: least, most: most, each: groups.joined().max() ?? 0)
  }
}

/// What an examination that is under way can still bring. It holds whatever is found: a decision that no prospect
/// can change is given without waiting.
public struct Prospect: Hashable, Sendable {
  /// The least that its findings can weigh together, 0 at most: to find nothing is always possible.
  public let least: Double
  /// The most, at least 0.
  public let most: Double
  /// The most that one of them can weigh, at least 0.
  public let each: Double
  /// What its findings may do by themselves.
  public let rulings: Set<Ruling>

  /// - Parameter each: nil: as much as all together.
  public init(least: Double, most: Double, each: Double? = nil, rulings: Set<Ruling>) {
    self.least = min(least, 0)
    self.most = max(most, 0)
    self.each = max(min(each ?? most, most), 0)
    self.rulings = rulings
  }

  /// Anything at all.
  public static let anything = Prospect(
    least: -.infinity, most: .infinity, rulings: [.reject, .defer, .limit, .allow])
  /// Nothing that a decision is made of: it is waited for by who wants to know.
  public static let nothing = Prospect(least: 0, most: 0, rulings: [])

  /// - Parameter weights: those of the codes that may be reported.
  public init(of weights: [Weight], _ reports: Reports) {
    let rulings = Set(weights.map(\.ruling)).subtracting([.none])
    let least = weights.reduce(0) { $0 + min($1.score, 0) }
    let most = weights.reduce(0) { $0 + max($1.score, 0) }
    let each = weights.map(\.score).max() ?? 0
    switch reports {
    case .eachOnce: self.init(least: least, most: most, each: each, rulings: rulings)
    case .anyNumber:
      self.init(
        least: least < 0 ? -.infinity : 0, most: most > 0 ? .infinity : 0, each: each, rulings: rulings)
    case .within(let least, let most, let each):
      self.init(least: least, most: most, each: each, rulings: rulings)
    }
  }
}

/// An examination that is under way, as far as a decision has to know it.
public struct OpenExamination: Hashable, Sendable {
  public let check: String
  public let mode: CheckMode
  public let enforceAt: Stage
  public let audience: Audience
  public let prospect: Prospect

  public init(
    check: String, mode: CheckMode, enforceAt: Stage, audience: Audience = .strangers, prospect: Prospect
  ) {
    self.check = check
    self.mode = mode
    self.enforceAt = enforceAt
    self.audience = audience
    self.prospect = prospect
  }

  public init<Facts>(_ examination: Examination<Facts>) {
    self.init(
      check: examination.check, mode: examination.mode, enforceAt: examination.enforceAt,
      audience: examination.audience, prospect: examination.prospect)
  }
}

/// One examination, in its place in the order of the catalogue: what it found, or that it is under way.
public enum Examined: Sendable {
  case found([WeighedFinding])
  case open(OpenExamination)
}
