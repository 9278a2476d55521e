internal import Bytes
internal import NIOCore
internal import SMTPProtocol

/// The content of one message while it comes in.
final class IncomingContent {
  private var decoder: ContentDecoder
  private(set) var buffer: [UInt8] = []
  /// Octets of the current chunk that have not come yet.
  var chunkLeft: UInt64 = 0
  /// Why the message is drained instead of kept; the first reason stays.
  private(set) var refusal: Response?
  /// Octets counted as held by the server.
  private var held = 0

  init(_ framing: ContentDecoder.Framing) { decoder = ContentDecoder(framing: framing) }

  /// Takes octets; says how many, and whether the end of DATA was among them.
  func take(_ bytes: ByteBuffer, limit: UInt64?, _ server: MaildirServer) -> (taken: Int, isComplete: Bool) {
    decoder.isDiscarding = refusal != nil
    let result = decoder.decode(bytes.readableBytesSpan, into: &buffer)
    guard refusal == nil else { return result }
    let more = buffer.count - held
    if let fault = decoder.fault {
      refusal = Response(fault.reason)
    } else if let limit, decoder.octets > limit {
      refusal = Response(.messageTooLarge, because: "\(limit)")
    } else if server.hold(more) {
      held += more
    } else {
      refusal = Response(.outOfRoom)
    }
    if refusal != nil { release(server) }
    return result
  }

  /// All has come; answers why it cannot be kept, if so.
  func finish() -> Response? {
    decoder.finishCounted(into: &buffer)
    return refusal ?? decoder.fault.map { Response($0.reason) }
  }

  func release(_ server: MaildirServer) {
    server.release(held)
    held = 0
    buffer = []
  }
}
