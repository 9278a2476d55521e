internal import Bytes

/// Takes off the dots that SMTP adds to lines that begin with one (RFC 5321 §4.5.2), piece by piece.
struct Unstuffing {
  private var isAtLineStart = true

  /// Appends what of `bytes` begins at `start` without those dots.
  mutating func append(_ bytes: [UInt8], from start: Int = 0, to output: inout [UInt8]) {
    var position = start
    while position < bytes.count {
      if isAtLineStart, bytes[position] == .dot { position += 1 }
      let end = bytes.span.bytes.firstLineFeed(from: position).map { $0 + 1 }
      output.append(contentsOf: bytes[position..<(end ?? bytes.count)])
      isAtLineStart = end != nil
      position = end ?? bytes.count
    }
  }
}

/// Adds them, piece by piece.
struct Stuffing {
  private var isAtLineStart = true

  mutating func append(_ bytes: [UInt8], to output: inout [UInt8]) {
    var position = 0
    while position < bytes.count {
      if isAtLineStart, bytes[position] == .dot { output.append(.dot) }
      let end = bytes.span.bytes.firstLineFeed(from: position).map { $0 + 1 }
      output.append(contentsOf: bytes[position..<(end ?? bytes.count)])
      isAtLineStart = end != nil
      position = end ?? bytes.count
    }
  }
}
