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

  /// What kind of line is due; each has its bound.
  public enum Line: Hashable, Sendable {
    /// A command: `longest` octets; AUTH may have as many as a response, since clients put long tokens there.
    case command
    /// The answer to a challenge of AUTH.
    case response
  }

  /// Octets of the answer to a challenge, its CRLF included (RFC 4954 §4: 12288 without). So much has to be read
  /// ahead of what is dealt with, at the least.
  public static let longestResponse = 12288 + 2

  /// Bound: octets of a malformed line that are skipped.
  public static let mostSkipped = 1 << 20

  /// Octets of a command line, its CRLF included.
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
  /// A line that is refused is skipped by the calls that follow, whatever kind is due by then.
  ///
  /// - Returns: how many octets are dealt with, and what they come to. With nothing taken and no event the
  ///   line is not there yet; with octets taken and no event there may be more to find.
  public mutating func next(_ span: RawSpan, as line: Line = .command) -> (taken: Int, event: Event?) {
    if let gone = skipped { return skip(span, gone) }
    let count = span.byteCount
    let bound = bound(of: line, span)
    guard let found = span.firstLineByte(from: 0) else {
      // Bound: a line that is too long is not gathered.
      return count > bound.octets ? refuse(bound.refusal, count) : (0, nil)
    }
    // Past the bound nothing else counts: the same refusal, however the octets came in pieces.
    if found >= bound.octets { return refuse(bound.refusal, found) }
    let taken: Int
    switch span[byte: found] {
    case .carriageReturn:
      guard found + 1 < count else { return (0, nil) }
      guard span[byte: found + 1] == .lineFeed else { return refuse(.commandLineEnding, found + 1) }
      taken = found + 2
    case .lineFeed where acceptsBareLineFeed: taken = found + 1
    default: return refuse(.commandLineEnding, found + 1)
    }
    if taken > bound.octets { return (taken, .malformed(bound.refusal)) }
    return (taken, .line(span.withUnsafeBytes { Array($0[..<found]) }))
  }

  /// The bound of the line that begins the span. It does not depend on how much of the line is there, once that
  /// is more than any bound below it.
  private func bound(of line: Line, _ span: RawSpan) -> (octets: Int, refusal: ReasonCode) {
    // Looked at only where it could matter.
    if line == .command, span.byteCount <= longest || !Self.isAuthentication(span) {
      return (longest, .commandLineTooLong)
    }
    return (line == .command ? max(longest, Self.longestResponse) : Self.longestResponse, .authTooLong)
  }

  private static func isAuthentication(_ span: RawSpan) -> Bool {
    guard span.byteCount > 4, span[byte: 4].isWhiteSpace else { return false }
    var index = 0
    for letter in "auth".utf8 {
      if span[byte: index].lowercasedASCII != letter { return false }
      index += 1
    }
    return true
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
