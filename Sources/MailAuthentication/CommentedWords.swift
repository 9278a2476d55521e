internal import Bytes

/// The words of a structured field body, comments and folding passed over (RFC 5322 §3.2).
struct CommentedWords {
  /// Bound: comments within comments.
  private static let deepest = 32

  private let octets: ArraySlice<UInt8>
  private var position: Int
  /// Whether a comment or a quoted text had no end.
  private(set) var isBroken = false

  init(_ octets: ArraySlice<UInt8>) {
    self.octets = octets
    position = octets.startIndex
  }

  /// Whether nothing but comments and white space is left.
  var isAtEnd: Bool {
    mutating get {
      skip()
      return position == octets.endIndex
    }
  }

  /// Takes that one character, if it is next.
  mutating func takes(_ character: Unicode.Scalar) -> Bool {
    skip()
    guard position < octets.endIndex, UInt32(octets[position]) == character.value else { return false }
    position += 1
    return true
  }

  /// A keyword in small letters: letters, digits, hyphens and underscores; nil where there is none.
  mutating func keyword() -> String? {
    skip()
    let word = octets[position...].prefix {
      $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
    }
    guard !word.isEmpty else { return nil }
    position = word.endIndex
    return String(decoding: word, as: UTF8.self).lowercasedASCII
  }

  /// A token (RFC 2045 §5.1), UTF-8 taken as RFC 8601 §2.2 allows; nil where there is none.
  mutating func token() -> String? {
    skip()
    return bare(Self.isToken)
  }

  /// A token or a quoted text; nil where there is neither.
  mutating func value() -> String? {
    skip()
    return position < octets.endIndex && octets[position] == UInt8(ascii: "\"")
      ? quoted() : bare(Self.isToken)
  }

  /// The value of a property: as `value`, or an address, its local part perhaps quoted.
  mutating func propertyValue() -> String? {
    skip()
    guard position < octets.endIndex else { return nil }
    if octets[position] == UInt8(ascii: "\"") {
      guard let text = quoted() else { return nil }
      guard position < octets.endIndex, octets[position] == UInt8(ascii: "@") else { return text }
      position += 1
      return bare(Self.isToken).map { "\(text)@\($0)" }
    }
    // Deviation: addresses, base64 and IPv6 stand bare in fields from the wild, where the grammar would quote them.
    return bare { $0 > 0x20 && $0 != 0x7f && !Self.endsValue($0) }
  }

  private mutating func bare(_ isTaken: (UInt8) -> Bool) -> String? {
    let word = octets[position...].prefix(while: isTaken)
    guard !word.isEmpty else { return nil }
    position = word.endIndex
    return String(decoding: word, as: UTF8.self)
  }

  private mutating func quoted() -> String? {
    var text: [UInt8] = []
    var index = position + 1
    while index < octets.endIndex {
      switch octets[index] {
      case UInt8(ascii: "\""):
        position = index + 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        index += 1
        if index < octets.endIndex { text.append(octets[index]) }
      case .carriageReturn, .lineFeed: break
      default: text.append(octets[index])
      }
      index += 1
    }
    isBroken = true
    position = octets.endIndex
    return nil
  }

  private mutating func skip() {
    var depth = 0
    while position < octets.endIndex {
      switch octets[position] {
      case UInt8(ascii: "("):
        depth += 1
        if depth > Self.deepest { return fail() }
      case UInt8(ascii: ")") where depth > 0: depth -= 1
      case UInt8(ascii: "\\") where depth > 0:
        position += 1
        if position == octets.endIndex { return fail() }
      case 0x20, 0x09, 0x0d, 0x0a: break
      default: if depth == 0 { return }
      }
      position += 1
    }
    if depth > 0 { isBroken = true }
  }

  private mutating func fail() {
    isBroken = true
    position = octets.endIndex
  }

  private static func endsValue(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ";") || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
      || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",")
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7f: false
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
      UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="):
      false
    default: true
    }
  }
}
