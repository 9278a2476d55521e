import Bytes
import Filtering
import Glibc
public import NIOCore
public import NIOPosix
public import NetAddress
import SMTPProtocol
import Synchronization

/// The listeners and the connections behind them.
public final class Gateway: Sendable {
  public let context: GatewayContext
  private let group: MultiThreadedEventLoopGroup
  let keepers: [ObjectIdentifier: LoopKeeper]
  /// One channel an event loop, or one in all.
  private let listeners = Mutex<[Endpoint: [any Channel]]>([:])
  private let isAccepting = Atomic<Bool>(false)

  public init(context: GatewayContext, group: MultiThreadedEventLoopGroup) {
    self.context = context
    self.group = group
    var keepers: [ObjectIdentifier: LoopKeeper] = [:]
    for loop in group.makeIterator() {
      keepers[ObjectIdentifier(loop)] = LoopKeeper(loop: loop, context: context)
    }
    self.keepers = keepers
  }

  /// Starts the ticks of the event loops.
  public func start() async {
    for keeper in keepers.values { await keeper.start() }
  }

  /// The addresses listened on, with the ports that the system gave where 0 was asked for.
  public var endpoints: [Endpoint: SocketAddress] {
    listeners.withLock { $0.compactMapValues(\.first?.localAddress) }
  }

  /// From now on connections are accepted; until then they wait in the kernel, so that nobody is spoken to
  /// before the process has become its user.
  public func beginAccepting() async throws {
    isAccepting.store(true, ordering: .sequentiallyConsistent)
    for channel in listeners.withLock({ Array($0.values.joined()) }) {
      try await channel.setOption(.autoRead, value: true).get()
    }
  }

  /// Begins to listen. Throws what the system says: the address in use, a port that needs root.
  public func listen(on endpoint: Endpoint) async throws {
    let channels = try await bind(endpoint)
    listeners.withLock { $0[endpoint] = channels }
  }

  /// Stops listening there; sessions go on.
  public func close(_ endpoint: Endpoint) async {
    let channels = listeners.withLock { $0.removeValue(forKey: endpoint) }
    for channel in channels ?? [] { try? await channel.close() }
  }

  private func bind(_ endpoint: Endpoint) async throws -> [any Channel] {
    switch endpoint {
    case .ip(let address, let port):
      return try await bind(
        SocketAddress(ipAddress: address.description, port: Int(port)), for: endpoint)
    case .name(let name, let port):
      return [try await bootstrap(endpoint).bind(host: name, port: Int(port)).get()]
    case .unix(let path):
      return [
        try await bootstrap(endpoint).bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
      ]
    }
  }

  /// A socket for each event loop, so that a connection is accepted on the loop it lives on: handing it over
  /// costs three wake-ups of another thread.
  private func bind(_ address: SocketAddress, for endpoint: Endpoint) async throws -> [any Channel] {
    let claim = try AddressClaim(address)
    defer { claim.release() }
    var channels: [any Channel] = []
    do {
      for loop in group.makeIterator() {
        let bootstrap = bootstrap(endpoint, on: loop)
          .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
        channels.append(try await bootstrap.bind(to: claim.address).get())
      }
    } catch {
      for channel in channels { try? await channel.close() }
      throw error
    }
    return channels
  }

  private func bootstrap(_ endpoint: Endpoint, on loop: (any EventLoop)? = nil) -> ServerBootstrap {
    let name = endpoint.description
    // TCP_NODELAY is NIO's default, and goes from the listening socket to those accepted (tcp(7)).
    return ServerBootstrap(group: loop ?? group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.autoRead, value: isAccepting.load(ordering: .sequentiallyConsistent))
      .childChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture { try accept(channel, on: name) }
      }
  }

  // MARK: Ending

  /// Stops: no new connections; sessions in the middle of a message may finish until `deadline`, the others read
  /// 421 at once; what is left then is closed.
  public func drain(within deadline: Duration) async {
    context.beginDraining()
    let channels = listeners.withLock { listeners in
      defer { listeners.removeAll() }
      return listeners.values.flatMap(\.self)
    }
    for channel in channels { try? await channel.close() }
    let end = Clock.monotonic + deadline.milliseconds
    while await connectionCount > 0, Clock.monotonic < end {
      try? await Task.sleep(for: .milliseconds(50))
    }
    for keeper in keepers.values { await keeper.cut() }
    // A moment for the last replies to leave.
    let last = Clock.monotonic + 1000
    while await connectionCount > 0, Clock.monotonic < last {
      try? await Task.sleep(for: .milliseconds(20))
    }
    for keeper in keepers.values { await keeper.stop() }
  }

  /// Sessions that stand now.
  public var connectionCount: Int {
    get async {
      var count = 0
      for keeper in keepers.values { count += await keeper.count }
      return count
    }
  }
}
