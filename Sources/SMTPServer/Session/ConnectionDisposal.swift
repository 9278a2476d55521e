import Bytes
import Filtering
import MailSyntax
import MessageViews
import NIOCore
import SMTPProtocol

/// A message that is taken, on its way to where it goes.
struct Disposal: Sendable {
  let disposition: Disposition
  let verdicts: [RecipientVerdict]
  let recipients: [RoutedRecipient]
  let matter: MessageFacts
  let id: String
  let answersEach: Bool
  /// Monotonic milliseconds at which it began.
  let began: Int64
  /// Parts that the backend is not given now, put away together.
  var waiting: [WaitingPart] = []

  /// Whether what is put away counts only if the backend takes its part.
  var isProvisional: Bool { !disposition.shares.isEmpty }

  var sent: SentMessage {
    SentMessage(
      sender: matter.mail.sender, recipients: recipients.map(\.recipient.path), message: matter.message,
      header: matter.header)
  }
}

/// What becomes of a message that is not refused: to the backend, into the quarantine, into the outbox, or away. The
/// client reads 250 when each of them has it.
extension Connection {
  func carryOut(
    _ disposition: Disposition, _ verdicts: [RecipientVerdict], _ matter: MessageFacts,
    _ transaction: Transaction, answersEach: Bool
  ) -> Answer? {
    let disposal = Disposal(
      disposition: disposition, verdicts: verdicts, recipients: transaction.recipients, matter: matter,
      id: transaction.id, answersEach: answersEach, began: Clock.monotonic)
    transaction.isHandedOver = true
    let waits =
      !disposition.holds.isEmpty || !disposition.legs.isEmpty || disposition.shares.count > 1
    guard waits else { return deliver(disposal) }
    guard let store = context.waiting else {
      return finish(disposal, .notKept(.unavailable("there is no state folder to keep it in")))
    }
    // For listing; rules have read them already.
    return awaiting {
      await matter.views()
    } then: { connection, views in
      var disposal = disposal
      disposal.waiting = connection.parts(disposal, views)
      connection.keep(disposal, in: store)
      return nil
    }
  }

  // MARK: Putting away

  /// What is put away, one form of the message after the other.
  private func parts(_ disposal: Disposal, _ views: MessageViews) -> [WaitingPart] {
    var parts: [WaitingPart] = []
    let terms = policy.waiting
    let now = Clock.now
    let subject = views.header("Subject").first?.text ?? ""
    let from = views.header("From").first?.text ?? ""
    func add(
      _ verdict: RecipientVerdict, _ places: [Int], isTagged: Bool, held: QuarantineOrder?,
      legs: [OutboxOrder]
    ) {
      let id = parts.isEmpty ? disposal.id : "\(disposal.id)-\(parts.count + 1)"
      let delivery = delivery(disposal, verdict, places, isTagged: isTagged)
      parts.append(
        WaitingPart(
          message: WaitingMessage(delivery, id: id, received: now, subject: subject, from: from), held: held,
          legs: legs))
    }
    for hold in disposal.disposition.holds {
      let order = QuarantineOrder(
        folder: hold.folder, recipients: hold.recipients.map { disposal.recipients[$0].recipient },
        expires: now + terms.quarantineLifetime, score: hold.verdict.decision.score, code: hold.code,
        rule: hold.verdict.decision.rule?.id ?? "",
        findings: hold.verdict.findings.map(\.logForm).joined(separator: ","))
      // Whoever releases it has found it good.
      add(hold.verdict, hold.recipients, isTagged: false, held: order, legs: [])
    }
    let hops = WaitingMark.hops(in: disposal.matter.header)
    func leg(_ kind: LegKind, _ recipient: Envelope.Recipient, from sender: Path) -> OutboxOrder {
      // What goes to those it was sent to is not handed on.
      let isOwn = kind == .delivery
      let mark = WaitingMark.handedOn(kind, by: policy.hostname, id: disposal.id, date: now.rfc5322)
      return OutboxOrder(
        kind: kind, sender: sender, recipient: recipient, header: isOwn ? [] : mark, hops: isOwn ? 0 : hops,
        expires: now + terms.outboxLifetime)
    }
    for other in disposal.disposition.shares.dropFirst() {
      let sender = disposal.matter.mail.sender
      add(
        other.verdict, other.recipients, isTagged: other.verdict.decision.verdict == .tag, held: nil,
        legs: other.recipients.map { leg(.delivery, disposal.recipients[$0].recipient, from: sender) })
    }
    for (place, legs) in Dictionary(grouping: disposal.disposition.legs, by: \.recipient).sorted(by: {
      $0.key < $1.key
    }) {
      let verdict = disposal.verdicts[place]
      let own = disposal.recipients[place].recipient.path
      // What comes back comes to whose rule sent it on, and never to a stranger; what comes back to nobody does not.
      let sender = disposal.matter.mail.sender.isNull ? Path.null : own
      var orders: [OutboxOrder] = []
      var lost: [String] = []
      for one in legs {
        if let path = one.path {
          orders.append(leg(one.kind, Envelope.Recipient(path: path), from: sender))
        } else {
          lost.append(one.address)
        }
      }
      // Where a rule's text came out as no address the message must not be lost for it.
      let order =
        lost.isEmpty
        ? nil
        : QuarantineOrder(
          folder: .undeliverable, recipients: [disposal.recipients[place].recipient],
          expires: now + terms.quarantineLifetime, score: verdict.decision.score, code: .ruleRedirect,
          rule: verdict.decision.rule?.id ?? "",
          findings: "no address: \(lost.joined(separator: " ").printable(limit: 400))")
      add(verdict, [place], isTagged: verdict.decision.verdict == .tag, held: order, legs: orders)
    }
    return parts
  }

  private func keep(_ disposal: Disposal, in store: any WaitingMail) {
    store.keep(disposal.waiting, isProvisional: disposal.isProvisional) { result in
      self.whenWaiting { connection in
        let answer =
          switch result {
          case .success: connection.deliver(disposal)
          case .failure(let fault): connection.finish(disposal, .notKept(fault))
          }
        if let answer { connection.endedWith(answer) }
      }
    }
  }

  /// Nothing of it counts.
  private func withdraw(_ disposal: Disposal, from store: any WaitingMail) {
    let events = context.events
    store.withdraw(disposal.waiting.map(\.message.id)) { result in
      guard case .failure(let fault) = result else { return }
      var event = Event.system(.warning, fault.reason, "\(disposal.id): \(fault.detail)", at: Clock.now)
      event.id = disposal.id
      events.record(event)
    }
  }

  // MARK: To the backend

  private func deliver(_ disposal: Disposal) -> Answer? {
    guard let share = disposal.disposition.shares.first else { return confirm(disposal, nil) }
    let delivery = delivery(
      disposal, share.verdict, share.recipients, isTagged: share.verdict.decision.verdict == .tag)
    // By a call, not by a task: a continuation comes back over another thread, for 15 µs a message.
    policy.backends.deliver(delivery, at: Clock.now) { outcome in
      self.whenWaiting { connection in
        let ended = HandedOver(delivery: delivery, outcome: outcome)
        if let answer = connection.confirm(disposal, ended) { connection.endedWith(answer) }
      }
    }
    return nil
  }

  /// The backend has spoken: what was put away counts, or does not.
  private func confirm(_ disposal: Disposal, _ ended: HandedOver?) -> Answer? {
    guard let ended, !disposal.waiting.isEmpty, let store = context.waiting else {
      return finish(disposal, .handedOver(ended))
    }
    // With a reply for each, what is kept is answered for by itself.
    guard ended.isTaken || disposal.answersEach else {
      withdraw(disposal, from: store)
      return finish(disposal, .handedOver(ended))
    }
    store.confirm(disposal.waiting.map(\.message.id)) { result in
      self.whenWaiting { connection in
        switch result {
        case .success:
          if let answer = connection.finish(disposal, .handedOver(ended)) { connection.endedWith(answer) }
        case .failure(let fault): connection.notConfirmed(disposal, ended, fault)
        }
      }
    }
    return nil
  }

  /// The client comes again; what the backend has, it is not given twice.
  private func notConfirmed(_ disposal: Disposal, _ ended: HandedOver, _ fault: WaitingFault) {
    let relay = policy.backends
    _ = awaiting {
      guard case .delivered(let reply, _, _) = ended.outcome else { return }
      await relay.willComeAgain(ended.delivery, takenWith: reply, at: Clock.now)
    } then: { connection, _ in
      // Not before the relay knows: the client may be back at once.
      if let answer = connection.finish(disposal, .notKept(fault)) { connection.endedWith(answer) }
      return nil
    }
  }

  /// The answer to who may have gone meanwhile, or been told to go.
  private func endedWith(_ answer: Answer) {
    guard isWaiting else {
      replyWasLost()
      abandonInquiries()
      return endTransaction()
    }
    resume(answer)
  }

  // MARK: The message as it goes out

  private func delivery(
    _ disposal: Disposal, _ verdict: RecipientVerdict, _ places: [Int], isTagged: Bool
  ) -> Delivery {
    let matter = disposal.matter
    let recipients = places.map { disposal.recipients[$0] }
    let identity = identity
    let sender = matter.mail.sender
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    let date = Clock.now.rfc5322
    TraceHeader.write(
      into: &bytes, client: identity, hostname: policy.hostname, id: disposal.id,
      isInternationalized: matter.mail.parameters.isInternationalized,
      recipient: recipients.count == 1 ? recipients.first?.recipient.path.mailbox : nil, date: date)
    let completion =
      policy.completion.concern(facts.trust)
      ? HeaderCompletion(policy.completion, id: disposal.id, hostname: policy.hostname, date: date) : nil
    let edit = HeaderEdit(
      message: matter.message.memory, header: matter.header, isFromOutside: facts.isStranger,
      servid: facts.trust.mayTellResults ? nil : policy.hostname, results: results(of: matter),
      tag: isTagged ? verdict.decision : nil, findings: verdict.findings, tagging: verdict.policy.tagging,
      thresholds: verdict.policy.thresholds, completion: completion,
      changes: verdict.outcome?.headers ?? [])
    bytes.append(contentsOf: edit.bytes)
    let isASCII =
      matter.header.isASCII && !sender.isInternationalized
      && !recipients.contains { $0.path.isInternationalized }
    let spent = Clock.monotonic - (transaction?.contentEnded ?? disposal.began)
    return Delivery(
      id: disposal.id, sender: sender, parameters: matter.mail.parameters, recipients: recipients,
      client: identity, message: matter.message, header: bytes, bodyStart: edit.bodyStart,
      isHeaderASCII: isASCII,
      isIdentifiable: disposal.sent.isIdentifiable,
      budget: policy.timeouts.verdict - .milliseconds(spent))
  }
}

/// What a backend said to its part of a message.
struct HandedOver: Sendable {
  let delivery: Delivery
  let outcome: DeliveryOutcome

  var isTaken: Bool { if case .delivered = outcome { true } else { false } }
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
