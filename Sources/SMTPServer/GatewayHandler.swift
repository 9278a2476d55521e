import NIOCore

/// The socket side of a connection: hands octets and events to the session's actor, on the same event loop.
final class GatewayHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let connection: Connection
  private let keeper: LoopKeeper
  private var pending: ByteBuffer?

  init(_ connection: Connection, keeper: LoopKeeper) {
    self.connection = connection
    self.keeper = keeper
  }

  func channelActive(context: ChannelHandlerContext) {
    keeper.assumeIsolated { [connection] in $0.add(connection) }
    connection.assumeIsolated { $0.opened() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    // One behind the other: joined, both would be copied.
    if let earlier = pending { connection.assumeIsolated { $0.received(earlier) } }
    pending = buffer
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard let buffer = pending else { return }
    pending = nil
    connection.assumeIsolated { $0.received(buffer) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    connection.assumeIsolated { $0.writabilityChanged() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      connection.assumeIsolated { $0.inputClosed() }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    keeper.assumeIsolated { [connection] in $0.remove(connection) }
    connection.assumeIsolated {
      $0.broke()
      $0.lost()
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A reset or a broken pipe: the connection is gone, which the session notes.
    connection.assumeIsolated { $0.broke() }
    context.close(promise: nil)
  }
}
