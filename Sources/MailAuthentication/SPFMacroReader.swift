internal import Bytes

/// One `%{…}` (RFC 7208 §7.1).
struct SPFMacro: Hashable, Sendable {
  /// In small letters.
  let letter: UInt8
  /// A capital letter: the value is URL-escaped.
  let isEscaped: Bool
  /// How many parts from the right; 0 for all.
  let parts: Int
  let isReversed: Bool
  let delimiters: Delimiters

  struct Delimiters: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(_ byte: UInt8) {
      switch byte {
      case UInt8(ascii: "."): rawValue = 1
      case UInt8(ascii: "-"): rawValue = 2
      case UInt8(ascii: "+"): rawValue = 4
      case UInt8(ascii: ","): rawValue = 8
      case UInt8(ascii: "/"): rawValue = 16
      case UInt8(ascii: "_"): rawValue = 32
      case UInt8(ascii: "="): rawValue = 64
      default: return nil
      }
    }

    static let dot = Delimiters(rawValue: 1)

    func contains(byte: UInt8) -> Bool { Delimiters(byte).map(contains) ?? false }
  }
}

/// Reads a macro string piece by piece, left to right.
struct SPFMacroReader {
  enum Piece: Hashable {
    case literal(UInt8)
    /// `%%`, `%_`, `%-`.
    case sign(UInt8)
    case macro(SPFMacro)
    /// Not the grammar.
    case fault
  }

  /// Where a macro string stands: which letters and octets it may have.
  enum Place {
    /// A domain-spec.
    case name
    /// The value of a modifier that nobody knows.
    case modifier
    /// The text for who is refused: spaces, and the letters `c`, `r`, `t`.
    case explanation
  }

  private let octets: [UInt8]
  private let end: Int
  private let place: Place
  private(set) var position: Int

  init(_ octets: [UInt8], _ range: Range<Int>, in place: Place) {
    self.octets = octets
    self.place = place
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next piece; nil at the end.
  mutating func next() -> Piece? {
    guard position < end else { return nil }
    let byte = octets[position]
    position += 1
    guard byte == UInt8(ascii: "%") else {
      let isVisible = byte > 0x20 && byte < 0x7f
      return isVisible || byte == .space && place == .explanation ? .literal(byte) : .fault
    }
    guard position < end else { return .fault }
    let sign = octets[position]
    position += 1
    switch sign {
    case UInt8(ascii: "%"), UInt8(ascii: "_"), UInt8(ascii: "-"): return .sign(sign)
    case UInt8(ascii: "{"): return macro().map(Piece.macro) ?? .fault
    default: return .fault
    }
  }

  private mutating func macro() -> SPFMacro? {
    guard let written = take(), mayStand(written.lowercasedASCII) else { return nil }
    var parts = 0
    var hasDigits = false
    while position < end, octets[position].isASCIIDigit {
      // More than any name has labels; more digits say no more.
      parts = min(parts * 10 + Int(octets[position] - UInt8(ascii: "0")), 1000)
      hasDigits = true
      position += 1
    }
    // §7.1: a number of parts is not zero.
    if hasDigits, parts == 0 { return nil }
    var isReversed = false
    if position < end, octets[position] | 0x20 == UInt8(ascii: "r") {
      isReversed = true
      position += 1
    }
    var delimiters: SPFMacro.Delimiters = []
    while let byte = take() {
      if byte == UInt8(ascii: "}") {
        return SPFMacro(
          letter: written.lowercasedASCII, isEscaped: written.lowercasedASCII != written, parts: parts,
          isReversed: isReversed, delimiters: delimiters.isEmpty ? .dot : delimiters)
      }
      guard let delimiter = SPFMacro.Delimiters(byte) else { return nil }
      delimiters.insert(delimiter)
    }
    return nil
  }

  private mutating func take() -> UInt8? {
    guard position < end else { return nil }
    position += 1
    return octets[position - 1]
  }

  private func mayStand(_ letter: UInt8) -> Bool {
    switch letter {
    case UInt8(ascii: "s"), UInt8(ascii: "l"), UInt8(ascii: "o"), UInt8(ascii: "d"), UInt8(ascii: "i"),
      UInt8(ascii: "p"), UInt8(ascii: "v"), UInt8(ascii: "h"):
      true
    // §7.2: in the text of `exp` only; §6 leaves to a modifier that nobody knows what it means by them.
    case UInt8(ascii: "c"), UInt8(ascii: "r"), UInt8(ascii: "t"): place != .name
    default: false
    }
  }
}

/// What the grammar of RFC 7208 §12 asks of the texts that macros stand in.
enum SPFGrammar {
  /// `macro-string`, or `explain-string`.
  static func isMacroString(_ octets: [UInt8], _ range: Range<Int>, in place: SPFMacroReader.Place) -> Bool {
    var reader = SPFMacroReader(octets, range, in: place)
    while let piece = reader.next() {
      if piece == .fault { return false }
    }
    return true
  }

  /// `domain-spec`: a macro string that ends with a macro or with a top-level label.
  static func isDomainSpec(_ octets: [UInt8], _ range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return false }
    var reader = SPFMacroReader(octets, range, in: .name)
    var literals = range.lowerBound
    while let piece = reader.next() {
      switch piece {
      case .fault: return false
      case .literal: break
      case .sign, .macro: literals = reader.position
      }
    }
    return literals == range.upperBound || endsWithTopLabel(octets[literals..<range.upperBound])
  }

  /// `"." toplabel ["."]`, with whatever in front.
  private static func endsWithTopLabel(_ text: ArraySlice<UInt8>) -> Bool {
    let name = text.last == .dot ? text.dropLast() : text
    guard let dot = name.lastIndex(of: .dot) else { return false }
    let label = name[(dot + 1)...]
    guard let first = label.first, let last = label.last, first.isASCIILetterOrDigit,
      last.isASCIILetterOrDigit
    else { return false }
    var isName = false
    for byte in label {
      if byte.isASCIILetter || byte == UInt8(ascii: "-") {
        isName = true
      } else if !byte.isASCIIDigit {
        return false
      }
    }
    return isName
  }
}
