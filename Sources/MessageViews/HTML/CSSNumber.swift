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
    guard digits > 0, let unit = Self.unit(text[index...]) else { return nil }
    self.init(value: sign * value, unit: unit)
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
    default: return text.allSatisfy(\.isASCIILetter) ? .other : nil
    }
  }

  /// The number, or its hundredth of `whole` where it is a percentage.
  func fraction(of whole: Float) -> Float { unit == .percent ? value * whole / 100 : value }
}
