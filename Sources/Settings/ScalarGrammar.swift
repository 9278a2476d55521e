/// The values of TOML that stand without quotes (toml.io v1.0.0, Integer, Float, Boolean).
enum ScalarGrammar {
  /// Whether a byte can be part of such a value, or of a date.
  static func isPart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  static func isBoolean(_ text: ArraySlice<UInt8>) -> Bool {
    text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
  }

  static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      rest = rest.dropFirst()
    }
    if rest.elementsEqual("inf".utf8) || rest.elementsEqual("nan".utf8) { return true }
    if rest.count == text.count, rest.count > 2, rest.first == UInt8(ascii: "0") {
      switch rest[rest.startIndex + 1] {
      case UInt8(ascii: "x"): return takeDigits(&rest, from: 2, base: 16) && rest.isEmpty
      case UInt8(ascii: "o"): return takeDigits(&rest, from: 2, base: 8) && rest.isEmpty
      case UInt8(ascii: "b"): return takeDigits(&rest, from: 2, base: 2) && rest.isEmpty
      default: break
      }
    }
    let whole = rest
    guard takeDigits(&rest, from: 0, base: 10) else { return false }
    // No leading zeros.
    if whole.first == UInt8(ascii: "0"), whole.count - rest.count > 1 { return false }
    if rest.first == UInt8(ascii: ".") {
      guard takeDigits(&rest, from: 1, base: 10) else { return false }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      let isSigned = rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-")
      guard takeDigits(&rest, from: isSigned ? 1 : 0, base: 10) else { return false }
    }
    return rest.isEmpty
  }

  /// Takes digits, with single underscores between them; false if there are none.
  private static func takeDigits(_ text: inout ArraySlice<UInt8>, from start: Int, base: UInt8) -> Bool {
    text = text.dropFirst(start)
    var isAfterDigit = false
    while let byte = text.first {
      if isDigit(byte, base) {
        isAfterDigit = true
      } else if byte == UInt8(ascii: "_"), isAfterDigit {
        isAfterDigit = false
      } else {
        break
      }
      text = text.dropFirst()
    }
    return isAfterDigit
  }

  private static func isDigit(_ byte: UInt8, _ base: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") < base
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): base == 16
    default: false
    }
  }
}
