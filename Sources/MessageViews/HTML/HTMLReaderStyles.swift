internal import Bytes

extension HTMLReader {
  private static let mostCachedStyle = 1024

  /// What a tag says about its looks: attributes first, then the sheets' rules, then its own style; what is marked
  /// important after all (CSS Cascade 4, §6).
  mutating func declarations(_ element: HTMLElement, _ styled: StyledElement?) -> StyleDeclarations {
    var own = element.ownStyle
    presentation(element, &own)
    let rules = styled.map { sheet.layers(for: $0, in: stack.styled, children: stack.children) } ?? []
    let inline = inlineStyle()
    for layers in rules { own.merge(layers.normal) }
    if let inline { own.merge(inline.normal) }
    for layers in rules { if let important = layers.important { own.merge(important) } }
    if let important = inline?.important { own.merge(important) }
    for address in inline?.addresses ?? [] { refer(address, .image) }
    return own
  }

  /// What the style attribute says; nil where there is none.
  private mutating func inlineStyle() -> StyleLayers? {
    guard let range = range(.style) else { return nil }
    let isPlain = range.count <= Self.mostCachedStyle && !tokenizer.source[range].contains(UInt8(ascii: "&"))
    if isPlain { return styles.layers(tokenizer.source, range) }
    return value(.style).map { StyleParser.read($0[...]) }
  }

  /// Attributes that say what styles say.
  private func presentation(_ element: HTMLElement, _ own: inout StyleDeclarations) {
    if element.hasGround {
      if let colour = colour(.bgcolor) { own.ground = .some(colour) }
      if has(.background) { own.hasImage = true }
    }
    if has(.align), let side = value(.align) {
      own.isRightAligned = side.map(\.lowercasedASCII).elementsEqual("right".utf8)
    }
    if has(.dir), let side = value(.dir)?.map(\.lowercasedASCII) {
      own.isRightToLeft = side.elementsEqual("rtl".utf8)
    }
    if element == .dialog, has(.open) { own.display = .block }
    if has(.hidden) { own.display = StyleDeclarations.Display.none }
    switch element {
    case .font, .basefont:
      if let colour = colour(.color) { own.colour = .some(colour) }
      if let size = value(.size).flatMap({ Self.fontSize($0[...]) }) { own.size = .pixels(size) }
    case .body: if let colour = colour(.text) { own.colour = .some(colour) }
    default: break
    }
  }

  private func colour(_ attribute: HTMLAttribute) -> Colour? {
    value(attribute).flatMap { Colour(legacy: $0.map(\.lowercasedASCII)[...]) }
  }

  /// `size` of `<font>` in pixels: 1 to 7, or so much more or less than 3.
  private static func fontSize(_ text: ArraySlice<UInt8>) -> Float? {
    let text = text.trimmedHTMLSpace
    guard let number = CSSNumber(text.prefix { $0.isASCIIDigit || $0 == 0x2d || $0 == 0x2b }) else {
      return nil
    }
    let isRelative = text.first == 0x2d || text.first == 0x2b
    let size = Int(min(max(isRelative ? 3 + number.value : number.value, 1), 7))
    return [10, 13, 16, 18, 24, 32, 48][size - 1]
  }

  /// What selectors ask of the tag.
  func styledElement(_ element: HTMLElement) -> StyledElement {
    var styled = StyledElement(tag: tokenizer.name)
    if sheet.asksForSiblings { styled.number = stack.nextNumber }
    if let id = value(.id) { styled.id = PackedName(id) }
    if let names = value(.className) {
      for name in names[...].split(maxSplits: 32, whereSeparator: \.isHTMLSpace).map({ PackedName($0) })
      where !styled.classes.contains(name) {
        styled.classes.append(name)
      }
    }
    return styled
  }
}

extension HTMLElement {
  /// How it looks where nothing is said.
  var ownStyle: StyleDeclarations {
    var own = StyleDeclarations()
    if isNeverSeen || self == .dialog { own.display = StyleDeclarations.Display.none }
    if preserves { own.preserves = true }
    switch self {
    case .small, .sub, .sup: own.size = .times(0.8333)
    case .big: own.size = .times(1.2)
    case .mark: (own.ground, own.colour) = (.some(Colour(255, 255, 0)), .some(.black))
    // Their grounds are the system's.
    case .button, .input, .select, .textarea: own.hasImage = true
    // What is drawn has its colours from elsewhere.
    case .svg: (own.hasImage, own.outline) = (true, .any)
    case .bdo: own.overridesDirection = true
    default: break
    }
    return own
  }
}

extension StyleSheet {
  /// Adds the rules of each `<style>` element, wherever it stands: they count for what stands before it, too.
  mutating func gather(_ source: [UInt8]) {
    guard source.mayHold(tag: "style") else { return }
    var tokenizer = HTMLTokenizer(source)
    while let token = tokenizer.next() {
      guard case .start = token else { continue }
      switch HTMLElement(tokenizer.name) {
      case .style:
        let holds = tokenizer.holdsAsStyle
        let range = tokenizer.rawText()
        if holds { add(source[range]) }
      case .script, .title, .iframe, .noembed, .noframes, .textarea, .xmp: _ = tokenizer.rawText()
      case .plaintext: return
      default: break
      }
    }
  }
}

extension HTMLTokenizer {
  /// Whether browsers read the `<style>` element of the tag just read: CSS, and for a common screen.
  fileprivate var holdsAsStyle: Bool {
    let kind = value(of: "type")?.map(\.lowercasedASCII) ?? []
    guard kind.isEmpty || kind.elementsEqual("text/css".utf8) else { return false }
    return value(of: "media").map { MediaQuery.holds($0[...]) } ?? true
  }

  private func value(of name: String) -> [UInt8]? {
    let wanted = PackedName(name)
    return attributes.first { $0.name == wanted }.map {
      CharacterReferences.resolved(source, $0.value, most: 1024)
    }
  }
}

extension [UInt8] {
  /// Whether a start tag of that name may stand somewhere.
  func mayHold(tag: StaticString) -> Bool {
    tag.withUTF8Buffer { name in
      guard let first = name.first, count > name.count else { return false }
      for index in 1..<(count - name.count + 1)
      where self[index - 1] == UInt8(ascii: "<") && self[index] | 0x20 == first {
        if self[index..<(index + name.count)].elementsEqual(name, by: { $0.lowercasedASCII == $1 }) {
          return true
        }
      }
      return false
    }
  }
}
