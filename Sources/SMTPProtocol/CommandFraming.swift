internal import Bytes

/// Cuts what a client sends between its messages into command lines (RFC 5321 §2.3.8, §4.1.1).
///
/// Only CRLF ends a line. What holds a bare CR, a bare LF or NUL, or is too long, is refused once and skipped
/// to its CRLF, so that nothing hidden behind a bare LF is ever carried out as a command.
public struct CommandFraming: Sendable {
  public enum Event: Hashable, Sendable {
    /// A line without its CRLF.
    case line([UInt8])
    /// No command line, under the code that it is refused with; it is skipped.
    case malformed(ReasonCode)
    /// So much of a line without an end has gone by that nobody means it.
    case endless
  }

  /// Bound: octets of a malformed line that are skipped.
  public static let mostSkipped = 1 << 20

  /// Octets of a line, its CRLF included.
  public let longest: Int
  /// The admin's word: a bare LF ends a line too.
  public let acceptsBareLineFeed: Bool
  /// Octets of the line that is being skipped.
  private var skipped: Int?
  private var skippedReturn = false

  public init(longest: Int, acceptsBareLineFeed: Bool = false) {
    self.longest = longest
    self.acceptsBareLineFeed = acceptsBareLineFeed
  }

  /// Looks at what has come and is not yet taken.
  ///
  /// - Returns: how many octets are dealt with, and what they come to. With nothing taken and no event the
  ///   line is not there yet; with octets taken and no event there may be more to find.
  public mutating func next(_ span: RawSpan) -> (taken: Int, event: Event?) {
    if let gone = skipped { return skip(span, gone) }
    let count = span.byteCount
    guard let found = span.firstLineByte(from: 0) else {
      // Bound: a line that is too long is not gathered.
      return count > longest ? refuse(.commandLineTooLong, count) : (0, nil)
    }
    // Past the bound nothing else counts: the same refusal, however the octets came in pieces.
    if found >= longest { return refuse(.commandLineTooLong, found) }
    switch span[byte: found] {
    case .carriageReturn:
      guard found + 1 < count else { return (0, nil) }
      guard span[byte: found + 1] == .lineFeed else { return refuse(.commandLineEnding, found + 1) }
      return line(span, found, taken: found + 2)
    case .lineFeed where acceptsBareLineFeed: return line(span, found, taken: found + 1)
    default: return refuse(.commandLineEnding, found + 1)
    }
  }

  private func line(_ span: RawSpan, _ length: Int, taken: Int) -> (Int, Event?) {
    if taken > longest { return (taken, .malformed(.commandLineTooLong)) }
    return (taken, .line(span.withUnsafeBytes { Array($0[..<length]) }))
  }

  private mutating func refuse(_ reason: ReasonCode, _ taken: Int) -> (Int, Event?) {
    skipped = taken
    skippedReturn = false
    return (taken, .malformed(reason))
  }

  private mutating func skip(_ span: RawSpan, _ gone: Int) -> (Int, Event?) {
    let count = span.byteCount
    var position = 0
    while position < count {
      let byte = span[byte: position]
      position += 1
      if byte == .lineFeed, skippedReturn || acceptsBareLineFeed {
        skipped = nil
        return (position, nil)
      }
      skippedReturn = byte == .carriageReturn
      if !skippedReturn { position = span.firstLineByte(from: position) ?? count }
    }
    skipped = gone + count
    return (count, gone + count > Self.mostSkipped ? .endless : nil)
  }
}
