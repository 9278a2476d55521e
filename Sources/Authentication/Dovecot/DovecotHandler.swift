internal import NIOCore

/// Cuts what Dovecot says into lines, and tells the link what becomes of the connection.
final class DovecotHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// Bound: octets of a line from Dovecot; its own are far shorter.
  static let longestLine = 16_384

  private let link: DovecotLink
  private let generation: Int
  private var line: [UInt8] = []
  private var fault: String?

  init(link: DovecotLink, generation: Int) {
    self.link = link
    self.generation = generation
  }

  func channelActive(context: ChannelHandlerContext) {
    let hello = DovecotCommand.hello(number: UInt32.random(in: 1...UInt32(Int32.max)))
    context.writeAndFlush(NIOAny(ByteBuffer(string: hello)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard fault == nil else { return }
    for byte in unwrapInboundIn(data).readableBytesView {
      if byte == 0x0a {
        let whole = line
        line.removeAll(keepingCapacity: true)
        guard let message = DovecotLine(whole),
          link.received(message, generation, context.channel)
        else {
          return end("it said '\(UserName.words(whole.prefix { $0 != 0x09 }))' out of place", context)
        }
        continue
      }
      guard line.count < Self.longestLine else {
        return end("it sent a line of more than \(Self.longestLine) octets", context)
      }
      line.append(byte)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { end(SocketWords.of(error), context) }

  func channelInactive(context: ChannelHandlerContext) {
    link.lost(generation, fault ?? "it closed the connection")
  }

  private func end(_ why: String, _ context: ChannelHandlerContext) {
    if fault == nil { fault = why }
    context.close(promise: nil)
  }
}
