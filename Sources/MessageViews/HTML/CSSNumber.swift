internal import Bytes

/// A number of CSS with its unit, in small letters.
struct CSSNumber: Hashable, Sendable {
  enum Unit: Hashable, Sendable { case none, percent, em, rem, pixels(Float), other }

  let value: Float
  let unit: Unit

  init(value: Float, unit: Unit) {
    self.value = value
    self.unit = unit
  }

  /// The number that the whole of a text is; nil where it is none.
  init?(_ text: ArraySlice<UInt8>) {
    var index = text.startIndex
    var sign: Float = 1
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      if first == UInt8(ascii: "-") { sign = -1 }
      index += 1
    }
    var value: Float = 0
    var digits = 0
    while index < text.endIndex, text[index].isASCIIDigit {
      value = min(value * 10 + Float(text[index] - 0x30), 1e9)
      digits += 1
      index += 1
    }
    if index < text.endIndex, text[index] == .dot {
      index += 1
      var place: Float = 0.1
      while index < text.endIndex, text[index].isASCIIDigit {
        value += place * Float(text[index] - 0x30)
        place /= 10
        digits += 1
        index += 1
      }
    }
    guard digits > 0 else { return nil }
    value *= Self.power(text, &index)
    guard let unit = Self.unit(text[index...]) else { return nil }
    self.init(value: sign * min(value, 1e9), unit: unit)
  }

  /// Ten to what `e` brings (CSS Syntax 3, §4.3.12), which is none where no digit follows: `1em`.
  private static func power(_ text: ArraySlice<UInt8>, _ index: inout Int) -> Float {
    guard index < text.endIndex, text[index] == UInt8(ascii: "e") else { return 1 }
    var next = index + 1
    var isBelow = false
    if next < text.endIndex, text[next] == 0x2d || text[next] == UInt8(ascii: "+") {
      isBelow = text[next] == 0x2d
      next += 1
    }
    guard next < text.endIndex, text[next].isASCIIDigit else { return 1 }
    var exponent = 0
    while next < text.endIndex, text[next].isASCIIDigit {
      exponent = min(exponent * 10 + Int(text[next] - 0x30), 30)
      next += 1
    }
    index = next
    var power: Float = 1
    for _ in 0..<exponent { power *= isBelow ? 0.1 : 10 }
    return power
  }

  private static func unit(_ text: ArraySlice<UInt8>) -> Unit? {
    guard let first = text.first else { return Unit.none }
    let second = text.dropFirst().first ?? 0
    switch (first, second, text.count) {
    case (UInt8(ascii: "%"), _, 1): return .percent
    case (UInt8(ascii: "p"), UInt8(ascii: "x"), 2): return .pixels(1)
    case (UInt8(ascii: "p"), UInt8(ascii: "t"), 2): return .pixels(4 / 3)
    case (UInt8(ascii: "p"), UInt8(ascii: "c"), 2): return .pixels(16)
    case (UInt8(ascii: "i"), UInt8(ascii: "n"), 2): return .pixels(96)
    case (UInt8(ascii: "c"), UInt8(ascii: "m"), 2): return .pixels(37.8)
    case (UInt8(ascii: "m"), UInt8(ascii: "m"), 2): return .pixels(3.78)
    // Of a window of a common size.
    case (UInt8(ascii: "v"), _, 2...4): return .pixels(8)
    case (UInt8(ascii: "e"), UInt8(ascii: "m"), 2): return .em
    case (UInt8(ascii: "e"), UInt8(ascii: "x"), 2), (UInt8(ascii: "c"), UInt8(ascii: "h"), 2):
      return .pixels(8)
    case (UInt8(ascii: "r"), UInt8(ascii: "e"), 3): return .rem
    case (UInt8(ascii: "i"), UInt8(ascii: "c"), 2): return .pixels(16)
    case (UInt8(ascii: "q"), _, 1): return .pixels(0.945)
    case (UInt8(ascii: "l"), UInt8(ascii: "h"), 2), (UInt8(ascii: "c"), UInt8(ascii: "a"), 3):
      return .pixels(16)
    case (UInt8(ascii: "r"), UInt8(ascii: "l"), 3): return .pixels(18)
    // Of a container, or of the window as small, large or variable.
    case (UInt8(ascii: "c"), UInt8(ascii: "q"), 3...5), (_, UInt8(ascii: "v"), 3...5): return .pixels(8)
    default: return text.allSatisfy(\.isASCIILetter) ? .other : nil
    }
  }

  /// The number, or its hundredth of `whole` where it is a percentage.
  func fraction(of whole: Float) -> Float { unit == .percent ? value * whole / 100 : value }
}
