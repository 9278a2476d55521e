import NIOCore
import TransportSecurity

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

  /// Behind a preamble the connection stands already.
  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin() }
  }

  func channelActive(context: ChannelHandlerContext) { begin() }

  private func begin() {
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
    switch event {
    case ChannelEvent.inputClosed: connection.assumeIsolated { $0.inputClosed() }
    case let event as TLSEstablished: connection.assumeIsolated { $0.established(event) }
    default: break
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
    if let fault = error as? TLSFault {
      // TLS that stood and broke, by an end without a goodbye most often, is followed by the end itself.
      connection.assumeIsolated { $0.handshakeFailed("\(fault)") }
      return
    }
    // A reset or a broken pipe: the connection is gone, which the session notes.
    connection.assumeIsolated { $0.broke() }
    context.close(promise: nil)
  }
}
