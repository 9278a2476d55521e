internal import Bytes

/// A length of CSS: pixels, and so much of an em and of what a percentage is of.
///
/// `calc()`, `min()`, `max()` and `clamp()` are worked out (CSS Values 4, §10), what they compare on a common size.
///
/// Bound: eight levels of brackets.
struct CSSLength: Hashable, Sendable {
  var pixels: Float = 0
  var em: Float = 0
  /// Hundredths.
  var percent: Float = 0
  /// Whether it is a number without unit.
  private var isBare = false

  private static let mostDepth = 8

  /// The length that the whole of a text is; nil where it is none.
  init?(_ text: ArraySlice<UInt8>) {
    if let number = CSSNumber(text) {
      self.init(number)
    } else {
      guard text.last == UInt8(ascii: ")") else { return nil }
      var index = text.startIndex
      guard let length = Self.term(text, &index, 0), index == text.endIndex else { return nil }
      self = length
    }
  }

  private init?(_ number: CSSNumber) {
    switch number.unit {
    case .none: (pixels, isBare) = (number.value, true)
    case .percent: percent = number.value
    case .em: em = number.value
    case .rem: pixels = number.value * 16
    case .pixels(let each): pixels = number.value * each
    case .other: return nil
    }
  }

  /// Pixels, of which an em has so many, and a hundred percent `whole`.
  func resolved(em size: Float, whole: Float) -> Float { pixels + em * size + percent * whole / 100 }

  private var common: Float { resolved(em: 16, whole: 16) }

  // MARK: Functions

  private static func term(_ text: ArraySlice<UInt8>, _ index: inout Int, _ depth: Int) -> CSSLength? {
    guard depth < mostDepth else { return nil }
    let start = index
    while index < text.endIndex, !text[index].partsTerms(after: index > start ? text[index - 1] : 0) {
      index += 1
    }
    guard index < text.endIndex, text[index] == UInt8(ascii: "(") else {
      return CSSNumber(text[start..<index]).flatMap { CSSLength($0) }
    }
    let name = text[start..<index]
    index += 1
    var arguments: [CSSLength] = []
    while true {
      guard arguments.count < 16, let next = sum(text, &index, depth + 1), index < text.endIndex else {
        return nil
      }
      arguments.append(next)
      index += 1
      if text[index - 1] == UInt8(ascii: ")") { break }
      guard text[index - 1] == UInt8(ascii: ",") else { return nil }
    }
    if name.isEmpty || name.elementsEqual("calc".utf8) { return arguments.count == 1 ? arguments[0] : nil }
    if name.elementsEqual("min".utf8) { return arguments.min { $0.common < $1.common } }
    if name.elementsEqual("max".utf8) { return arguments.max { $0.common < $1.common } }
    guard name.elementsEqual("clamp".utf8), arguments.count == 3 else { return nil }
    let upper = arguments[1].common < arguments[2].common ? arguments[1] : arguments[2]
    return upper.common < arguments[0].common ? arguments[0] : upper
  }

  private static func sum(_ text: ArraySlice<UInt8>, _ index: inout Int, _ depth: Int) -> CSSLength? {
    guard var total = product(text, &index, depth) else { return nil }
    while index < text.endIndex {
      let sign = text[index]
      guard sign == UInt8(ascii: "+") || sign == 0x2d else { break }
      index += 1
      guard let next = product(text, &index, depth) else { return nil }
      total.add(next, times: sign == 0x2d ? -1 : 1)
    }
    return total
  }

  private static func product(_ text: ArraySlice<UInt8>, _ index: inout Int, _ depth: Int) -> CSSLength? {
    skipSpace(text, &index)
    guard var total = term(text, &index, depth) else { return nil }
    skipSpace(text, &index)
    while index < text.endIndex {
      let sign = text[index]
      guard sign == UInt8(ascii: "*") || sign == UInt8(ascii: "/") else { break }
      index += 1
      skipSpace(text, &index)
      guard let next = term(text, &index, depth) else { return nil }
      skipSpace(text, &index)
      if sign == UInt8(ascii: "/") {
        guard next.isBare, next.pixels != 0 else { return nil }
        total.scale(1 / next.pixels)
      } else if next.isBare {
        total.scale(next.pixels)
      } else {
        guard total.isBare else { return nil }
        let factor = total.pixels
        total = next
        total.scale(factor)
      }
    }
    return total
  }

  private static func skipSpace(_ text: ArraySlice<UInt8>, _ index: inout Int) {
    while index < text.endIndex, text[index].isHTMLSpace { index += 1 }
  }

  private mutating func add(_ other: CSSLength, times factor: Float) {
    pixels += other.pixels * factor
    em += other.em * factor
    percent += other.percent * factor
    isBare = isBare && other.isBare
  }

  private mutating func scale(_ factor: Float) {
    pixels *= factor
    em *= factor
    percent *= factor
  }
}

extension UInt8 {
  /// Whether a number or a name ends in front of it; a sign may begin a number.
  fileprivate func partsTerms(after before: UInt8) -> Bool {
    if isASCIILetterOrDigit || self == .dot || self == UInt8(ascii: "%") { return false }
    let isSign = self == 0x2d || self == UInt8(ascii: "+")
    return !(isSign && before == 0)
  }
}
