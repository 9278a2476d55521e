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
  private let keepers: [ObjectIdentifier: LoopKeeper]
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

  // MARK: Accepting

  private func accept(_ channel: any Channel, on listener: String) throws {
    guard let keeper = keepers[ObjectIdentifier(channel.eventLoop)] else {
      throw ChannelError.inappropriateOperationForState
    }
    if let options = channel.syncOptions {
      // Set here they cost a third of what they do as options of the bootstrap.
      try options.setOption(.allowRemoteHalfClosure, value: true)
      try options.setOption(.maxMessagesPerRead, value: 2)
      try options.setOption(.recvAllocator, value: ReadSizes())
    }
    let policy = context.policy
    let peer = PeerAddress(channel.remoteAddress)
    let address = context.impersonations.take(.init(address: peer.address, port: peer.port)) ?? peer.address
    let isRelayNetwork = policy.relay.isRelayNetwork(address)
    let now = Clock.monotonic
    if let reason = refusal(of: address, isRelayNetwork: isRelayNetwork, at: now, policy) {
      refuse(channel, address, reason, policy)
      return
    }
    let facts = ConnectFacts(
      address: address, port: peer.port, listener: listener, isRelayNetwork: isRelayNetwork,
      time: Clock.now)
    let admission = context.admission
    channel.closeFuture.whenComplete { _ in admission.disconnect(address, isRelayNetwork: isRelayNetwork) }
    let connection = Connection(channel: channel, context: context, policy: policy, facts: facts)
    let handler = GatewayHandler(connection, keeper: keeper)
    try channel.pipeline.syncOperations.addHandler(handler)
  }

  /// Why this connection is not taken; nil where it is, and then it is counted.
  private func refusal(
    of address: IPAddress, isRelayNetwork: Bool, at now: Int64, _ policy: Policy
  ) -> ReasonCode? {
    if context.isDraining { return .shuttingDown }
    if let reason = context.overload() { return reason }
    return context.admission.connect(address, isRelayNetwork: isRelayNetwork, at: now)
  }

  /// Says why and closes; the connection never becomes a session.
  private func refuse(_ channel: any Channel, _ address: IPAddress, _ reason: ReasonCode, _ policy: Policy) {
    var variables = ReplyVariables()
    variables.client = address.description
    variables.id = context.newID()
    // Why it was blocked is for the operator: it would tell a spammer which address is the trap.
    let because =
      reason == .clientBlocked ? context.admission.blocked(address, at: Clock.monotonic) ?? "" : ""
    let response = Response(reason, variables)
    var event = Event(.limit, .info, at: Clock.now)
    event.id = variables.id
    event.stage = .connect
    event.found = .connect
    event.code = reason
    event.client = address
    event.reply = policy.catalogue.reply(response)
    event.detail = because
    context.events.record(event)
    var bytes: [UInt8] = []
    policy.catalogue.write(response, into: &bytes)
    let handler = RefusalHandler(ByteBuffer(bytes: bytes))
    try? channel.pipeline.syncOperations.addHandler(handler)
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

/// Says one reply to a connection that is not wanted, and closes it.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let reply: ByteBuffer

  init(_ reply: ByteBuffer) { self.reply = reply }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
