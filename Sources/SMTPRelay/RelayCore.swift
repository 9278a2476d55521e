internal import Bytes
internal import Filtering
internal import NIOCore
internal import NIOPosix
internal import SMTPProtocol
internal import Synchronization

/// What all event loops of the relay share.
final class RelayCore: Sendable {
  let configuration: RelayConfiguration
  let backends: [BackendState]
  let cache: RecipientCache
  /// Messages that a backend has, wholly or in part, while their clients were told to come again.
  let digests: DigestStore<DeliveryMemory>
  let files: NIOThreadPool
  let clock: @Sendable () -> Timestamp
  /// Whoever asks for a recipient that is being asked for already.
  let probes = Mutex<[ProbeKey: [@Sendable (RecipientAnswer) -> Void]]>([:])
  private let memory: (any CapabilityMemory)?
  private let events: any EventSink
  private let byName: [String: Int]
  private let known: Mutex<[Capabilities]>
  /// Whether another relay has taken over: what is heard from now on is its to tell.
  let isRetired = Atomic<Bool>(false)

  init(
    _ configuration: RelayConfiguration, _ backends: [BackendConfiguration], loops: Int,
    replacing old: RelayCore?, memory: (any CapabilityMemory)?, events: any EventSink, files: NIOThreadPool,
    clock: @escaping @Sendable () -> Timestamp
  ) {
    self.configuration = configuration
    let remembered = memory?.load() ?? [:]
    let now = clock()
    self.backends = backends.enumerated().map { index, backend in
      BackendState(
        backend, index: index, loops: loops, remembered: remembered[backend.name], at: now,
        counts: old?.index(of: backend.name).flatMap { old?.backends[$0].counts } ?? BackendCounts())
    }
    byName = Dictionary(backends.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    known = Mutex(self.backends.compactMap(\.capabilities))
    cache = RecipientCache(capacity: configuration.cacheEntries)
    let (entries, lifetime) = (configuration.digestEntries, configuration.digestLifetime)
    digests = old?.digests ?? DigestStore(capacity: entries, lifetime: lifetime)
    digests.adopt(capacity: entries, lifetime: lifetime)
    self.memory = memory
    self.events = events
    self.files = files
    self.clock = clock
  }

  var capabilities: [Capabilities] { known.withLock { $0 } }

  func index(of backend: String) -> Int? { byName[backend] }

  /// The backends of a route, by index.
  func indices(of route: Route) -> [Int] { route.backends.compactMap { byName[$0] } }

  /// A session with `backend` stands. Answers whether it is the first for deliveries in this run.
  func heard(_ backend: BackendState, _ capabilities: Capabilities?, _ kind: SessionPool.Kind) -> Bool {
    let time = clock()
    let (isNews, isBack, isFirst) = backend.heard(capabilities, kind, at: time)
    if isBack { tell(.info, .backendUp, "\(backend.name) answers again", at: time) }
    guard isNews else { return isFirst }
    known.withLock { $0 = backends.compactMap(\.capabilities) }
    guard let memory, !isRetired.load(ordering: .relaxed) else { return isFirst }
    let all = backends.reduce(into: [String: String]()) { $0[$1.name] = $1.capabilities?.storedForm }
    files.submit { _ in memory.save(all) }
    return isFirst
  }

  /// A delivery session with `backend` could not be opened.
  func failed(_ backend: BackendState, _ fault: String) {
    let time = clock()
    if backend.failed(fault, now: .now(), at: time) {
      tell(.error, .backendDown, "\(backend.name) (\(backend.configuration.endpoint)): \(fault)", at: time)
    }
  }

  /// A session with `backend` could not be encrypted, and the next ones go in the clear.
  func fellBack(_ backend: BackendState, _ fault: String) {
    guard backend.fellBack(now: .now()) else { return }
    let pause = backend.configuration.encryption.clearLifetime.components.seconds
    tell(
      .warning, .backendTLS,
      "\(backend.name): \(fault); mail goes there in the clear, TLS is tried again after \(pause) s",
      at: clock())
  }

  func tell(_ severity: Event.Severity, _ code: ReasonCode, _ detail: String, at time: Timestamp) {
    guard !isRetired.load(ordering: .relaxed) else { return }
    events.record(.system(severity, code, detail, at: time))
  }
}
