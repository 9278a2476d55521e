internal import Bytes

/// Why message content was refused (RFC 5321 §2.3.8, §4.1.1.4; the smuggling attacks of 2023 live here).
public enum ContentFault: Error, Hashable, Sendable {
  case bareCarriageReturn
  case bareLineFeed
  case nul
  case lineTooLong
}

/// Turns the octets behind DATA or BDAT into the form in which a message is held: canonical CRLF lines,
/// dot-stuffed, without the final dot. That form goes to the next server as it stands.
///
/// Only CRLF.CRLF ends data. After a fault the decoder drains to that end and appends nothing more, so that
/// what a smuggler put behind his false end is never read as a command.
public struct ContentDecoder: Sendable {
  public enum Framing: Hashable, Sendable {
    /// DATA: dot-stuffed, ended by CRLF.CRLF.
    case dotTerminated
    /// BDAT: counted by the caller, not stuffed; stuffed here.
    case counted
    /// BDAT under BODY=BINARYMIME: kept octet for octet, held unstuffed.
    case binary
  }

  private enum State: Hashable, Sendable {
    case lineStart
    case lineStartAfterBareLineFeed
    case dot
    case dotReturn
    case inLine
    case afterReturn
  }

  public let framing: Framing
  /// The admin's word: a bare LF is written as CRLF instead of being refused.
  public let normalizesBareLineFeed: Bool
  /// Octets of the message itself, without stuffing and final dot (what SIZE counts, RFC 1870 §5).
  public private(set) var octets: UInt64 = 0
  public private(set) var fault: ContentFault?
  /// Octets that a line may have, its CRLF included and its stuffing not; binary content has no lines.
  private let mostLineOctets: Int
  /// Octets of the line under way that came before the span at hand.
  private var lineOctets = 0
  /// Whether the content passed is only counted and drained.
  public var isDiscarding = false
  private var state = State.lineStart

  public init(framing: Framing, normalizesBareLineFeed: Bool = false, mostLineOctets: Int = .max) {
    self.framing = framing
    self.normalizesBareLineFeed = normalizesBareLineFeed
    self.mostLineOctets = mostLineOctets
  }

  /// Whether the content so far is empty or ends a line.
  public var isAtLineStart: Bool { state == .lineStart || state == .lineStartAfterBareLineFeed }

  /// Takes the next octets and appends what is to be held to `output`.
  ///
  /// - Returns: how many octets were taken, and whether the end of data was among them (never for BDAT: its
  ///   end is counted by the caller). Octets behind the end are left untouched.
  public mutating func decode(_ span: RawSpan, into output: inout [UInt8]) -> (taken: Int, isComplete: Bool) {
    switch framing {
    case .binary:
      octets += UInt64(span.byteCount)
      append(span, 0, span.byteCount, to: &output)
      return (span.byteCount, false)
    case .dotTerminated: return decodeData(span, &output)
    case .counted: return decodeChunk(span, &output)
    }
  }

  /// Completes counted content that does not end with CRLF, as DATA needs it (RFC 3030 §4.2).
  public mutating func finishCounted(into output: inout [UInt8]) {
    guard framing == .counted else { return }
    if state == .afterReturn { note(.bareCarriageReturn) }
    guard !isAtLineStart, fault == nil, !isDiscarding else { return }
    output.append(contentsOf: [.carriageReturn, .lineFeed])
    octets += 2
    state = .lineStart
  }

  private mutating func note(_ found: ContentFault) {
    if fault == nil { fault = found }
  }

  /// A line that began at `begin` (before 0: in an earlier span) ends before `end`.
  @inline(__always)
  private mutating func endLine(_ begin: inout Int, _ end: Int) {
    if end - begin > mostLineOctets { note(.lineTooLong) }
    begin = end
  }

  /// A span ends in the middle of a line.
  @inline(__always)
  private mutating func carryLine(_ begin: Int, _ end: Int) {
    lineOctets = end - begin
    if lineOctets > mostLineOctets { note(.lineTooLong) }
  }

  @inline(__always)
  private func append(_ span: RawSpan, _ start: Int, _ end: Int, to output: inout [UInt8]) {
    guard end > start, fault == nil, !isDiscarding else { return }
    span.withUnsafeBytes { output.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
  }

  private mutating func decodeData(_ span: RawSpan, _ output: inout [UInt8]) -> (Int, Bool) {
    let count = span.byteCount
    var position = 0
    // Where the run of octets begins that goes to the output unchanged.
    var run = 0
    var begin = -lineOctets
    while position < count {
      switch state {
      case .lineStart:
        if span[byte: position] == .dot {
          append(span, run, position, to: &output)
          octets += UInt64(position - run)
          position += 1
          run = position
          begin = position
          state = .dot
        } else {
          state = .inLine
        }
      case .lineStartAfterBareLineFeed:
        // Deviation: such a dot was never stuffed by anybody's rule; stuffed here it stays a line of its own
        // and cannot become the end of data further on.
        if span[byte: position] == .dot {
          append(span, run, position, to: &output)
          octets += UInt64(position - run)
          run = position
          if fault == nil, !isDiscarding { output.append(.dot) }
        }
        state = .inLine
      case .dot:
        if span[byte: position] == .carriageReturn {
          position += 1
          run = position
          state = .dotReturn
        } else {
          // The stuffing dot is held as it came, and not counted.
          if fault == nil, !isDiscarding { output.append(.dot) }
          if normalizesBareLineFeed, span[byte: position] == .lineFeed {
            // Abuse: CRLF.LF made canonical would be the end of data; the dot is content, and stuffed.
            if fault == nil, !isDiscarding { output.append(.dot) }
            octets += 1
          }
          state = .inLine
        }
      case .dotReturn:
        if span[byte: position] == .lineFeed { return (position + 1, true) }
        note(.bareCarriageReturn)
        state = .inLine
      case .inLine:
        guard let found = span.firstLineByte(from: position) else {
          position = count
          break
        }
        position = lineByte(span, found, &run, &begin, &output)
      case .afterReturn:
        if span[byte: position] == .lineFeed {
          position += 1
          endLine(&begin, position)
          state = .lineStart
        } else {
          note(.bareCarriageReturn)
          state = .inLine
        }
      }
    }
    append(span, run, position, to: &output)
    octets += UInt64(position - run)
    carryLine(begin, position)
    return (position, false)
  }

  /// Deals with the CR, LF or NUL at `found`; answers the offset to go on at.
  @inline(__always)
  private mutating func lineByte(
    _ span: RawSpan, _ found: Int, _ run: inout Int, _ begin: inout Int, _ output: inout [UInt8]
  ) -> Int {
    switch span[byte: found] {
    case .carriageReturn:
      if found + 1 < span.byteCount, span[byte: found + 1] == .lineFeed {
        endLine(&begin, found + 2)
        state = .lineStart
        return found + 2
      }
      state = .afterReturn
    case .lineFeed:
      if normalizesBareLineFeed {
        append(span, run, found, to: &output)
        octets += UInt64(found - run) + 2
        run = found + 1
        if fault == nil, !isDiscarding { output.append(contentsOf: [.carriageReturn, .lineFeed]) }
        endLine(&begin, found + 1)
        state = .lineStartAfterBareLineFeed
      } else {
        note(.bareLineFeed)
      }
    default: note(.nul)
    }
    return found + 1
  }

  private mutating func decodeChunk(_ span: RawSpan, _ output: inout [UInt8]) -> (Int, Bool) {
    let count = span.byteCount
    var position = 0
    var run = 0
    var begin = -lineOctets
    while position < count {
      switch state {
      case .lineStart, .lineStartAfterBareLineFeed, .dot, .dotReturn:
        if span[byte: position] == .dot {
          append(span, run, position, to: &output)
          octets += UInt64(position - run)
          run = position
          if fault == nil, !isDiscarding { output.append(.dot) }
        }
        state = .inLine
      case .inLine:
        guard let found = span.firstLineByte(from: position) else {
          position = count
          break
        }
        position = lineByte(span, found, &run, &begin, &output)
      case .afterReturn:
        if span[byte: position] == .lineFeed {
          position += 1
          endLine(&begin, position)
          state = .lineStart
        } else {
          note(.bareCarriageReturn)
          state = .inLine
        }
      }
    }
    append(span, run, position, to: &output)
    octets += UInt64(position - run)
    carryLine(begin, position)
    return (position, false)
  }
}
