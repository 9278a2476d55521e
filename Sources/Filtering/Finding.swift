public import SMTPProtocol

/// What a check observed: evidence, not yet a weight, not yet an action.
public struct Finding: Hashable, Sendable {
  public let code: ReasonCode
  /// What was seen, for the operator: `block.cidr:12 203.0.113.0/24`. Empty where the code says all.
  public let evidence: String
  /// The reason that the admin wrote beside an entry; it reaches the peer and the log.
  public let reason: String
  /// The file and line of the entry: `block.cidr:12`.
  public let list: String
  /// What of the peer's it is about, in words for the peer: `the sender's domain bad.example`. Empty where the code
  /// says it.
  public let subject: String
  /// What it weighs where that hangs on more than the code (a DNS list's own weight); nil: as the score table says.
  public let weight: Double?
  /// Whether it is only to be counted and logged, though its check acts (a list in shadow mode).
  public let isShadow: Bool

  public init(
    _ code: ReasonCode, evidence: String = "", reason: String = "", list: String = "",
    subject: String = "", weight: Double? = nil, isShadow: Bool = false
  ) {
    self.subject = subject
    self.weight = weight
    self.isShadow = isShadow
    self.code = code
    self.evidence = evidence
    self.reason = reason
    self.list = list
  }
}

/// Whether a check acts.
public enum CheckMode: String, Hashable, Sendable, CaseIterable {
  case off
  /// Counted and logged as if, without effect.
  case shadow
  case enforce
}

/// What a finding does by itself, score aside.
public enum Ruling: String, Hashable, Sendable {
  /// Nothing: only its weight counts.
  case none
  case reject
  case `defer`
  /// A limit is passed: refused for good, and no list lifts it.
  case limit
  /// The client's address is allowed: blocks, checks and score are lifted (never syntax, limits, relay control).
  case allow
}

/// What a code weighs and does.
public struct Weight: Hashable, Sendable {
  public var score: Double
  public var ruling: Ruling

  public init(_ score: Double, _ ruling: Ruling = .none) {
    self.score = score
    self.ruling = ruling
  }
}

/// The weights of all codes: the defaults of the checks under the admin's.
public struct ScoreTable: Sendable {
  private var weights: [ReasonCode: Weight]

  public init(_ weights: [ReasonCode: Weight]) { self.weights = weights }

  public subscript(code: ReasonCode) -> Weight { weights[code] ?? Weight(0) }
}

/// A finding with all that the decision and the log need of it.
public struct WeighedFinding: Hashable, Sendable {
  public let finding: Finding
  public let weight: Weight
  public let mode: CheckMode
  public let found: Stage
  /// The first stage at which it may refuse.
  public let enforceAt: Stage
  /// Whom the examination that found it concerns.
  public let audience: Audience
  /// The check that found it; empty for what rules found.
  public let check: String

  public init(
    _ finding: Finding, weight: Weight, mode: CheckMode, found: Stage, enforceAt: Stage,
    audience: Audience = .strangers, check: String = ""
  ) {
    self.check = check
    self.finding = finding
    self.weight = weight
    self.mode = mode
    self.found = found
    self.enforceAt = enforceAt
    self.audience = audience
  }

  /// The same, weighing and ruling nothing.
  var withoutWeight: WeighedFinding {
    WeighedFinding(
      finding, weight: Weight(0), mode: mode, found: found, enforceAt: enforceAt, audience: audience,
      check: check)
  }

  /// The same in another mode.
  public func inMode(_ mode: CheckMode) -> WeighedFinding {
    WeighedFinding(
      finding, weight: weight, mode: mode, found: found, enforceAt: enforceAt, audience: audience,
      check: check)
  }

  /// `DNSBL_LISTED(zen=127.0.0.4;8.0)`, as the log's `findings` shows it; a shadow one says so.
  public var logForm: String {
    var parts: [String] = []
    if !finding.evidence.isEmpty { parts.append(finding.evidence) }
    if weight.ruling != .none { parts.append(weight.ruling.rawValue) }
    if weight.score != 0 { parts.append(Score.text(weight.score)) }
    if mode == .shadow { parts.append("shadow") }
    return parts.isEmpty ? finding.code.name : "\(finding.code.name)(\(parts.joined(separator: ";")))"
  }
}

extension WeighedFinding {
  /// Whether it is the one to speak, of two: by weight; among equals by something that does not hang on their order.
  fileprivate func speaksBefore(_ other: WeighedFinding) -> Bool {
    if weight.score != other.weight.score { return weight.score > other.weight.score }
    if found != other.found { return found < other.found }
    func words(_ one: WeighedFinding) -> [String] {
      [
        one.finding.code.name, one.finding.list, one.finding.evidence, one.finding.reason,
        one.finding.subject,
      ]
    }
    return words(self).lexicographicallyPrecedes(words(other))
  }
}

extension [WeighedFinding] {
  /// Their scores together. A DNS list counts once, by its heaviest answer: what it knows of the sender, of From and
  /// of a link is one opinion.
  public var total: Double {
    var sum = 0.0
    var heaviest: [String: Double] = [:]
    for one in self {
      let score = one.weight.score
      guard one.finding.weight != nil, !one.finding.list.isEmpty, score > 0 else {
        sum += score
        continue
      }
      if let known = heaviest[one.finding.list] {
        if score > known {
          sum += score - known
          heaviest[one.finding.list] = score
        }
      } else {
        sum += score
        heaviest[one.finding.list] = score
      }
    }
    return sum
  }

  /// The one of those that act and speak against the message that weighs most, whatever their order; nil where there
  /// is none. What could not be told is nothing that the peer could mend, and does not speak.
  public var heaviest: WeighedFinding? {
    var heaviest: WeighedFinding?
    for one in self where one.mode == .enforce && one.weight.score > 0 && !one.finding.code.isUnavailable {
      if heaviest.map(one.speaksBefore) ?? true { heaviest = one }
    }
    return heaviest
  }

  /// The one that would refuse by its weight alone, the heaviest of several. (An answer of a DNS list that is not its
  /// heaviest counts for nothing, and so never speaks.)
  func alone(reaching threshold: Double) -> WeighedFinding? {
    heaviest.flatMap { $0.weight.score >= threshold ? $0 : nil }
  }

  /// Those that count at a stage for a client as it is known now: what was found about a stranger says nothing of
  /// the user that he turned out to be, and where users log in nobody is judged as a stranger before he could.
  public func concerning(_ facts: ConnectFacts, at stage: Stage) -> [WeighedFinding] {
    if isEmpty || facts.concerns(.strangers, at: stage) { return self }
    return filter { $0.audience == .everyone }
  }
}

extension ConnectFacts {
  /// Whether what examinations for that audience find counts at a stage, for the client as it is known now.
  public func concerns(_ audience: Audience, at stage: Stage) -> Bool {
    let mayLogIn = profile == .submission && user == nil && stage < .mail
    return audience == .everyone || isStranger && !mayLogIn
  }
}

/// Scores as people read them: one decimal.
public enum Score {
  public static func text(_ score: Double) -> String {
    guard score.isFinite else { return "0.0" }
    let tenths = Int((min(max(score, -1e9), 1e9) * 10).rounded())
    return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}
