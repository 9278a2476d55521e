internal import Bytes

/// Reads declarations of CSS (CSS Syntax 3, §5.4.4): `display: none; color: #fff !important`.
///
/// A value that is none of its property's drops its declaration, as in browsers.
struct StyleParser {
  enum Property: UInt8, CaseIterable {
    case display, visibility, color, background, font, opacity, position, left, top, right, bottom, margin,
      transform, width, height, overflow, clip, float, filter, zoom, scale, translate, padding, inset,
      direction, animation, all
    case backgroundColor, backgroundImage, backgroundClip, fontSize, textIndent, textAlign, textShadow,
      boxShadow, marginLeft, marginTop, paddingLeft, paddingTop, paddingRight, paddingBottom, maxWidth,
      maxHeight, minWidth, minHeight, overflowX, overflowY, clipPath, whiteSpace, contentVisibility,
      animationName, unicodeBidi, mixBlendMode
    case webkitTextFillColor, webkitTextStroke, webkitTextStrokeColor, webkitTextStrokeWidth,
      webkitBackgroundClip, webkitTransform, webkitAnimation, webkitAnimationName, webkitFilter,
      webkitClipPath

    /// As CSS spells it.
    var spelling: String {
      let name = String(describing: self).reduce(into: "") { text, letter in
        text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
      }
      return name.hasPrefix("webkit-") ? "-" + name : name
    }

    /// The one that it is another name of.
    var standard: Property {
      switch self {
      case .webkitBackgroundClip: .backgroundClip
      case .webkitTransform: .transform
      case .webkitAnimation: .animation
      case .webkitAnimationName: .animationName
      case .webkitFilter: .filter
      case .webkitClipPath: .clipPath
      default: self
      }
    }
  }

  private static let properties = NameTable(Property.self) { $0.spelling }

  private var layers = StyleLayers()
  private let hasEscapes: Bool

  /// The declarations of a style attribute or a rule's block, as it stands.
  static func read(_ text: ArraySlice<UInt8>) -> StyleLayers {
    var hasComments = false
    var hasEscapes = false
    for octet in text {
      if octet == UInt8(ascii: "*") { hasComments = true }
      if octet == UInt8(ascii: "\\") { hasEscapes = true }
    }
    var parser = StyleParser(hasEscapes: hasEscapes)
    parser.declarations(hasComments ? CSSText.withoutComments(text)[...] : text)
    return parser.layers
  }

  /// Whether a property of that name is known, in small letters.
  static func knows(_ name: ArraySlice<UInt8>) -> Bool { properties[PackedName(name)] != nil }

  private init(hasEscapes: Bool) { self.hasEscapes = hasEscapes }

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
    for octet in unescaped(text[..<colon].trimmedHTMLSpace).prefix(40) { name.append(octet.lowercasedASCII) }
    guard let number = Self.properties[name],
      let property = Property(rawValue: UInt8(truncatingIfNeeded: number))?.standard
    else { return }
    let written = unescaped(text[(colon + 1)...].trimmedHTMLSpace)
    var value = written.map(\.lowercasedASCII)[...]
    var isImportant = false
    if let mark = value.lastIndex(of: UInt8(ascii: "!")) {
      guard value[(mark + 1)...].trimmedHTMLSpace.elementsEqual("important".utf8) else { return }
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

  private func unescaped(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    hasEscapes && text.contains(UInt8(ascii: "\\")) ? CSSText.unescaped(text)[...] : text
  }
}
