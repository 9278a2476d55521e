public import DNS

/// Whom an examination concerns.
public enum Audience: Hashable, Sendable {
  /// Whoever is neither a user who logged in, nor of the relay networks or certificates.
  case strangers
  case everyone

  /// Whether it meets a client of that trust.
  public func includes(_ trust: Trust) -> Bool { self == .everyone || trust == .none }
}

/// One check at one stage: pure work that answers at once, or work that has to ask somebody.
public struct Examination<Facts: Sendable>: Sendable {
  public enum Work: Sendable {
    /// Answers without waiting: no task is made for it.
    case immediate(@Sendable (Facts) -> [Finding])
    /// Asks DNS, within the time of the stage; runs on the session's own event loop.
    case awaited(@Sendable (Facts, Lookups) async -> [Finding])
  }

  public let check: String
  public let mode: CheckMode
  public let enforceAt: Stage
  public let audience: Audience
  /// How often it may report what: a check that can say so is waited for less.
  public let reports: Reports
  /// Whether it needs the digests of the message's body, which are computed while it comes in.
  public let wantsBody: Bool
  public let work: Work
  /// What it can bring at all; the catalogue narrows it by the weights of the check's codes.
  public internal(set) var prospect = Prospect.anything

  public init(
    check: String, mode: CheckMode, enforceAt: Stage, audience: Audience = .strangers,
    reports: Reports = .anyNumber, wantsBody: Bool = false, work: Work
  ) {
    self.check = check
    self.mode = mode
    self.enforceAt = enforceAt
    self.audience = audience
    self.reports = reports
    self.wantsBody = wantsBody
    self.work = work
  }

  /// Whether it has to ask somebody.
  public var isAwaited: Bool { if case .awaited = work { true } else { false } }
}

/// All checks that are on, by stage, in the order of the catalogue: the same findings in the same order,
/// whatever came back first.
public struct CheckPlan: Sendable {
  public var connect: [Examination<ConnectFacts>] = []
  public var hello: [Examination<HelloFacts>] = []
  public var mail: [Examination<MailFacts>] = []
  public var recipient: [Examination<RecipientFacts>] = []
  public var message: [Examination<MessageFacts>] = []
  /// Whether somebody needs the digests of message bodies.
  public var wantsBody: Bool { message.contains(where: \.wantsBody) }

  public init() {}

  /// The plan for clients of a trust: an examination whose audience they are not of is not in it.
  public func concerning(_ trust: Trust) -> CheckPlan {
    var plan = CheckPlan()
    plan.connect = connect.filter { $0.audience.includes(trust) }
    plan.hello = hello.filter { $0.audience.includes(trust) }
    plan.mail = mail.filter { $0.audience.includes(trust) }
    plan.recipient = recipient.filter { $0.audience.includes(trust) }
    plan.message = message.filter { $0.audience.includes(trust) }
    return plan
  }

  /// Narrows what each examination can bring to what the weights of its check's codes allow.
  ///
  /// - Parameter weights: those of the codes that a check reports, by the check's name.
  public mutating func narrow(by weights: [String: [Weight]]) {
    func narrowed<Facts>(_ examinations: [Examination<Facts>]) -> [Examination<Facts>] {
      examinations.map {
        guard let weights = weights[$0.check] else { return $0 }
        var examination = $0
        examination.prospect = Prospect(of: weights, $0.reports)
        return examination
      }
    }
    connect = narrowed(connect)
    hello = narrowed(hello)
    mail = narrowed(mail)
    recipient = narrowed(recipient)
    message = narrowed(message)
  }

  /// Runs the examinations of one stage.
  ///
  /// - Returns: the findings with their weights, or nil where some examination has to wait: then call
  ///   `examineWaiting`.
  public static func examine<Facts>(
    _ examinations: [Examination<Facts>], _ facts: Facts, at stage: Stage, scores: ScoreTable
  ) -> [WeighedFinding]? {
    var findings: [WeighedFinding] = []
    for examination in examinations {
      guard case .immediate(let look) = examination.work else { return nil }
      for finding in look(facts) {
        findings.append(weigh(finding, examination, stage, scores))
      }
    }
    return findings
  }

  /// As `examine`, waiting for those that have to ask; all of them run side by side.
  public static func examineWaiting<Facts>(
    _ examinations: [Examination<Facts>], _ facts: Facts, at stage: Stage, scores: ScoreTable,
    _ lookups: Lookups
  ) async -> [WeighedFinding] {
    let found = await withTaskGroup(of: (Int, [Finding]).self) { group in
      var results = [[Finding]](repeating: [], count: examinations.count)
      for (index, examination) in examinations.enumerated() {
        switch examination.work {
        case .immediate(let look): results[index] = look(facts)
        case .awaited(let look): group.addTask { (index, await look(facts, lookups)) }
        }
      }
      for await (index, findings) in group { results[index] = findings }
      return results
    }
    return zip(examinations, found).flatMap { examination, findings in
      findings.map { weigh($0, examination, stage, scores) }
    }
  }

  /// A finding with what it weighs and does.
  public static func weigh<Facts>(
    _ finding: Finding, _ examination: Examination<Facts>, _ stage: Stage, _ scores: ScoreTable
  ) -> WeighedFinding {
    WeighedFinding(
      finding, weight: finding.weight.map { Weight($0, scores[finding.code].ruling) } ?? scores[finding.code],
      mode: finding.isShadow && examination.mode == .enforce ? .shadow : examination.mode, found: stage,
      enforceAt: examination.enforceAt, audience: examination.audience, check: examination.check)
  }
}
