import Bytes

/// A set of octets: what one place of an expression can match.
struct OctetSet: Hashable, Sendable {
  private var low: UInt128 = 0
  private var high: UInt128 = 0

  init() {}

  init(_ octets: some Sequence<UInt8>) {
    for octet in octets { insert(octet) }
  }

  static let all = OctetSet(UInt8.min...UInt8.max)
  static let digits = OctetSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
  static let word = OctetSet(
    (UInt8.min...UInt8.max).filter { $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") })
  /// What `\s` is, the line feed among it.
  static let space = OctetSet([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d])
  static let blank = OctetSet([0x20, 0x09])
  static let verticalSpace = OctetSet([0x0a, 0x0b, 0x0c, 0x0d, 0x85])
  static let horizontalSpace = OctetSet([0x20, 0x09, 0xa0])

  mutating func insert(_ octet: UInt8) {
    if octet < 128 { low |= 1 << UInt128(octet) } else { high |= 1 << UInt128(octet & 127) }
  }

  mutating func remove(_ octet: UInt8) {
    if octet < 128 { low &= ~(1 << UInt128(octet)) } else { high &= ~(1 << UInt128(octet & 127)) }
  }

  func contains(_ octet: UInt8) -> Bool {
    octet < 128 ? low >> UInt128(octet) & 1 == 1 : high >> UInt128(octet & 127) & 1 == 1
  }

  mutating func formUnion(_ other: OctetSet) {
    low |= other.low
    high |= other.high
  }

  var inverted: OctetSet {
    var result = self
    result.low = ~low
    result.high = ~high
    return result
  }

  /// The same without the line feed: what stays within a line.
  var withinLine: OctetSet {
    var result = self
    result.remove(.lineFeed)
    return result
  }

  var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }
  var isEmpty: Bool { low == 0 && high == 0 }
  var members: [UInt8] { (UInt8.min...UInt8.max).filter(contains) }

  /// The members as runs.
  var runs: [ClosedRange<UInt8>] {
    var runs: [ClosedRange<UInt8>] = []
    for octet in members {
      if let last = runs.last, last.upperBound < octet, last.upperBound + 1 == octet {
        runs[runs.count - 1] = last.lowerBound...octet
      } else {
        runs.append(octet...octet)
      }
    }
    return runs
  }

  /// The set that a POSIX class names; nil where there is no such class.
  static func named(_ name: String) -> OctetSet? {
    let ascii = UInt8.min...127
    switch name {
    case "alpha": return OctetSet(ascii.filter(\.isASCIILetter))
    case "digit": return .digits
    case "alnum": return OctetSet(ascii.filter(\.isASCIILetterOrDigit))
    case "upper": return OctetSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
    case "lower": return OctetSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
    case "space": return .space
    case "blank": return .blank
    case "punct": return OctetSet((0x21...0x7e).filter { !$0.isASCIILetterOrDigit })
    case "print": return OctetSet(0x20...0x7e)
    case "graph": return OctetSet(0x21...0x7e)
    case "cntrl": return OctetSet(ascii.filter(\.isASCIIControl))
    case "xdigit": return OctetSet(ascii.filter(\.isASCIIHexDigit))
    case "word": return .word
    case "ascii": return OctetSet(ascii)
    default: return nil
    }
  }
}
