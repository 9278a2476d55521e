internal import Bytes

extension StyleDeclarations {
  /// Takes over a value in small letters; one that the property does not have is passed over.
  mutating func set(_ property: StyleParser.Property, _ value: ArraySlice<UInt8>) {
    if value.first == UInt8(ascii: "i") || value.first == UInt8(ascii: "u")
      || value.first == UInt8(ascii: "r"),
      let keyword = CSSKeyword(value)
    {
      return reset(property, keyword)
    }
    // What a variable holds is not known: it hides nothing.
    if value.last == UInt8(ascii: ")"), value.holds("var(") || value.holds("env(") {
      return property.isColour ? outline = .any : reset(property, .initial)
    }
    switch property {
    case .display: if let display = Self.display(value) { self.display = display }
    case .visibility:
      if value.elementsEqual("hidden".utf8) || value.elementsEqual("collapse".utf8) { visibility = .hidden }
      if value.elementsEqual("visible".utf8) { visibility = .seen }
    case .contentVisibility: if value.elementsEqual("hidden".utf8) { visibility = .hidden }
    case .color: Self.set(&colour, value)
    case .webkitTextFillColor: Self.set(&fill, value)
    case .textShadow, .webkitTextStroke, .webkitTextStrokeColor: setOutline(value)
    case .webkitTextStrokeWidth:
      if outline == nil, let width = Self.pixels(value), width > 0 { outline = .any }
    case .background: setGround(value)
    case .backgroundColor: if let parsed = Colour(css: value) { ground = .some(parsed) }
    case .backgroundImage: hasImage = Self.isImage(value)
    case .backgroundClip: if value.elementsEqual("text".utf8) { outline = .any }
    case .boxShadow: if value.holds("inset") { isTinted = true }
    case .mixBlendMode: isTinted = !value.elementsEqual("normal".utf8)
    case .filter: setFilter(value)
    case .font: setFont(value)
    case .fontSize:
      if let size = Self.size(value) {
        self.size = size
      } else if value.last == UInt8(ascii: ")") || value.elementsEqual("math".utf8) {
        // A function that is not worked out here hides nothing.
        size = .pixels(16)
      }
    case .opacity:
      if let number = CSSNumber(value) {
        opacity = number.fraction(of: 1)
      } else if let length = CSSLength(value) {
        opacity = length.resolved(em: 0, whole: 1)
      } else if value.last == UInt8(ascii: ")") {
        opacity = 1
      }
    case .animation, .animationName: isAnimated = !value.elementsEqual("none".utf8)
    case .whiteSpace: preserves = value.starts(with: "pre".utf8)
    case .textAlign:
      isRightAligned =
        value.elementsEqual("right".utf8) || value.elementsEqual("end".utf8)
        || value.elementsEqual("-webkit-right".utf8)
    case .direction:
      if value.elementsEqual("rtl".utf8) { isRightToLeft = true }
      if value.elementsEqual("ltr".utf8) { isRightToLeft = false }
    case .unicodeBidi:
      overridesDirection =
        value.elementsEqual("bidi-override".utf8) || value.elementsEqual("isolate-override".utf8)
    default: setBox(property, value)
    }
  }

  /// What moves and cuts boxes.
  private mutating func setBox(_ property: StyleParser.Property, _ value: ArraySlice<UInt8>) {
    switch property {
    case .position:
      if let position = Self.position(value) { self.position = position }
    case .float: floats = !value.elementsEqual("none".utf8)
    case .left: setSide(.left, value)
    case .top: setSide(.top, value)
    case .right: setSide(.right, value)
    case .bottom: setSide(.bottom, value)
    case .inset: setSides([.top, .right, .bottom, .left], value)
    case .margin: setSides([.marginTop, nil, nil, .marginLeft], value)
    case .marginLeft: setSide(.marginLeft, value)
    case .marginTop: setSide(.marginTop, value)
    case .padding: setSides([.paddingTop, .paddingRight, .paddingBottom, .paddingLeft], value)
    case .paddingLeft: setSide(.paddingLeft, value)
    case .paddingTop: setSide(.paddingTop, value)
    case .paddingRight: setSide(.paddingRight, value)
    case .paddingBottom: setSide(.paddingBottom, value)
    case .width: setSide(.width, value)
    case .height: setSide(.height, value)
    case .maxWidth: setSide(.mostWidth, value)
    case .maxHeight: setSide(.mostHeight, value)
    case .minWidth: setSide(.leastWidth, value)
    case .minHeight: setSide(.leastHeight, value)
    case .textIndent: if let pixels = Self.pixels(value) { indent = pixels }
    case .overflow, .overflowX, .overflowY:
      clipsOverflow = value.starts(with: "hidden".utf8) || value.starts(with: "clip".utf8)
    case .clip: isClippedAway = Self.clipsAll(value)
    case .clipPath:
      isPathless =
        value.starts(with: "inset(50%".utf8) || value.starts(with: "inset(100%".utf8)
        || value.starts(with: "circle(0".utf8)
    case .transform: setTransform(value)
    case .scale: ownScale = Self.leastScale(value)
    case .zoom: if let number = CSSNumber(value) { zoom = number.fraction(of: 1) }
    case .translate: shift = Self.shift(value.split(whereSeparator: \.isHTMLSpace))
    default: break
    }
  }

  // MARK: Keywords of all properties

  /// `initial`, `inherit`, `unset`, `revert`: what was said before counts no more.
  private mutating func reset(_ property: StyleParser.Property, _ keyword: CSSKeyword) {
    switch property {
    case .all: resetAll(keyword)
    case .display: display = keyword == .initial || keyword == .unset ? .inline : .plain
    case .visibility, .contentVisibility: visibility = keyword == .initial ? .seen : .inherited
    case .color: colour = keyword == .initial ? .some(.black) : .some(nil)
    case .webkitTextFillColor: fill = keyword == .inherit ? nil : .some(nil)
    case .textShadow, .webkitTextStroke, .webkitTextStrokeColor, .webkitTextStrokeWidth:
      if keyword == .initial { outline = StyleDeclarations.Outline.none }
    case .background: (ground, hasImage) = (.some(nil), false)
    case .backgroundColor: ground = .some(nil)
    case .backgroundImage: hasImage = false
    case .boxShadow, .mixBlendMode: isTinted = false
    case .filter: (filterOpacity, isTinted) = (1, false)
    case .font, .fontSize: size = keyword == .initial ? .pixels(16) : .times(1)
    case .opacity: opacity = 1
    case .animation, .animationName: isAnimated = false
    case .position: position = .still
    case .float: floats = false
    case .textIndent: if keyword == .initial { indent = 0 }
    case .overflow, .overflowX, .overflowY: clipsOverflow = false
    case .clip: isClippedAway = false
    case .clipPath: isPathless = false
    case .transform: (scale, shift) = (1, .zero)
    case .translate: shift = .zero
    case .scale: ownScale = 1
    case .zoom: zoom = 1
    case .whiteSpace: if keyword == .initial { preserves = false }
    case .textAlign: if keyword == .initial { isRightAligned = false }
    case .unicodeBidi: overridesDirection = false
    case .backgroundClip, .direction: break
    case .maxWidth, .maxHeight, .width, .height: setBox(property, Self.autoValue)
    default: setBox(property, Self.zeroValue)
    }
  }

  private static let autoValue = Array("auto".utf8)[...]
  private static let zeroValue = Array("0".utf8)[...]

  private mutating func resetAll(_ keyword: CSSKeyword) {
    for property in StyleParser.Property.allCases
    where property != .all && property != .direction && property != .unicodeBidi {
      reset(property.standard, keyword)
    }
    setSide(.left, Self.zeroValue)
  }

  // MARK: Values

  private static func display(_ value: ArraySlice<UInt8>) -> Display? {
    if value.elementsEqual("none".utf8) { return Display.none }
    if value.elementsEqual("inline".utf8) || value.elementsEqual("contents".utf8) { return .inline }
    if value.elementsEqual("table-cell".utf8) { return .cell }
    if value.starts(with: "inline".utf8) { return .inlineBlock }
    if value.starts(with: "ruby".utf8) || value.elementsEqual("math".utf8) { return .inline }
    var isKnown = true
    parts(value) { part in isKnown = isKnown && displays.contains(PackedName(part)) }
    return isKnown ? .block : nil
  }

  private static let displays = Set(
    [
      "block", "inline", "run-in", "flow", "list-item", "table", "table-row", "flex", "grid", "flow-root",
      "ruby",
      "math", "table-row-group", "table-header-group", "table-footer-group", "table-caption", "-webkit-box",
      "-webkit-flex", "-moz-box", "-ms-flexbox", "-ms-grid", "grid-lanes",
    ].map { PackedName($0) })

  private static func position(_ value: ArraySlice<UInt8>) -> Position? {
    if value.elementsEqual("static".utf8) || value.elementsEqual("sticky".utf8) { return .still }
    if value.elementsEqual("relative".utf8) { return .relative }
    if value.elementsEqual("absolute".utf8) { return .absolute }
    return value.elementsEqual("fixed".utf8) ? .fixed : nil
  }

  private static func set(_ colour: inout Colour??, _ value: ArraySlice<UInt8>) {
    if let parsed = Colour(css: value) {
      colour = .some(parsed)
    } else if value.elementsEqual("currentcolor".utf8) {
      colour = .some(nil)
    } else if value.count < 16, value.suffix(4).elementsEqual("text".utf8) {
      // Colours of the reader's system: canvastext, windowtext, linktext.
      colour = .some(.black)
    } else if value.last == UInt8(ascii: ")"), Colour.isForeign(value) {
      // Of a space of colours that is not worked out here; a colour that nothing is lost on.
      colour = .some(Colour(255, 0, 255))
    }
  }

  /// Shadows and strokes: their colour, where there is one, and one of them.
  private mutating func setOutline(_ value: ArraySlice<UInt8>) {
    if value.elementsEqual("none".utf8) { return outline = StyleDeclarations.Outline.none }
    guard CSSText.end(of: UInt8(ascii: ","), value, from: value.startIndex) == value.endIndex else {
      return outline = .any
    }
    var found: Outline?
    Self.parts(value) { part in
      if found == nil, let colour = Colour(css: part), CSSNumber(part) == nil { found = .colour(colour) }
      if found == nil, part.last == UInt8(ascii: ")") { found = .any }
    }
    // Without one it has the text's own.
    outline = found ?? StyleDeclarations.Outline.none
  }

  private static func parts(_ value: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
    var start = value.startIndex
    while start < value.endIndex {
      let end = CSSText.end(of: .space, value, from: start)
      if end > start { body(value[start..<end]) }
      start = end + 1
    }
  }

  private static func isImage(_ value: ArraySlice<UInt8>) -> Bool {
    value.contains(UInt8(ascii: "("))
      && (value.holds("url(") || value.holds("gradient(") || value.holds("image(")
        || value.holds("image-set("))
  }

  private mutating func setGround(_ value: ArraySlice<UInt8>) {
    let isImage = Self.isImage(value)
    var colour: Colour?
    if !isImage { Self.parts(value) { part in colour = colour ?? Colour(css: part) } }
    hasImage = isImage
    ground = .some(colour)
  }

  private mutating func setFilter(_ value: ArraySlice<UInt8>) {
    if value.elementsEqual("none".utf8) { return (filterOpacity, isTinted) = (1, false) }
    guard value.starts(with: "opacity(".utf8), let close = value.firstIndex(of: UInt8(ascii: ")")),
      close == value.endIndex - 1,
      let number = CSSNumber(value[(value.startIndex + 8)..<close].trimmedHTMLSpace)
    else { return isTinted = true }
    filterOpacity = number.fraction(of: 1)
  }

  /// `font: bold 0/0 a`: the first number that is a size, and a name behind it.
  private mutating func setFont(_ value: ArraySlice<UInt8>) {
    let parts = value.split(whereSeparator: \.isHTMLSpace)
    if parts.count == 1 {
      // A font of the system's.
      if value.allSatisfy({ $0.isASCIILetter || $0 == 0x2d }), Self.size(value) == nil { size = .pixels(16) }
      return
    }
    for part in parts.dropLast() {
      let part = part.prefix { $0 != UInt8(ascii: "/") }
      if let number = CSSNumber(part), number.unit == .none, number.value >= 100 { continue }
      if let size = Self.size(part) {
        self.size = size
        return
      }
    }
  }

  private static func size(_ value: ArraySlice<UInt8>) -> Size? {
    if let length = CSSLength(value) {
      return length.resolved(em: 16, whole: 16) < 0 && value.last != UInt8(ascii: ")")
        ? nil : .length(length)
    }
    let words: [(StaticString, Size)] = [
      ("xx-small", .pixels(9)), ("x-small", .pixels(10)), ("small", .pixels(13)), ("medium", .pixels(16)),
      ("large", .pixels(18)), ("x-large", .pixels(24)), ("xx-large", .pixels(32)),
      ("xxx-large", .pixels(48)), ("smaller", .times(0.8333)), ("larger", .times(1.2)),
    ]
    return words.first { name, _ in name.withUTF8Buffer { value.elementsEqual($0) } }?.1
  }

  private mutating func setSide(_ side: StyleBox.Side, _ value: ArraySlice<UInt8>) {
    if let pixels = Self.pixels(value) {
      box[side] = pixels
    } else if value.first == UInt8(ascii: "a") || value.first == UInt8(ascii: "n")
      || value.elementsEqual("max-content".utf8) || value.elementsEqual("min-content".utf8)
      || value.starts(with: "fit-content".utf8)
    {
      // `auto` and `none`: as much as there is of a size.
      switch side {
      case .width, .height, .mostWidth, .mostHeight: box[side] = 100_000
      default: box[side] = 0
      }
    }
  }

  /// One to four values, as of `margin`; sides in the order from the top clockwise.
  private mutating func setSides(_ sides: [StyleBox.Side?], _ value: ArraySlice<UInt8>) {
    let parts = value.split(whereSeparator: \.isHTMLSpace)
    guard (1...4).contains(parts.count) else { return }
    for (index, side) in sides.enumerated() {
      guard let side else { continue }
      let place = index < parts.count ? index : index == 3 && parts.count > 1 ? 1 : index == 2 ? 0 : 0
      setSide(side, parts[place])
    }
  }

  /// Of places and boxes: an em is one of common size, and what a percentage is of is a common window.
  private static func pixels(_ value: ArraySlice<UInt8>) -> Float? {
    CSSLength(value)?.resolved(em: 16, whole: 800)
  }

  private mutating func setTransform(_ value: ArraySlice<UInt8>) {
    var factor: Float = 1
    var moved = SIMD2<Float>.zero
    var rest = value
    while let open = rest.firstIndex(of: UInt8(ascii: "(")) {
      let name = rest[..<open].trimmedHTMLSpace
      let close = rest[open...].firstIndex(of: UInt8(ascii: ")")) ?? rest.endIndex
      let arguments = rest[(open + 1)..<close].split(separator: UInt8(ascii: ",")).map(\.trimmedHTMLSpace)
      if name.starts(with: "scale".utf8) {
        factor *= arguments.compactMap { CSSNumber($0).map { abs($0.fraction(of: 1)) } }.min() ?? 1
      } else if name.elementsEqual("translatey".utf8) {
        moved.y += arguments.first.flatMap { Self.pixels($0) } ?? 0
      } else if name.starts(with: "translate".utf8), !name.elementsEqual("translatez".utf8) {
        moved += Self.shift(arguments)
      }
      rest = close < rest.endIndex ? rest[(close + 1)...] : rest[rest.endIndex...]
    }
    (scale, shift) = (factor, moved)
  }

  private static func shift(_ values: [ArraySlice<UInt8>]) -> SIMD2<Float> {
    SIMD2(
      values.first.flatMap { pixels($0) } ?? 0, values.count > 1 ? pixels(values[1]) ?? 0 : 0)
  }

  private static func leastScale(_ value: ArraySlice<UInt8>) -> Float? {
    value.split(whereSeparator: \.isHTMLSpace).compactMap { CSSNumber($0).map { abs($0.fraction(of: 1)) } }
      .min()
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

/// What every property takes as a value (CSS Cascade 5, §7.3).
enum CSSKeyword {
  case initial, inherit, unset, revert

  init?(_ value: ArraySlice<UInt8>) {
    if value.elementsEqual("initial".utf8) {
      self = .initial
    } else if value.elementsEqual("inherit".utf8) {
      self = .inherit
    } else if value.elementsEqual("unset".utf8) {
      self = .unset
    } else if value.elementsEqual("revert".utf8) || value.elementsEqual("revert-layer".utf8) {
      self = .revert
    } else {
      return nil
    }
  }
}

extension StyleParser.Property {
  fileprivate var isColour: Bool {
    switch self {
    case .color, .webkitTextFillColor, .background, .backgroundColor, .backgroundImage, .textShadow,
      .webkitTextStroke, .webkitTextStrokeColor:
      true
    default: false
    }
  }
}
