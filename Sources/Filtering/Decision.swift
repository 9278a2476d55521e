internal import Bytes
public import RuleLanguage
public import SMTPProtocol

/// What becomes of a message or a command.
public enum Verdict: String, Hashable, Sendable {
  case accept, tag, quarantine, discard, `defer`, reject
}

/// From which total score on something is done; nil: never.
public struct Thresholds: Hashable, Sendable {
  public var tag: Double?
  public var deferral: Double?
  /// Held, at the end of the message.
  public var quarantine: Double?
  public var reject: Double?
  /// The first stage at which the score may refuse.
  public var enforceAt: Stage

  public init(
    tag: Double? = 5, deferral: Double? = nil, quarantine: Double? = nil, reject: Double? = 12,
    enforceAt: Stage = .recipient
  ) {
    self.tag = tag
    self.deferral = deferral
    self.quarantine = quarantine
    self.reject = reject
    self.enforceAt = enforceAt
  }
}

/// What the observations come to at one stage. The order is written here and nowhere else: a limit, which
/// no list lifts; then an allowed address; then what decides outright; then the rules; then the score. (Syntax, the
/// session's own limits and relay control come before all of it.)
public struct Decision: Hashable, Sendable {
  public let verdict: Verdict
  public let score: Double
  /// The finding that decided, by its ruling or by a weight that alone refuses; nil where only the sum of several did,
  /// or nothing.
  public let decisive: WeighedFinding?
  /// What the rules ended in, where they decided.
  public let ruling: RuleVerdict?
  /// The rule that decided; nil where none did.
  public let rule: RuleReference?

  public init(
    verdict: Verdict, score: Double, decisive: WeighedFinding? = nil, ruling: RuleVerdict? = nil,
    rule: RuleReference? = nil
  ) {
    self.verdict = verdict
    self.score = score
    self.decisive = decisive
    self.ruling = ruling
    self.rule = rule
  }

  /// Whether it refuses, for now or for good.
  public var isRefusal: Bool { verdict == .reject || verdict == .defer }

  /// - Parameters:
  ///   - findings: all that concerns the client, what the rules found included.
  ///   - rules: what the rules said; nil where they were not asked.
  public init(
    of findings: [WeighedFinding], at stage: Stage, thresholds: Thresholds, rules: RuleOutcome? = nil
  ) {
    if findings.isEmpty, rules == nil {
      self.init(verdict: .accept, score: 0)
      return
    }
    let enforced = findings.filter { $0.mode == .enforce }
    if let outright = Decision(outright: enforced, at: stage) {
      self = outright
      return
    }
    let score = enforced.total
    if let rules, let decision = Decision(by: rules, score: score) {
      self = decision
      return
    }
    let action = thresholds.action(for: score, at: stage)
    switch action {
    case .reject?:
      self.init(
        verdict: .reject, score: score, decisive: thresholds.reject.flatMap { enforced.alone(reaching: $0) })
    case .deferral?:
      self.init(
        verdict: .defer, score: score, decisive: thresholds.deferral.flatMap { enforced.alone(reaching: $0) })
    case .quarantine?: self.init(verdict: .quarantine, score: score)
    case .tag?: self.init(verdict: .tag, score: score)
    case nil: self.init(verdict: rules?.isTagged == true ? .tag : .accept, score: score)
    }
  }

  /// What needs neither rules nor score; nil where it comes to these.
  ///
  /// - Parameter enforced: findings in enforce mode.
  public init?(outright enforced: [WeighedFinding], at stage: Stage) {
    let due = enforced.filter { $0.enforceAt <= stage }
    if let passed = due.first(where: { $0.weight.ruling == .limit }) {
      self.init(verdict: .reject, score: 0, decisive: passed)
    } else if let allowed = enforced.first(where: { $0.weight.ruling == .allow }) {
      self.init(verdict: .accept, score: 0, decisive: allowed)
    } else if let decisive = due.first(where: { $0.weight.ruling == .reject }) {
      // A refusal for good wins over a refusal for now; among equals the first found speaks.
      self.init(verdict: .reject, score: enforced.total, decisive: decisive)
    } else if let decisive = due.first(where: { $0.weight.ruling == .defer }) {
      self.init(verdict: .defer, score: enforced.total, decisive: decisive)
    } else {
      return nil
    }
  }

  /// What the rules decide; nil where they leave it to the score.
  private init?(by rules: RuleOutcome, score: Double) {
    let verdict: Verdict
    switch rules.verdict {
    case nil, .stop?: return nil
    case .reject?: verdict = .reject
    case .defer?: verdict = .defer
    case .discard?: verdict = .discard
    case .quarantine?: verdict = .quarantine
    case .accept?, .redirect?: verdict = rules.isTagged ? .tag : .accept
    }
    self.init(verdict: verdict, score: score, ruling: rules.verdict, rule: rules.decidedBy)
  }

  /// The reply to a refusal at a stage: the catalogue's, but for now where the decision is for now (an admin may
  /// defer what the product refuses for good), in a rule's own words where it has them, and in place of the greeting 554
  /// or 421 (RFC 5321 §4.3.2).
  public func reply(at stage: Stage, in catalogue: ReasonCatalogue, _ variables: ReplyVariables) -> Reply {
    var reply = catalogue.reply(reason, variables)
    switch ruling {
    case .reject(let said), .defer(let said): reply.take(said, reason, variables)
    default: break
    }
    if verdict == .defer, reply.isPermanent { reply.code = 450 }
    if verdict == .reject, reply.isTransient { reply.code = 550 }
    if stage == .connect { reply.code = reply.isPermanent ? 554 : 421 }
    return reply
  }

  /// What a refusal is told with: what decided, else the heaviest of what the score is made of, which an admin's text
  /// may name.
  public func speaker(among findings: [WeighedFinding]) -> Finding? {
    (decisive ?? findings.heaviest)?.finding
  }

  /// The code under which a refusal is answered and logged.
  public var reason: ReasonCode {
    if let decisive { return decisive.finding.code }
    if let ruling { return ruling.reason }
    switch verdict {
    case .defer: return .scoreDeferred
    case .quarantine: return .scoreQuarantined
    default: return .scoreRejected
    }
  }

  /// To whom the message goes in place of the recipient; nil where it goes to the recipient.
  public var redirect: [String]? { if case .redirect(let addresses) = ruling { addresses } else { nil } }
}

extension Thresholds {
  enum Action: Hashable {
    // Where two have the same threshold, the later one is done.
    case tag, deferral, quarantine, reject
  }

  func threshold(of action: Action?) -> Double? {
    switch action {
    case nil: nil
    case .tag?: tag
    case .deferral?: deferral
    case .quarantine?: quarantine
    case .reject?: reject
    }
  }

  private static let all: [Action] = [.tag, .deferral, .quarantine, .reject]

  /// What a score calls for: what has the highest threshold of those that it reaches.
  private func reached(by score: Double) -> Action? {
    var reached: Action?
    for action in Self.all {
      guard let threshold = threshold(of: action), score >= threshold else { continue }
      if let known = self.threshold(of: reached), known > threshold { continue }
      reached = action
    }
    return reached
  }

  /// What a score calls for at a stage. A message that is to be held is not put off before it is there.
  func action(for score: Double, at stage: Stage) -> Action? {
    let reached = reached(by: score)
    switch reached {
    case .reject?, .deferral?:
      if enforceAt <= stage { return reached }
    case .quarantine?:
      if stage == .message { return reached }
    case .tag?, nil: return reached
    }
    return tag.map { score >= $0 } == true ? .tag : nil
  }

  /// All that scores from one to another may call for.
  func actions(between least: Double, and most: Double) -> [Action?] {
    let first = reached(by: least)
    return [first]
      + Self.all.filter { action in
        guard action != first, let threshold = threshold(of: action) else { return false }
        return threshold > least && threshold <= most && reached(by: threshold) == action
      }
  }
}

extension RuleVerdict {
  /// The code under which it is logged and answered.
  public var reason: ReasonCode {
    switch self {
    case .reject: .ruleReject
    case .defer: .ruleDefer
    case .discard: .ruleDiscard
    case .quarantine: .ruleQuarantine
    case .accept, .stop: .ruleAccept
    case .redirect: .ruleRedirect
    }
  }
}

extension Reply {
  /// A rule's own code and words in place of the catalogue's. Behind the words stand the reason's code and the
  /// transaction's id, as behind all refusals.
  fileprivate mutating func take(_ said: RefusalReply, _ reason: ReasonCode, _ variables: ReplyVariables) {
    if let code = said.code { self.code = code }
    if let parts = said.enhanced?.split(separator: "."), parts.count == 3, let subject = Int(parts[1]),
      let detail = Int(parts[2])
    {
      enhanced = Enhanced(subject, detail)
    }
    guard let text = said.text, !text.isEmpty else { return }
    // What of the message stands in it may be anything.
    let plain = ASCIIText.mapped(text.printable(limit: 400)) { $0 < 0x80 ? $0 : UInt8(ascii: "?") }
    lines = ["\(plain) [\(reason.name) \(variables.id)]"]
  }
}

extension ReplyVariables {
  /// What a finding says to the peer.
  public mutating func take(_ finding: Finding?) {
    guard let finding else { return }
    reason = finding.reason
    list = finding.list
    subject = finding.subject
  }
}
