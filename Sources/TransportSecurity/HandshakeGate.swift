internal import Bytes
internal import Glibc
internal import NIOCore

/// Stands on the socket's side of the handshake and goes when it is over. It looks at what a server sends for the
/// cipher, and at what the peer says first, so that one who does not speak TLS is gone at the first octet and not
/// when the record that its words would be is complete.
final class HandshakeGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let isServer: Bool
  private var reader = ServerHelloReader()
  private var first: [UInt8] = []
  private var hasRefused = false

  init(isServer: Bool) {
    self.isServer = isServer
  }

  /// What the server chose; nil before, and where it could not be read.
  var hello: ServerHello? {
    if case .found(let hello) = reader.outcome { hello } else { nil }
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if isServer {
      try? context.channel.syncOptions?.setOption(.recvAllocator, value: RecordReadSizes())
      try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    }
    // Whoever reads by request only does not know how many reads a handshake takes.
    if context.channel.isActive { context.read() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    // Behind the client's last word of a handshake with TLS 1.3 the library has nothing to say until it is asked, and
    // a client that joins small packets (Nagle) asks when the acknowledgement is there: 40 ms, unless it goes now.
    guard isServer, context.channel.isActive else { return }
    let acknowledgeNow = ChannelOptions.Types.SocketOption(
      level: .tcp, name: NIOBSDSocket.Option(rawValue: CInt(TCP_QUICKACK)))
    try? context.channel.syncOptions?.setOption(acknowledgeNow, value: 1)
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    context.read()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if !hasRefused { context.read() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !hasRefused else { return }
    let buffer = unwrapInboundIn(data)
    if first.count < 5 {
      first += buffer.readableBytesView.prefix(5 - first.count)
      if let reason = Self.fault(first, isServer: isServer) {
        hasRefused = true
        let said = Self.quoted(buffer.readableBytesView)
        context.fireErrorCaught(TLSFault(.handshake, "the TLS handshake failed: the peer \(reason)\(said)"))
        context.close(promise: nil)
        return
      }
    }
    if !isServer { _ = reader.read(buffer.readableBytesView) }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if isServer, reader.outcome == .reading { _ = reader.read(unwrapOutboundIn(data).readableBytesView) }
    context.write(data, promise: promise)
  }

  /// Why these octets do not begin a record of a handshake, or of an alert that ends it (RFC 8446 §5.1).
  private static func fault(_ first: [UInt8], isServer: Bool) -> String? {
    guard let type = first.first else { return nil }
    if type & 0x80 != 0, first.count < 3 || first[2] == 1 { return "spoke SSL 2" }
    guard type == 22 || (!isServer && type == 21) else { return "spoke no TLS" }
    if first.count > 1, first[1] != 3 { return "spoke no TLS" }
    // Bound: what stands in front of the TLS library collects a whole record.
    if first.count == 5, !(1...16_384).contains(Int(first[3]) << 8 | Int(first[4])) {
      return "began with a record of an impossible length"
    }
    return nil
  }

  /// What the peer said, where it is text.
  private static func quoted(_ octets: ByteBufferView) -> String {
    let text = octets.prefix(40).prefix { (0x20..<0x7F).contains($0) }
    return text.count < 4 ? "" : ": “\(String(decoding: text, as: UTF8.self))”"
  }
}
