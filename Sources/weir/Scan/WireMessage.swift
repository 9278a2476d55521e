import Bytes
import Filtering
import SMTPProtocol

/// A message from a file in the form in which a client would send it and the gateway hold it.
struct WireMessage {
  /// CRLF lines, whatever ended them; a CR by itself stays what it is.
  static func lines(_ octets: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(octets.count + octets.count / 32)
    // An old Macintosh's lines.
    let end: UInt8 = octets.contains(.lineFeed) ? .lineFeed : .carriageReturn
    var start = 0
    while start < octets.count {
      let stop = octets[start...].firstIndex(of: end) ?? octets.count
      result += octets[start..<stop]
      if end == .lineFeed, stop > start, octets[stop - 1] == .carriageReturn { result.removeLast() }
      result += [.carriageReturn, .lineFeed]
      start = stop + 1
    }
    return result
  }

  let held: HeldMessage
  /// Why the gateway would not take such content; nil where it would.
  let refusal: Response?

  /// - Parameter lines: the message in CRLF lines.
  init(_ lines: [UInt8], _ bounds: MessageBounds?, size: Int?) {
    let stuffed = Self.stuffed(lines)
    var decoder = ContentDecoder(framing: .dotTerminated, longestLine: bounds?.line)
    var octets: [UInt8] = []
    octets.reserveCapacity(stuffed.count)
    let wire = stuffed + Array(".\r\n".utf8)
    _ = decoder.decode(wire.span.bytes, into: &octets)
    if let fault = decoder.fault {
      refusal = Response(fault.reason, because: fault == .lineTooLong ? "\(bounds?.line ?? 0)" : "")
      octets = stuffed
    } else if let size, lines.count > size {
      refusal = Response(.messageTooLarge, because: "\(size)")
    } else {
      refusal = nil
    }
    held = HeldMessage(memory: octets, octets: UInt64(lines.count))
  }

  /// RFC 5321 §4.5.2.
  private static func stuffed(_ lines: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(lines.count + 64)
    var start = 0
    var index = 0
    while index < lines.count {
      if lines[index] == .dot, index == 0 || lines[index - 1] == .lineFeed {
        result += lines[start..<index]
        result.append(.dot)
        start = index
      }
      index = lines[(index + 1)...].firstIndex(of: .lineFeed).map { $0 + 1 } ?? lines.count
    }
    return result + lines[start...]
  }
}
