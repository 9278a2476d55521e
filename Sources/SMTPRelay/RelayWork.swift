internal import Bytes
internal import Filtering
internal import MailSyntax
internal import NIOCore
internal import NIOPosix
internal import NetAddress
internal import SMTPProtocol
internal import Synchronization

extension RelayCore {
  // MARK: Recipients

  /// What is known of a recipient without asking anybody; nil where a backend has to be asked.
  func remembered(_ query: RecipientQuery, at time: Timestamp) -> RecipientAnswer? {
    let path = query.recipient.path
    guard let first = query.recipient.route.backends.first, let index = index(of: first) else {
      return .unavailable("the route names no backend")
    }
    // What came out at delivery holds in every mode.
    switch cache.knowledge(first, path, sender: query.sender, at: time) {
    case .answer(let answer): return answer
    case .doubt: return nil
    case .none: break
    }
    if query.isOutside { return .known }
    switch backends[index].configuration.recipients {
    case .any: return .known
    case .probe: return nil
    case .file(let contains):
      guard let domain = path.domain else { return .known }
      let isKnown = contains(path.localPart, domain.description)
      return isKnown ? .known : .refused(configuration.unknownRecipient, isUnknown: true)
    }
  }

  func keep(_ answer: RecipientAnswer?, _ recipient: RoutedRecipient, sender: Path?, until expires: Timestamp)
  {
    keep(
      answer, route: recipient.route, recipient: RecipientKey.recipientText(recipient.path), sender: sender,
      until: expires)
  }

  func keep(
    _ answer: RecipientAnswer?, route: Route, recipient: String, sender: Path?, until expires: Timestamp
  ) {
    guard let first = route.backends.first else { return }
    let key = RecipientKey(backend: first, recipient: recipient, sender: sender?.text)
    cache.keep(answer, for: key, until: expires)
  }

  /// Keeps that `recipient` was refused for now when mail from `sender` was delivered.
  func postpone(_ reply: Reply, _ recipient: RoutedRecipient, sender: Path, at time: Timestamp) {
    guard let first = recipient.route.backends.first else { return }
    let key = RecipientKey(
      backend: first, recipient: RecipientKey.recipientText(recipient.path), sender: sender.text)
    cache.postpone(
      .refused(reply, isUnknown: false), for: key, at: time, shortest: configuration.deferredLifetime,
      longest: configuration.longestDeferral)
  }

  /// Asks for a recipient; equal questions under way are one.
  func probe(
    _ query: RecipientQuery, _ member: LoopMember, at time: Timestamp,
    _ done: @escaping @Sendable (RecipientAnswer) -> Void
  ) {
    guard let first = query.recipient.route.backends.first, let index = index(of: first) else {
      return done(.unavailable("the route names no backend"))
    }
    let backend = backends[index]
    let key = ProbeKey(query)
    enum Part { case leads, joins, refused }
    let part = probes.withLock { probes -> Part in
      if probes[key] != nil {
        // Bound: those who wait are bounded by the clients' connections, one question each.
        probes[key]?.append(done)
        return .joins
      }
      guard backend.probesInFlight.load(ordering: .relaxed) < configuration.mostProbes else {
        return .refused
      }
      backend.probesInFlight.add(1, ordering: .relaxed)
      probes[key] = [done]
      return .leads
    }
    switch part {
    case .joins: return
    case .refused:
      return done(.unavailable("\(ReasonCode.probesBusy): too many recipients of \(first) are asked for"))
    case .leads: break
    }
    let start: @Sendable () -> Void = {
      ProbeJob(query, relay: member.relay.value, at: time) { answer in
        backend.probesInFlight.subtract(1, ordering: .relaxed)
        let waiting = self.probes.withLock { $0.removeValue(forKey: key) } ?? []
        for one in waiting { one(answer) }
      }.start()
    }
    if member.loop.inEventLoop { start() } else { member.loop.execute(start) }
  }

  // MARK: Deliveries

  /// Delivers, unless this is a message that was delivered already.
  func deliver(
    _ delivery: Delivery, on relay: LoopRelay, at time: Timestamp, _ done: @escaping (DeliveryOutcome) -> Void
  ) {
    guard !digests.isEmpty, digests.mayKnow(delivery.sent, at: time) else {
      return DeliveryJob(delivery, relay: relay, served: [], at: time, done).start()
    }
    withDigest(of: delivery, on: relay) { digest in
      switch digest.flatMap({ self.recall(delivery.sent, $0, at: time) }) {
      case .whole(let reply, let backend)?: done(.delivered(reply, backend: backend, isRepeat: true))
      case .partial(let served, let reply, let backend)?:
        if delivery.recipients.allSatisfy({ served.contains($0.recipient.path.text) }) {
          if let digest { self.forgetPart(delivery, digest, at: time) }
          return done(.delivered(reply, backend: backend, isRepeat: true))
        }
        DeliveryJob(delivery, relay: relay, served: served, at: time, done).start()
      case nil: DeliveryJob(delivery, relay: relay, served: [], at: time, done).start()
      }
    }
  }

  /// Computes the digest of a message, off the event loop where it is large or lies in a file, and calls `next`
  /// on the event loop; with nil where it could not be read.
  func withDigest(of delivery: Delivery, on relay: LoopRelay, _ next: @escaping (MessageDigest?) -> Void) {
    let sent = delivery.sent
    guard !sent.isSmall else { return next(MessageDigest(sent)) }
    files.runIfActive(eventLoop: relay.loop) { MessageDigest(sent) }
      .assumeIsolated().whenComplete { next((try? $0.get()) ?? nil) }
  }
}

extension LoopRelay {
  /// Asks a backend for a recipient that cannot exist: true where it is accepted all the same.
  func askMadeUp(_ backend: Int, _ domain: String, _ done: @escaping (Bool?) -> Void) {
    let name = core.backends[backend].name
    let local = "weir-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    let path = Path(text: "\(local)@\(domain)", localPart: local, domain: .name(domain))
    let query = RecipientQuery(
      recipient: RoutedRecipient(Envelope.Recipient(path: path), route: Route(backends: [name])),
      sender: .null,
      parameters: .none,
      client: ClientIdentity(
        address: IPAddress(v4: 0x7F00_0001), port: 25, name: nil, helo: core.configuration.hostname,
        isExtended: true))
    ProbeJob(query, relay: self, isKept: false, at: core.clock()) { answer in
      switch answer {
      case .known: done(true)
      case .refused(let reply, _): done(reply.isPermanent ? false : nil)
      case .unavailable: done(nil)
      }
    }.start()
  }

  /// Tells the event sink where a backend with a domain to ask for takes everybody.
  func checkAcceptsAll(_ backend: Int) {
    let state = core.backends[backend]
    guard case .probe = state.configuration.recipients, let domain = state.configuration.probeDomain else {
      return
    }
    askMadeUp(backend, domain) { accepts in
      guard accepts == true else { return }
      self.core.tell(
        .warning, .backendAcceptsAll, "\(state.name) accepts a made-up recipient at \(domain)",
        at: self.core.clock())
    }
  }
}
