internal import Bytes
internal import Filtering
internal import NIOCore
internal import SMTPProtocol

/// One message on its way to the first backend of its route that takes it.
final class DeliveryJob: RouteJob {
  private let message: Delivery
  private let time: Timestamp
  /// Recipients that an LMTP backend has it for already, from an earlier attempt.
  private let served: Set<String>
  private let done: (DeliveryOutcome) -> Void
  /// Those of this attempt.
  private let recipients: [RoutedRecipient]

  init(
    _ delivery: Delivery, relay: LoopRelay, served: Set<String>, at time: Timestamp,
    _ done: @escaping (DeliveryOutcome) -> Void
  ) {
    message = delivery
    self.time = time
    self.served = served
    self.done = done
    recipients =
      served.isEmpty
      ? delivery.recipients : delivery.recipients.filter { !served.contains($0.recipient.path.text) }
    super.init(
      relay: relay, kind: .delivery, route: delivery.recipients.first?.route ?? Route(backends: []),
      budget: delivery.budget)
  }

  override var delivery: Delivery? { message }

  override func transaction(on session: ClientSession, identity: BackendConfiguration.Identity)
    -> ClientTransaction
  {
    let held = message.message
    var parameters = message.parameters
    parameters.size = MessageSize.octets(of: message)
    if held.isBinary { parameters.body = .binary }
    let addresses = recipients.map { recipient in
      recipient.rewritten == nil
        ? recipient.recipient
        : Envelope.Recipient(path: recipient.path, parameters: recipient.recipient.parameters)
    }
    let isASCII =
      message.isHeaderASCII && !message.sender.isInternationalized
      && !addresses.contains { $0.path.isInternationalized }
    return ClientTransaction(
      client: identity.forwards && !session.capabilities.forwardAttributes.isEmpty ? message.client : nil,
      sender: message.sender, parameters: parameters, recipients: addresses,
      content: held.isBinary ? .chunk(octets: MessageSize.wireOctets(of: message)) : .data, isASCII: isASCII)
  }

  override func gaveUp(_ trouble: Trouble) {
    if let name = trouble.backend, let index = relay.core.index(of: name) {
      relay.core.backends[index].counts.failures.add(1, ordering: .relaxed)
    }
    guard trouble.code != Self.noRequireTLS else {
      // RFC 8689 §4.2.1 and §5: for good, since no way there has what the sender asks for.
      let reply = Reply(550, 7, 30, "REQUIRETLS support required: \(trouble.detail)".printable(limit: 400))
      return done(.refused(reply, backend: trouble.backend ?? ""))
    }
    done(.unavailable(trouble.code, detail: trouble.detail, backend: trouble.backend))
  }

  override func concluded(_ result: ClientResult, _ backend: BackendState) {
    switch result {
    case .taken(let reply):
      backend.counts.deliveries.add(1, ordering: .relaxed)
      if served.isEmpty { return done(.delivered(reply, backend: backend.name, isRepeat: false)) }
      relay.core.withDigest(of: message, on: relay) { digest in
        if let digest { self.relay.core.forgetPart(self.message, digest, at: self.time) }
        self.done(.delivered(reply, backend: backend.name, isRepeat: false))
      }
    case .answered(let replies): answered(replies, backend)
    case .senderRefused(let reply), .refused(let reply):
      if reply.code == 421 { return failed(.backendDown, reply.summary, backend) }
      backend.counts.refusals.add(1, ordering: .relaxed)
      done(.refused(reply, backend: backend.name))
    case .recipientsRefused(let refusals): changed(refusals, backend)
    case .lost(let fault, let progress):
      guard case .content(let taken) = progress, !taken.isEmpty else {
        return failed(fault == .timedOut ? .backendTimeout : .backendLost, fault.description, backend)
      }
      keepServed(taken, Reply(250, 2, 0, "OK"), backend) {
        self.failed(.backendLost, fault.description, backend)
      }
    case .identityRefused(let reply): failed(.backendIdentity, reply.summary, backend)
    }
  }

  private func failed(_ code: ReasonCode, _ detail: String, _ backend: BackendState) {
    backend.counts.failures.add(1, ordering: .relaxed)
    done(.unavailable(code, detail: "\(backend.name): \(detail)", backend: backend.name))
  }

  /// Recipients that were known are refused: nothing was delivered, and the retry will know.
  private func changed(_ refusals: [ClientResult.RecipientRefusal], _ backend: BackendState) {
    var words: [String] = []
    for refusal in refusals where recipients.indices.contains(refusal.index) {
      let recipient = recipients[refusal.index]
      keepRefused(recipient, refusal.reply)
      words.append("<\(recipient.path.text)>: \(refusal.reply.summary)")
    }
    let code: ReasonCode = .recipientChanged
    failed(code, words.prefix(3).joined(separator: "; ").printable(limit: 600), backend)
  }

  /// A refusal is remembered, so that the retry hears it at RCPT and the message goes on to the others; for this
  /// sender only, unless RCPT's own rules would keep it for everybody.
  ///
  /// Deviation: "never a 4xx is cached" is about probes. A backend can know a recipient in a probe and put it off
  /// at delivery each time (`452 4.2.2` with a large SIZE): were that not kept for a while, every retry would be
  /// taken at RCPT and put off as a whole, and nobody would ever get the message. So is a 5xx about one message.
  private func keepRefused(_ recipient: RoutedRecipient, _ reply: Reply) {
    let core = relay.core
    let expires = time + core.configuration.refusedLifetime
    let scope = RecipientVerdict.scope(reply)
    guard reply.isPermanent, !RecipientVerdict.isAboutMessage(reply) else {
      core.postpone(reply, recipient, sender: message.sender, at: time)
      // What was known is in doubt, for everybody.
      return core.keep(nil, recipient, sender: nil, until: expires)
    }
    core.keep(
      .refused(reply, isUnknown: RecipientVerdict.isUnknown(reply)), recipient,
      sender: scope == .everySender ? nil : message.sender, until: expires)
  }

  // MARK: LMTP

  /// Not all recipients have it.
  private func answered(_ replies: [Reply], _ backend: BackendState) {
    let taken = replies.indices.filter { replies[$0].isPositive }
    let refused = replies.indices.filter { replies[$0].isPermanent }
    guard !taken.isEmpty || !served.isEmpty else {
      backend.counts.refusals.add(1, ordering: .relaxed)
      let reply = refused.count == replies.count ? replies.first : replies.first { $0.isTransient }
      return done(.refused(reply ?? Reply(451, 3, 0, "Not delivered"), backend: backend.name))
    }
    for index in refused where recipients.indices.contains(index) {
      keepRefusedHere(recipients[index], replies[index])
    }
    let words = replies.indices.filter { !replies[$0].isPositive }.prefix(3).map {
      "<\(recipients[$0].path.text)>: \(replies[$0].summary)"
    }
    let last = taken.last.map { replies[$0] } ?? Reply(250, 2, 0, "OK")
    keepServed(taken, last, backend) {
      self.failed(.partlyDelivered, words.joined(separator: "; ").printable(limit: 600), backend)
    }
  }

  /// What an LMTP backend says behind the content may be about the content: it holds for this sender only,
  /// unless there is no such mailbox.
  private func keepRefusedHere(_ recipient: RoutedRecipient, _ reply: Reply) {
    let isAboutMailbox = RecipientVerdict.scope(reply) == .everySender
    relay.core.keep(
      .refused(reply, isUnknown: isAboutMailbox), recipient, sender: isAboutMailbox ? nil : message.sender,
      until: time + relay.core.configuration.refusedLifetime)
  }

  private func keepServed(
    _ indices: [Int], _ reply: Reply, _ backend: BackendState, _ next: @escaping () -> Void
  ) {
    guard message.isIdentifiable, !indices.isEmpty else { return next() }
    let paths = indices.filter(recipients.indices.contains).map { recipients[$0].recipient.path.text }
    relay.core.withDigest(of: message, on: relay) { digest in
      if let digest {
        self.relay.core.keepPart(
          self.message, digest, Set(paths), reply, backend: backend.name, at: self.time)
      }
      next()
    }
  }
}
