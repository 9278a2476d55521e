public import Filtering
internal import MailSyntax
internal import MessageViews
internal import RuleLanguage

extension GatewayRuleBook {
  // Past this an event loop would be held up for milliseconds.
  private static let small: UInt64 = 64 << 10

  public func judge(
    _ set: RuleSet, _ facts: RecipientFacts, findings: [WeighedFinding], keepsTrace: Bool
  ) async -> RuleOutcome {
    guard set.decidesAtRecipient, sets.indices.contains(set.id) else { return .none }
    return views.isWarm
      ? await judgeHere(set, facts, findings, keepsTrace) : await judgeApart(set, facts, findings, keepsTrace)
  }

  @concurrent private func judgeApart(
    _ set: RuleSet, _ facts: RecipientFacts, _ findings: [WeighedFinding], _ keepsTrace: Bool
  ) async -> RuleOutcome { await judgeHere(set, facts, findings, keepsTrace) }

  private func judgeHere(
    _ set: RuleSet, _ facts: RecipientFacts, _ findings: [WeighedFinding], _ keepsTrace: Bool
  ) async -> RuleOutcome {
    let sight = Sight(mail: facts.mail, terms: terms, views: views, early: findings)
    let judgement = Judgement(chain: chains[set.id], stage: .recipient, sight: sight, keepsTrace: keepsTrace)
    let outcome = await judgement.outcome(for: facts.recipient, findings: findings, early: nil)
    terms.counters.add(scanned: sight.scanned)
    return outcome
  }

  public func judge(
    _ facts: MessageFacts, for recipients: [RuledRecipient], keepsTrace: Bool
  ) async -> [RuleOutcome] {
    guard recipients.contains(where: { !$0.set.isEmpty && sets.indices.contains($0.set.id) }) else {
      return recipients.map { $0.early ?? .none }
    }
    let looks = recipients.contains { asksMessage($0.set) }
    let views = looks ? await self.views(of: facts) : MessageViews([])
    return facts.message.octets > Self.small || !self.views.isWarm
      ? await judgeApart(facts, views, recipients, keepsTrace)
      : await judgeHere(facts, views, recipients, keepsTrace)
  }

  /// The message's views; of a large one the header alone where there is no memory for the copies in which it is
  /// looked at: as it came, unfolded, its areas, each between two line feeds.
  private func views(of facts: MessageFacts) async -> MessageViews {
    let views = await facts.views()
    let count = views.octets.count
    guard count > Int(Self.small), !facts.message.reserveMemory(6 * count) else { return views }
    return MessageViews(Array(views.octets.prefix(min(facts.header.end, Int(Self.small)))), isWhole: false)
  }

  private func asksMessage(_ set: RuleSet) -> Bool {
    sets.indices.contains(set.id) && chains[set.id].links.contains { $0.part.needs.message.asksMessage }
  }

  @concurrent private func judgeApart(
    _ facts: MessageFacts, _ views: MessageViews, _ recipients: [RuledRecipient], _ keepsTrace: Bool
  ) async -> [RuleOutcome] {
    await judgeHere(facts, views, recipients, keepsTrace)
  }

  private func judgeHere(
    _ facts: MessageFacts, _ views: MessageViews, _ recipients: [RuledRecipient], _ keepsTrace: Bool
  ) async -> [RuleOutcome] {
    let early = recipients.first?.findings.filter { $0.found < .message } ?? []
    let sight = Sight(
      mail: facts.mail, terms: terms, views: self.views, early: early, message: (facts, views))
    var kinds: [(first: RuledRecipient, outcome: RuleOutcome)] = []
    var outcomes: [RuleOutcome] = []
    outcomes.reserveCapacity(recipients.count)
    for recipient in recipients {
      guard !recipient.set.isEmpty, sets.indices.contains(recipient.set.id) else {
        outcomes.append(recipient.early ?? .none)
        continue
      }
      let chain = chains[recipient.set.id]
      if let known = kinds.first(where: { Self.isAlike($0.first, recipient, chain) }) {
        outcomes.append(known.outcome)
        continue
      }
      let judgement = Judgement(chain: chain, stage: .message, sight: sight, keepsTrace: keepsTrace)
      let outcome = await judgement.outcome(
        for: recipient.path, findings: recipient.findings, early: recipient.early?.progress as? EarlyRuns)
      kinds.append((recipient, outcome))
      outcomes.append(outcome)
    }
    terms.counters.add(scanned: sight.scanned)
    return outcomes
  }

  /// Whether nothing that the rules ask tells two recipients of one message apart.
  private static func isAlike(_ one: RuledRecipient, _ other: RuledRecipient, _ chain: RuleChain) -> Bool {
    guard one.set.id == other.set.id else { return false }
    let needs = chain.links.map(\.part.needs.message)
    if needs.contains(where: \.asksRecipient), one.path != other.path { return false }
    if needs.contains(where: \.asksFindings), one.findings != other.findings { return false }
    switch (one.early?.progress as? EarlyRuns, other.early?.progress as? EarlyRuns) {
    case (nil, nil): return true
    case (let one?, let other?): return one === other || one.isLike(other)
    default: return false
    }
  }
}

/// How far the runs for one recipient came at RCPT, in the order of the chain.
final class EarlyRuns: Sendable {
  let runs: [RuleRun]
  /// What each came to; nil where it has not begun.
  let reports: [RuleReport?]

  init(_ runs: [RuleRun], _ reports: [RuleReport?]) {
    self.runs = runs
    self.reports = reports
  }

  /// Whether what is to come is the same for both.
  func isLike(_ other: EarlyRuns) -> Bool {
    runs.count == other.runs.count && zip(runs, other.runs).allSatisfy { $0.isLike($1) }
  }
}
