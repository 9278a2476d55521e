/// An expression in the words of the scan library, which mean to it what PCRE2 means by the expression.
struct ScanExpression: Hashable {
  let text: String
  /// Whether they mean the same; else they match wherever the expression does, and perhaps elsewhere.
  let isSame: Bool

  /// `$` without `multiline` is the very end to `Pattern` (`PCRE2_DOLLAR_ENDONLY`); to the library it is a last line
  /// end, too, and `\z` is the very end to both. Caseless characters beyond ASCII are other tables in both.
  init(_ member: PatternSet.Member) {
    let isText = member.options.contains(.characters) && member.options.contains(.caseless)
    guard !member.options.contains(.multiline), member.text.utf8.contains(UInt8(ascii: "$")) else {
      text = member.text
      isSame = !isText || member.text.utf8.allSatisfy { $0 < 0x80 }
      return
    }
    let ended = Self.atVeryEnd(Array(member.text.utf8))
    text = ended ?? member.text
    isSame = ended != nil && (!isText || member.text.utf8.allSatisfy { $0 < 0x80 })
  }

  /// The expression with `\z` for each `$`; nil where it is not plain to see which `$` is one.
  private static func atVeryEnd(_ octets: [UInt8]) -> String? {
    var out: [UInt8] = []
    var place = 0
    while place < octets.count {
      let octet = octets[place]
      switch octet {
      case UInt8(ascii: "\\"):
        guard place + 1 < octets.count, octets[place + 1] != UInt8(ascii: "Q") else { return nil }
        out += octets[place...place + 1]
        place += 2
      case UInt8(ascii: "["):
        guard let end = endOfClass(octets, from: place) else { return nil }
        out += octets[place..<end]
        place = end
      case UInt8(ascii: "("):
        // Options set within, and comments.
        guard !isOfDoubtfulKind(octets[(place + 1)...]) else { return nil }
        out.append(octet)
        place += 1
      case UInt8(ascii: "$"):
        out += [UInt8(ascii: "\\"), UInt8(ascii: "z")]
        place += 1
      default:
        out.append(octet)
        place += 1
      }
    }
    return String(validating: out, as: UTF8.self)
  }

  /// Where a class ends, that begins at a place: behind its `]`, which stands for itself where it is the first.
  static func endOfClass(_ octets: [UInt8], from begin: Int) -> Int? {
    var place = begin + 1
    if place < octets.count, octets[place] == UInt8(ascii: "^") { place += 1 }
    if place < octets.count, octets[place] == UInt8(ascii: "]") { place += 1 }
    while place < octets.count {
      switch octets[place] {
      case UInt8(ascii: "]"): return place + 1
      case UInt8(ascii: "\\"):
        guard place + 1 < octets.count, octets[place + 1] != UInt8(ascii: "Q") else { return nil }
        place += 2
      case UInt8(ascii: "["):
        // A class by its name holds a `]` of its own.
        guard place + 1 < octets.count, octets[place + 1] == UInt8(ascii: ":") else {
          place += 1
          continue
        }
        var end = place + 2
        while end < octets.count, octets[end] != UInt8(ascii: "]") { end += 1 }
        guard end < octets.count else { return nil }
        place = end + 1
      default: place += 1
      }
    }
    return nil
  }

  /// Whether what follows a `(` sets options other than `i` and `s`, or is a comment or a verb.
  private static func isOfDoubtfulKind(_ rest: ArraySlice<UInt8>) -> Bool {
    guard let first = rest.first else { return false }
    if first == UInt8(ascii: "*") { return true }
    guard first == UInt8(ascii: "?") else { return false }
    for octet in rest.dropFirst() {
      switch octet {
      case UInt8(ascii: "i"), UInt8(ascii: "s"), UInt8(ascii: "-"): continue
      case UInt8(ascii: "m"), UInt8(ascii: "x"), UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "n"):
        return true
      default: return false
      }
    }
    return false
  }
}
