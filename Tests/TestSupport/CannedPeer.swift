internal import NIOCore
import NIOPosix

/// A listener that says what a test tells it to, whatever it is asked: for hostile answers and for silence.
public final class CannedPeer: Sendable {
  /// What it does on a connection.
  public struct Script: Sendable {
    /// Said at once.
    public var greeting: [UInt8] = []
    /// Said to each read; nil for silence.
    public var reply: (@Sendable ([UInt8]) -> [UInt8])?
    /// Whether it closes after the first reply.
    public var closes = false

    public init(
      greeting: String = "", closes: Bool = false, reply: (@Sendable ([UInt8]) -> [UInt8])? = nil
    ) {
      self.greeting = Array(greeting.utf8)
      self.closes = closes
      self.reply = reply
    }
  }

  private let channel: any Channel
  private let folder: ScratchFolder
  /// Where it listens: a path.
  public let socket: String

  /// Listens on a local socket.
  public init(_ script: Script) throws {
    let folder = try ScratchFolder("canned")
    self.folder = folder
    socket = folder.file("socket")
    channel = try Self.bootstrap(script).bind(unixDomainSocketPath: socket).wait()
  }

  deinit { stop() }

  public func stop() { channel.close(promise: nil) }

  private static func bootstrap(_ script: Script) -> ServerBootstrap {
    ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(CannedHandler(script))
        }
      }
  }
}

private final class CannedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let script: CannedPeer.Script

  init(_ script: CannedPeer.Script) { self.script = script }

  func channelActive(context: ChannelHandlerContext) {
    if !script.greeting.isEmpty {
      context.writeAndFlush(NIOAny(ByteBuffer(bytes: script.greeting)), promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let reply = script.reply?(Array(unwrapInboundIn(data).readableBytesView)) else { return }
    if !reply.isEmpty { context.writeAndFlush(NIOAny(ByteBuffer(bytes: reply)), promise: nil) }
    if script.closes { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
