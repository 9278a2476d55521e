public import SMTPProtocol

/// What becomes of a message or a command.
public enum Verdict: String, Hashable, Sendable {
  case accept, tag, quarantine, discard, `defer`, reject
}

/// From which total score on something is done; nil: never.
public struct Thresholds: Hashable, Sendable {
  public var tag: Double?
  public var deferral: Double?
  public var reject: Double?
  /// The first stage at which the score may refuse.
  public var enforceAt: Stage

  public init(tag: Double? = 5, deferral: Double? = nil, reject: Double? = 12, enforceAt: Stage = .recipient)
  {
    self.tag = tag
    self.deferral = deferral
    self.reject = reject
    self.enforceAt = enforceAt
  }
}

/// What the observations come to at one stage. The order is written here and nowhere else: a limit, which
/// no list lifts; then an allowed address; then what decides outright; then the score. (Syntax, the session's own
/// limits and relay control come before all of it.)
public struct Decision: Hashable, Sendable {
  public let verdict: Verdict
  public let score: Double
  /// The finding that decided, by its ruling or by a weight that alone refuses; nil where only the sum of several did,
  /// or nothing.
  public let decisive: WeighedFinding?

  public init(verdict: Verdict, score: Double, decisive: WeighedFinding? = nil) {
    self.verdict = verdict
    self.score = score
    self.decisive = decisive
  }

  public init(of findings: [WeighedFinding], at stage: Stage, thresholds: Thresholds) {
    if findings.isEmpty {
      self.init(verdict: .accept, score: 0)
      return
    }
    let enforced = findings.filter { $0.mode == .enforce }
    let due = enforced.filter { $0.enforceAt <= stage }
    if let passed = due.first(where: { $0.weight.ruling == .limit }) {
      self.init(verdict: .reject, score: 0, decisive: passed)
      return
    }
    if let allowed = enforced.first(where: { $0.weight.ruling == .allow }) {
      self.init(verdict: .accept, score: 0, decisive: allowed)
      return
    }
    let score = enforced.total
    // A refusal for good wins over a refusal for now; among equals the first found speaks.
    if let decisive = due.first(where: { $0.weight.ruling == .reject }) {
      self.init(verdict: .reject, score: score, decisive: decisive)
    } else if let decisive = due.first(where: { $0.weight.ruling == .defer }) {
      self.init(verdict: .defer, score: score, decisive: decisive)
    } else if thresholds.enforceAt <= stage, let reject = thresholds.reject, score >= reject {
      self.init(verdict: .reject, score: score, decisive: enforced.alone(reaching: reject))
    } else if thresholds.enforceAt <= stage, let deferral = thresholds.deferral, score >= deferral {
      self.init(verdict: .defer, score: score, decisive: enforced.alone(reaching: deferral))
    } else if let tag = thresholds.tag, score >= tag {
      self.init(verdict: .tag, score: score)
    } else {
      self.init(verdict: .accept, score: score)
    }
  }

  /// The reply to a refusal at a stage: the catalogue's, but for now where the decision is for now (an admin may
  /// defer what the product refuses for good), and in place of the greeting 554 or 421 (RFC 5321 §4.3.2).
  public func reply(at stage: Stage, in catalogue: ReasonCatalogue, _ variables: ReplyVariables) -> Reply {
    var reply = catalogue.reply(reason, variables)
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
    return verdict == .defer ? .scoreDeferred : .scoreRejected
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
