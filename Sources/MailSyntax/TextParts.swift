internal import Bytes

/// The text parts of a message with their transfer encoding undone: enough of MIME to look for links (RFC 2045,
/// RFC 2046). Characters stay as they are.
///
/// Bounds: 40 parts, 8 levels, and so many octets as the caller says.
public struct TextParts {
  public static let mostParts = 40
  private static let mostLevels = 8

  public private(set) var texts: [[UInt8]] = []
  private var room: Int
  private let octets: [UInt8]
  private let isStuffed: Bool

  /// The texts of a message.
  ///
  /// - Parameters:
  ///   - octets: the message, or its beginning, in CRLF lines.
  ///   - header: its header, read from these octets.
  ///   - isStuffed: whether lines that begin with a dot have one more (RFC 5321 §4.5.2).
  ///   - most: octets that are looked at.
  public static func of(_ octets: [UInt8], header: MessageHeader, isStuffed: Bool, most: Int) -> [[UInt8]] {
    var parts = TextParts(octets, isStuffed, most)
    let start = header.isComplete ? min(header.end + 2, octets.count) : octets.count
    parts.read(header, octets, start..<octets.count, level: 0)
    return parts.texts
  }

  private init(_ octets: [UInt8], _ isStuffed: Bool, _ most: Int) {
    self.octets = octets
    self.isStuffed = isStuffed
    room = most
  }

  /// - Parameter source: what the header was read from.
  private mutating func read(_ header: MessageHeader, _ source: [UInt8], _ body: Range<Int>, level: Int) {
    guard texts.count < Self.mostParts, room > 0 else { return }
    let type = Self.value(header, "Content-Type", source)
    let kind = type.prefix { $0 != UInt8(ascii: ";") && !$0.isWhiteSpace }.map(\.lowercasedASCII)
    if kind.starts(with: "multipart/".utf8) {
      guard level < Self.mostLevels, let boundary = Self.boundary(type) else { return }
      split(body, boundary, level)
    } else if kind.starts(with: "message/".utf8) {
      guard level < Self.mostLevels else { return }
      part(body, level)
    } else if kind.isEmpty || kind.starts(with: "text/".utf8) {
      let encoding = Self.value(header, "Content-Transfer-Encoding", source).map(\.lowercasedASCII)
      let taken = body.prefix(room)
      room -= taken.count
      texts.append(decoded(taken.startIndex..<taken.endIndex, encoding))
    }
  }

  /// One part with a header of its own.
  private mutating func part(_ range: Range<Int>, _ level: Int) {
    // The header is read from a copy of no more than a header may have.
    let own = Array(octets[range.prefix(64 * 1024)])
    let header = MessageHeader(own)
    let start = header.isComplete ? range.lowerBound + header.end + 2 : range.upperBound
    read(header, own, min(start, range.upperBound)..<range.upperBound, level: level + 1)
  }

  private mutating func split(_ body: Range<Int>, _ boundary: [UInt8], _ level: Int) {
    var start: Int?
    var line = body.lowerBound
    while line < body.upperBound, texts.count < Self.mostParts, room > 0 {
      let end = endOfLine(line, body.upperBound)
      if let isLast = delimiter(line..<end, boundary) {
        if let start { part(start..<max(start, line), level) }
        start = isLast ? nil : end
        if isLast { return }
      }
      line = end
    }
    if let start, start < body.upperBound { part(start..<body.upperBound, level) }
  }

  /// Whether a line is the boundary's, and then whether it is the last.
  private func delimiter(_ line: Range<Int>, _ boundary: [UInt8]) -> Bool? {
    guard line.count >= boundary.count + 2, octets[line.lowerBound] == 0x2d,
      octets[line.lowerBound + 1] == 0x2d,
      octets[(line.lowerBound + 2)..<(line.lowerBound + 2 + boundary.count)].elementsEqual(boundary)
    else { return nil }
    let rest = octets[(line.lowerBound + 2 + boundary.count)..<line.upperBound]
    if rest.starts(with: [0x2d, 0x2d]) { return true }
    return rest.allSatisfy { $0 <= 0x20 } ? false : nil
  }

  private func endOfLine(_ start: Int, _ end: Int) -> Int {
    octets.span.bytes.firstLineFeed(from: start).map { min($0 + 1, end) } ?? end
  }

  // MARK: Encodings

  private func decoded(_ range: Range<Int>, _ encoding: [UInt8]) -> [UInt8] {
    if encoding.starts(with: "base64".utf8) { return base64(range) }
    let isQuoted = encoding.starts(with: "quoted-printable".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var line = range.lowerBound
    while line < range.upperBound {
      let end = endOfLine(line, range.upperBound)
      if isStuffed, octets[line] == .dot, end - line > 1 { line += 1 }
      if isQuoted { quoted(line..<end, &text) } else { text += octets[line..<end] }
      line = end
    }
    return text
  }

  private func quoted(_ line: Range<Int>, _ text: inout [UInt8]) {
    var index = line.lowerBound
    while index < line.upperBound {
      let byte = octets[index]
      guard byte == UInt8(ascii: "=") else {
        text.append(byte)
        index += 1
        continue
      }
      let rest = octets[(index + 1)..<line.upperBound]
      // A soft line break, white space behind it or not.
      if rest.allSatisfy({ $0 <= 0x20 }) { return }
      if rest.count >= 2, rest.prefix(2).allSatisfy(\.isASCIIHexDigit),
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        text.append(value)
        index += 3
      } else {
        text.append(byte)
        index += 1
      }
    }
  }

  /// What stands outside the alphabet is passed over (RFC 2045 §6.8).
  private func base64(_ range: Range<Int>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(range.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for byte in octets[range] {
      let value: UInt8
      switch byte {
      case 0x41...0x5a: value = byte - 0x41
      case 0x61...0x7a: value = byte - 0x61 + 26
      case 0x30...0x39: value = byte - 0x30 + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="):
        Self.flush(bits, count, &text)
        count = 0
        continue
      default: continue
      }
      bits = bits << 6 | UInt32(value)
      count += 1
      if count == 4 {
        text += [
          UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8),
          UInt8(truncatingIfNeeded: bits),
        ]
        count = 0
      }
    }
    Self.flush(bits, count, &text)
    return text
  }

  /// What two or three characters of a last group stand for.
  private static func flush(_ bits: UInt32, _ count: Int, _ text: inout [UInt8]) {
    if count == 2 { text.append(UInt8(truncatingIfNeeded: bits >> 4)) }
    if count == 3 {
      text += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
    }
  }

  // MARK: Header fields

  private static func value(_ header: MessageHeader, _ name: String, _ source: [UInt8]) -> [UInt8] {
    guard let field = header.first(name) else { return [] }
    return Array(source[field.body].prefix(2000).drop { $0 <= 0x20 })
  }

  /// The `boundary` parameter of a Content-Type body, at most 70 octets (RFC 2046 §5.1.1), quoted or not.
  private static func boundary(_ type: [UInt8]) -> [UInt8]? {
    let name = Array("boundary".utf8)
    var index = 0
    while index + name.count < type.count {
      defer { index += 1 }
      guard index > 0, type[index] | 0x20 == UInt8(ascii: "b"),
        type[index - 1] == UInt8(ascii: ";") || type[index - 1] <= 0x20,
        type[index..<(index + name.count)].map(\.lowercasedASCII) == name
      else { continue }
      var value = type[(index + name.count)...].drop { $0 <= 0x20 }
      guard value.first == UInt8(ascii: "=") else { continue }
      value = value.dropFirst().drop { $0 <= 0x20 }
      let boundary =
        value.first == UInt8(ascii: "\"")
        ? value.dropFirst().prefix { $0 != UInt8(ascii: "\"") }
        : value.prefix { $0 > 0x20 && $0 != UInt8(ascii: ";") }
      return boundary.isEmpty || boundary.count > 200 ? nil : Array(boundary)
    }
    return nil
  }
}
