internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Stands between TLS and the handlers that are to know nothing of it. Before TLS stands nothing passes it in either
/// direction, neither what the peer sent in the clear nor an answer to it; after that it turns the library's
/// faults into words.
final class HandshakeEnd: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case handshaking(HandshakeGate, (ServerHello?) -> TLSEstablished)
    case established
    case failed
  }

  private var state: State
  /// What the verification found, which the library's error does not tell.
  var verificationFault: TLSFault?

  /// - Parameter describe: what there is to tell when the handshake is done.
  init(_ gate: HandshakeGate, _ describe: @escaping (ServerHello?) -> TLSEstablished) {
    state = .handshaking(gate, describe)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Abuse: the handler that waits for the ClientHello gives what it has to the next one when the peer closes its
    // side; read on, that would be commands in the clear.
    guard case .established = state else { return }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .established = state else {
      promise?.fail(TLSFault(.handshake, "there was no TLS yet"))
      return
    }
    context.write(data, promise: promise)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch (event, state) {
    case (TLSUserEvent.handshakeCompleted, .handshaking(let gate, let describe)):
      let established = describe(gate.hello)
      state = .established
      context.pipeline.syncOperations.removeHandler(gate, promise: nil)
      context.fireUserInboundEventTriggered(established)
    case (ChannelEvent.inputClosed, .handshaking):
      fail(context, TLSFault(.handshake, "the TLS handshake failed: the peer hung up in the middle of it"))
      context.close(promise: nil)
    default:
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch state {
    case .handshaking:
      guard let fault = HandshakeWords.fault(for: error, isEstablished: false) else {
        return context.fireErrorCaught(error)
      }
      fail(context, verificationFault ?? fault)
    case .established:
      // SMTP says itself where it ends; many peers close without an end of TLS.
      if case NIOSSLError.uncleanShutdown? = error as? NIOSSLError { return }
      context.fireErrorCaught(HandshakeWords.fault(for: error, isEstablished: true) ?? error)
    case .failed:
      // One handshake fails once; what comes after is the same in other words.
      if HandshakeWords.fault(for: error, isEstablished: false) == nil { context.fireErrorCaught(error) }
    }
  }

  private func fail(_ context: ChannelHandlerContext, _ fault: TLSFault) {
    state = .failed
    context.fireErrorCaught(fault)
  }
}
