public import Bytes
public import Filtering
internal import Glibc
internal import NIOCore
public import NIOPosix
public import SMTPProtocol
internal import Synchronization

/// The way to the backends over pooled SMTP and LMTP sessions, which live on the event loops of their users.
///
/// `deliver` and `ask` called on an event loop of the group stay there; called from elsewhere they borrow one.
/// A delivery goes on to its end whatever becomes of the task that waits for it.
public final class BackendRelay: Relay {
  private let core: RelayCore
  private let members: [LoopMember]
  private let next = Atomic<Int>(0)
  private let isClosed = Atomic<Bool>(false)

  /// - Parameters:
  ///   - group: the gateway's event loops.
  ///   - old: the relay that this one takes over from: what it remembers of delivered messages and the counters
  ///     of backends with the same name go on.
  ///   - memory: keeps what the backends offer; read here, once.
  ///   - events: told when a backend goes down or comes back.
  ///   - files: reads spool files where the digest of a message is needed, and writes `memory`.
  ///   - clock: the civil time.
  public init(
    _ configuration: RelayConfiguration, backends: [BackendConfiguration], group: MultiThreadedEventLoopGroup,
    replacing old: BackendRelay? = nil, memory: (any CapabilityMemory)? = nil, events: any EventSink,
    files: NIOThreadPool = .singleton,
    clock: @escaping @Sendable () -> Timestamp = BackendRelay.systemTime
  ) {
    let loops = Array(group.makeIterator())
    let core = RelayCore(
      configuration, backends, loops: loops.count, replacing: old?.core, memory: memory, events: events,
      files: files, clock: clock)
    self.core = core
    members = loops.enumerated().map { index, loop in
      LoopMember(core, loop, index: index)
    }
    for member in members {
      let all = members
      member.loop.execute { member.relay.value.start(among: all) }
    }
  }

  /// Nobody refers to it any more: its sessions end, busy ones when their deliveries are done.
  deinit {
    guard !isClosed.load(ordering: .relaxed) else { return }
    let deadline = NIODeadline.now() + Self.longestFarewell
    for member in members {
      member.loop.execute { member.relay.value.close(at: deadline) {} }
    }
  }

  /// Bound: what is under way when the last reference goes; each delivery has its own, shorter budget.
  private static let longestFarewell = TimeAmount.minutes(30)

  /// The system's civil clock.
  public static let systemTime: @Sendable () -> Timestamp = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
  }

  // MARK: Relay

  public func capabilities() -> [Capabilities] { core.capabilities }

  public func remembered(_ query: RecipientQuery, at time: Timestamp) -> RecipientAnswer? {
    core.remembered(query, at: time)
  }

  public func ask(_ query: RecipientQuery, at time: Timestamp) async -> RecipientAnswer {
    if let answer = core.remembered(query, at: time) { return answer }
    let member = member
    return await member.wait { relay, continuation in
      relay.core.probe(query, member, at: time) { continuation.resume(returning: $0) }
    }
  }

  public func deliver(_ delivery: Delivery, at time: Timestamp) async -> DeliveryOutcome {
    await member.wait { relay, continuation in
      relay.core.deliver(delivery, on: relay, at: time) { continuation.resume(returning: $0) }
    }
  }

  public func deliver(
    _ delivery: Delivery, at time: Timestamp, then answer: @escaping @Sendable (DeliveryOutcome) -> Void
  ) {
    member.run { relay in relay.core.deliver(delivery, on: relay, at: time, answer) }
  }

  public func willComeAgain(_ delivery: Delivery, takenWith reply: Reply, at time: Timestamp) async {
    guard delivery.isIdentifiable else { return }
    await member.wait { (relay, continuation: CheckedContinuation<Void, Never>) in
      relay.core.withDigest(of: delivery, on: relay) { digest in
        if let digest {
          let backend = delivery.recipients.first?.route.backends.first ?? ""
          relay.core.digests.keep(
            .whole(reply, backend: backend), of: delivery.sent, digest.whole, at: time)
        }
        continuation.resume()
      }
    }
  }

  // MARK: Start, end, state

  /// Opens a session to each backend, all side by side, and learns what they offer; returns when all have
  /// answered or failed, within `learnBudget`. With its first session in a run each that has a `probeDomain` is
  /// asked for a made-up recipient, and one that takes it is told to the event sink; that is not waited for.
  public func learn() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      guard !core.backends.isEmpty else { return continuation.resume() }
      let count = Countdown(core.backends.count) { continuation.resume() }
      let deadline = NIODeadline.now() + TimeAmount(core.configuration.learnBudget)
      for backend in core.backends {
        let member = members[backend.index % members.count]
        member.loop.execute {
          member.relay.value.look(at: backend.index, until: deadline) { count.oneDone() }
        }
      }
    }
  }

  /// Whether a backend takes a made-up recipient of `domain`; nil where it could not tell.
  public func acceptsEverything(_ domain: String, backend: String) async -> Bool? {
    guard let index = core.index(of: backend) else { return nil }
    return await member.wait { relay, continuation in
      relay.askMadeUp(index, domain) { continuation.resume(returning: $0) }
    }
  }

  /// One entry a backend, in the order of the configuration.
  public func status() -> [BackendStatus] { core.backends.map(\.status) }

  /// Another relay has taken over. This one stays usable for whoever still refers to it, but tells no events and
  /// saves nothing; with the last reference its sessions end.
  public func retire() { core.isRetired.store(true, ordering: .relaxed) }

  /// Ends all sessions: idle ones at once, busy ones when they are done, all after `limit`. Whoever asks from
  /// now on is told that nothing can be reached.
  public func close(within limit: Duration = .seconds(5)) async {
    isClosed.store(true, ordering: .relaxed)
    let deadline = NIODeadline.now() + TimeAmount(limit)
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let count = Countdown(members.count) { continuation.resume() }
      for member in members {
        member.loop.execute { member.relay.value.close(at: deadline) { count.oneDone() } }
      }
    }
  }

  // MARK: Event loops

  /// The event loop of the caller, or one in turn.
  private var member: LoopMember {
    if let current = MultiThreadedEventLoopGroup.currentEventLoop {
      for member in members where member.loop === current { return member }
    }
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return members[turn % members.count]
  }
}

/// Calls back when so many things are done.
private final class Countdown: Sendable {
  private let left: Atomic<Int>
  private let done: @Sendable () -> Void

  init(_ count: Int, _ done: @escaping @Sendable () -> Void) {
    left = Atomic(count)
    self.done = done
  }

  func oneDone() {
    if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done() }
  }
}
