internal import Bytes

/// A piece of a Received line.
struct ReceivedToken {
  enum Kind {
    case word
    /// In `(…)`; `text` is the inside.
    case comment
    /// In `[…]`.
    case bracket
    /// In `<…>`.
    case angle
    /// In `"…"`.
    case quoted
    case semicolon
  }

  let kind: Kind
  let text: String
  /// Where it stands, its delimiters included.
  let range: Range<Int>
  /// Whether it follows the one before without white space.
  let isTight: Bool

  func isWord(_ word: String) -> Bool { kind == .word && text.equalsIgnoringASCIICase(word) }
}

/// Cuts a line into words, comments and brackets. A delimiter without its partner is a letter like others, so that
/// what a client greets with cannot hide what the server writes behind it.
struct ReceivedLexer {
  /// Bound: what is looked at of one line.
  static let mostOctets = 8192
  static let mostTokens = 150
  /// Bound: octets beyond ASCII that are kept; an address and a host have no more (RFC 6531). Work on characters is
  /// dear where many marks make one of them, so that each further octet is read as `?`.
  static let mostNonASCII = 512

  let octets: [UInt8]
  /// For each opening round or square bracket the offset of its partner, else -1.
  private let partners: [Int32]
  let isCut: Bool

  /// - Parameter body: the field's body, folded or not; longer ones are cut.
  init(_ body: ArraySlice<UInt8>) {
    isCut = body.count > Self.mostOctets
    var left = Self.mostNonASCII
    octets = body.prefix(Self.mostOctets).map { octet in
      if octet.isASCIIControl { return .space }
      if octet < 0x80 { return octet }
      left -= 1
      return left < 0 ? UInt8(ascii: "?") : octet
    }
    partners = Self.match(octets)
  }

  /// The partners of round and square brackets: a round one closes all square ones within it.
  private static func match(_ octets: [UInt8]) -> [Int32] {
    var partners = [Int32](repeating: -1, count: octets.count)
    var open: [Int] = []
    var rounds = 0
    for (index, octet) in octets.enumerated() {
      switch octet {
      case UInt8(ascii: "("):
        open.append(index)
        rounds += 1
      case UInt8(ascii: "["): open.append(index)
      case UInt8(ascii: "]"):
        if let last = open.last, octets[last] == UInt8(ascii: "[") {
          partners[last] = Int32(index)
          open.removeLast()
        }
      case UInt8(ascii: ")"):
        guard rounds > 0, let round = open.lastIndex(where: { octets[$0] == UInt8(ascii: "(") }) else {
          continue
        }
        rounds -= 1
        partners[open[round]] = Int32(index)
        open.removeSubrange(round...)
      default: break
      }
    }
    return partners
  }

  func tokens() -> [ReceivedToken] { tokens(in: 0..<octets.count) }

  /// The pieces of a part of the line, comments in it being one piece each.
  func tokens(in range: Range<Int>) -> [ReceivedToken] {
    var tokens: [ReceivedToken] = []
    var position = range.lowerBound
    var noAngleBefore = range.lowerBound
    var isTight = false
    while position < range.upperBound, tokens.count < Self.mostTokens {
      let octet = octets[position]
      if octet == .space {
        position += 1
        isTight = false
        continue
      }
      let start = position
      let kind: ReceivedToken.Kind
      let inside: Range<Int>
      if octet == UInt8(ascii: ";") {
        (kind, inside) = (.semicolon, start..<(start + 1))
        position += 1
      } else if let end = partner(start, range) {
        (kind, inside) = (octet == UInt8(ascii: "(") ? .comment : .bracket, (start + 1)..<end)
        position = end + 1
      } else if octet == UInt8(ascii: "<"), let end = closing(start, range, &noAngleBefore) {
        (kind, inside) = (.angle, (start + 1)..<end)
        position = end + 1
      } else if octet == UInt8(ascii: "\""), let end = quoteEnd(start, range) {
        (kind, inside) = (.quoted, (start + 1)..<end)
        position = end + 1
      } else {
        position = wordEnd(start, range, &noAngleBefore)
        (kind, inside) = (.word, start..<trimmed(start..<position))
      }
      if !inside.isEmpty || kind != .word {
        tokens.append(
          ReceivedToken(kind: kind, text: text(inside), range: start..<position, isTight: isTight))
      }
      isTight = true
    }
    return tokens
  }

  /// Bound: octets of one piece's text; a mailbox, the longest that is shown, has no more than 320.
  private static let longestText = 600

  func text(_ range: Range<Int>) -> String {
    String(decoding: octets[range].prefix(Self.longestText), as: UTF8.self)
  }

  private func partner(_ start: Int, _ range: Range<Int>) -> Int? {
    let end = Int(partners[start])
    return end > start && end < range.upperBound ? end : nil
  }

  /// The end of `<…>` without white space in it; where one has none, those before that place have none either.
  private func closing(_ start: Int, _ range: Range<Int>, _ noneBefore: inout Int) -> Int? {
    guard start >= noneBefore else { return nil }
    var index = start + 1
    while index < range.upperBound, octets[index] != .space {
      if octets[index] == UInt8(ascii: ">") { return index }
      index += 1
    }
    noneBefore = index
    return nil
  }

  private func quoteEnd(_ start: Int, _ range: Range<Int>) -> Int? {
    // Bound: a quoted text is no longer than a mailbox may be, so an open quote costs little.
    let end = min(range.upperBound, start + 320)
    var index = start + 1
    while index < end {
      if octets[index] == UInt8(ascii: "\"") { return index }
      index += 1
    }
    return nil
  }

  private func wordEnd(_ start: Int, _ range: Range<Int>, _ noAngleBefore: inout Int) -> Int {
    var index = start + 1
    while index < range.upperBound {
      let octet = octets[index]
      if octet == .space || octet == UInt8(ascii: ";") || partner(index, range) != nil { break }
      if octet == UInt8(ascii: "<"), closing(index, range, &noAngleBefore) != nil { break }
      index += 1
    }
    return index
  }

  /// Without the commas at its end.
  private func trimmed(_ range: Range<Int>) -> Int {
    var end = range.upperBound
    while end > range.lowerBound, octets[end - 1] == UInt8(ascii: ",") { end -= 1 }
    return end
  }
}
