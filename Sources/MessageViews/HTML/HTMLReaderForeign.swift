internal import Bytes

/// SVG and MathML in HTML (HTML standard, §13.2.6.5): their elements are their own, whatever they are called, and what
/// only HTML has ends them.
extension HTMLReader {
  private static let breaking = Set(["ruby", "span", "var"].map { PackedName($0) })
  private static let ruby = Set(["rb", "rt", "rtc", "rp"].map { PackedName($0) })
  private static let face = PackedName("face")
  private static let annotation = PackedName("annotation-xml")
  /// Holds HTML in SVG.
  private static let drawn = Set(["foreignobject", "desc", "title"].map { PackedName($0) })
  /// Holds HTML in MathML.
  private static let counted = Set(["mi", "mo", "mn", "ms", "mtext"].map { PackedName($0) })
  /// Never painted where it stands (SVG 2, §5.2, §5.7, §5.8).
  private static let unpainted = Set(
    [
      "style", "script", "title", "desc", "defs", "metadata", "symbol", "clippath", "mask", "pattern",
      "marker",
      "annotation", "annotation-xml",
    ].map { PackedName($0) })
  private static let pictures = Set(["image", "feimage"].map { PackedName($0) })

  func isRuby(_ name: PackedName) -> Bool { Self.ruby.contains(name) }

  /// Whether the tag just read is one of HTML where SVG or MathML is open.
  func leavesForeign(_ element: HTMLElement) -> Bool {
    switch element {
    case .font: has(.color) || has(.size) || tokenizer.attributes.contains { $0.name == Self.face }
    case .b, .big, .blockquote, .body, .br, .center, .code, .dd, .div, .dl, .dt, .em, .embed, .h1, .h2, .h3,
      .h4, .h5,
      .h6, .head, .hr, .i, .img, .li, .listing, .menu, .meta, .nobr, .ol, .p, .pre, .s, .small, .strike,
      .strong, .sub,
      .sup, .table, .tt, .u, .ul:
      true
    default: Self.breaking.contains(tokenizer.name)
    }
  }

  /// A tag of SVG or MathML.
  mutating func foreignTag(_ element: HTMLElement) {
    // It is an attribute of HTML's elements.
    passOver(.hidden)
    let name = tokenizer.name
    let styled = sheet.isEmpty ? nil : styledElement(.other)
    var own = declarations(.other, styled)
    if Self.unpainted.contains(name) { own.display = StyleDeclarations.Display.none }
    if tokenizer.isSelfClosing {
      if let styled { stack.noteChild(styled, .other) }
    } else {
      stack.push(
        .other, name, own, isLink: element == .a, styled: styled, isForeign: true, holdsHTML: holdsHTML(name))
    }
    if element == .script { scripts += 1 }
    if element == .a, !tokenizer.isSelfClosing {
      linkTag(.a)
    } else {
      if let target = value(.href) ?? value(.xlinkHref) {
        refer(target, Self.pictures.contains(name) ? .image : .other)
      }
      if let source = value(.src) { refer(source, .other) }
    }
  }

  private func holdsHTML(_ name: PackedName) -> Bool {
    if stack.isDrawing { return Self.drawn.contains(name) }
    if name == Self.annotation {
      let kind = value(.encoding)?.map(\.lowercasedASCII) ?? []
      return kind.elementsEqual("text/html".utf8) || kind.elementsEqual("application/xhtml+xml".utf8)
    }
    return Self.counted.contains(name)
  }
}
