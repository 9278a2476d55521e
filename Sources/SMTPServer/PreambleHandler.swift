import Filtering
import NIOCore
import SMTPProtocol

/// Reads the PROXY preamble of a balancer that is believed; then the connection becomes what it says.
///
/// Bounds: the preamble's own length, and a few seconds. Until then the connection counts in the total only.
final class PreambleHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  /// How long a balancer may take; it sends the preamble with its first segment.
  static let patience = TimeAmount.seconds(5)

  private let entry: Entry
  private let peer: Arrival
  private var received = ByteBuffer()
  private var deadline: Scheduled<Void>?
  private var isOver = false

  init(_ entry: Entry, peer: Arrival) {
    self.entry = entry
    self.peer = peer
  }

  func handlerAdded(context: ChannelHandlerContext) {
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
      self.fail(
        context, .proxyMissing, "it did not come whole in \(Self.patience.nanoseconds / 1_000_000_000) s")
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if isOver { return }
    if received.readableBytes == 0 { received = buffer } else { received.writeBuffer(&buffer) }
    switch ProxyPreamble.parse(received.readableBytesSpan) {
    case .needMore: break
    case .malformed(let words): fail(context, .proxyMalformed, words)
    case .done(let preamble, let octets):
      received.moveReaderIndex(forwardBy: octets)
      proceed(context, preamble)
    }
  }

  private func proceed(_ context: ChannelHandlerContext, _ preamble: ProxyPreamble) {
    isOver = true
    let pipeline = context.pipeline.syncOperations
    let rest = received
    received = ByteBuffer()
    pipeline.removeHandler(context: context, promise: nil)
    do {
      var arrival = Arrival(preamble, of: peer)
      arrival.hasSpoken = rest.readableBytes > 0
      try entry.admit(arrival)
    } catch {
      return entry.channel.close(promise: nil)
    }
    // From the front: where TLS begins, its handlers stand there.
    if rest.readableBytes > 0 { pipeline.fireChannelRead(NIOAny(rest)) }
  }

  private func fail(_ context: ChannelHandlerContext, _ reason: ReasonCode, _ words: String) {
    guard !isOver else { return }
    isOver = true
    entry.note(reason, client: peer.address, words)
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? ChannelEvent, event == .inputClosed else { return }
    // A balancer that only looks whether somebody listens says nothing at all.
    guard received.readableBytes > 0 else {
      isOver = true
      return context.close(promise: nil)
    }
    fail(context, .proxyMissing, "the connection ended after \(received.readableBytes) octets of it")
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    isOver = true
    context.close(promise: nil)
  }
}

extension Arrival {
  /// The client that the preamble tells; the balancer itself where it speaks on its own account or does not know.
  init(_ preamble: ProxyPreamble, of peer: Arrival) {
    self = peer
    guard case .client(let ends) = preamble.origin else {
      // Abuse: behind a balancer on this host every stranger would be 127.0.0.1.
      isAddressKnown = false
      return
    }
    address = ends.source
    port = ends.sourcePort
    guard let tls = preamble.tls else { return }
    let name = tls.hasCertificate ? tls.commonName : nil
    self.tls = TLSFacts(
      version: tls.version.isEmpty ? "TLS" : tls.version, cipher: tls.cipher, serverName: preamble.serverName,
      certificate: name.map {
        ClientCertificate(fingerprint: "", subject: "CN=" + Self.escaped($0), isVerified: tls.isVerified)
      }, isForeign: true)
  }

  /// A value of a distinguished name (RFC 4514 §2.4): nothing of it is taken for another attribute.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for (index, character) in value.unicodeScalars.enumerated() {
      if ",+\"\\<>;=".unicodeScalars.contains(character) || character == " " || index == 0 && character == "#"
      {
        text.unicodeScalars.append("\\")
      }
      text.unicodeScalars.append(character)
    }
    return text
  }
}
