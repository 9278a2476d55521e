internal import Bytes

/// Reads declarations of CSS (CSS Syntax 3, §5.4.4): `display: none; color: #fff !important`.
struct StyleParser {
  fileprivate enum Property: UInt8, CaseIterable {
    case display, visibility, color, background, font, opacity, position, left, top, right, bottom, margin,
      transform, width, height, overflow, clip
    case backgroundColor, backgroundImage, fontSize, textIndent, marginLeft, marginTop, maxWidth, maxHeight,
      overflowX, overflowY, clipPath, whiteSpace, textFill, contentVisibility

    /// As CSS spells it.
    var spelling: String {
      if self == .textFill { return "-webkit-text-fill-color" }
      return String(describing: self).reduce(into: "") { text, letter in
        text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
      }
    }
  }

  private static let properties = NameTable(Property.self) { $0.spelling }

  private var layers = StyleLayers()

  /// The declarations of a style attribute or a rule's block, as it stands.
  static func read(_ text: ArraySlice<UInt8>) -> StyleLayers {
    var parser = StyleParser()
    if text.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "*") }) {
      parser.declarations(CSSText.plain(text)[...])
    } else {
      parser.declarations(text)
    }
    return parser.layers
  }

  private mutating func declarations(_ text: ArraySlice<UInt8>) {
    var start = text.startIndex
    while start < text.endIndex {
      let end = CSSText.end(of: UInt8(ascii: ";"), text, from: start)
      declaration(text[start..<end])
      start = end + 1
    }
  }

  private mutating func declaration(_ text: ArraySlice<UInt8>) {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return }
    var name = PackedName()
    for octet in text[..<colon].trimmedHTMLSpace.prefix(40) { name.append(octet.lowercasedASCII) }
    guard let number = Self.properties[name],
      let property = Property(rawValue: UInt8(truncatingIfNeeded: number))
    else { return }
    let written = text[(colon + 1)...].trimmedHTMLSpace
    var value = written.map(\.lowercasedASCII)[...]
    var isImportant = false
    if let mark = value.lastIndex(of: UInt8(ascii: "!")),
      value[(mark + 1)...].trimmedHTMLSpace.elementsEqual("important".utf8)
    {
      isImportant = true
      value = value[..<mark].trimmedHTMLSpace
    }
    guard !value.isEmpty else { return }
    if property == .background || property == .backgroundImage {
      // In the letters that it was written with.
      CSSText.addresses(written, into: &layers.addresses)
    }
    if isImportant {
      var declarations = layers.important ?? StyleDeclarations()
      declarations.set(property, value)
      layers.important = declarations
    } else {
      layers.normal.set(property, value)
    }
  }
}

extension StyleDeclarations {
  fileprivate mutating func set(_ property: StyleParser.Property, _ value: ArraySlice<UInt8>) {
    switch property {
    case .display: display = Self.display(value)
    case .visibility: isHidden = value.elementsEqual("hidden".utf8) || value.elementsEqual("collapse".utf8)
    case .contentVisibility: if value.elementsEqual("hidden".utf8) { isHidden = true }
    case .color, .textFill: setColour(value)
    case .background, .backgroundColor, .backgroundImage: setGround(value)
    case .font: setFont(value)
    case .fontSize: if let size = Self.size(value) { self.size = size }
    case .opacity: if let number = CSSNumber(value) { opacity = number.fraction(of: 1) }
    case .position:
      isPositioned = !(value.elementsEqual("static".utf8) || value.elementsEqual("sticky".utf8))
    case .left, .top, .right, .bottom: setLeast(\.offset, value)
    case .margin: for part in value.split(whereSeparator: \.isHTMLSpace) { setLeast(\.margin, part) }
    case .marginLeft, .marginTop: setLeast(\.margin, value)
    case .textIndent: indent = Self.pixels(value)
    case .transform: transform = Self.transform(value)
    case .width: width = Self.pixels(value)
    case .height: height = Self.pixels(value)
    case .maxWidth: mostWidth = Self.pixels(value)
    case .maxHeight: mostHeight = Self.pixels(value)
    case .overflow, .overflowX, .overflowY:
      clipsOverflow = value.starts(with: "hidden".utf8) || value.starts(with: "clip".utf8)
    case .clip: isClippedAway = Self.clipsAll(value)
    case .clipPath:
      isClippedAway =
        value.starts(with: "inset(50%".utf8) || value.starts(with: "inset(100%".utf8)
        || value.starts(with: "circle(0".utf8)
    case .whiteSpace: preserves = value.starts(with: "pre".utf8)
    }
  }

  private static func display(_ value: ArraySlice<UInt8>) -> Display? {
    if value.elementsEqual("none".utf8) { return Display.none }
    if value.elementsEqual("table-cell".utf8) { return .cell }
    if value.starts(with: "inline".utf8) || value.elementsEqual("contents".utf8) { return .inline }
    let blocks: [StaticString] = ["block", "list-item", "table", "table-row", "flex", "grid", "flow-root"]
    return blocks.contains { name in name.withUTF8Buffer { value.elementsEqual($0) } } ? .block : nil
  }

  private mutating func setColour(_ value: ArraySlice<UInt8>) {
    if let parsed = Colour(css: value) {
      colour = .some(parsed)
    } else if value.elementsEqual("inherit".utf8) || value.elementsEqual("currentcolor".utf8) {
      colour = .some(nil)
    }
  }

  private mutating func setGround(_ value: ArraySlice<UInt8>) {
    if value.contains(UInt8(ascii: "(")),
      value.holds("url(") || value.holds("gradient(") || value.holds("image(")
    {
      ground = .image
      return
    }
    var start = value.startIndex
    while start < value.endIndex {
      let end = CSSText.end(of: .space, value, from: start)
      if let parsed = Colour(css: value[start..<end]) {
        ground = .colour(parsed)
        return
      }
      start = end + 1
    }
  }

  /// `font: bold 0/0 a`: the first number that is a size.
  private mutating func setFont(_ value: ArraySlice<UInt8>) {
    for part in value.split(whereSeparator: \.isHTMLSpace) {
      let part = part.prefix { $0 != UInt8(ascii: "/") }
      if let number = CSSNumber(part), number.unit == .none, number.value >= 100 { continue }
      if let size = Self.size(part) {
        self.size = size
        return
      }
    }
  }

  private static func size(_ value: ArraySlice<UInt8>) -> Size? {
    if let number = CSSNumber(value) { return number.value < 0 ? nil : .number(number) }
    let words: [(StaticString, Size)] = [
      ("xx-small", .pixels(9)), ("x-small", .pixels(10)), ("small", .pixels(13)), ("medium", .pixels(16)),
      ("large", .pixels(18)), ("x-large", .pixels(24)), ("xx-large", .pixels(32)), ("initial", .pixels(16)),
      ("smaller", .times(0.8333)), ("larger", .times(1.2)),
    ]
    return words.first { name, _ in name.withUTF8Buffer { value.elementsEqual($0) } }?.1
  }

  private mutating func setLeast(
    _ path: WritableKeyPath<StyleDeclarations, Float?>, _ value: ArraySlice<UInt8>
  ) {
    guard let pixels = Self.pixels(value) else { return }
    self[keyPath: path] = min(self[keyPath: path] ?? pixels, pixels)
  }

  /// Of places and boxes: an em is one of common size, and what a percentage is of is a common window.
  private static func pixels(_ value: ArraySlice<UInt8>) -> Float? {
    CSSNumber(value)?.pixels(em: 16, whole: 800)
  }

  private static func transform(_ value: ArraySlice<UInt8>) -> Transform {
    guard let open = value.firstIndex(of: UInt8(ascii: "(")) else { return .none }
    let arguments = value[(open + 1)...].prefix { $0 != UInt8(ascii: ")") }
      .split(separator: UInt8(ascii: ",")).map(\.trimmedHTMLSpace)
    if value.starts(with: "scale".utf8) {
      return arguments.contains { CSSNumber($0).map { abs($0.value) < 0.05 } ?? false } ? .shrunk : .none
    }
    if value.starts(with: "translate".utf8) {
      return arguments.contains { (pixels($0) ?? 0) <= ElementStyle.offScreen } ? .moved : .none
    }
    return .none
  }

  /// `rect(0 0 0 0)`, `rect(1px, 1px, 1px, 1px)`: top and bottom are the same, or left and right.
  private static func clipsAll(_ value: ArraySlice<UInt8>) -> Bool {
    guard value.starts(with: "rect(".utf8) else { return false }
    let sides = value.dropFirst(5).prefix { $0 != UInt8(ascii: ")") }
      .split { $0 == UInt8(ascii: ",") || $0.isHTMLSpace }.map { pixels($0) }
    guard sides.count == 4, let top = sides[0], let right = sides[1], let bottom = sides[2],
      let left = sides[3]
    else { return false }
    return bottom - top < 1 || right - left < 1
  }
}
