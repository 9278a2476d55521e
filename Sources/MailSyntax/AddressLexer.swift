internal import Bytes

/// The tokens of an address field: comments and folding white space lie between them.
struct AddressLexer {
  enum Kind: Hashable {
    case atom
    /// A quoted string, its quotes included.
    case quoted
    /// `[…]`, its brackets included.
    case literal
    /// One of `< > @ , : ; .`
    case special(UInt8)
    case end
  }

  struct Token {
    let kind: Kind
    let range: Range<Int>
    /// Whether white space or a comment stood before it.
    let isApart: Bool
  }

  // Bound: nesting is counted, not recursed; nobody means more than this.
  private static let deepestComment = 50

  private let octets: [UInt8]
  private let end: Int
  private var position: Int

  init(_ octets: [UInt8], _ range: Range<Int>) {
    self.octets = octets
    position = range.lowerBound
    end = range.upperBound
  }

  mutating func next() throws(AddressFault) -> Token {
    let before = position
    try skipSpaceAndComments()
    let isApart = position > before
    let start = position
    guard start < end else { return Token(kind: .end, range: end..<end, isApart: isApart) }
    let kind: Kind
    let octet = octets[start]
    switch octet {
    case UInt8(ascii: "\""):
      try passQuoted(to: UInt8(ascii: "\""))
      kind = .quoted
    case UInt8(ascii: "["):
      try passQuoted(to: UInt8(ascii: "]"))
      kind = .literal
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: ":"),
      UInt8(ascii: ";"), .dot:
      position += 1
      kind = .special(octet)
    default:
      guard octet.isAddressAtom else {
        throw octet.isASCIIControl ? .forbiddenOctet(at: start) : .unreadable(at: start)
      }
      passAtom()
      kind = .atom
    }
    return Token(kind: kind, range: start..<position, isApart: isApart)
  }

  private mutating func passAtom() {
    if let encoded = endOfEncodedWord() {
      position = encoded
      return
    }
    while position < end, octets[position].isAddressAtom { position += 1 }
  }

  /// Behind `=?charset?encoding?text?=` (RFC 2047 §2) where one begins here. Its text may hold commas and dots, but
  /// nothing of which an address or a comment could be made by a reader that does not know the form.
  private func endOfEncodedWord() -> Int? {
    guard position + 1 < end, octets[position] == UInt8(ascii: "="), octets[position + 1] == Self.mark else {
      return nil
    }
    var index = position + 2
    for _ in 0..<2 {
      let start = index
      while index < end, octets[index] != Self.mark, octets[index].isAddressAtom { index += 1 }
      guard index < end, index > start, octets[index] == Self.mark else { return nil }
      index += 1
    }
    while index < end, octets[index] != Self.mark {
      guard octets[index].isAddressAtom || octets[index] == UInt8(ascii: ",") || octets[index] == .dot else {
        return nil
      }
      index += 1
    }
    guard index + 1 < end, octets[index + 1] == UInt8(ascii: "=") else { return nil }
    index += 2
    // It is a word of its own.
    return index < end && octets[index].isAddressAtom ? nil : index
  }

  private static var mark: UInt8 { UInt8(ascii: "?") }

  private mutating func skipSpaceAndComments() throws(AddressFault) {
    while position < end {
      if try passSpace() { continue }
      guard octets[position] == UInt8(ascii: "(") else { return }
      let start = position
      var depth = 0
      repeat {
        guard position < end else { throw .unterminated(at: start) }
        if try passSpace() { continue }
        switch octets[position] {
        case UInt8(ascii: "("): depth += 1
        case UInt8(ascii: ")"): depth -= 1
        case UInt8(ascii: "\\"): try passEscape(start)
        default: try checkText()
        }
        guard depth <= Self.deepestComment else { throw .tooMany(at: position) }
        position += 1
      } while depth > 0
    }
  }

  /// Steps over a blank, or over a line's end that white space follows.
  private mutating func passSpace() throws(AddressFault) -> Bool {
    if octets[position].isWhiteSpace {
      position += 1
      return true
    }
    guard octets[position] == .carriageReturn || octets[position] == .lineFeed else { return false }
    guard octets[position] == .carriageReturn, position + 2 < end, octets[position + 1] == .lineFeed,
      octets[position + 2].isWhiteSpace
    else { throw .forbiddenOctet(at: position) }
    position += 3
    return true
  }

  /// From the opening mark to behind the closing one.
  private mutating func passQuoted(to closing: UInt8) throws(AddressFault) {
    let start = position
    position += 1
    while position < end {
      if try passSpace() { continue }
      let octet = octets[position]
      if octet == closing {
        position += 1
        return
      }
      if octet == UInt8(ascii: "["), closing == UInt8(ascii: "]") { throw .unreadable(at: position) }
      if octet == UInt8(ascii: "\\") { try passEscape(start) } else { try checkText() }
      position += 1
    }
    throw .unterminated(at: start)
  }

  /// On the backslash; leaves the position on what it escapes.
  private mutating func passEscape(_ start: Int) throws(AddressFault) {
    position += 1
    guard position < end else { throw .unterminated(at: start) }
    guard ![0, .carriageReturn, .lineFeed].contains(octets[position]) else {
      throw .forbiddenOctet(at: position)
    }
  }

  /// Deviation: of the controls that RFC 5322 §4.1 lets stand in old text none is an end to any reader but these.
  private func checkText() throws(AddressFault) {
    if octets[position] == 0 { throw .forbiddenOctet(at: position) }
  }

  /// The text of a token, quoting and folding taken off; nil where it is no UTF-8.
  func text(of token: Token) -> String? {
    guard token.kind == .quoted || token.kind == .literal else {
      return String(utf8: octets[token.range])
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(token.range.count)
    let isLiteral = token.kind == .literal
    var index = token.range.lowerBound + 1
    let last = token.range.upperBound - 1
    while index < last {
      let octet = octets[index]
      if octet == UInt8(ascii: "\\"), index + 1 < last {
        index += 1
        bytes.append(octets[index])
      } else if octet != .carriageReturn, octet != .lineFeed, !(isLiteral && octet.isWhiteSpace) {
        bytes.append(octet)
      }
      index += 1
    }
    if isLiteral { bytes = [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")] }
    return String(utf8: bytes[...])
  }
}
