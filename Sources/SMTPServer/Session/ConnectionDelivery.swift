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
    if let response = policy.bounds.refusal(of: header) ?? refusal(ofUser: relaying.user, header, message) {
      logRefusal(response, stage: .message)
      return .refuse(response)
    }
    let examinations = policy.plan(for: facts.trust).message
    if !examinations.isEmpty {
      let facts = MessageFacts(
        mail: transaction.facts, recipients: transaction.recipients.map(\.recipient.path), header: header,
        message: message, bodyDigests: message.spool == nil ? nil : transaction.bodyWatch?.finish(),
        contentLimit: policy.bounds.content)
      transaction.evidence = facts.evidence
      transaction.add(begin(examinations, facts, at: .message))
    }
    return whenCertain(at: .message) { connection in
      guard let transaction = connection.transaction else { return nil }
      return connection.decide(message, header, transaction)
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

  private func decide(
    _ message: HeldMessage, _ header: MessageHeader, _ transaction: Transaction
  ) -> Answer? {
    let findings = (standing.isEmpty ? transaction.findings : standing + transaction.findings)
      .concerning(facts, at: .message)
    if let response = refusal(at: .message, findings) { return .refuse(response) }
    let decision = Decision(of: findings, at: .message, thresholds: policy.thresholds)
    let delivery = delivery(of: message, header, transaction, decision, findings)
    let began = Clock.monotonic
    transaction.isHandedOver = true
    // By a call, not by a task: a continuation comes back over another thread, for 15 µs a message.
    policy.backends.deliver(delivery, at: Clock.now) { outcome in
      self.whenWaiting { $0.delivered(outcome, delivery, decision, findings, began: began) }
    }
    return nil
  }

  /// Goes on at once on the event loop; a little later where the question is still being asked.
  private nonisolated func whenWaiting(_ next: @escaping @Sendable (isolated Connection) -> Void) {
    guard loop.inEventLoop, assumeIsolated({ $0.isWaiting }) else {
      return loop.execute { self.assumeIsolated { next($0) } }
    }
    assumeIsolated { next($0) }
  }

  private var isWaiting: Bool {
    if case .waiting = phase { true } else { false }
  }

  private func delivery(
    of message: HeldMessage, _ header: MessageHeader, _ transaction: Transaction, _ decision: Decision,
    _ findings: [WeighedFinding]
  ) -> Delivery {
    let identity = identity
    let sender = transaction.facts.sender
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    let only = transaction.recipients.count == 1 ? transaction.recipients.first?.recipient.path.mailbox : nil
    let date = Clock.now.rfc5322
    TraceHeader.write(
      into: &bytes, client: identity, hostname: policy.hostname, id: transaction.id,
      isInternationalized: transaction.facts.parameters.isInternationalized, recipient: only,
      date: date)
    let completion =
      policy.completion.concern(facts.trust)
      ? HeaderCompletion(policy.completion, id: transaction.id, hostname: policy.hostname, date: date) : nil
    let edit = HeaderEdit(
      message: message.memory, header: header, isFromOutside: facts.isStranger,
      servid: facts.trust.mayTellResults ? nil : policy.hostname, results: results(of: transaction),
      tag: decision.verdict == .tag ? decision : nil, findings: findings, tagging: policy.tagging,
      thresholds: policy.thresholds, completion: completion)
    bytes.append(contentsOf: edit.bytes)
    let isASCII =
      header.isASCII && !sender.isInternationalized
      && !transaction.recipients.contains { $0.path.isInternationalized }
    return Delivery(
      id: transaction.id, sender: sender, parameters: transaction.facts.parameters,
      recipients: transaction.recipients, client: identity, message: message, header: bytes,
      bodyStart: edit.bodyStart, isHeaderASCII: isASCII,
      isIdentifiable: header.contains("Date") && header.contains("Message-ID"),
      budget: policy.timeouts.verdict - .milliseconds(Clock.monotonic - transaction.contentEnded))
  }

  private func delivered(
    _ outcome: DeliveryOutcome, _ delivery: Delivery, _ decision: Decision, _ findings: [WeighedFinding],
    began: Int64
  ) {
    var event = Event(.accept, .info, at: Clock.now)
    event.id = delivery.id
    event.stage = .message
    describeClient(in: &event)
    event.helo = delivery.client.helo
    event.sender = delivery.sender.text
    event.recipients = delivery.recipients.map(\.recipient.path.text)
    event.octets = delivery.message.octets
    event.score = decision.score
    event.findings = findings
    event.unfinished = unfinished
    event.took = .milliseconds(Clock.monotonic - began)
    let answer: Answer
    switch outcome {
    case .delivered(let reply, let backend, let isRepeat):
      event.code = decision.verdict == .tag ? .messageTagged : .messageAccepted
      event.reply = reply
      event.backend = backend
      if isRepeat { event.detail = "repeat of a message that the backend has; not sent again" }
      answer = .proceedSaying(Response(.messageAccepted, reply: reply.withEnhancedCode))
      watch(delivery, reply)
      if decision.verdict == .accept, policy.greeting.waits, facts.isStranger, told == nil,
        facts.isAddressKnown
      {
        context.known.passed(facts.address, at: Clock.now)
      }
    case .refused(let reply, let backend):
      event.kind = reply.isPermanent ? .reject : .defer
      event.found = .message
      event.code = .backendRefused
      event.reply = reply
      event.backend = backend
      answer = .refuse(Response(.backendRefused, reply: reply.withEnhancedCode))
    case .unavailable(let reason, let detail, let backend):
      event.kind = .defer
      event.severity = .warning
      event.found = .message
      event.code = reason
      event.backend = backend
      event.detail = detail
      let response = Response(
        policy.catalogue[reason]?.reply == nil ? .backendUnavailable : reason, variables())
      event.reply = policy.catalogue.reply(response)
      answer = .refuse(response)
    }
    context.events.record(event)
    if isGone {
      replyWasLost()
      abandonInquiries()
      return endTransaction()
    }
    resume(answer)
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

extension Trust {
  /// Whether results of authentication in our name may come from there: from a server of ours, never from a user.
  fileprivate var mayTellResults: Bool {
    switch self {
    case .network, .certificate: true
    case .none, .user: false
    }
  }
}
