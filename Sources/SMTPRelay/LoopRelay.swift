internal import EventLoops
internal import Filtering
internal import NIOCore
internal import SMTPProtocol

/// The relay's part on one event loop: its pools, and the clock that looks at their deadlines.
final class LoopRelay {
  let core: RelayCore
  let loop: any EventLoop
  let index: Int
  private var deliveryPools: [SessionPool] = []
  private var probePools: [SessionPool] = []
  /// The same on every event loop, in the order of their indices.
  private var all: [LoopMember] = []
  private var ticking: RepeatedTask?
  private var isClosing = false
  private var whenClosed: [() -> Void] = []

  init(core: RelayCore, loop: any EventLoop, index: Int) {
    self.core = core
    self.loop = loop
    self.index = index
  }

  /// Makes the pools and begins to look at deadlines.
  func start(among all: [LoopMember]) {
    guard ticking == nil, !isClosing else { return }
    self.all = all
    deliveryPools = core.backends.map { SessionPool(backend: $0, kind: .delivery, relay: self) }
    probePools = core.backends.map { SessionPool(backend: $0, kind: .probe, relay: self) }
    let interval = TimeAmount(core.configuration.tick)
    let bound = NIOLoopBound(self, eventLoop: loop)
    ticking = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.tick() }
  }

  /// nil once the relay is closing.
  func pool(_ backend: Int, _ kind: SessionPool.Kind) -> SessionPool? {
    let pools = kind == .delivery ? deliveryPools : probePools
    return isClosing || backend >= pools.count ? nil : pools[backend]
  }

  private func tick() {
    let now = NIODeadline.now()
    for pool in deliveryPools { pool.tick(now) }
    for pool in probePools { pool.tick(now) }
    guard !isClosing else { return }
    // Each backend has one loop that looks after it.
    for backend in core.backends where backend.index % max(1, all.count) == index && backend.needsLook(now) {
      look(at: backend.index, until: now + TimeAmount(core.configuration.learnBudget)) {}
    }
  }

  /// Opens a session to learn what the backend offers, and calls `done` when it is known or hopeless.
  func look(at backend: Int, until deadline: NIODeadline, _ done: @escaping () -> Void) {
    LookJob(deadline: deadline, done).start(pool(backend, .delivery))
  }

  // MARK: Between loops

  func askOthersToYield(_ pool: SessionPool) {
    let (backend, kind) = (pool.backend.index, pool.kind)
    for (place, other) in all.enumerated() where place != index {
      other.loop.execute { other.relay.value.pool(backend, kind)?.yieldIdle() }
    }
  }

  func grant(slotOf pool: SessionPool, to heir: Int) {
    let (backend, kind, other) = (pool.backend.index, pool.kind, all[heir])
    other.loop.execute { other.relay.value.anyPool(backend, kind)?.slotGranted() }
  }

  /// Also while closing: a slot that came too late must be given back.
  private func anyPool(_ backend: Int, _ kind: SessionPool.Kind) -> SessionPool? {
    let pools = kind == .delivery ? deliveryPools : probePools
    return backend < pools.count ? pools[backend] : nil
  }

  // MARK: Closing

  /// Idle sessions quit now, busy ones when they are done or at `deadline`; then `done` is called.
  func close(at deadline: NIODeadline, _ done: @escaping () -> Void) {
    isClosing = true
    whenClosed.append(done)
    for pool in deliveryPools + probePools { pool.close() }
    loop.assumeIsolated().scheduleTask(deadline: deadline) {
      for pool in self.deliveryPools + self.probePools { pool.abort() }
      self.sessionClosed()
    }
    sessionClosed()
  }

  func sessionClosed() {
    guard isClosing, (deliveryPools + probePools).allSatisfy(\.isEmpty) else { return }
    ticking?.cancel()
    ticking = nil
    deliveryPools = []
    probePools = []
    let waiting = whenClosed
    whenClosed = []
    for done in waiting { done() }
  }
}

/// The relay's part on one event loop, as seen from anywhere.
struct LoopMember: Sendable {
  let loop: any EventLoop
  let relay: NIOLoopBoundBox<LoopRelay>
  let executor: LoopTaskExecutor

  init(_ core: RelayCore, _ loop: any EventLoop, index: Int) {
    self.loop = loop
    relay = .makeBoxSendingValue(LoopRelay(core: core, loop: loop, index: index), eventLoop: loop)
    executor = LoopTaskExecutor(loop)
  }

  /// Does `work` on the event loop, at once where this is it.
  func run(_ work: @escaping @Sendable (LoopRelay) -> Void) {
    if loop.inEventLoop {
      work(relay.value)
    } else {
      loop.execute { work(relay.value) }
    }
  }

  /// Waits for what `work`, done on the event loop, hands to its continuation.
  ///
  /// On the event loop throughout: see `LoopTaskExecutor`.
  func wait<Result: Sendable>(
    _ work: @escaping @Sendable (LoopRelay, CheckedContinuation<Result, Never>) -> Void
  ) async -> Result {
    await withTaskExecutorPreference(executor) {
      await withCheckedContinuation { continuation in
        run { work($0, continuation) }
      }
    }
  }
}

/// A look at what a backend offers: takes a new session and gives it back.
private final class LookJob: SessionUser {
  let deadline: NIODeadline
  var delivery: Delivery? { nil }
  private let done: () -> Void

  init(deadline: NIODeadline, _ done: @escaping () -> Void) {
    self.deadline = deadline
    self.done = done
  }

  func start(_ pool: SessionPool?) {
    guard let pool else { return done() }
    pool.acquire(self, isFresh: true)
  }

  func took(_ session: BackendSession) {
    session.giveBack()
    done()
  }

  func foundNone(_ fault: NoSession) { done() }
  func reported(_ result: ClientResult, isReused: Bool) {}
}
