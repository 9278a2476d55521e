internal import DNS
internal import Foundation
internal import Synchronization

/// What the resolver's thread and those who ask share.
final class ResolverCore: Sendable {
  private struct State {
    var desk: QuestionDesk
    var health: ResolverHealth
    /// A probe on its way, and when it has taken too long.
    var probe: (number: UInt64, end: ContinuousClock.Instant)?
    /// What was refused last: asked again as a second probe, for servers that know some names only.
    var refused: DNSQuestion?
    var status = ResolverStatus()
    /// What the thread sleeps until; nil while it is awake.
    var sleepsUntil: ContinuousClock.Instant?
    var isStopped = false
  }

  let cache: SharedAnswers
  private let options: ResolverOptions
  private let zones: LocalZones
  private let context: UnboundContext
  private let alarm: AlarmClock
  private let news: @Sendable (ResolverNews) -> Void
  private let state: Mutex<State>
  private let lost = Atomic(false)

  init(_ options: ResolverOptions, news: @escaping @Sendable (ResolverNews) -> Void) throws(ResolverError) {
    self.options = options
    self.news = news
    zones = LocalZones(options)
    cache = SharedAnswers(octets: options.cache / 3, lifetimes: options.lifetimes)
    alarm = try AlarmClock()
    context = try UnboundContext(options)
    let terms = QuestionDesk.Terms(
      most: options.queue, mostAsked: options.mostOutstanding, patience: options.patience,
      leastWait: options.leastWait)
    state = Mutex(State(desk: QuestionDesk(terms), health: ResolverHealth(options.health)))
  }

  /// Its thread holds it until `stop`.
  func start() {
    state.withLock {
      if $0.health.begin() == .probe { beginProbe(&$0, at: .now) }
    }
    let thread = Thread { self.run() }
    thread.name = "resolver"
    thread.stackSize = 512 << 10
    thread.start()
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    alarm.ring()
  }

  // MARK: From any thread

  var isLost: Bool { lost.load(ordering: .relaxed) }

  func isFar(_ name: DNSName) -> Bool { zones.isFar(name) }

  /// The answer while the network is gone.
  func refuse(_ question: DNSQuestion) -> DNSAnswer {
    state.withLock { state in
      state.refused = question
      state.status.questions[.unavailable, default: 0] += 1
    }
    return .failed(.unavailable)
  }

  func enter(_ waiter: Waiter, _ question: DNSQuestion, until deadline: ContinuousClock.Instant) {
    let now = ContinuousClock.now
    let (entry, wakes) = state.withLock { state -> (QuestionDesk.Entry, Bool) in
      guard !state.isStopped else { return (.refused, false) }
      let entry = state.desk.enter(waiter, question, until: deadline, at: now)
      switch entry {
      case .refused: state.status.questions[.unavailable, default: 0] += 1
      case .merged: state.status.merged += 1
      case .queued: break
      }
      let wakes = state.sleepsUntil.map { entry == .queued || deadline < $0 } ?? false
      if wakes { state.sleepsUntil = nil }
      return (entry, wakes)
    }
    if entry == .refused { waiter.finish(.failed(.unavailable)) }
    if wakes { alarm.ring() }
  }

  func leave(_ waiter: Waiter, _ question: DNSQuestion) {
    state.withLock { state in
      state.desk.leave(waiter, question)
      state.status.questions[.cancelled, default: 0] += 1
    }
    // What is to be cancelled waits for the thread's next turn.
  }

  var status: ResolverStatus {
    var status = state.withLock { state in
      var status = state.status
      status.waiting = state.desk.count
      return status
    }
    status.queue = options.queue
    status.isLost = isLost
    cache.count(into: &status)
    return status
  }

  // MARK: The thread

  private func run() {
    while let turn = nextTurn() {
      for late in turn.late { late.waiter.finish(.failed(.timeout)) }
      for id in turn.cancels { context.cancel(id) }
      for asking in turn.askings {
        let id = context.ask(asking.question, number: asking.number)
        for waiter in state.withLock({ $0.desk.wasAsked(asking.number, id: id) }) {
          waiter.finish(.failed(.server(code: 2)))
        }
      }
      follow(turn.order)
      alarm.sleep(until: turn.end, or: context.descriptor)
      state.withLock { $0.sleepsUntil = nil }
      for arrival in context.process() { deliver(arrival) }
    }
    let waiters = state.withLock { $0.desk.release { _ in true } }
    for waiter in waiters { waiter.finish(.failed(.unavailable)) }
    context.close()
  }

  private struct Turn {
    var late: [QuestionDesk.Late] = []
    var cancels: [Int32] = []
    var askings: [QuestionDesk.Asking] = []
    var order: ResolverHealth.Order?
    /// How long nothing is to be done by itself.
    var end: ContinuousClock.Instant
  }

  /// What is to be done now; nil at the end.
  private func nextTurn() -> Turn? {
    let now = ContinuousClock.now
    return state.withLock { state in
      guard !state.isStopped else { return nil }
      var turn = Turn(end: now + .seconds(3600))
      turn.late = state.desk.expire(at: now)
      for late in turn.late { turn.order = note(late, &state, at: now) ?? turn.order }
      if let probe = state.probe, probe.end <= now {
        state.probe = nil
        if state.desk.giveUp(probe.number) { turn.order = state.health.probeFailed(at: now) ?? turn.order }
      }
      turn.order = state.health.tick(at: now) ?? turn.order
      if turn.order == .probe { beginProbe(&state, at: now) }
      state.desk.tidy(at: now)
      turn.cancels = state.desk.takeCancels()
      turn.askings = state.desk.take(at: now)
      // A second at the most while there is anything under way: what was abandoned is tidied up.
      let ends = [
        state.desk.nextDeadline, state.probe?.end, state.health.nextTick,
        state.desk.count > 0 ? now + .seconds(1) : nil,
      ]
      turn.end = ends.reduce(turn.end) { min($0, $1 ?? $0) }
      state.sleepsUntil = turn.end
      return turn
    }
  }

  /// Somebody's time is over.
  private func note(_ late: QuestionDesk.Late, _ state: inout State, at now: ContinuousClock.Instant)
    -> ResolverHealth.Order?
  {
    state.status.questions[.timeout, default: 0] += 1
    guard late.isFailure else { return nil }
    cache.keep(.failed(.timeout), to: late.question, for: .zero)
    return zones.isFar(late.question.name) ? state.health.failed(at: now) : nil
  }

  /// Two questions, of which either answer will do: a name below the root that nobody has, and what was refused last.
  private func beginProbe(_ state: inout State, at now: ContinuousClock.Instant) {
    let name = DNSName("weir-\(UInt64.random(in: 0...UInt64.max))")
    guard let name else { return }
    let number = state.desk.probe(DNSQuestion(name, .ns), at: now)
    state.probe = (number, now + state.health.patience)
    if let refused = state.refused {
      state.refused = nil
      _ = state.desk.probe(refused, at: now)
    }
  }

  private func deliver(_ arrival: UnboundContext.Arrival) {
    let now = ContinuousClock.now
    let raw = arrival.answer
    var waiters: [Waiter] = []
    var answer = DNSAnswer.noData
    let order: ResolverHealth.Order? = state.withLock { state in
      guard let (question, waiting, isProbe) = state.desk.answered(arrival.number) else { return nil }
      answer = raw.read(question.type)
      waiters = waiting
      let decides = state.probe?.number == arrival.number
      if decides { state.probe = nil }
      if !isProbe {
        cache.keep(answer, to: question, for: .seconds(raw.lifetime))
        state.status.questions[ResolverStatus.Outcome(answer), default: 0] += 1
      }
      guard zones.isFar(question.name) else { return nil }
      switch answer {
      case .failed(.server), .failed(.timeout):
        // Malformed data is somebody's answer as well.
        if raw.rcode == 0 { return state.health.succeeded(at: now) }
        if decides { return state.health.probeFailed(at: now) }
        return isProbe ? nil : state.health.failed(at: now)
      default: return state.health.succeeded(at: now)
      }
    }
    for waiter in waiters { waiter.finish(answer) }
    if order == .probe { state.withLock { beginProbe(&$0, at: now) } }
    follow(order)
  }

  private func follow(_ order: ResolverHealth.Order?) {
    switch order {
    case .lost:
      lost.store(true, ordering: .relaxed)
      let waiters = state.withLock { state in state.desk.release { zones.isFar($0.name) } }
      for waiter in waiters { waiter.finish(.failed(.unavailable)) }
      news(.lost)
    case .back(let duration):
      lost.store(false, ordering: .relaxed)
      cache.forgetFailures()
      news(.back(after: duration))
    case .probe, nil: break
    }
  }
}

extension ResolverStatus.Outcome {
  init(_ answer: DNSAnswer) {
    switch answer {
    case .records: self = .records
    case .noData: self = .noData
    case .noName: self = .noName
    case .failed(.server): self = .server
    case .failed(.bogus): self = .bogus
    case .failed(.timeout): self = .timeout
    case .failed(.unavailable): self = .unavailable
    case .failed(.cancelled): self = .cancelled
    }
  }
}
