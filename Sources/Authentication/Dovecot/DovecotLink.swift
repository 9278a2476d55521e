internal import NIOCore
internal import NIOPosix
internal import NetAddress
internal import Synchronization

/// What became of one step of a login.
enum DovecotAnswer: Sendable {
  case ok(user: String)
  case challenge([UInt8])
  case refused(user: String, String)
  case unavailable(String)
}

/// The one connection to a Dovecot's auth socket, on which all logins run beside each other, each under its own
/// number. It is opened again when it is lost, at once and then with growing pauses.
final class DovecotLink: Sendable {
  private enum Phase {
    case idle
    case connecting(generation: Int)
    case up(any Channel, generation: Int)
    /// Nobody tries before that.
    case paused(until: NIODeadline)
    case closed
  }

  private struct Unsent {
    let id: UInt32
    let line: String
  }

  private struct State {
    var phase = Phase.idle
    var generation = 0
    var greeting: [String] = []
    var isVersionKnown = false
    /// What the last complete greeting announced; nil before the first.
    var announced: [String]?
    var awaited: [UInt32: Promised<DovecotAnswer>] = [:]
    var watchers: [Promised<String?>] = []
    var unsent: [Unsent] = []
    var lastID: UInt32 = 0
    var failures = 0
    var upSince: NIODeadline?
    var fault = ""
  }

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
  private let state = Mutex(State())

  init(endpoint: Endpoint, timeout: Duration, group: any EventLoopGroup, mostInFlight: Int = 256) {
    self.endpoint = endpoint
    self.timeout = timeout
    self.mostInFlight = mostInFlight
    loop = group.next()
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
      let id = nextID(&state)
      state.awaited[id] = promised
      switch state.phase {
      case .up(let channel, let generation):
        return (Ticket(id: id, generation: generation), .write(line(id), channel))
      case .connecting(let generation):
        state.unsent.append(Unsent(id: id, line: line(id)))
        return (Ticket(id: id, generation: generation), .none)
      case .idle, .paused, .closed:
        state.unsent.append(Unsent(id: id, line: line(id)))
        let generation = beginConnecting(&state)
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

  private func nextID(_ state: inout State) -> UInt32 {
    repeat { state.lastID &+= 1 } while state.lastID == 0 || state.awaited[state.lastID] != nil
    return state.lastID
  }

  private func beginConnecting(_ state: inout State) -> Int {
    state.generation += 1
    state.phase = .connecting(generation: state.generation)
    return state.generation
  }
}

// MARK: The connection

extension DovecotLink {
  /// Opens the connection where there is none, so that what Dovecot announces is known before the first login.
  func connect() {
    let errand = state.withLock { state -> Errand in
      switch state.phase {
      case .idle, .paused: .open(generation: beginConnecting(&state))
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
        return .open(generation: beginConnecting(&state))
      }
    }
    run(errand)
    return await promised.value(within: timeout, on: loop, late: "no greeting in \(timeout)")
  }

  /// Ends the connection for good; what waits is unavailable.
  func close() {
    let channel = state.withLock { state -> (any Channel)? in
      defer { state.phase = .closed }
      drop("the gateway lets go of it", &state)
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
      drop(why, &state)
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

  private func drop(_ why: String, _ state: inout State) {
    let answer = DovecotAnswer.unavailable("Dovecot at \(endpoint): \(why)")
    for promised in state.awaited.values { promised.settle(answer) }
    for watcher in state.watchers { watcher.settle(why) }
    state.watchers.removeAll()
    state.awaited.removeAll()
    state.unsent.removeAll()
    state.greeting.removeAll()
    state.isVersionKnown = false
    state.upSince = nil
  }
}

// MARK: What it says

extension DovecotLink {
  /// Bound: mechanisms of a greeting.
  private static let mostMechanisms = 64

  /// Takes a line; false where it does not belong there.
  func received(_ line: DovecotLine, _ generation: Int, _ channel: any Channel) -> Bool {
    let (isFine, unsent) = state.withLock { state -> (Bool, [Unsent]) in
      switch state.phase {
      case .connecting(generation): greeting(line, generation, channel, &state)
      case .up(_, generation): (answer(line, &state), [])
      default: (false, [])
      }
    }
    for step in unsent { run(.write(step.line, channel)) }
    return isFine
  }

  private func greeting(_ line: DovecotLine, _ generation: Int, _ channel: any Channel, _ state: inout State)
    -> (Bool, [Unsent])
  {
    switch line {
    case .version(let major):
      state.isVersionKnown = true
      return (major == 1, [])
    case .mechanism(let name):
      state.greeting.append(name)
      return (state.greeting.count <= Self.mostMechanisms, [])
    case .other: return (true, [])
    case .ok, .challenge, .fail: return (false, [])
    case .done:
      guard state.isVersionKnown else { return (false, []) }
      state.announced = state.greeting
      for watcher in state.watchers { watcher.settle(nil) }
      state.watchers.removeAll()
      state.phase = .up(channel, generation: generation)
      state.upSince = .now()
      defer { state.unsent.removeAll() }
      return (true, state.unsent)
    }
  }

  private func answer(_ line: DovecotLine, _ state: inout State) -> Bool {
    let id: UInt32
    let answer: DovecotAnswer
    switch line {
    case .ok(let number, let fields): (id, answer) = (number, Self.accepted(fields))
    case .challenge(let number, let challenge): (id, answer) = (number, .challenge(challenge))
    case .fail(let number, let fields): (id, answer) = (number, Self.refused(fields))
    // A mechanism that is told later (a reload) is known after the next greeting.
    case .version, .mechanism, .done, .other: return true
    }
    state.failures = 0
    // A number that is not known was given up: its time was over.
    state.awaited.removeValue(forKey: id)?.settle(answer)
    return true
  }

  private static func accepted(_ fields: DovecotFields) -> DovecotAnswer {
    guard let user = fields["user"], UserName.fault(user) == nil else {
      return .unavailable("Dovecot accepted a login without a user name")
    }
    // "The user is not actually allowed to log in", save through a proxy, which is the other server's matter.
    if fields.has("nologin"), !fields.has("proxy"), !fields.has("host") {
      return .refused(user: user, "may not log in" + (fields["reason"].map { ": \($0)" } ?? ""))
    }
    return .ok(user: user)
  }

  private static func refused(_ fields: DovecotFields) -> DovecotAnswer {
    let reason = fields["reason"].map { ": \(UserName.words($0.utf8))" } ?? ""
    let code = fields["code"] ?? ""
    if fields.has("temp") || code == "temp_fail" {
      return .unavailable("Dovecot failed for the time being\(reason)")
    }
    let why =
      if fields.has("user_disabled") || code == "user_disabled" {
        "account disabled"
      } else if fields.has("pass_expired") || code == "pass_expired" {
        "password expired"
      } else if fields.has("authz") || code == "authz_fail" {
        "may not act for the user it named"
      } else {
        "no such user, or wrong password"
      }
    return .refused(user: UserName.words((fields["user"] ?? "").utf8), why + reason)
  }
}
