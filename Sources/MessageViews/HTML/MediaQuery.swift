internal import Bytes

/// What `@media`, the attribute `media` and `@supports` ask for (Media Queries 4, CSS Conditional 3).
///
/// The screen is a common one: 1280 pixels wide and 800 high, coloured, light, with a mouse. What is asked beside that
/// (printers, telephones, dark grounds, features that are not known here) does not hold.
enum MediaQuery {
  private static let width: Float = 1280
  private static let height: Float = 800

  /// Whether one of the queries between commas holds; an empty list does.
  static func holds(_ list: ArraySlice<UInt8>) -> Bool {
    let list = list.map(\.lowercasedASCII)[...].trimmedHTMLSpace
    if list.isEmpty { return true }
    return list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).contains {
      holdsAll($0)
    }
  }

  /// `only screen and (min-width: 1px)`, `not print`.
  private static func holdsAll(_ query: ArraySlice<UInt8>) -> Bool {
    var query = query.trimmedHTMLSpace
    var isNegated = false
    if let rest = query.behind("not") { (query, isNegated) = (rest, true) }
    if let rest = query.behind("only") { query = rest }
    var result = true
    var isFirst = true
    while !query.isEmpty {
      if !isFirst {
        guard let rest = query.behind("and") else { return false }
        query = rest
      }
      if query.first == UInt8(ascii: "(") {
        let close = CSSText.end(of: UInt8(ascii: ")"), query, from: query.startIndex + 1)
        guard close < query.endIndex else { return false }
        result = result && feature(query[(query.startIndex + 1)..<close].trimmedHTMLSpace)
        query = query[(close + 1)...].trimmedHTMLSpace
      } else {
        guard isFirst else { return false }
        let word = query.prefix { !$0.isHTMLSpace && $0 != UInt8(ascii: "(") }
        result = word.elementsEqual("screen".utf8) || word.elementsEqual("all".utf8)
        query = query[word.endIndex...].trimmedHTMLSpace
      }
      isFirst = false
    }
    return !isFirst && result != isNegated
  }

  private static func feature(_ text: ArraySlice<UInt8>) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else {
      return text.contains { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") } ? range(text) : plain(text)
    }
    let name = text[..<colon].trimmedHTMLSpace
    let value = text[(colon + 1)...].trimmedHTMLSpace
    if name.starts(with: "min-".utf8) {
      guard let own = measure(name.dropFirst(4)), let asked = number(value) else { return false }
      return own >= asked
    }
    if name.starts(with: "max-".utf8) {
      guard let own = measure(name.dropFirst(4)), let asked = number(value) else { return false }
      return own <= asked
    }
    if name.elementsEqual("-webkit-min-device-pixel-ratio".utf8) {
      return number(value).map { $0 <= 1 } ?? false
    }
    let held: [(StaticString, StaticString)] = [
      ("orientation", "landscape"), ("prefers-color-scheme", "light"), ("hover", "hover"),
      ("any-hover", "hover"), ("pointer", "fine"), ("any-pointer", "fine"),
      ("prefers-reduced-motion", "no-preference"), ("scripting", "none"), ("display-mode", "browser"),
    ]
    return held.contains { known, answer in name.isWord(known) && value.isWord(answer) }
  }

  /// A feature that is there, without a value.
  private static func plain(_ text: ArraySlice<UInt8>) -> Bool {
    let known: [StaticString] = ["color", "width", "height", "hover", "any-hover", "pointer", "any-pointer"]
    return known.contains { text.isWord($0) }
  }

  /// `width >= 600px`, `1px < width < 9999px`.
  private static func range(_ text: ArraySlice<UInt8>) -> Bool {
    var parts: [ArraySlice<UInt8>] = []
    var signs: [(isLess: Bool, isStrict: Bool)] = []
    var start = text.startIndex
    var index = start
    while index < text.endIndex {
      let octet = text[index]
      if octet == UInt8(ascii: "<") || octet == UInt8(ascii: ">") {
        parts.append(text[start..<index].trimmedHTMLSpace)
        let isEqual = index + 1 < text.endIndex && text[index + 1] == UInt8(ascii: "=")
        signs.append((octet == UInt8(ascii: "<"), !isEqual))
        index += isEqual ? 2 : 1
        start = index
      } else {
        index += 1
      }
    }
    parts.append(text[start...].trimmedHTMLSpace)
    guard parts.count <= 3 else { return false }
    let values = parts.map { measure($0) ?? number($0) }
    for (place, sign) in signs.enumerated() {
      guard let left = values[place], let right = values[place + 1] else { return false }
      let holds = left == right ? !sign.isStrict : (left < right) == sign.isLess
      if !holds { return false }
    }
    return true
  }

  private static func measure(_ name: ArraySlice<UInt8>) -> Float? {
    if name.isWord("width") || name.isWord("device-width") { return width }
    if name.isWord("height") || name.isWord("device-height") { return height }
    if name.isWord("color") { return 8 }
    return name.isWord("resolution") || name.isWord("device-pixel-ratio") ? 1 : nil
  }

  private static func number(_ value: ArraySlice<UInt8>) -> Float? {
    if let length = CSSLength(value) { return length.resolved(em: 16, whole: 0) }
    // Of a screen's dots: 1dppx are 96dpi.
    guard let number = CSSNumber(value.prefix { $0.isASCIIDigit || $0 == .dot }) else { return nil }
    return value.suffix(3).elementsEqual("dpi".utf8) ? number.value / 96 : number.value
  }

  /// Whether what `@supports` asks for is there: properties that are known here, and a few more; and selectors.
  static func supports(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text.map(\.lowercasedASCII)[...].trimmedHTMLSpace
    var isNegated = false
    if let inner = rest.behind("not") { (rest, isNegated) = (inner, true) }
    var result: Bool?
    var isOr = false
    while !rest.isEmpty {
      if result != nil {
        if let behind = rest.behind("or") {
          (rest, isOr) = (behind, true)
        } else {
          guard let behind = rest.behind("and") else { return false }
          (rest, isOr) = (behind, false)
        }
      }
      let isSelector = rest.starts(with: "selector(".utf8)
      guard let open = rest.firstIndex(of: UInt8(ascii: "(")), isSelector || open == rest.startIndex else {
        return false
      }
      let close = CSSText.end(of: UInt8(ascii: ")"), rest, from: open + 1)
      guard close < rest.endIndex else { return false }
      let asked = rest[(open + 1)..<close].trimmedHTMLSpace
      let name = rest[(open + 1)..<close].prefix { $0 != UInt8(ascii: ":") }.trimmedHTMLSpace
      let holds =
        isSelector ? Selector.isKnown(asked) : StyleParser.knows(name) || others.contains { name.isWord($0) }
      result = result.map { isOr ? $0 || holds : $0 && holds } ?? holds
      rest = rest[(close + 1)...].trimmedHTMLSpace
    }
    return result.map { $0 != isNegated } ?? false
  }

  private static let others: [StaticString] = [
    "gap", "grid-area", "grid-template-columns", "flex", "aspect-ratio", "object-fit", "backdrop-filter",
    "-webkit-backdrop-filter", "mask", "-webkit-mask", "border-radius", "line-height", "text-decoration",
    "user-select", "object-position", "will-change", "--css", "--a", "--x", "appearance",
    "-webkit-appearance", "-webkit-overflow-scrolling",
  ]
}

extension ArraySlice<UInt8> {
  fileprivate func isWord(_ word: StaticString) -> Bool { word.withUTF8Buffer { elementsEqual($0) } }

  /// What follows a word and white space, or a bracket; nil where it does not begin with the word.
  fileprivate func behind(_ word: StaticString) -> ArraySlice<UInt8>? {
    word.withUTF8Buffer { wanted in
      guard starts(with: wanted) else { return nil }
      let rest = dropFirst(wanted.count)
      guard let first = rest.first, first.isHTMLSpace || first == UInt8(ascii: "(") else { return nil }
      return rest.trimmedHTMLSpace
    }
  }
}
