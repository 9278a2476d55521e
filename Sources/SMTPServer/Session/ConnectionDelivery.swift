import Bytes
import Filtering
import MailSyntax
import NIOCore
import SMTPProtocol
import Storage

/// From the last octet to the final reply: judge, hand over, pass the backend's answer on.
extension Connection {
  func considerMessage() -> Answer? {
    guard let transaction, let intake = transaction.intake else {
      return .refuse(Response(.internalFault, variables()))
    }
    transaction.contentEnded = Clock.monotonic
    if var decoder = transaction.decoder {
      let before = intake.buffer.count
      decoder.finishCounted(into: &intake.buffer)
      transaction.bodyWatch?.saw(intake.buffer, from: before)
      transaction.decoder = decoder
      if let fault = decoder.fault {
        intake.abandon()
        let response = Response(fault.reason)
        logRefusal(response, stage: .message)
        return .refuse(response)
      }
    }
    transaction.isComplete = true
    switch intake.finish(octets: transaction.octets, on: loop) {
    case .held(let message): return judge(message, transaction)
    case .full(let reason):
      let response = Response(reason, variables())
      logRefusal(response, stage: .message)
      return .refuse(response)
    case .wait(let future):
      let id = transaction.id
      future.whenComplete { result in
        self.assumeIsolated { $0.finished(result, id) }
      }
      return nil
    }
  }

  private func finished(_ result: Result<HeldMessage, any Error>, _ id: String) {
    guard let transaction, transaction.id == id else { return }
    switch result {
    case .success(let message):
      if let answer = judge(message, transaction) { resume(answer) }
    case .failure(let fault):
      let response = Response(.limitSpool, variables())
      logRefusal(response, stage: .message, detail: "\(fault)")
      resume(.refuse(response))
    }
  }

  private func judge(_ message: HeldMessage, _ transaction: Transaction) -> Answer? {
    let header = MessageHeader(message.memory)
    return unlessTaken(message, header, transaction) { connection, transaction in
      connection.examine(message, header, transaction)
    }
  }

  private func examine(_ message: HeldMessage, _ header: MessageHeader, _ transaction: Transaction) -> Answer?
  {
    if let response = policy.bounds.refusal(of: header) ?? refusal(ofUser: relaying.user, header, message) {
      logRefusal(response, stage: .message)
      return .refuse(response)
    }
    let examinations = policy.plan(for: facts.trust).message
    let hasRules = transaction.governed.contains { !$0.rules.isEmpty }
    let matter = MessageFacts(
      mail: transaction.facts, recipients: transaction.recipients.map(\.recipient.path), header: header,
      message: message, bodyDigests: message.spool == nil ? nil : transaction.bodyWatch?.finish(),
      contentLimit: policy.bounds.content)
    if !examinations.isEmpty { transaction.add(begin(examinations, matter, at: .message)) }
    let id = transaction.id
    return whenCertain(at: .message) { connection in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      return hasRules
        ? connection.askRules(matter, transaction) : connection.conclude(matter, transaction, rules: nil)
    }
  }

  /// What a user says in From and Sender has to be his own.
  private func refusal(ofUser user: AuthenticatedUser?, _ header: MessageHeader, _ message: HeldMessage)
    -> Response?
  {
    guard let user, let fault = policy.relay.rights.fault(in: header, of: message.memory, user: user) else {
      return nil
    }
    var variables = variables()
    variables.reason = fault.address
    return Response(fault.reason, variables)
  }

  /// What was found about a message, in the modes of a recipient's policy.
  private func findings(_ transaction: Transaction, under own: RecipientPolicy) -> [WeighedFinding] {
    (standing.isEmpty ? transaction.findings : standing + transaction.findings)
      .concerning(facts, at: .message).under(own)
  }

  /// Asks the rules, where nothing stands against or for the message that comes before them.
  private func askRules(_ matter: MessageFacts, _ transaction: Transaction) -> Answer? {
    let governed = transaction.governed
    let isOpen = governed.contains { one in
      !one.rules.isEmpty && findings(transaction, under: one.policy).leavesToRules(at: .message)
    }
    guard isOpen else { return conclude(matter, transaction, rules: nil) }
    guard governed.contains(where: \.rules.waitsAtMessage) else { return askRulesNow(matter, transaction) }
    let id = transaction.id
    return whenSettled(at: .message) { connection in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      return connection.askRulesNow(matter, transaction)
    }
  }

  private func askRulesNow(_ matter: MessageFacts, _ transaction: Transaction) -> Answer? {
    let ruled = zip(transaction.recipients, transaction.governed).map { routed, one in
      RuledRecipient(
        path: routed.recipient.path, set: one.rules, early: one.early,
        findings: findings(transaction, under: one.policy))
    }
    let rules = policy.rules
    let id = transaction.id
    return awaiting {
      await rules.judge(matter, for: ruled, keepsTrace: false)
    } then: { connection, outcomes in
      guard let transaction = connection.transaction, transaction.id == id else { return nil }
      return connection.conclude(matter, transaction, rules: outcomes)
    }
  }

  /// Decides for each recipient, and says or does what that comes to.
  private func conclude(
    _ matter: MessageFacts, _ transaction: Transaction, rules: [RuleOutcome]?
  ) -> Answer? {
    var verdicts: [RecipientVerdict] = []
    var last: (own: RecipientPolicy, outcome: RuleOutcome?, verdict: RecipientVerdict)?
    for (place, one) in transaction.governed.enumerated() {
      let outcome = rules.flatMap { place < $0.count ? $0[place] : nil }
      // Nearly always they are all alike.
      if let last, last.own === one.policy, last.outcome === outcome {
        verdicts.append(last.verdict)
        continue
      }
      let verdict = verdict(one.policy, outcome, transaction)
      last = (one.policy, outcome, verdict)
      verdicts.append(verdict)
    }
    let answersEach = repliesEach && verdicts.count > 1
    let disposition = Disposition(
      verdicts, addresses: transaction.recipients.map(\.recipient.path.mailbox), answersEach: answersEach)
    guard let speaking = disposition.speaker(among: verdicts) else {
      return .refuse(Response(.internalFault, variables()))
    }
    // Logs the refusal, or what is in shadow.
    let refusal = refusal(by: verdicts[speaking])
    if let refusal {
      guard answersEach else { return .refuse(refusal) }
      return .proceedEach(verdicts.indices.map { refusalOfOne($0, verdicts[$0], transaction) }, refusal)
    }
    return carryOut(disposition, verdicts, matter, transaction, answersEach: answersEach)
  }

  private func verdict(_ own: RecipientPolicy, _ outcome: RuleOutcome?, _ transaction: Transaction)
    -> RecipientVerdict
  {
    var found = findings(transaction, under: own)
    if let most = own.messageSize, transaction.octets > most {
      found.append(
        WeighedFinding(
          Finding(.messageTooLarge, reason: "\(most)"), weight: Weight(0, .limit), mode: .enforce,
          found: .message, enforceAt: .message, audience: .everyone))
    }
    let all = outcome.map { found + $0.findings.concerning(facts, at: .message) } ?? found
    return RecipientVerdict(
      decision: Decision(of: all, at: .message, thresholds: own.thresholds, rules: outcome),
      outcome: outcome, policy: own, findings: all)
  }

  /// Goes on at once on the event loop; a little later where the question is still being asked.
  nonisolated func whenWaiting(_ next: @escaping @Sendable (isolated Connection) -> Void) {
    guard loop.inEventLoop, assumeIsolated({ $0.isWaiting }) else {
      return loop.execute { self.assumeIsolated { next($0) } }
    }
    assumeIsolated { next($0) }
  }

  var isWaiting: Bool {
    if case .waiting = phase { true } else { false }
  }

  var isGone: Bool {
    if case .gone = phase { true } else { false }
  }

  func endTransaction() {
    transaction?.intake?.abandon()
    transaction?.abandonInquiries()
    transaction = nil
    returnToPeer()
  }
}
