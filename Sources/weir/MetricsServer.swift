import NIOCore
import NIOHTTP1
import NIOPosix
import NetAddress
import Synchronization

/// Answers `GET /metrics` at `[metrics] address`, and nothing else. One request a connection; no mail depends on it.
final class MetricsServer: Sendable {
  /// Makes the text of an answer.
  typealias Making = @Sendable () async -> String

  /// What came of a changed address, in words for the operator.
  enum Outcome: Sendable {
    case serves(String)
    case cannot(String)
    case ended(String)
  }

  static let path = "/metrics"
  /// Bound: who comes while as many are served is not answered.
  static let mostConnections = 32
  /// Bound: octets of a request, its head and all behind it.
  static let longestRequest = 8 * 1024
  /// Bound: how long a connection lasts, whatever its peer does.
  static let patience = TimeAmount.seconds(5)

  private struct State {
    var endpoint: Endpoint?
    var channel: (any Channel)?
    /// nil until the gateway has become its user: connections wait in the kernel.
    var making: Making?
    var connections = 0
  }

  private let group: MultiThreadedEventLoopGroup
  private let state = Mutex(State())

  init(group: MultiThreadedEventLoopGroup) { self.group = group }

  /// Listens there, and nowhere else any more; nil: nowhere. Tries again where it could not before.
  ///
  /// - Returns: nil where nothing changed.
  func follow(_ endpoint: Endpoint?) async -> Outcome? {
    let (before, channel, isAnswering) = state.withLock { ($0.endpoint, $0.channel, $0.making != nil) }
    if before == endpoint, endpoint == nil || channel != nil { return nil }
    // First, since the new address may cover the old one.
    await close()
    guard let endpoint else { return .ended("metrics are served no more") }
    do {
      let channel = try await bind(endpoint, isAnswering: isAnswering)
      state.withLock {
        $0.endpoint = endpoint
        $0.channel = channel
      }
      return .serves("metrics at \(endpoint), \(Self.path)")
    } catch {
      return .cannot("metrics.address: cannot listen on \(endpoint): \(ListenObstacle.words(error))")
    }
  }

  /// From now on requests are answered.
  func begin(_ making: @escaping Making) async {
    let channel = state.withLock { state in
      state.making = making
      return state.channel
    }
    try? await channel?.setOption(.autoRead, value: true).get()
  }

  /// Stops listening.
  func close() async {
    let channel = state.withLock { state in
      defer {
        state.channel = nil
        state.endpoint = nil
      }
      return state.channel
    }
    try? await channel?.close()
  }

  private func bind(_ endpoint: Endpoint, isAnswering: Bool) async throws -> any Channel {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(Self.mostConnections))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.autoRead, value: isAnswering)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture { try take(channel) }
      }
    return switch endpoint {
    case .ip(let address, let port):
      try await bootstrap.bind(
        to: SocketAddress(ipAddress: address.description, port: Int(port))
      ).get()
    case .name(let name, let port): try await bootstrap.bind(host: name, port: Int(port)).get()
    case .unix(let path):
      try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    }
  }

  /// Throws, which closes the connection, where there are too many.
  private func take(_ channel: any Channel) throws {
    let entered: Making? = state.withLock { state in
      guard let making = state.making, state.connections < Self.mostConnections else { return nil }
      state.connections += 1
      return making
    }
    guard let making = entered else { throw ChannelError.inappropriateOperationForState }
    channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.connections -= 1 } }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(RequestBound())
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
    try pipeline.addHandler(MetricsHandler(making))
  }
}

/// Ends a connection that lasts too long or says too much.
private final class RequestBound: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var octets = 0
  private var end: Scheduled<Void>?

  func channelActive(context: ChannelHandlerContext) {
    end = context.eventLoop.assumeIsolated().scheduleTask(in: MetricsServer.patience) {
      context.close(promise: nil)
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let isOver = octets > MetricsServer.longestRequest
    octets += unwrapInboundIn(data).readableBytes
    guard octets > MetricsServer.longestRequest else { return context.fireChannelRead(data) }
    guard !isOver else { return }
    let answer =
      "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    // What still comes is read and forgotten until the peer ends: a reset would take the answer from it.
    context.close(mode: .output, promise: nil)
  }
}

private final class MetricsHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let making: MetricsServer.Making
  private var request: HTTPRequestHead?
  private var isAnswering = false

  init(_ making: @escaping MetricsServer.Making) { self.making = making }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isAnswering else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): request = head
    case .body: break
    case .end:
      guard let request else { return }
      isAnswering = true
      answer(request, context)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard request.uri.prefix(while: { $0 != "?" }) == MetricsServer.path else {
      return write(.notFound, "There is \(MetricsServer.path) and nothing else.\n", to: request, context)
    }
    guard request.method == .GET || request.method == .HEAD else {
      return write(.methodNotAllowed, "GET is what is answered here.\n", to: request, context)
    }
    let making = making
    context.eventLoop.makeFutureWithTask { await making() }.assumeIsolated().whenSuccess { text in
      self.write(.ok, text, to: request, context)
    }
  }

  private func write(
    _ status: HTTPResponseStatus, _ text: String, to request: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    let body = context.channel.allocator.buffer(string: text)
    var headers = HTTPHeaders([
      ("Content-Type", status == .ok ? MetricsText.contentType : "text/plain; charset=utf-8"),
      ("Content-Length", "\(body.readableBytes)"), ("Connection", "close"),
    ])
    if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
    let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Who ends before the request is whole gets nothing; who ends behind it waits for the answer.
    if event as? ChannelEvent == .inputClosed, !isAnswering { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
