internal import NIOCore
internal import NIOPosix
internal import NetAddress
internal import Synchronization

/// The one connection to a Dovecot's auth socket, on which all logins run beside each other, each under its own
/// number. It is opened again when it is lost, at once and then with growing pauses.
final class DovecotLink: Sendable {
  /// A login's number, and the connection that it is known on.
  struct Ticket: Hashable, Sendable {
    let id: UInt32
    let generation: Int
  }

  let endpoint: Endpoint
  let timeout: Duration
  let loop: any EventLoop
  /// Bound: steps that wait for an answer at once.
  private let mostInFlight: Int
  private let state: Mutex<State>
  private typealias State = DovecotLinkState

  init(endpoint: Endpoint, timeout: Duration, group: any EventLoopGroup, mostInFlight: Int = 256) {
    self.endpoint = endpoint
    self.timeout = timeout
    self.mostInFlight = mostInFlight
    loop = group.next()
    state = Mutex(State(place: "\(endpoint)"))
  }

  /// The mechanisms of the last greeting; nil where there was none yet.
  var announced: [String]? { state.withLock { $0.announced } }

  // MARK: Asking

  /// What a step has to do once the lock is open again: nothing is written under it, since a write that fails comes
  /// back here.
  private enum Errand {
    case none
    case write(String, any Channel)
    case open(generation: Int)
  }

  private func run(_ errand: Errand) {
    switch errand {
    case .none: break
    case .write(let line, let channel):
      channel.writeAndFlush(ByteBuffer(string: line + "\n"), promise: nil)
    case .open(let generation): open(generation)
    }
  }

  /// Begins a login; `line` makes the command with the number given to it.
  func begin(_ line: (UInt32) -> String) async -> (Ticket?, DovecotAnswer) {
    let promised = Promised<DovecotAnswer>()
    let (ticket, errand) = state.withLock { state -> (Ticket?, Errand) in
      guard admit(promised, &state) else { return (nil, .none) }
      let id = state.nextID()
      state.awaited[id] = promised
      switch state.phase {
      case .up(let channel, let generation):
        return (Ticket(id: id, generation: generation), .write(line(id), channel))
      case .connecting(let generation):
        state.unsent.append(State.Unsent(id: id, line: line(id)))
        return (Ticket(id: id, generation: generation), .none)
      case .idle, .paused, .closed:
        state.unsent.append(State.Unsent(id: id, line: line(id)))
        let generation = state.beginConnecting()
        return (Ticket(id: id, generation: generation), .open(generation: generation))
      }
    }
    run(errand)
    return (ticket, await answer(promised, ticket))
  }

  /// The next step of a login.
  func resume(_ ticket: Ticket, _ line: String) async -> DovecotAnswer {
    let promised = Promised<DovecotAnswer>()
    let errand = state.withLock { state -> Errand in
      guard case .up(let channel, ticket.generation) = state.phase else {
        promised.settle(.unavailable("the connection to Dovecot was lost in the middle of the login"))
        return .none
      }
      guard admit(promised, &state) else { return .none }
      state.awaited[ticket.id] = promised
      return .write(line, channel)
    }
    run(errand)
    return await answer(promised, ticket)
  }

  /// The client has gone.
  func cancel(_ ticket: Ticket) {
    let errand = state.withLock { state -> Errand in
      state.awaited.removeValue(forKey: ticket.id)?.settle(.unavailable("cancelled"))
      if state.unsent.contains(where: { $0.id == ticket.id }) {
        state.unsent.removeAll { $0.id == ticket.id }
        return .none
      }
      guard case .up(let channel, ticket.generation) = state.phase else { return .none }
      return .write(DovecotCommand.cancel(ticket.id), channel)
    }
    run(errand)
  }

  private func answer(_ promised: Promised<DovecotAnswer>, _ ticket: Ticket?) async -> DovecotAnswer {
    guard let ticket else { return await promised.value() }
    let late = DovecotAnswer.unavailable("Dovecot at \(endpoint) gave no answer in \(timeout)")
    let timer = loop.scheduleTask(in: TimeAmount(timeout)) { [self] in
      promised.settle(late)
      cancel(ticket)
    }
    defer { timer.cancel() }
    return await promised.value()
  }

  /// Settles what cannot be asked now.
  private func admit(_ promised: Promised<DovecotAnswer>, _ state: inout State) -> Bool {
    if case .closed = state.phase {
      promised.settle(.unavailable("the gateway lets go of Dovecot at \(endpoint)"))
      return false
    }
    if case .paused(let until) = state.phase, NIODeadline.now() < until {
      promised.settle(.unavailable("Dovecot at \(endpoint) cannot be reached: \(state.fault)"))
      return false
    }
    guard state.awaited.count < mostInFlight else {
      promised.settle(.unavailable("\(mostInFlight) logins wait for Dovecot at \(endpoint)"))
      return false
    }
    return true
  }

}

// MARK: The connection

extension DovecotLink {
  /// Opens the connection where there is none, so that what Dovecot announces is known before the first login.
  func connect() {
    let errand = state.withLock { state -> Errand in
      switch state.phase {
      case .idle, .paused: .open(generation: state.beginConnecting())
      case .connecting, .up, .closed: .none
      }
    }
    run(errand)
  }

  /// Waits for the greeting; why there is none, or nil.
  func greeting() async -> String? {
    let promised = Promised<String?>()
    let errand = state.withLock { state -> Errand in
      switch state.phase {
      case .up:
        promised.settle(nil)
        return .none
      case .paused, .closed:
        promised.settle(state.fault)
        return .none
      case .connecting:
        state.watchers.append(promised)
        return .none
      case .idle:
        state.watchers.append(promised)
        return .open(generation: state.beginConnecting())
      }
    }
    run(errand)
    return await promised.value(within: timeout, on: loop, late: "no greeting in \(timeout)")
  }

  /// Ends the connection for good; what waits is unavailable.
  func close() {
    let channel = state.withLock { state -> (any Channel)? in
      defer { state.phase = .closed }
      state.drop("the gateway lets go of it")
      if case .up(let channel, _) = state.phase { return channel }
      return nil
    }
    channel?.close(promise: nil)
  }

  private func open(_ generation: Int) {
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(min(timeout, .seconds(5))))
      .channelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            DovecotHandler(link: self, generation: generation))
        }
      }
    bootstrap.connect(to: endpoint).whenComplete { [self] result in
      switch result {
      case .failure(let error): lost(generation, SocketWords.of(error))
      case .success(let channel):
        // A greeting that does not come is a Dovecot that is not there.
        loop.scheduleTask(in: TimeAmount(timeout)) { [self] in
          if !isUp(generation) { channel.close(promise: nil) }
        }
      }
    }
  }

  private func isUp(_ generation: Int) -> Bool {
    state.withLock { state in
      if case .up(_, generation) = state.phase { true } else { false }
    }
  }

  /// The connection is gone, or never came.
  func lost(_ generation: Int, _ why: String) {
    let pause = state.withLock { state -> Duration? in
      switch state.phase {
      case .connecting(generation), .up(_, generation): break
      default: return nil
      }
      if let since = state.upSince, NIODeadline.now() - since > .seconds(10) { state.failures = 0 }
      let pause = Self.pause(after: state.failures)
      state.failures += 1
      state.fault = why
      state.drop(why)
      state.phase = pause == .zero ? .idle : .paused(until: .now() + TimeAmount(pause))
      return pause
    }
    guard let pause else { return }
    loop.scheduleTask(in: TimeAmount(pause)) { [weak self] in self?.connect() }
  }

  /// None after the first loss (a reload of Dovecot closes its connections), then longer and longer.
  static func pause(after failures: Int) -> Duration {
    failures == 0 ? .zero : .milliseconds(min(5000, 100 << min(failures - 1, 10)))
  }

}

// MARK: What it says

extension DovecotLink {
  /// Takes a line; false where it does not belong there.
  func received(_ line: DovecotLine, _ generation: Int, _ channel: any Channel) -> Bool {
    let (isFine, unsent) = state.withLock { state -> (Bool, [State.Unsent]) in
      switch state.phase {
      case .connecting(generation): state.greeting(line, generation, channel)
      case .up(_, generation): (state.answer(line), [])
      default: (false, [])
      }
    }
    for step in unsent { run(.write(step.line, channel)) }
    return isFine
  }
}
