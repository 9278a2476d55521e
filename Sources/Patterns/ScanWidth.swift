internal import Bytes

/// How many positions an expression has when what it repeats so many times is written out.
///
/// To the scan library a repeated group is that many groups one behind the other. Where it can only tell where an
/// expression may match, hundreds of them cost more, of every text, than PCRE2 takes to look, and some take a quarter of
/// a minute to compile. A long list of words is wide, too, and costs nothing.
struct ScanWidth {
  /// Whether an expression that is no more than a candidate is better not scanned for.
  static func isTooMuch(_ text: String) -> Bool {
    guard let width = of(text) else { return false }
    return width > most && width > mostTimes * text.utf8.count
  }

  private static let most = 300
  /// How much wider it is than it is written.
  private static let mostTimes = 3

  private let octets: [UInt8]
  private var place = 0
  private static let tooMuch = 1 << 30
  private static let deepest = 250

  /// The width of an expression; nil where it cannot be read.
  static func of(_ text: String) -> Int? {
    var reader = ScanWidth(octets: Array(text.utf8))
    guard let width = reader.alternatives(depth: 0), reader.place == reader.octets.count else { return nil }
    return width
  }

  private init(octets: [UInt8]) { self.octets = octets }

  private var next: UInt8? { place < octets.count ? octets[place] : nil }

  private mutating func takes(_ octet: UInt8) -> Bool {
    guard next == octet else { return false }
    place += 1
    return true
  }

  private mutating func skip(to end: UInt8) { while let octet = next, octet != end { place += 1 } }

  private mutating func alternatives(depth: Int) -> Int? {
    guard depth <= Self.deepest else { return nil }
    var width = 0
    while let octet = next, octet != UInt8(ascii: ")") {
      if takes(UInt8(ascii: "|")) { continue }
      guard let piece = piece(depth: depth) else { return nil }
      width = min(width + piece, Self.tooMuch)
    }
    return width
  }

  /// Something with how often it stands there.
  private mutating func piece(depth: Int) -> Int? {
    guard let octet = next else { return nil }
    place += 1
    var isGroup = false
    var width = 1
    switch octet {
    case UInt8(ascii: "\\"):
      guard let escaped = next, escaped != UInt8(ascii: "Q") else { return nil }
      place += 1
      // `\x{20ac}`, `\p{Han}`, `\g{1}`
      if "xpPgkNo".utf8.contains(escaped), next == UInt8(ascii: "{") {
        skip(to: UInt8(ascii: "}"))
        _ = takes(UInt8(ascii: "}"))
      }
    case UInt8(ascii: "["):
      guard let end = ScanExpression.endOfClass(octets, from: place - 1) else { return nil }
      place = end
    case UInt8(ascii: "("):
      guard let inner = group(depth: depth) else { return nil }
      width = inner
      isGroup = true
    default: break
    }
    while let times = times() {
      // A repeated class is one position with a count, and not so many of them.
      width =
        isGroup ? min(width.multipliedReportingOverflow(by: times).partialValue, Self.tooMuch) : width + 1
      isGroup = true
    }
    return width
  }

  /// What stands between parentheses, of which the first is taken; nothing of what is only looked at.
  private mutating func group(depth: Int) -> Int? {
    var isLookedAt = false
    if takes(UInt8(ascii: "?")) {
      if next == UInt8(ascii: "#") || next == UInt8(ascii: "P") || next == UInt8(ascii: "(") { return nil }
      if takes(UInt8(ascii: "<")) {
        isLookedAt = next == UInt8(ascii: "=") || next == UInt8(ascii: "!")
        if !isLookedAt { skip(to: UInt8(ascii: ">")) }
      } else {
        isLookedAt = next == UInt8(ascii: "=") || next == UInt8(ascii: "!")
        // `(?:`, `(?i:`, `(?-i)`
        while let octet = next, octet.isOptionLetter { place += 1 }
        if next == UInt8(ascii: ")") {
          place += 1
          return 0
        }
      }
      place = min(place + 1, octets.count)
    }
    guard let inner = alternatives(depth: depth + 1), takes(UInt8(ascii: ")")) else { return nil }
    return isLookedAt ? 0 : inner
  }

  /// How many times at most what stands before is there; once where it says so without a number.
  private mutating func times() -> Int? {
    switch next {
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      place += 1
      return 1
    case UInt8(ascii: "{"):
      let start = place
      place += 1
      let least = number()
      let most = takes(UInt8(ascii: ",")) ? number() ?? least : least
      guard let times = most, takes(UInt8(ascii: "}")) else {
        place = start
        return nil
      }
      return times
    default: return nil
    }
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let octet = next, octet &- 0x30 < 10 {
      value = min((value ?? 0) * 10 + Int(octet - 0x30), 65_536)
      place += 1
    }
    return value
  }
}

extension UInt8 {
  fileprivate var isOptionLetter: Bool {
    self == UInt8(ascii: "-") || self == UInt8(ascii: "^") || isASCIILetter
  }
}
