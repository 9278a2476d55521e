import Bytes
import NIOCore

/// Cuts command lines from what comes off the socket. A line ends with CRLF (RFC 5321 §2.3.8); what holds a bare
/// CR, a bare LF or NUL is one malformed line up to there, so that nothing in it is taken for a command of its
/// own.
struct LineFeeder {
  enum Line {
    /// Without its CRLF.
    case line([UInt8])
    /// It holds what no line holds.
    case malformed
    /// It was longer than the bound, and was skipped.
    case tooLong
    /// It has no end: this is no mail client.
    case endless
  }

  /// Octets of an overlong line that have gone by, while it is being skipped.
  private var skipped: Int?
  /// Whether the last of them was CR.
  private var isAfterReturn = false

  /// Bound: so much of a line without an end is read.
  private static let mostSkipped = 1 << 20

  /// The next line; nil where it has not come whole.
  ///
  /// - Parameters:
  ///   - bound: octets of a line, its CRLF included.
  ///   - endsAtBareLineFeed: the admin's word that LF alone ends a line too.
  mutating func next(from buffer: inout ByteBuffer, atMost bound: Int, endsAtBareLineFeed: Bool) -> Line? {
    guard buffer.readableBytes > 0 else { return nil }
    guard let end = Self.end(in: buffer, isAfterReturn, endsAtBareLineFeed) else {
      return skip(&buffer, bound)
    }
    isAfterReturn = false
    if skipped != nil || end > bound {
      skipped = nil
      buffer.moveReaderIndex(forwardBy: end)
      return .tooLong
    }
    guard var line = buffer.readBytes(length: end) else { return nil }
    line.removeLast()
    if line.last == .carriageReturn { line.removeLast() }
    let isSound = !line.contains { $0 == .carriageReturn || $0 == .lineFeed || $0 == 0 }
    return isSound ? .line(line) : .malformed
  }

  /// The line has no end yet: what is past the bound is not kept.
  private mutating func skip(_ buffer: inout ByteBuffer, _ bound: Int) -> Line? {
    guard skipped != nil || buffer.readableBytes > bound else { return nil }
    let gone = (skipped ?? 0) + buffer.readableBytes
    isAfterReturn = buffer.readableBytesView.last == .carriageReturn
    skipped = gone
    buffer.clear()
    return gone > Self.mostSkipped ? .endless : nil
  }

  /// How many octets the line has with its end; nil where that is not there.
  private static func end(in buffer: ByteBuffer, _ isAfterReturn: Bool, _ endsAtBareLineFeed: Bool) -> Int? {
    let span = buffer.readableBytesSpan
    var start = 0
    while let found = span.firstLineFeed(from: start) {
      let isAfterReturn = found > 0 ? span[byte: found - 1] == .carriageReturn : isAfterReturn
      if isAfterReturn || endsAtBareLineFeed { return found + 1 }
      start = found + 1
    }
    return nil
  }
}
