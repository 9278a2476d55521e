import Bytes
import EventLoops
import Filtering
import MailSyntax
import NIOCore
import SMTPProtocol

/// Policies and rules: by which a recipient is judged, and what they say at RCPT.
extension Connection {
  /// Where a client may relay, or users log in, one policy holds for the whole message: the login's own, or
  /// everybody's, and the admin's rules alone.
  func governing(_ recipient: Path) -> Governed {
    Governed(
      recipient, of: facts, policy.recipients, policy.rules, takesStrangers: listener.profile == .mx)
  }

  /// What a recipient's policy has against it: the message is said to be too large.
  func refusal(by own: RecipientPolicy, of recipient: Path, _ transaction: Transaction) -> Response? {
    if let most = own.messageSize, let size = transaction.facts.parameters.size, size > most {
      var variables = variables(recipient: recipient)
      variables.reason = "\(most)"
      return Response(.messageTooLarge, variables)
    }
    return nil
  }

  /// What a policy has against another message of this client: it writes too often. Counted once a transaction.
  func refusalOfArrival(_ recipient: Path, _ transaction: Transaction) -> Response? {
    guard let own = transaction.asking?.policy, let rate = own.arrivals, facts.isStranger,
      facts.isAddressKnown, !transaction.governed.contains(where: { $0.policy === own })
    else { return nil }
    let key = "\(own.name) \(facts.address)"
    let isRefused =
      context.arrivals.message(
        key, at: Clock.monotonic, under: UserRates.Overrides(messages: .some(rate))) != nil
    return isRefused ? Response(.limitPolicyMessages, variables(recipient: recipient)) : nil
  }

  /// The answer to a recipient of another group than those before it, where one reply has to do for all (RFC 5321 §4.2
  /// leaves no other way to say two things of one message): it comes in a transaction of its own.
  func refusalOfGroup(_ recipient: Path, _ transaction: Transaction) -> Response? {
    guard let own = transaction.asking?.group, facts.isStranger else { return nil }
    let isNew = transaction.groups.insert(own).inserted
    if isNew, transaction.groups.count == Self.fewGroups + 1 {
      var event = event(.session, stage: .recipient, nil, recipient: recipient)
      event.code = .manyPolicies
      event.severity = .warning
      event.detail = "more than \(Self.fewGroups) policies in one transaction: it comes in as many"
      context.events.record(event)
    }
    guard let first = transaction.governed.first, first.group != own, !repliesEach else { return nil }
    let response = Response(.recipientPolicy, variables(recipient: recipient))
    logRefusal(response, stage: .recipient, recipient: recipient)
    return response
  }

  /// A transaction that would need more than so many is told of.
  private static let fewGroups = 3

  /// Whether the client asked for a reply for each recipient.
  var repliesEach: Bool { transaction?.facts.parameters.repliesEach == true }

  /// Asks the rules on connection and envelope, where there are any, and goes on where they let pass.
  func askRules(
    _ facts: RecipientFacts, _ transaction: Transaction,
    then: @escaping @Sendable (isolated Connection) -> Answer?
  ) -> Answer? {
    guard let governed = transaction.asking, governed.rules.decidesAtRecipient else { return then(self) }
    guard governed.rules.waitsAtRecipient else { return askRules(facts, governed, transaction, then) }
    let id = transaction.id
    return whenSettled(at: .recipient) { connection in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      return connection.askRules(facts, governed, transaction, then)
    }
  }

  private func askRules(
    _ recipient: RecipientFacts, _ governed: Governed, _ transaction: Transaction,
    _ then: @escaping @Sendable (isolated Connection) -> Answer?
  ) -> Answer? {
    let found = (standing + transaction.findings + transaction.asked.findings)
      .concerning(facts, at: .recipient).under(governed.policy)
    // An allowed address is not judged.
    guard found.leavesToRules(at: .recipient) else { return then(self) }
    let rules = policy.rules
    let id = transaction.id
    return awaiting {
      await rules.judge(governed.rules, recipient, findings: found, keepsTrace: false)
    } then: { connection, outcome in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      transaction.asking?.early = outcome
      let response = connection.refusal(
        at: .recipient, found + outcome.findings, recipient: recipient.recipient, under: governed.policy,
        rules: outcome)
      return response.map { connection.refuseRecipient($0) } ?? then(connection)
    }
  }

  /// Does what may have to wait, on the session's own event loop, and goes on with what came of it: before this returns
  /// where it did not have to wait.
  func awaiting<Value: Sendable>(
    _ work: @escaping @Sendable () async -> Value,
    then: @escaping (isolated Connection, Value) -> Answer?
  ) -> Answer? {
    let seat = NIOLoopBound(Seat<Value>(then), eventLoop: loop)
    Task.immediateDetached(executorPreference: executor) { @concurrent in
      let value = await work()
      self.tell(value, seat)
    }
    if let value = seat.value.value { return then(self, value) }
    seat.value.isAwaited = true
    return nil
  }

  private nonisolated func tell<Value: Sendable>(_ value: Value, _ seat: NIOLoopBound<Seat<Value>>) {
    assumeIsolated { $0.came(value, seat.value) }
  }

  private func came<Value>(_ value: Value, _ seat: Seat<Value>) {
    guard seat.isAwaited else {
      seat.value = value
      return
    }
    // Whoever is gone wants no answer; what has to be done all the same is done by `then`.
    if let answer = seat.then(self, value) { resume(answer) }
  }
}

/// Where what is awaited is put down.
private final class Seat<Value> {
  let then: (isolated Connection, Value) -> Answer?
  var value: Value?
  var isAwaited = false

  init(_ then: @escaping (isolated Connection, Value) -> Answer?) { self.then = then }
}

extension Event {
  /// What the rules had to do with it.
  mutating func tell(_ rules: RuleOutcome?, _ decision: Decision) {
    if let rule = decision.rule { self.rule = rule.id }
    guard let rules else { return }
    self.rules = rules.hits.map { $0.isShadow ? "\($0.rule.id);shadow" : $0.rule.id }
    if !rules.notes.isEmpty {
      let said = rules.notes.joined(separator: " / ")
      detail = detail.isEmpty ? said : "\(detail); \(said)"
    }
  }
}
