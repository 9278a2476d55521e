internal import Bytes
internal import NIOCore
internal import SMTPProtocol
internal import Synchronization

/// What one backend was given and what came of it; a relay that takes over from another goes on counting.
final class BackendCounts: Sendable {
  let deliveries = Atomic<Int>(0)
  let refusals = Atomic<Int>(0)
  let failures = Atomic<Int>(0)
  let probes = Atomic<Int>(0)
}

/// What all event loops share about one backend: what it offers, whether it is up, and its counters.
///
/// Whether it is up is said by delivery sessions alone: that no further probe session can be had stops probes.
final class BackendState: Sendable {
  let index: Int
  let configuration: BackendConfiguration
  let deliverySlots: SlotLedger
  let probeSlots: SlotLedger
  let counts: BackendCounts
  let secrecy: BackendSecrecy
  let probesInFlight = Atomic<Int>(0)
  /// Delivery sessions past their greeting.
  let established = Atomic<Int>(0)
  private let health: Mutex<Health>

  private struct Health {
    var capabilities: Capabilities?
    var isDown = false
    /// Whether a session stood in this run.
    var hasStood = false
    var since: Timestamp
    var fault = ""
    var pause: RetryPause
    /// While down: when it is tried again. A backend never tried is looked at by whoever starts the relay.
    var retryAt = NIODeadline.distantFuture
    /// While up: before this it is not asked for further sessions.
    var openAfter = NIODeadline.uptimeNanoseconds(0)
    /// Before this it is not asked for further probe sessions.
    var probeAfter = NIODeadline.uptimeNanoseconds(0)
    var probePause: RetryPause
    /// Until then TLS is not tried, since it failed and is optional.
    var clearUntil = NIODeadline.uptimeNanoseconds(0)
    /// Whether TLS is optional and failed since it last stood: that is told once.
    var isFallenBack = false
    var encryption = ""
  }

  init(
    _ configuration: BackendConfiguration, index: Int, loops: Int, remembered: String?, at time: Timestamp,
    counts: BackendCounts = BackendCounts()
  ) {
    self.index = index
    self.configuration = configuration
    self.counts = counts
    secrecy = BackendSecrecy(configuration)
    deliverySlots = SlotLedger(bound: configuration.connections, loops: loops)
    probeSlots = SlotLedger(bound: configuration.probeSessions, loops: loops)
    health = Mutex(
      Health(
        capabilities: remembered.map(Capabilities.init(storedForm:)), since: time,
        pause: RetryPause(upTo: configuration.longestPause),
        probePause: RetryPause(upTo: configuration.longestPause)))
  }

  var name: String { configuration.name }

  /// What it offered last, in this run or an earlier one; nil if never heard.
  var capabilities: Capabilities? { health.withLock { $0.capabilities } }

  /// Whether mail may be sent there now. A backend that is down answers true once a pause, to one caller.
  func mayBeTried(_ now: NIODeadline) -> Bool {
    health.withLock { health in
      guard health.capabilities != nil else { return false }
      guard health.isDown else { return true }
      guard now >= health.retryAt else { return false }
      health.retryAt = now + health.pause.current
      return true
    }
  }

  /// Whether a recipient may be asked for there now.
  var mayBeAsked: Bool {
    health.withLock { $0.capabilities != nil && !$0.isDown }
  }

  /// Whether it should be looked at again although no mail asks for it.
  func needsLook(_ now: NIODeadline) -> Bool {
    health.withLock { health in
      guard health.isDown || health.capabilities == nil, now >= health.retryAt else { return false }
      health.retryAt = now + health.pause.current
      return true
    }
  }

  func mayOpenMore(_ now: NIODeadline, _ kind: SessionPool.Kind) -> Bool {
    health.withLock { now >= (kind == .delivery ? $0.openAfter : $0.probeAfter) }
  }

  /// A probe session could not be opened: no further one for a while.
  func failedProbe(now: NIODeadline) {
    health.withLock { health in
      health.probeAfter = now + health.probePause.current
      health.probePause.grow()
    }
  }

  /// What a new session is to do about STARTTLS.
  func encryption(_ now: NIODeadline) -> ClientOpening.Encryption {
    switch configuration.encryption.mode {
    case .off: .none
    case .optional: health.withLock { now < $0.clearUntil } ? .none : .whereOffered
    case .required, .verify: .always
    }
  }

  /// TLS is optional and could not be had: for a while sessions go in the clear. Answers whether that is news.
  func fellBack(now: NIODeadline) -> Bool {
    health.withLock { health in
      health.clearUntil = now + TimeAmount(configuration.encryption.clearLifetime)
      defer { health.isFallenBack = true }
      return !health.isFallenBack
    }
  }

  /// How a session that stands is encrypted; nil: it is not.
  func stands(encryption: String?) {
    health.withLock { health in
      if encryption != nil { health.isFallenBack = false }
      health.encryption = encryption ?? "clear"
    }
  }

  /// A session stands. Answers whether what it offers is news, whether the backend was away, and whether this is
  /// its first delivery session in this run.
  ///
  /// - Parameter capabilities: nil where what it offers is meant for one client.
  func heard(_ capabilities: Capabilities?, _ kind: SessionPool.Kind, at time: Timestamp) -> (
    isNews: Bool, isBack: Bool, isFirst: Bool
  ) {
    health.withLock { health in
      let isNews = capabilities != nil && health.capabilities != capabilities
      health.capabilities = capabilities ?? health.capabilities
      guard kind == .delivery else {
        health.probeAfter = .uptimeNanoseconds(0)
        health.probePause = RetryPause(upTo: configuration.longestPause)
        return (isNews, false, false)
      }
      let isFirst = !health.hasStood
      health.hasStood = true
      let isBack = health.isDown
      if isBack { health.since = time }
      health.isDown = false
      health.fault = ""
      health.pause = RetryPause(upTo: configuration.longestPause)
      health.openAfter = .uptimeNanoseconds(0)
      return (isNews, isBack, isFirst)
    }
  }

  /// A delivery session could not be opened. Answers whether this took the backend down; while other sessions
  /// stand it only takes no more of them for a while.
  func failed(_ fault: String, now: NIODeadline, at time: Timestamp) -> Bool {
    let othersStand = established.load(ordering: .relaxed) > 0
    return health.withLock { health in
      let pause = health.pause.current
      health.pause.grow()
      guard !othersStand else {
        health.openAfter = now + pause
        return false
      }
      health.retryAt = now + pause
      health.fault = fault
      guard !health.isDown else { return false }
      health.isDown = true
      health.since = time
      return true
    }
  }

  var status: BackendStatus {
    let idle = deliverySlots.idleSessions + probeSlots.idleSessions
    let open = deliverySlots.openSessions + probeSlots.openSessions
    return health.withLock { health in
      BackendStatus(
        name: name, health: health.isDown ? .down : health.capabilities == nil ? .unheard : .up,
        since: health.since, fault: health.fault, idleSessions: idle, busySessions: max(0, open - idle),
        deliveries: counts.deliveries.load(ordering: .relaxed),
        refusals: counts.refusals.load(ordering: .relaxed),
        failures: counts.failures.load(ordering: .relaxed), probes: counts.probes.load(ordering: .relaxed),
        capabilities: health.capabilities?.storedForm ?? "", encryption: health.encryption)
    }
  }
}

/// The pause before a failed backend is tried again: a second, then twice as long each time.
struct RetryPause: Sendable {
  private(set) var current: TimeAmount
  private let longest: TimeAmount

  init(upTo longest: Duration) {
    self.longest = max(TimeAmount(longest), .milliseconds(10))
    current = min(.seconds(1), self.longest)
  }

  mutating func grow() { current = min(.nanoseconds(current.nanoseconds * 2), longest) }
}
