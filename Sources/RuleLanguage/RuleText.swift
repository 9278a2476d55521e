import Bytes

/// A run of octets read one by one, each of which knows its offset in the file.
///
/// A condition is read twice, once as lines and once as text: the text is shorter than the lines where a line is
/// continued, and its octets keep the places that they had.
struct RuleText: Sendable {
  private(set) var octets: [UInt8]
  /// Offsets in the file; empty where they run on from `base`.
  private var offsets: [Int]
  private let base: Int
  var index = 0

  /// Octets that stand in the file from `base` on, one after the other.
  init(_ octets: [UInt8], base: Int = 0) {
    self.octets = octets
    offsets = []
    self.base = base
  }

  init(_ octets: [UInt8], offsets: [Int], end: Int) {
    self.octets = octets
    self.offsets = offsets
    base = end
  }

  var isAtEnd: Bool { index >= octets.count }
  var next: UInt8? { index < octets.count ? octets[index] : nil }
  func peek(_ distance: Int) -> UInt8? {
    index + distance < octets.count ? octets[index + distance] : nil
  }

  /// The offset in the file of an index.
  func offset(_ index: Int) -> Int {
    if offsets.isEmpty { return base + index }
    return index < offsets.count ? offsets[index] : base
  }

  func range(_ range: Range<Int>) -> Range<Int> {
    let start = offset(range.lowerBound)
    guard !range.isEmpty else { return start..<start }
    return start..<max(start, offset(range.upperBound - 1) + 1)
  }

  mutating func take() -> UInt8? {
    guard index < octets.count else { return nil }
    defer { index += 1 }
    return octets[index]
  }

  mutating func skipBlanks() {
    while let octet = next, octet.isWhiteSpace { index += 1 }
  }

  /// Takes a name of letters, digits and `_` that begins with no digit; nil where none stands here.
  mutating func takeName() -> String? {
    guard let first = next, first.isNameStart else { return nil }
    let start = index
    while let octet = next, octet.isNamePart { index += 1 }
    return String(decoding: octets[start..<index], as: UTF8.self)
  }

  /// What follows from an index on, with its places.
  func tail(from start: Int) -> RuleText {
    if offsets.isEmpty { return RuleText(Array(octets[start...]), base: base + start) }
    return RuleText(Array(octets[start...]), offsets: Array(offsets[start...]), end: base)
  }

  /// Takes blanks off the end.
  mutating func trimEnd() {
    while let last = octets.last, last.isWhiteSpace {
      octets.removeLast()
      if !offsets.isEmpty { offsets.removeLast() }
    }
  }
}

extension UInt8 {
  var isNameStart: Bool { isASCIILetter || self == UInt8(ascii: "_") }
  var isNamePart: Bool { isASCIILetterOrDigit || self == UInt8(ascii: "_") }
  /// A blank or the end of a line.
  var isBlankOrEnd: Bool { isWhiteSpace || self == .lineFeed }
}

extension Sequence<UInt8> {
  /// The octets as a text, for people.
  var shown: String { String(decoding: Array(self), as: UTF8.self) }
}
