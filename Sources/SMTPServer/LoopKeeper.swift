import NIOCore

/// The connections of one event loop, and the tick that looks after their time.
actor LoopKeeper {
  nonisolated let loop: any EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  /// Milliseconds between two looks; a time-out is late by at most that.
  static let interval: Int64 = 250

  private let context: GatewayContext
  private var connections: [Connection] = []
  /// When to look at the connection at the same place, in monotonic milliseconds. Apart from the connections, so
  /// that a tick reads through a short row of numbers where nobody's time is up.
  private var looks: [Int64] = []
  private var expected: Int64 = 0
  private var ticker: RepeatedTask?

  init(loop: any EventLoop, context: GatewayContext) {
    self.loop = loop
    self.context = context
  }

  func start() {
    expected = Clock.monotonic + Self.interval
    ticker = loop.scheduleRepeatedTask(
      initialDelay: .milliseconds(Self.interval), delay: .milliseconds(Self.interval)
    ) {
      [weak self] _ in
      self?.assumeIsolated { $0.tick() }
    }
  }

  func stop() {
    ticker?.cancel()
    ticker = nil
  }

  var count: Int { connections.count }

  func add(_ connection: Connection) {
    let place = connections.count
    connections.append(connection)
    looks.append(connection.assumeIsolated { $0.settle(at: place, Clock.monotonic) })
  }

  func remove(_ connection: Connection) {
    guard let place = place(of: connection), let last = connections.popLast(), let look = looks.popLast()
    else {
      return
    }
    guard last !== connection else { return }
    connections[place] = last
    looks[place] = look
    last.assumeIsolated { $0.place = place }
  }

  /// Where a connection stands; nil where it is gone.
  private func place(of connection: Connection) -> Int? {
    let place = connection.assumeIsolated { $0.place }
    return place < connections.count && connections[place] === connection ? place : nil
  }

  private func tick() {
    let now = Clock.monotonic
    context.report(loopDelay: Int(max(0, now - expected)))
    expected = now + Self.interval
    let isDraining = context.isDraining
    let due = looks.indices.filter { isDraining || looks[$0] <= now }.map { connections[$0] }
    for connection in due {
      let next = connection.assumeIsolated { $0.tick(now) }
      if let place = place(of: connection) { looks[place] = next }
    }
  }

  /// Closes whatever is left.
  func cut() {
    for connection in connections { connection.assumeIsolated { $0.cut() } }
  }
}
