internal import Bytes
internal import Filtering

/// How large a message is on its way to a backend.
enum MessageSize {
  /// What SIZE says: the octets of the message as it goes on, doubled dots not counted (RFC 1870 §5).
  static func octets(of delivery: Delivery) -> UInt64 {
    let message = delivery.message
    let start = min(delivery.bodyStart, message.memory.count)
    var removed = start
    var added = delivery.header.count
    if !message.isBinary {
      if start > 0 { removed -= stuffing(message.memory[..<start]) }
      added -= stuffing(delivery.header[...])
    }
    return UInt64(added) + (message.octets - min(message.octets, UInt64(removed)))
  }

  /// What is written, without the final dot.
  static func wireOctets(of delivery: Delivery) -> Int {
    let message = delivery.message
    return delivery.header.count + max(0, message.memory.count - delivery.bodyStart)
      + (message.spool?.length ?? 0)
  }

  /// The lines that begin with a dot: each has one more than its text.
  private static func stuffing(_ lines: ArraySlice<UInt8>) -> Int {
    lines.withUnsafeBufferPointer { bytes in
      var count = 0
      var last = UInt8.lineFeed
      for byte in bytes {
        if byte == .dot, last == .lineFeed { count += 1 }
        last = byte
      }
      return count
    }
  }
}
