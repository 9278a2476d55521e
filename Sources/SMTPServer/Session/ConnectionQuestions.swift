import Bytes
import Filtering
import MailSyntax
import NetAddress
import SMTPProtocol

/// The answers to the machine's questions: first what no list can lift (limits, relay control), then the
/// checks, then whether the backend knows the recipient.
extension Connection {
  /// The answer, or nil where it is being sought and `resume` will bring it.
  func consider(_ question: Question) -> Answer? {
    switch question {
    case .connect: return considerConnection()
    case .hello(let hello): return considerHello(hello)
    case .mail(let sender, let parameters): return considerSender(sender, parameters)
    case .recipient(let recipient): return considerRecipient(recipient)
    case .content: return considerContent()
    case .message: return considerMessage()
    case .verify(let path): return considerVerify(path)
    case .startTLS: return considerTLS()
    case .authenticate(let mechanism, let initial): return considerLogin(mechanism, initial)
    case .authenticationResponse(let response): return considerResponse(response)
    case .client(let attributes): return considerClient(attributes)
    case .forward: return .proceed
    }
  }

  // MARK: Greeting

  private func considerHello(_ hello: Hello) -> Answer? {
    lastHello = hello
    greetings += 1
    // Each one has questions about its name; nobody greets so often in earnest.
    if greetings > Self.mostGreetings, facts.isStranger {
      let response = Response(.limitCommands, variables())
      logRefusal(response, stage: .hello, detail: "\(greetings) greetings without a message")
      return .close(response)
    }
    // A second EHLO replaces what was found about the first.
    forgetHello()
    beginAboutHello(self.hello(hello))
    return whenCertain(at: .hello) { connection in
      connection.refusal(at: .hello, connection.standing).map { Answer.refuse($0) } ?? .proceed
    }
  }

  private static let mostGreetings = 20

  func forgetHello() {
    aboutHello.inquiry?.abandon()
    aboutHello = .nothing
  }

  // MARK: Sender

  private func considerSender(_ sender: Path, _ parameters: MailParameters) -> Answer? {
    guard let said = session.hello else { return .refuse(Response(.commandOrder)) }
    if context.isDraining { return .close(Response(.shuttingDown)) }
    adoptForwarded()
    let now = Clock.monotonic
    if let answer = refusalOfBlocked(at: .mail, now, sender: sender) { return answer }
    if let reason = context.admission.message(
      facts.address, isRelayNetwork: !facts.isStranger, at: now)
    {
      let response = Response(reason, variables(sender: sender))
      logRefusal(response, stage: .mail, sender: sender)
      return .refuse(response)
    }
    if let reason = refusal(ofUserSending: sender, at: now) {
      let response = Response(reason, variables(sender: sender))
      logRefusal(response, stage: .mail, sender: sender)
      return .refuse(response)
    }
    let hello = hello(said)
    if told?.peer == nil { askAgain(hello) }
    let mail = MailFacts(
      connect: facts, hello: hello, sender: sender, parameters: parameters, time: Clock.now)
    return told?.peer == nil ? examine(mail, at: now) : examineForwarded(mail, at: now)
  }

  /// Why a user who logged in may not send this now; nil for everybody else.
  private func refusal(ofUserSending sender: Path, at now: Int64) -> ReasonCode? {
    guard let user = relaying.user else { return nil }
    guard policy.relay.rights.mayUse(user, sender: sender) else { return .senderNotYours }
    return context.users.message(
      user.name, at: now, under: policy.recipients.policy(forLogin: user.name).rates)
  }

  private func examine(_ mail: MailFacts, at now: Int64) -> Answer? {
    let found = begin(policy.plan(for: facts.trust).mail, mail, at: .mail)
    greetings = 0
    transaction = Transaction(id: context.newID(), facts: mail, began: now, found: found)
    return whenCertain(at: .mail) { connection in
      guard let transaction = connection.transaction else { return nil }
      let findings = transaction.findings
      let standing = connection.standing
      guard let response = connection.refusal(at: .mail, standing.isEmpty ? findings : standing + findings)
      else {
        return .proceed
      }
      transaction.abandonInquiries()
      connection.transaction = nil
      return .refuse(response)
    }
  }

  /// The checks on connection and greeting have not seen the client that XFORWARD told.
  private func examineForwarded(_ mail: MailFacts, at now: Int64) -> Answer? {
    beginAboutClient()
    beginAboutHello(mail.hello)
    return examine(mail, at: now)
  }

  // MARK: Recipient

  private func considerRecipient(_ recipient: Envelope.Recipient) -> Answer? {
    guard let transaction else { return .refuse(Response(.commandOrder)) }
    transaction.asked.inquiry?.abandon()
    transaction.asked = .nothing
    if let answer = refusalOfBlocked(at: .recipient, Clock.monotonic, recipient: recipient.path) {
      return answer
    }
    let isOurs = policy.relay.isOurs(recipient.path)
    if !isOurs, !policy.relay.mayRelay(relaying, sender: transaction.facts.sender) {
      let response = Response(.relayDenied, variables(recipient: recipient.path))
      logRefusal(response, stage: .recipient, recipient: recipient.path)
      return refuseRecipient(response)
    }
    if let user = relaying.user {
      let counted = context.users.recipient(
        user.name, from: facts.address, at: Clock.monotonic, time: Clock.now,
        under: policy.recipients.policy(forLogin: user.name).rates)
      if let alarm = counted.alarm { context.events.record(alarm) }
      if let reason = counted.refusal {
        let response = Response(reason, variables(recipient: recipient.path))
        logRefusal(response, stage: .recipient, recipient: recipient.path)
        return refuseRecipient(response)
      }
    }
    let governed = governing(recipient.path)
    transaction.asking = governed
    if let response = refusal(by: governed.policy, of: recipient.path, transaction) {
      logRefusal(response, stage: .recipient, recipient: recipient.path)
      return refuseRecipient(response)
    }
    let facts = RecipientFacts(
      mail: transaction.facts, recipient: recipient.path, taken: transaction.recipients.count)
    transaction.asked = begin(policy.plan(for: self.facts.trust).recipient, facts, at: .recipient)
    return whenCertain(at: .recipient) { connection in
      guard let transaction = connection.transaction else { return nil }
      return connection.judge(facts, recipient, isOurs: isOurs, transaction)
    }
  }

  private func judge(
    _ facts: RecipientFacts, _ recipient: Envelope.Recipient, isOurs: Bool, _ transaction: Transaction
  ) -> Answer? {
    let found = transaction.asked.findings
    let findings = standing + transaction.findings + found
    if let response = refusal(
      at: .recipient, findings, recipient: recipient.path, under: transaction.asking?.policy)
    {
      blockTrapped(found)
      let spoils = found.contains {
        $0.finding.code == response.reason && Self.spoilsTransaction.contains(response.reason)
      }
      return spoils ? .refuseTransaction(response) : refuseRecipient(response)
    }
    if let response = refusalOfGroup(recipient.path, transaction) { return refuseRecipient(response) }
    return askRules(facts, transaction) { connection in
      guard let transaction = connection.transaction else { return nil }
      return connection.admit(recipient, isOurs: isOurs, transaction)
    }
  }

  private func admit(_ recipient: Envelope.Recipient, isOurs: Bool, _ transaction: Transaction) -> Answer? {
    if let response = refusalOfArrival(recipient.path, transaction) {
      logRefusal(response, stage: .recipient, recipient: recipient.path)
      return refuseRecipient(response)
    }
    guard let routed = route(recipient, isOurs: isOurs, transaction) else {
      let response = Response(.backendUnavailable, variables(recipient: recipient.path))
      logRefusal(
        response, stage: .recipient, recipient: recipient.path, detail: "no backend takes this domain")
      return refuseRecipient(response)
    }
    if let first = transaction.recipients.first, first.route != routed.route {
      let response = Response(.recipientRoute, variables(recipient: recipient.path))
      logRefusal(response, stage: .recipient, recipient: recipient.path)
      return refuseRecipient(response)
    }
    return verify(routed, isOurs: isOurs, transaction)
  }

  /// Findings after which nothing of the transaction may be delivered (RFC 5321 §4.5.5 for the null sender).
  private static let spoilsTransaction: Set<ReasonCode> = [.nullSenderRecipients, .recipientTrap]

  /// The refusal of a recipient; a transaction remembers when one was for now only.
  func refuseRecipient(_ response: Response) -> Answer {
    if policy.catalogue.reply(response).isTransient { transaction?.hasDeferral = true }
    // What was found about a recipient that is not one is no part of the transaction.
    transaction?.asked.inquiry?.abandon()
    transaction?.asked = .nothing
    return .refuse(response)
  }

  /// The end of a session whose client was blocked meanwhile, by what it did here or beside; nil for the others.
  private func refusalOfBlocked(
    at stage: Stage, _ now: Int64, sender: Path? = nil, recipient: Path? = nil
  ) -> Answer? {
    guard facts.isStranger, let because = context.admission.blocked(facts.address, at: now) else {
      return nil
    }
    let response = Response(.clientBlocked, variables(sender: sender, recipient: recipient))
    logRefusal(response, stage: stage, sender: sender, recipient: recipient, detail: because)
    return .close(response)
  }

  private func route(
    _ recipient: Envelope.Recipient, isOurs: Bool, _ transaction: Transaction
  ) -> RoutedRecipient? {
    let own = isOurs ? policy.routes.route(recipient) : nil
    if relaying.isStranger { return own }
    // Who may relay never reads 452 for a route: their message follows the first recipient's.
    if let first = transaction.recipients.first {
      return RoutedRecipient(
        recipient, route: first.route, rewritten: own?.route == first.route ? own?.rewritten : nil)
    }
    return own ?? policy.routes.outward.map { RoutedRecipient(recipient, route: $0) }
  }

  private func verify(
    _ routed: RoutedRecipient, isOurs: Bool, _ transaction: Transaction
  ) -> Answer? {
    let query = RecipientQuery(
      recipient: routed, sender: transaction.facts.sender, parameters: transaction.facts.parameters,
      client: identity, isOutside: !isOurs)
    let now = Clock.now
    if let answer = policy.backends.remembered(query, at: now) {
      return self.answer(answer, routed, transaction)
    }
    if routed.recipient.path.domain == nil {
      // The bare postmaster is always taken (RFC 5321 §4.5.1), whatever a probe would say.
      take(routed, transaction)
      return .proceed
    }
    let relay = policy.backends
    Task {
      let answer = await relay.ask(query, at: now)
      guard let transaction = self.transaction else { return }
      self.resume(self.answer(answer, routed, transaction))
    }
    return nil
  }

  private func answer(
    _ answer: RecipientAnswer, _ routed: RoutedRecipient, _ transaction: Transaction
  ) -> Answer {
    let path = routed.recipient.path
    switch answer {
    case .known:
      take(routed, transaction)
      return .proceed
    case .refused(let reply, let isUnknown):
      let reason: ReasonCode = isUnknown ? .recipientUnknown : .recipientRefused
      if isUnknown,
        context.admission.unknownRecipient(
          facts.address, isRelayNetwork: !facts.isStranger, at: Clock.monotonic)
      {
        let end = Response(.limitUnknownRecipients, variables())
        logRefusal(end, stage: .recipient, recipient: path, detail: "unknown as well: \(reply.summary)")
        return .close(end)
      }
      let response = Response(reason, reply: reply.withEnhancedCode)
      logRefusal(response, stage: .recipient, recipient: path)
      return refuseRecipient(response)
    case .unavailable(let detail):
      let response = Response(.recipientUnavailable, variables(recipient: path))
      logRefusal(response, stage: .recipient, recipient: path, detail: detail)
      return refuseRecipient(response)
    }
  }

  private func take(_ routed: RoutedRecipient, _ transaction: Transaction) {
    transaction.recipients.append(routed)
    transaction.governed.append(transaction.asking ?? governing(routed.recipient.path))
    transaction.add(transaction.asked)
    transaction.asked = .nothing
  }

  /// Who wrote to a trap is not heard for a while.
  private func blockTrapped(_ found: [WeighedFinding]) {
    // Abuse: the address of a server in front would be that of all whom it does not know.
    guard facts.isStranger, facts.isAddressKnown,
      let trap = found.first(where: { $0.finding.code == .recipientTrap && $0.mode == .enforce })
    else { return }
    context.admission.blockForTrap(facts.address, because: trap.finding.reason, at: Clock.monotonic)
  }

  // MARK: Content, VRFY

  private func considerContent() -> Answer? {
    if context.isDraining { return .close(Response(.shuttingDown)) }
    if let reason = context.intake.refusesNow() {
      let response = Response(reason, variables())
      logRefusal(response, stage: .message)
      return .refuse(response)
    }
    return .proceed
  }

  /// VRFY tells relay networks only, and only what is remembered.
  private func considerVerify(_ path: Path) -> Answer? {
    guard facts.isRelayNetwork, policy.relay.isOurs(path), let hello = session.hello,
      let routed = policy.routes.route(Envelope.Recipient(path: path))
    else { return .proceed }
    let query = RecipientQuery(
      recipient: routed, sender: .null, parameters: .none,
      client: identity(self.hello(hello)))
    switch policy.backends.remembered(query, at: Clock.now) {
    case .known: return .proceedSaying(Response(.verifyKnown, variables(recipient: path)))
    case .refused(let reply, true): return .refuse(Response(.recipientUnknown, reply: reply.withEnhancedCode))
    default: return .proceed
    }
  }
}
