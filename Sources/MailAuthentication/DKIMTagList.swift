internal import Bytes

/// Why a signature, a key or a chain cannot be accepted: the word of RFC 8601 §2.7.1 and the reason for the operator.
struct DKIMFault: Error, Hashable {
  let status: DKIMStatus
  let reason: String

  init(_ status: DKIMStatus, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}

/// `tag=value; tag=value`, as signatures and key records are written (RFC 6376 §3.2; UTF-8 per RFC 8616 §3).
///
/// Names and values are case-sensitive, a tag that stands twice spoils the list, an unknown one does not.
struct DKIMTagList {
  struct Tag {
    let name: Range<Int>
    /// Without the white space around it.
    let value: Range<Int>
    /// All from `=` to `;`, or to the end.
    let place: Range<Int>
  }

  /// Bound: a signature has some fifteen tags.
  static let mostTags = 64

  let octets: [UInt8]
  private(set) var tags: [Tag] = []

  /// - Throws: what breaks the grammar, as `neutral`: "contained syntax errors".
  init(_ octets: [UInt8]) throws(DKIMFault) {
    self.octets = octets
    var position = 0
    while true {
      let start = Self.skipSpace(octets, from: position)
      if start == octets.count {
        // A final semicolon ends the list; an empty list is none.
        if tags.isEmpty { throw DKIMFault(.neutral, "no tags") }
        return
      }
      position = try read(from: start)
      if position == octets.count { return }
      position += 1
    }
  }

  /// Reads one tag; where it ends, at its semicolon or at the end.
  private mutating func read(from start: Int) throws(DKIMFault) -> Int {
    var nameEnd = start
    while nameEnd < octets.count, octets[nameEnd].isASCIILetterOrDigit || octets[nameEnd] == 0x5f {
      nameEnd += 1
    }
    let equals = Self.skipSpace(octets, from: nameEnd)
    guard nameEnd > start, octets[start].isASCIILetter, equals < octets.count,
      octets[equals] == UInt8(ascii: "=")
    else { throw DKIMFault(.neutral, "tag without a name or a value") }
    var end = equals + 1
    while end < octets.count, octets[end] != UInt8(ascii: ";") {
      guard !octets[end].isASCIIControl || Self.isSpace(octets[end]) else {
        throw DKIMFault(.neutral, "control character in a tag")
      }
      end += 1
    }
    let valueStart = min(Self.skipSpace(octets, from: equals + 1), end)
    var valueEnd = end
    while valueEnd > valueStart, Self.isSpace(octets[valueEnd - 1]) { valueEnd -= 1 }
    let name = octets[start..<nameEnd]
    for tag in tags where octets[tag.name].elementsEqual(name) {
      throw DKIMFault(.neutral, "\(String(decoding: name, as: UTF8.self))= stands twice")
    }
    guard tags.count < Self.mostTags else { throw DKIMFault(.neutral, "more than \(Self.mostTags) tags") }
    tags.append(Tag(name: start..<nameEnd, value: valueStart..<valueEnd, place: (equals + 1)..<end))
    return end
  }

  subscript(name: StaticString) -> Tag? {
    name.withUTF8Buffer { wanted in
      tags.first { octets[$0.name].elementsEqual(wanted) }
    }
  }

  /// The value as it stands, without the white space around it; nil where there is no such tag.
  func value(_ name: StaticString) -> ArraySlice<UInt8>? { self[name].map { octets[$0.value] } }

  /// The value without any white space, as a word; nil where there is no such tag or it is not UTF-8.
  func word(_ name: StaticString) -> String? {
    guard let value = value(name) else { return nil }
    return String(utf8: value.contains(where: Self.isSpace) ? Self.withoutSpace(value)[...] : value)
  }

  /// The words of a value between colons, without white space; nil where there is no such tag.
  func words(_ name: StaticString) -> [String]? {
    value(name).map { value in
      value.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
        String(decoding: Self.withoutSpace($0), as: UTF8.self)
      }
    }
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0d || byte == 0x0a || byte == 0x09 }

  static func withoutSpace(_ octets: ArraySlice<UInt8>) -> [UInt8] { octets.filter { !isSpace($0) } }

  private static func skipSpace(_ octets: [UInt8], from start: Int) -> Int {
    var position = start
    while position < octets.count, isSpace(octets[position]) { position += 1 }
    return position
  }

  /// Base64 as RFC 6376 §2.10 has it: white space anywhere, and its padding may be missing; nil for anything else.
  static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var digits = withoutSpace(text)
    let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    digits.removeLast(padding)
    guard digits.count % 4 != 1, !digits.isEmpty else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(digits.count / 4 * 3 + 2)
    var group: UInt32 = 0
    var bits = 0
    for digit in digits {
      let value: UInt8
      switch digit {
      case 0x41...0x5a: value = digit - 0x41
      case 0x61...0x7a: value = digit - 0x61 + 26
      case 0x30...0x39: value = digit - 0x30 + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      group = group << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        octets.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
      }
    }
    return octets
  }
}
