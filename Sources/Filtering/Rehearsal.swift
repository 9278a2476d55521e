internal import Bytes
public import DNS
public import MailSyntax
public import SMTPProtocol

/// Judges a message as a session with the gateway would, without one: the same examinations, stage by stage, and the
/// same decisions in the same order.
///
/// What no examination finds and only the world can tell is left out: whether a backend knows the recipients, and what
/// a client did before. Stages behind a refusal are gone through all the same, for whoever wants to know what else there
/// is; what becomes of the message is what the first refusal says.
public struct Rehearsal: Sendable {
  /// What a session would have come to at one stage.
  public struct Step: Sendable {
    public let stage: Stage
    /// Whom it is about, at that stage.
    public let recipient: Path?
    /// What was found there, not before.
    public let found: [WeighedFinding]
    public let decision: Decision
    /// The code of a refusal; nil where it lets pass.
    public let reason: ReasonCode?
    /// What a refused client reads.
    public let reply: Reply?

    public var isRefusal: Bool { reason != nil }
  }

  /// All steps, in the order of the session.
  public struct Outcome: Sendable {
    public let steps: [Step]
    /// All that was found, in the order of the findings: of recipients that were refused nothing, unless all were.
    public let findings: [WeighedFinding]
    /// What was known of the message; nil where there is none.
    public let facts: MessageFacts?
    /// What was decided for each recipient at the end of the message, in their order; empty where there is no message.
    public let each: [(recipient: Path, verdict: RecipientVerdict)]

    /// What the rules said, for those whom they tell apart.
    public var rules: [RuleOutcome] {
      var seen: [RuleOutcome] = []
      for one in each {
        guard let outcome = one.verdict.outcome, !seen.contains(where: { $0 === outcome }) else { continue }
        seen.append(outcome)
      }
      return seen
    }
  }

  /// The checks, before anybody's trust is considered.
  public var plan: CheckPlan
  public let scores: ScoreTable
  /// Who goes by which thresholds and modes.
  public var recipients: RecipientPolicies
  public var rules: any RuleBook = NoRules()
  public let catalogue: ReasonCatalogue
  /// What a stage that begins may ask.
  private let lookups: @Sendable () -> Lookups
  /// Who may relay and send as whom; nil: that is not looked at.
  public var relay: RelayControl?
  /// The bounds of a message; nil for none.
  public var bounds: MessageBounds?
  /// What is found and weighs nothing, since what is not known here could have refuted it.
  public var unproven: Set<ReasonCode> = []

  public init(
    plan: CheckPlan, scores: ScoreTable, recipients: RecipientPolicies, catalogue: ReasonCatalogue,
    relay: RelayControl? = nil, bounds: MessageBounds? = nil, lookups: @escaping @Sendable () -> Lookups
  ) {
    self.plan = plan
    self.scores = scores
    self.recipients = recipients
    self.catalogue = catalogue
    self.relay = relay
    self.bounds = bounds
    self.lookups = lookups
  }

  /// Goes through a session.
  ///
  /// - Parameters:
  ///   - mail: what is known when MAIL was said; the client is asked about by way of its `evidence`.
  ///   - message: nil: the session ends with the recipients.
  ///   - fault: why the content is not taken, whatever it says.
  ///   - id: for replies that name it.
  public func judge(
    _ mail: MailFacts, recipients: [Path], message: HeldMessage? = nil, fault: Response? = nil,
    id: String = "ID"
  ) async -> Outcome {
    var run = RehearsalRun(self, mail, id)
    let plan = plan.concerning(mail.connect.trust)
    await run.examine(plan.connect, mail.connect, at: .connect)
    await run.examine(plan.hello, HelloFacts(connect: mail.connect, hello: mail.hello), at: .hello)
    await run.examine(plan.mail, mail, at: .mail, unless: run.refusalOfSender)
    for recipient in recipients { await run.examine(plan.recipient, recipient) }
    run.settleRecipients(recipients)
    guard let message else { return run.outcome(nil) }
    let facts = MessageFacts(
      mail: mail, recipients: run.taken.isEmpty ? recipients : run.taken,
      header: MessageHeader(message.memory), message: message, contentLimit: bounds?.content ?? 8 << 20)
    await run.conclude(plan.message, facts, unless: fault ?? run.refusal(of: facts.header, message))
    return run.outcome(facts)
  }

  fileprivate func found<Facts>(_ examinations: [Examination<Facts>], _ facts: Facts, _ stage: Stage) async
    -> [WeighedFinding]
  {
    var found = CheckPlan.examine(examinations, facts, at: stage, scores: scores)
    if found == nil {
      found = await CheckPlan.examineWaiting(examinations, facts, at: stage, scores: scores, lookups())
    }
    return (found ?? []).map { unproven.contains($0.finding.code) ? $0.withoutWeight : $0 }
  }
}

/// A session as far as it has come.
private struct RehearsalRun {
  let rehearsal: Rehearsal
  let mail: MailFacts
  let id: String
  var steps: [Rehearsal.Step] = []
  /// What counts from here on, in everybody's modes.
  var standing: [WeighedFinding] = []
  var taken: [Path] = []
  /// By what each of those is judged whom the message is for.
  private var governed: [(recipient: Path, by: Governed)] = []
  private var each: [(recipient: Path, verdict: RecipientVerdict)] = []
  /// What was found about recipients that were refused.
  private var refused: [WeighedFinding] = []

  init(_ rehearsal: Rehearsal, _ mail: MailFacts, _ id: String) {
    self.rehearsal = rehearsal
    self.mail = mail
    self.id = id
  }

  func outcome(_ facts: MessageFacts?) -> Rehearsal.Outcome {
    Rehearsal.Outcome(
      steps: steps, findings: standing.concerning(mail.connect, at: .message), facts: facts, each: each)
  }

  /// - Parameter unless: what refuses at that stage whatever is found.
  mutating func examine<Facts>(
    _ examinations: [Examination<Facts>], _ facts: Facts, at stage: Stage, unless refusal: Response? = nil
  ) async {
    let found = await rehearsal.found(examinations, facts, stage)
    standing += found
    steps.append(step(stage, nil, found, standing, refusal))
  }

  mutating func examine(_ examinations: [Examination<RecipientFacts>], _ recipient: Path) async {
    let facts = RecipientFacts(mail: mail, recipient: recipient, taken: taken.count)
    let found = await rehearsal.found(examinations, facts, .recipient)
    var own = governing(recipient)
    own.early = await rules(
      own.rules, facts, (standing + found).concerning(mail.connect, at: .recipient).under(own.policy))
    let step = step(
      .recipient, recipient, found, standing + found + (own.early?.findings ?? []),
      refusalToRelay(recipient), own.policy, rules: own.early)
    steps.append(step)
    if step.isRefusal {
      refused += found
    } else {
      taken.append(recipient)
      governed.append((recipient, own))
      standing += found
    }
  }

  private func governing(_ recipient: Path) -> Governed {
    Governed(recipient, of: mail.connect, rehearsal.recipients, rehearsal.rules)
  }

  private func rules(_ set: RuleSet, _ facts: RecipientFacts, _ findings: [WeighedFinding]) async
    -> RuleOutcome?
  {
    guard set.decidesAtRecipient, findings.leavesToRules(at: .recipient) else { return nil }
    return await rehearsal.rules.judge(set, facts, findings: findings, keepsTrace: true)
  }

  /// What was found about those that were refused is no part of the transaction, save where there is none without.
  mutating func settleRecipients(_ all: [Path]) {
    guard taken.isEmpty else { return }
    standing += refused
    governed = all.map { ($0, governing($0)) }
  }

  /// The end of the message: the checks, the rules, and what is decided for each recipient.
  mutating func conclude(
    _ examinations: [Examination<MessageFacts>], _ facts: MessageFacts, unless refusal: Response?
  ) async {
    let found = await rehearsal.found(examinations, facts, .message)
    standing += found
    // A scan may be told of no recipient at all.
    let governed =
      governed.isEmpty
      ? [(recipient: Path.null, by: Governed(rehearsal.recipients, rehearsal.rules))] : governed
    let outcomes = await rules(governed, facts)
    for (place, one) in governed.enumerated() {
      let outcome = outcomes.map { $0[place] }
      let all =
        (standing + (outcome?.findings ?? [])).concerning(mail.connect, at: .message).under(one.by.policy)
      let decision = Decision(of: all, at: .message, thresholds: one.by.policy.thresholds, rules: outcome)
      each.append(
        (
          one.recipient,
          RecipientVerdict(decision: decision, outcome: outcome, policy: one.by.policy, findings: all)
        ))
    }
    let verdicts = each.map(\.verdict)
    let speaker = verdicts[Disposition(verdicts).speaker(among: verdicts) ?? 0]
    standing += speaker.outcome?.findings ?? []
    steps.append(
      step(
        .message, nil, found + (speaker.outcome?.findings ?? []), standing, refusal, speaker.policy,
        rules: speaker.outcome))
  }

  private func rules(_ governed: [(recipient: Path, by: Governed)], _ facts: MessageFacts) async
    -> [RuleOutcome]?
  {
    guard governed.contains(where: { !$0.by.rules.isEmpty }) else { return nil }
    let ruled = governed.map { recipient, own in
      RuledRecipient(
        path: recipient, set: own.rules, early: own.early,
        findings: standing.concerning(mail.connect, at: .message).under(own.policy))
    }
    let isOpen = ruled.contains { !$0.set.isEmpty && $0.findings.leavesToRules(at: .message) }
    guard isOpen else { return nil }
    let outcomes = await rehearsal.rules.judge(facts, for: ruled, keepsTrace: true)
    return outcomes.count == ruled.count ? outcomes : nil
  }

  private func step(
    _ stage: Stage, _ recipient: Path?, _ found: [WeighedFinding], _ counting: [WeighedFinding],
    _ refusal: Response?, _ own: RecipientPolicy? = nil, rules: RuleOutcome? = nil
  ) -> Rehearsal.Step {
    let own = own ?? rehearsal.recipients.standard
    let counting = counting.concerning(mail.connect, at: stage).under(own)
    let decision = Decision(of: counting, at: stage, thresholds: own.thresholds, rules: rules)
    if let refusal {
      let reply = rehearsal.catalogue.reply(refusal)
      return Rehearsal.Step(
        stage: stage, recipient: recipient, found: found,
        decision: Decision(verdict: reply.isTransient ? .defer : .reject, score: decision.score),
        reason: refusal.reason, reply: reply)
    }
    let isRefusal = decision.verdict == .reject || decision.verdict == .defer
    var variables = variables(recipient)
    variables.take(decision.speaker(among: counting))
    return Rehearsal.Step(
      stage: stage, recipient: recipient, found: found, decision: decision,
      reason: isRefusal ? decision.reason : nil,
      reply: isRefusal ? decision.reply(at: stage, in: rehearsal.catalogue, variables) : nil)
  }

  private func variables(_ recipient: Path? = nil) -> ReplyVariables {
    var variables = ReplyVariables()
    variables.client = mail.connect.knownAddress?.description ?? "unknown"
    variables.sender = mail.sender.text.printable(limit: 254)
    variables.recipient = recipient?.text.printable(limit: 254) ?? ""
    variables.id = id
    return variables
  }

  // MARK: What no list lifts

  var refusalOfSender: Response? {
    guard let user = mail.connect.user, let relay = rehearsal.relay,
      !relay.rights.mayUse(user, sender: mail.sender)
    else { return nil }
    return Response(.senderNotYours, variables())
  }

  private func refusalToRelay(_ recipient: Path) -> Response? {
    guard let relay = rehearsal.relay, !relay.isOurs(recipient),
      !relay.mayRelay(mail.connect, sender: mail.sender)
    else { return nil }
    return Response(.relayDenied, variables(recipient))
  }

  func refusal(of header: MessageHeader, _ message: HeldMessage) -> Response? {
    if let bounds = rehearsal.bounds, let response = bounds.refusal(of: header) { return response }
    guard let user = mail.connect.user,
      let fault = rehearsal.relay?.rights.fault(in: header, of: message.memory, user: user)
    else { return nil }
    var variables = variables()
    variables.reason = fault.address
    return Response(fault.reason, variables)
  }
}

extension MessageBounds {
  /// What no list can lift: the bounds of the header, and loops (RFC 5321 §6.3).
  public func refusal(of header: MessageHeader) -> Response? {
    if header.end > self.header || header.isCut {
      return Response(.headerTooLarge, because: "\(self.header)")
    }
    if header.count("Received") > hops { return Response(.loopDetected) }
    return nil
  }
}
