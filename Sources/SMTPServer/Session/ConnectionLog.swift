import Bytes
import Filtering
import MailSyntax
import SMTPProtocol

/// What the session says to the sinks, and the refusals that decisions come to.
extension Connection {
  /// The client as the backend is told.
  var identity: ClientIdentity { identity(transaction?.facts.hello ?? session.hello.map(hello)) }

  func identity(_ hello: Hello?) -> ClientIdentity {
    var identity = ClientIdentity(
      address: facts.address, port: facts.port, name: facts.knownName, helo: hello?.name ?? "",
      isExtended: hello?.isExtended ?? false)
    identity.isAddressKnown = facts.isAddressKnown
    identity.connection = number
    identity.login = facts.user?.name
    if let tls = facts.tls {
      let certificate = tls.certificate
      identity.tls = ClientIdentity.TLS(
        version: tls.version, cipher: tls.cipher,
        subject: certificate?.isVerified == true ? certificate?.subject ?? "" : "")
    }
    return identity
  }

  /// The client in a log line.
  func describeClient(in event: inout Event) {
    if facts.isAddressKnown { event.client = facts.address } else { event.via = facts.address }
    event.clientName = facts.knownName
    event.tls = facts.tls
    event.user = facts.user?.name
  }

  func variables(sender: Path? = nil, recipient: Path? = nil) -> ReplyVariables {
    var variables = ReplyVariables()
    variables.client = facts.knownAddress?.description ?? "unknown"
    variables.sender = (sender ?? transaction?.facts.sender)?.text.printable(limit: 254) ?? ""
    variables.recipient = recipient?.text.printable(limit: 254) ?? ""
    variables.id = transaction?.id ?? id
    return variables
  }

  /// The response with what the session knows put in where its text asks for it and it was not given: an admin's
  /// text may use every variable everywhere.
  func completed(_ response: Response) -> Response {
    guard response.reply == nil, !policy.catalogue.isFixed(response.reason) else { return response }
    let known = variables()
    var variables = response.variables
    if variables.client.isEmpty { variables.client = known.client }
    if variables.sender.isEmpty { variables.sender = known.sender }
    if variables.id.isEmpty { variables.id = known.id }
    return Response(response.reason, variables)
  }

  /// DATA after recipients of which some were deferred: the client is to come again.
  func standIn(for response: Response) -> Response {
    guard response.reason == .noRecipients, transaction?.hasDeferral == true else { return response }
    return Response(.recipientsDeferred, response.variables)
  }

  /// The refusal that the findings come to at this stage, logged; nil where they let pass.
  ///
  /// - Parameters:
  ///   - own: by what it is decided; nil: as for everybody.
  ///   - rules: what the rules said, whose findings stand among the others; nil where they were not asked.
  func refusal(
    at stage: Stage, _ findings: [WeighedFinding], recipient: Path? = nil, under own: RecipientPolicy? = nil,
    rules: RuleOutcome? = nil
  ) -> Response? {
    let own = own ?? policy.recipients.standard
    let findings = findings.concerning(facts, at: stage).under(own)
    let late = takeLate()
    guard !findings.isEmpty || rules != nil else { return nil }
    let decision = Decision(of: findings, at: stage, thresholds: own.thresholds, rules: rules)
    guard decision.isRefusal else {
      noteShadows(findings, late: late, at: stage, recipient: recipient, own.thresholds)
      return nil
    }
    return refusal(decision, at: stage, findings, recipient: recipient, rules: rules)
  }

  /// The refusal of a message that was decided for the recipient whose verdict all are told, logged; nil where that lets
  /// pass.
  func refusal(by verdict: RecipientVerdict) -> Response? {
    let late = takeLate()
    guard verdict.isRefusal else {
      noteShadows(
        verdict.findings, late: late, at: .message, recipient: nil, verdict.policy.thresholds)
      return nil
    }
    return refusal(
      verdict.decision, at: .message, verdict.findings, recipient: nil, rules: verdict.outcome)
  }

  /// The refusal that was decided, logged.
  private func refusal(
    _ decision: Decision, at stage: Stage, _ findings: [WeighedFinding], recipient: Path?, rules: RuleOutcome?
  ) -> Response {
    var variables = variables(recipient: recipient)
    variables.take(decision.speaker(among: findings))
    let reply = decision.reply(at: stage, in: policy.catalogue, variables)
    let response = Response(decision.reason, variables, reply: reply)
    var event = event(
      decision.verdict == .defer ? .defer : .reject, stage: stage, response, recipient: recipient)
    // Where the score decided it was the last weight that brought it about.
    event.found = decision.decisive?.found ?? findings.last { $0.mode == .enforce }?.found ?? stage
    event.score = decision.score
    event.findings = findings
    event.unfinished = unfinished
    event.took = waited.map { .milliseconds($0) }
    event.detail = decision.decisive?.finding.list ?? ""
    event.tell(rules, decision)
    context.events.record(event)
    return response
  }

  /// One line where a check in shadow mode would have refused at this stage what nothing else refused: by its own
  /// ruling, or with what earlier stages found.
  private func noteShadows(
    _ findings: [WeighedFinding], late: [WeighedFinding], at stage: Stage, recipient: Path?,
    _ thresholds: Thresholds
  ) {
    let isNew: (WeighedFinding) -> Bool = { $0.found == stage || late.contains($0) }
    guard findings.contains(where: { $0.mode == .shadow && isNew($0) }) else { return }
    let alone = Self.asIfEnforced(findings, where: isNew)
    var decision = Decision(of: alone, at: .message, thresholds: thresholds)
    if decision.verdict != .reject, decision.verdict != .defer {
      decision = Decision(
        of: Self.asIfEnforced(findings) { _ in true }, at: .message, thresholds: thresholds)
    }
    guard decision.verdict == .reject || decision.verdict == .defer else { return }
    var event = event(.shadow, stage: stage, nil, recipient: recipient)
    event.code = decision.reason
    event.found = decision.decisive?.found ?? stage
    event.score = decision.score
    event.findings = findings
    event.detail = "would have been refused"
    context.events.record(event)
  }

  private static func asIfEnforced(_ findings: [WeighedFinding], where isMeant: (WeighedFinding) -> Bool)
    -> [WeighedFinding]
  {
    findings.map { finding in
      guard finding.mode == .shadow, isMeant(finding) else { return finding }
      return finding.inMode(.enforce)
    }
  }

  /// A line for a refusal that no finding decided: relay control, limits, recipients, content.
  func logRefusal(
    _ response: Response, stage: Stage, sender: Path? = nil, recipient: Path? = nil, detail: String = ""
  ) {
    let response = completed(response)
    var event = event(kind(of: response), stage: stage, response, recipient: recipient)
    event.found = stage
    if let sender { event.sender = sender.text }
    weigh(&event)
    event.detail = detail
    context.events.record(event)
  }

  private func kind(of response: Response) -> Event.Kind {
    if response.reason.name.hasPrefix("LIMIT_") || response.reason == .overload { return .limit }
    return policy.catalogue.reply(response).isPermanent ? .reject : .defer
  }

  private func weigh(_ event: inout Event) {
    let own = policy.recipients.standard
    event.findings = (standing + (transaction?.findings ?? [])).under(own)
    event.score = Decision(of: event.findings, at: .message, thresholds: own.thresholds).score
  }

  /// A line for what the machine itself refused: a limit, a message, or a mistake in the dialogue. What merely
  /// goes on is not logged.
  func logMistake(_ response: Response) {
    guard let reason = policy.catalogue[response.reason], reason.severity != .notice else { return }
    let isLimit = response.reason.name.hasPrefix("LIMIT_")
    guard isLimit || Self.refusalsOfMail.contains(response.reason) else {
      var event = event(.session, stage: nil, response)
      // The recipients taken so far have no part in a mistake.
      event.recipients = response.variables.recipient.isEmpty ? [] : [response.variables.recipient]
      context.events.record(event)
      return
    }
    // DATA after every recipient was refused is about the message.
    let stage =
      [.noRecipients, .recipientsDeferred, .transactionSpoiled].contains(response.reason)
      ? .message : standsAt
    var event = event(kind(of: response), stage: stage, response)
    event.found = stage
    if event.sender == nil, !response.variables.sender.isEmpty { event.sender = response.variables.sender }
    if !response.variables.recipient.isEmpty { event.recipients = [response.variables.recipient] }
    weigh(&event)
    context.events.record(event)
  }

  /// What the machine says when it refuses mail, and not a form.
  private static let refusalsOfMail: Set<ReasonCode> = [
    .messageTooLarge, .noRecipients, .recipientsDeferred, .transactionSpoiled, .senderNotQualified,
    .recipientNotQualified, .internationalizedAddress,
  ]

  /// The stage that the dialogue has come to.
  private var standsAt: Stage {
    guard let transaction else { return (session.hello ?? lastHello) == nil ? .hello : .mail }
    return transaction.contentBegan == 0 ? .recipient : .message
  }

  func event(_ kind: Event.Kind, stage: Stage?, _ response: Response?, recipient: Path? = nil) -> Event {
    var event = Event(kind, .info, at: Clock.now)
    event.id = transaction?.id ?? id
    event.stage = stage
    describeClient(in: &event)
    event.helo = (session.hello ?? lastHello).map { hello($0).name } ?? ""
    event.sender = transaction?.facts.sender.text
    if let recipient {
      event.recipients = [recipient.text]
    } else if let transaction, stage == .message || stage == nil {
      event.recipients = transaction.recipients.map(\.recipient.path.text)
    }
    if let response {
      event.code = response.reason
      event.reply = policy.catalogue.reply(response)
    }
    return event
  }
}
