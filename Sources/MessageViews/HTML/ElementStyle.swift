internal import Bytes

/// How the text in an element looks, computed from its declarations and its parent.
struct ElementStyle: Sendable {
  /// Pixels beyond which nobody looks for text.
  static let offScreen: Float = -300
  /// Below it a font is no font, and below the other nobody can read it.
  private static let zeroFont: Float = 0.5
  private static let tinyFont: Float = 4
  private static let zeroBox: Float = 1.5

  private(set) var colour = Colour.black
  /// nil where an image is behind the text.
  private(set) var ground: Colour? = .white
  private(set) var size: Float = 16
  private(set) var isHidden = false
  private(set) var opacity: Float = 1
  private(set) var preserves = false
  /// Why all below it is hidden, whatever that says itself.
  private(set) var gone: HTMLView.Hidden.Reason?
  /// Why its text is hidden; nil where it is seen.
  private(set) var reason: HTMLView.Hidden.Reason?
  private(set) var display: StyleDeclarations.Display?
  /// Of links where nothing else is said.
  var linkColour = Colour.link

  init() {}

  /// The style of a child.
  func child(_ own: StyleDeclarations, isLink: Bool) -> ElementStyle {
    var style = self
    style.display = own.display
    style.apply(own, parent: self, isLink: isLink)
    return style
  }

  /// The same on another ground.
  func on(_ ground: Colour?) -> ElementStyle {
    var style = self
    style.ground = ground
    style.reason = style.whyHidden
    return style
  }

  private mutating func apply(_ own: StyleDeclarations, parent: ElementStyle, isLink: Bool) {
    if let ground = own.ground { lay(ground) }
    if let declared = own.colour {
      if let declared { colour = declared }
    } else if isLink {
      colour = linkColour
    }
    if let size = own.size { resize(size) }
    if let isHidden = own.isHidden { self.isHidden = isHidden }
    if let opacity = own.opacity { self.opacity *= min(max(opacity, 0), 1) }
    if let preserves = own.preserves { self.preserves = preserves }
    if gone == nil { gone = Self.whyGone(own, opacity) }
    reason = whyHidden
  }

  private mutating func lay(_ layer: StyleDeclarations.Ground) {
    switch layer {
    case .image: ground = nil
    case .colour(let colour):
      if colour.alpha == 255 {
        ground = colour
      } else if let below = ground {
        ground = colour.laid(on: below)
      }
    }
  }

  private mutating func resize(_ size: StyleDeclarations.Size) {
    switch size {
    case .pixels(let pixels): self.size = pixels
    case .times(let factor): self.size *= factor
    case .number(let number):
      if let pixels = number.pixels(em: self.size, whole: self.size) { self.size = min(pixels, 10_000) }
    }
  }

  private static func whyGone(_ own: StyleDeclarations, _ opacity: Float) -> HTMLView.Hidden.Reason? {
    if own.display == StyleDeclarations.Display.none { return .displayNone }
    if opacity < 0.05 { return .zeroOpacity }
    if own.isPositioned == true, let offset = own.offset, offset <= offScreen { return .offScreen }
    if let margin = own.margin, margin <= offScreen { return .offScreen }
    if let indent = own.indent, indent <= offScreen { return .offScreen }
    if own.transform == .moved { return .offScreen }
    if own.transform == .shrunk { return .zeroSize }
    if own.isClippedAway == true { return .zeroSize }
    if own.clipsOverflow == true {
      for box in [own.width, own.height, own.mostWidth, own.mostHeight] {
        if let box, box < zeroBox { return .zeroSize }
      }
    }
    return nil
  }

  private var whyHidden: HTMLView.Hidden.Reason? {
    if let gone { return gone }
    if isHidden { return .visibilityHidden }
    if size < Self.zeroFont { return .zeroFont }
    if size < Self.tinyFont { return .tinyFont }
    if colour.alpha < 13 { return .sameColour }
    if let ground, colour.isLost(on: ground) { return .sameColour }
    return nil
  }
}
