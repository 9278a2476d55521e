internal import Bytes
public import NIOCore
public import NIOPosix
internal import SMTPProtocol
internal import Synchronization

/// A small mail server that keeps what it takes in a Maildir: what stands behind the gateway in the demo.
///
/// It takes mail for a few mailboxes at any domain, refuses every other with 550 5.1.1, and says 250 to a
/// message only when the disk has it.
public final class MaildirServer: Sendable {
  public struct Configuration: Sendable {
    /// The name in its greeting.
    public var hostname = "demo-backend.localhost"
    /// The local parts it takes mail for, in small letters.
    public var mailboxes: Set<String> = ["user", "info", "postmaster"]
    /// Octets a message may have.
    public var messageSize: UInt64 = 64 << 20
    /// Bound: octets of all messages that are coming in together.
    public var heldOctets = 256 << 20
    /// Bound: sessions at once.
    public var sessions = 1000
    /// How long a client may be silent.
    public var patience: Duration = .seconds(300)

    public init() {}
  }

  let configuration: Configuration
  let maildir: Maildir
  let catalogue: ReasonCatalogue
  private let held = Atomic<Int>(0)
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
  private let listener = Mutex<(any Channel)?>(nil)

  private init(_ maildir: Maildir, _ configuration: Configuration) {
    self.maildir = maildir
    self.configuration = configuration
    catalogue = ReasonCatalogue(ProtocolReasons.all + MaildirReasons.all, hostname: configuration.hostname)
  }

  /// Listens; throws what the system says where it cannot. Port 0 lets the system choose.
  public static func start(
    _ maildir: Maildir, host: String, port: Int, configuration: Configuration = Configuration(),
    group: MultiThreadedEventLoopGroup
  ) async throws -> MaildirServer {
    let server = MaildirServer(maildir, configuration)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            IdleStateHandler(readTimeout: TimeAmount(configuration.patience)),
            MaildirConnection(server, channel))
        }
      }
      .bind(host: host, port: port).get()
    server.listener.withLock { $0 = channel }
    return server
  }

  /// Where it listens, with the port that the system gave.
  public var localAddress: SocketAddress? { listener.withLock { $0?.localAddress } }

  /// Stops: no new connections; messages on their way may finish until `deadline`, idle sessions read 421.
  public func stop(within deadline: Duration = .seconds(5)) async {
    let listening = listener.withLock { $0.take() }
    try? await listening?.close()
    for channel in channels.withLock({ Array($0.values) }) {
      channel.pipeline.fireUserInboundEventTriggered(StopOrder())
    }
    let end = ContinuousClock.now + deadline
    while channels.withLock({ !$0.isEmpty }), ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(20))
    }
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }

  /// To all sessions: end as soon as nothing is half done.
  struct StopOrder: Sendable {}

  // MARK: What sessions share

  /// Counts a session; false where there are too many.
  func admit(_ channel: any Channel) -> Bool {
    channels.withLock {
      $0[ObjectIdentifier(channel)] = channel
      return $0.count <= configuration.sessions
    }
  }

  func forget(_ channel: any Channel) {
    channels.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  /// Counts octets that a session holds; false where there is no room, and then nothing was counted.
  func hold(_ octets: Int) -> Bool {
    guard held.add(octets, ordering: .relaxed).newValue > configuration.heldOctets else { return true }
    release(octets)
    return false
  }

  func release(_ octets: Int) { held.subtract(octets, ordering: .relaxed) }
}
