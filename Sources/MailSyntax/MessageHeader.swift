internal import Bytes

/// The header of a message: its fields in order, as ranges of the octets it was read from (RFC 5322 §2.2).
///
/// Reads the held form (CRLF lines, perhaps dot-stuffed). Bounds: 256 KiB by the caller, 2,000 fields here.
public struct MessageHeader: Sendable {
  public struct Field: Sendable, Hashable {
    /// The name as written, without the colon; for comparing use `isNamed`.
    public let name: String
    /// The whole field, its folded lines and final CRLF included.
    public let range: Range<Int>
    /// The body: what follows the colon, without the final CRLF.
    public let body: Range<Int>

    public func isNamed(_ other: String) -> Bool { name.equalsIgnoringASCIICase(other) }
  }

  public static let mostFields = 2000

  public let fields: [Field]
  /// Offset of the empty line that ends the header; the end of the octets where there is none.
  public let end: Int
  /// Whether the empty line was there.
  public let isComplete: Bool
  /// Whether there were more fields than the bound.
  public let isCut: Bool
  /// Whether some line of it was no field and no continuation.
  public let hasMalformedLine: Bool
  /// Whether every octet of it is ASCII.
  public let isASCII: Bool

  public init(_ bytes: [UInt8]) {
    var fields: [Field] = []
    fields.reserveCapacity(24)
    var position = 0
    var isComplete = false
    var isCut = false
    var hasMalformedLine = false
    let span = bytes.span.bytes
    bytes.withUnsafeBufferPointer { buffer in
      while position < buffer.count {
        if buffer[position] == .carriageReturn, position + 1 < buffer.count, buffer[position + 1] == .lineFeed
        {
          isComplete = true
          break
        }
        let start = position
        var lineEnd = Self.endOfLine(span, from: position)
        while lineEnd < buffer.count, buffer[lineEnd].isWhiteSpace {
          lineEnd = Self.endOfLine(span, from: lineEnd)
        }
        position = lineEnd
        guard fields.count < Self.mostFields else {
          isCut = true
          continue
        }
        if let field = Self.field(buffer, start, lineEnd) {
          fields.append(field)
        } else {
          hasMalformedLine = true
        }
      }
    }
    self.fields = fields
    self.end = position
    self.isComplete = isComplete
    self.isCut = isCut
    self.hasMalformedLine = hasMalformedLine
    self.isASCII = span.isASCII(upTo: position)
  }

  /// The first field of that name, without regard to case.
  public func first(_ name: String) -> Field? { fields.first { $0.isNamed(name) } }

  public func contains(_ name: String) -> Bool { first(name) != nil }

  /// How often a field of that name stands here: `Received` counts the hops (RFC 5321 §6.3).
  public func count(_ name: String) -> Int { fields.reduce(0) { $0 + ($1.isNamed(name) ? 1 : 0) } }

  private static func endOfLine(_ span: borrowing RawSpan, from start: Int) -> Int {
    span.firstLineFeed(from: start).map { $0 + 1 } ?? span.byteCount
  }

  private static func field(_ buffer: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Field? {
    var colon = start
    while colon < end, buffer[colon] != UInt8(ascii: ":") {
      guard buffer[colon] > 0x20, buffer[colon] < 0x7f else {
        // Deviation: white space between name and colon is obsolete syntax (RFC 5322 §4.5) and still read,
        // folded or not, as some readers do.
        guard buffer[colon] != 0, buffer[colon] <= 0x20, colon > start else { return nil }
        var next = colon
        while next < end,
          buffer[next].isWhiteSpace || buffer[next] == .carriageReturn || buffer[next] == .lineFeed
        {
          next += 1
        }
        guard next < end, buffer[next] == UInt8(ascii: ":") else { return nil }
        return make(buffer, start, nameEnd: colon, colon: next, end)
      }
      colon += 1
    }
    guard colon < end, colon > start else { return nil }
    return make(buffer, start, nameEnd: colon, colon: colon, end)
  }

  private static func make(
    _ buffer: UnsafeBufferPointer<UInt8>, _ start: Int, nameEnd: Int, colon: Int, _ end: Int
  ) -> Field {
    // A stuffed dot in front of a name is no part of it.
    let nameStart = buffer[start] == .dot && nameEnd - start > 1 ? start + 1 : start
    var bodyEnd = end
    if bodyEnd > colon + 1, buffer[bodyEnd - 1] == .lineFeed { bodyEnd -= 1 }
    if bodyEnd > colon + 1, buffer[bodyEnd - 1] == .carriageReturn { bodyEnd -= 1 }
    return Field(
      name: String(decoding: buffer[nameStart..<nameEnd], as: UTF8.self), range: start..<end,
      body: min(colon + 1, bodyEnd)..<bodyEnd)
  }
}
