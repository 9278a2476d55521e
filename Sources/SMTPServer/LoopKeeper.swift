import NIOCore

/// The connections of one event loop, and the tick that looks after their time.
actor LoopKeeper {
  nonisolated let loop: any EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  /// Milliseconds between two looks; a time-out is late by at most that.
  static let interval: Int64 = 250

  private let context: GatewayContext
  private var connections: [ObjectIdentifier: Connection] = [:]
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

  func add(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }

  func remove(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

  private func tick() {
    let now = Clock.monotonic
    context.report(loopDelay: Int(max(0, now - expected)))
    expected = now + Self.interval
    for connection in connections.values { connection.assumeIsolated { $0.tick(now) } }
  }

  /// Closes whatever is left.
  func cut() {
    for connection in connections.values { connection.assumeIsolated { $0.cut() } }
  }
}
