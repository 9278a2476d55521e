internal import Bytes

/// The letters of CSS (CSS Syntax 3): comments, escapes, quotes and brackets.
enum CSSText {
  /// The text without comments, in place of each a space; what stands in quotes stays.
  static func withoutComments(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    var quote: UInt8?
    while index < text.endIndex {
      let octet = text[index]
      if octet == UInt8(ascii: "\\"), index + 1 < text.endIndex {
        result.append(octet)
        result.append(text[index + 1])
        index += 2
        continue
      }
      if let open = quote {
        if octet == open || octet == .lineFeed { quote = nil }
      } else if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "'") {
        quote = octet
      } else if octet == UInt8(ascii: "/"), index + 1 < text.endIndex, text[index + 1] == UInt8(ascii: "*") {
        index = endOfComment(text, index)
        // It parts words.
        result.append(.space)
        continue
      }
      result.append(octet)
      index += 1
    }
    return result
  }

  /// The text with its escapes resolved: letters, digits and what is beyond ASCII; for other characters, which are
  /// not what they look like when they are escaped, U+FFFD.
  static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      guard text[index] == UInt8(ascii: "\\") else {
        result.append(text[index])
        index += 1
        continue
      }
      let before = result.count
      index = min(escape(text, index, into: &result), text.endIndex)
      guard result.count == before + 1, let octet = result.last, octet < 0x80, !octet.isASCIILetterOrDigit,
        octet != 0x2d
      else { continue }
      result.removeLast()
      result.append(scalar: "\u{fffd}")
    }
    return result
  }

  static func endOfComment(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
    var index = start + 2
    while index + 1 < text.endIndex {
      if text[index] == UInt8(ascii: "*"), text[index + 1] == UInt8(ascii: "/") { return index + 2 }
      index += 1
    }
    return text.endIndex
  }

  /// `\64 `: up to six digits and a white space; before anything else the backslash vanishes.
  static func escape(_ text: ArraySlice<UInt8>, _ start: Int, into result: inout [UInt8]) -> Int {
    var index = start + 1
    var value: UInt32 = 0
    while index < text.endIndex, index - start <= 6, text[index].isASCIIHexDigit {
      let digit = text[index]
      value = value << 4 | UInt32(digit.isASCIIDigit ? digit - 0x30 : (digit | 0x20) - 0x57)
      index += 1
    }
    if index == start + 1 {
      if index < text.endIndex { result.append(text[index]) }
      return index + 1
    }
    if index < text.endIndex, text[index].isHTMLSpace { index += 1 }
    result.append(scalar: Unicode.Scalar(value) ?? "\u{fffd}")
    return index
  }

  /// Brackets in brackets that are told apart.
  private static let mostDepth = 64

  /// The place of the next `octet`, or the other one, that stands in no quotes and brackets; the end where there is
  /// none.
  static func end(of octet: UInt8, or other: UInt8? = nil, _ text: ArraySlice<UInt8>, from start: Int) -> Int
  {
    var index = start
    // What closes the open brackets, the innermost last.
    var closers: [UInt8] = []
    var quote: UInt8?
    while index < text.endIndex {
      let next = text[index]
      // Most are letters and digits.
      if next >= UInt8(ascii: "a") && next <= UInt8(ascii: "z") || next.isASCIIDigit {
        index += 1
        continue
      }
      if next == UInt8(ascii: "\\") {
        index += 2
        continue
      }
      if let open = quote {
        if next == open || next == .lineFeed { quote = nil }
      } else if closers.isEmpty, next == octet || next == other {
        return index
      } else {
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = next
        case UInt8(ascii: "("): if closers.count < mostDepth { closers.append(UInt8(ascii: ")")) }
        case UInt8(ascii: "["): if closers.count < mostDepth { closers.append(UInt8(ascii: "]")) }
        case UInt8(ascii: "{"): if closers.count < mostDepth { closers.append(UInt8(ascii: "}")) }
        default: if next == closers.last { closers.removeLast() }
        }
      }
      index += 1
    }
    return text.endIndex
  }

  /// The addresses in `url()`, without their quotes; at most twenty, of a kibibyte each.
  static func addresses(_ text: ArraySlice<UInt8>, into result: inout [[UInt8]]) {
    var index = text.startIndex
    while index + 4 < text.endIndex, result.count < 20 {
      guard text[index] == UInt8(ascii: "("), index >= text.startIndex + 3,
        text[(index - 3)..<index].elementsEqual("url".utf8, by: { $0.lowercasedASCII == $1 })
      else {
        index += 1
        continue
      }
      let end = text[index...].firstIndex(of: UInt8(ascii: ")")) ?? text.endIndex
      let address = text[(index + 1)..<end].prefix(1024).trimmedHTMLSpace
        .drop { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }
        .prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
      if !address.isEmpty { result.append(Array(address)) }
      index = end
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether a short text stands somewhere in this one.
  func holds(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { wanted in
      guard let first = wanted.first else { return true }
      var rest = self
      while let place = rest.firstIndex(of: first) {
        rest = rest[place...]
        if rest.starts(with: wanted) { return true }
        rest = rest.dropFirst()
      }
      return false
    }
  }
}
