internal import Bytes

/// How the text in an element looks, computed from its declarations and its parent.
struct ElementStyle: Sendable {
  /// What an element makes: sizes and shifts are for boxes alone.
  enum Kind { case inline, box, tablePart }

  /// Who is cut off where a box without size cuts what is in it.
  private enum Clip {
    case none
    /// All but what is positioned against something outside.
    case flow
    case all
  }

  /// Pixels beyond which nobody looks for text: to the left and above, and far on the other sides. What stands in
  /// the flow may be far down before it is moved up.
  private static let offScreen: Float = -300
  private static let offFlow: Float = -1500
  private static let farOff: Float = 3000
  /// Below it a font is no font, and below the other nobody can read it.
  private static let zeroFont: Float = 0.5
  private static let tinyFont: Float = 4
  private static let zeroBox: Float = 1.5

  private(set) var colour = Colour.black
  private var fill: Colour?
  private var outline = StyleDeclarations.Outline.none
  /// nil where an image is behind the text.
  private(set) var ground: Colour? = .white
  private(set) var size: Float = 16
  private var scale: Float = 1
  private(set) var isHidden = false
  private(set) var opacity: Float = 1
  private(set) var preserves = false
  /// Where the text begins, from where it would; and that of the box that positions are counted from.
  private var place = SIMD2<Float>.zero
  private var anchor = SIMD2<Float>.zero
  private var isAfloat = false
  private var isMoved = false
  private var indent: Float = 0
  private var isIndentedAway = false
  private var isRightAligned = false
  private var clip = Clip.none
  private var isRightToLeft = false
  /// Whether its letters run from right to left, whatever they are.
  private(set) var isReversed = false
  private var isAnimated = false
  /// Why all below it is hidden, whatever that says itself.
  private(set) var gone: HTMLView.Hidden.Reason?
  /// Why its text is hidden; nil where it is seen.
  private(set) var reason: HTMLView.Hidden.Reason?
  private(set) var display: StyleDeclarations.Display?
  /// Of links where nothing else is said.
  var linkColour = Colour.link

  init() {}

  /// The style of a child.
  ///
  /// - Parameter kind: what it is where nothing is said.
  func child(_ own: StyleDeclarations, isLink: Bool, kind: Kind) -> ElementStyle {
    var style = self
    style.display = own.display
    style.apply(own, isLink: isLink, kind: own.kind(kind))
    return style
  }

  /// The same on another ground.
  func on(_ ground: Colour?) -> ElementStyle {
    var style = self
    style.ground = ground
    style.reason = style.whyHidden
    return style
  }

  private mutating func apply(_ own: StyleDeclarations, isLink: Bool, kind: Kind) {
    if own.hasImage == true || own.isTinted == true {
      ground = nil
    } else if let layer = own.ground, let colour = layer {
      lay(colour)
    }
    if let declared = own.colour {
      if let declared { colour = declared }
    } else if isLink {
      colour = linkColour
    }
    if let declared = own.fill { fill = declared }
    if let outline = own.outline { self.outline = outline }
    if let size = own.size { resize(size) }
    if let visibility = own.visibility, visibility != .inherited { isHidden = visibility == .hidden }
    if let opacity = own.opacity { self.opacity *= min(max(opacity, 0), 1) }
    if let opacity = own.filterOpacity { self.opacity *= min(max(opacity, 0), 1) }
    if let preserves = own.preserves { self.preserves = preserves }
    if own.isAnimated == true { isAnimated = true }
    direct(own, kind)
    if kind != .inline { scale *= (own.scale ?? 1) * (own.ownScale ?? 1) }
    if let zoom = own.zoom, zoom > 0 { scale *= zoom }
    move(own, kind)
    cut(own, kind)
    if gone == nil {
      if own.display == StyleDeclarations.Display.none {
        gone = .displayNone
      } else if !isAnimated {
        if opacity < 0.05 { gone = .zeroOpacity } else if own.isPathless == true { gone = .zeroSize }
      }
    }
    reason = whyHidden
  }

  private mutating func lay(_ layer: Colour) {
    if layer.alpha == 255 {
      ground = layer
    } else if let below = ground {
      ground = layer.laid(on: below)
    }
  }

  private mutating func resize(_ size: StyleDeclarations.Size) {
    switch size {
    case .pixels(let pixels): self.size = pixels
    case .times(let factor): self.size *= factor
    case .length(let length):
      self.size = min(max(length.resolved(em: self.size, whole: self.size), 0), 10_000)
    }
  }

  private mutating func direct(_ own: StyleDeclarations, _ kind: Kind) {
    if let isRightToLeft = own.isRightToLeft { self.isRightToLeft = isRightToLeft }
    if let overrides = own.overridesDirection {
      isReversed = overrides && isRightToLeft
    } else if kind != .inline {
      // An override holds in the lines of its own box.
      isReversed = false
    }
    if let isRightAligned = own.isRightAligned { self.isRightAligned = isRightAligned }
  }

  // MARK: Boxes

  private mutating func move(_ own: StyleDeclarations, _ kind: Kind) {
    if let indent = own.indent { self.indent = indent }
    if kind != .inline { isIndentedAway = indent <= Self.offScreen }
    let position = own.position ?? .still
    if own.box.isEmpty, position == .still, own.shift == nil { return }
    let box = own.box
    switch position {
    case .still: break
    case .relative:
      place.x += box[.left] ?? -(box[.right] ?? 0)
      place.y += box[.top] ?? -(box[.bottom] ?? 0)
    case .absolute, .fixed:
      let from = position == .fixed ? .zero : anchor
      if let left = box[.left] ?? box[.right].map({ -$0 }) { place.x = from.x + left }
      if let top = box[.top] ?? box[.bottom].map({ -$0 }) { place.y = from.y + top }
      isAfloat = true
    }
    place.x += (box[.marginLeft] ?? 0) + max(box[.paddingLeft] ?? 0, 0)
    if kind == .box {
      place.y += (box[.marginTop] ?? 0) + max(box[.paddingTop] ?? 0, 0)
      if let shift = own.shift { place += shift }
    }
    if position != .still || own.shift != nil { anchor = place }
    if position == .absolute || position == .fixed {
      // As wide as is said, its text may stand at the right end.
      isRightAligned = isRightAligned && (box[.right] ?? 0) != 0 || (box[.width] ?? 0) > 600
    }
    isMoved = place.x <= Self.offScreen || place.x >= Self.farOff || place.y <= Self.offScreen
  }

  private mutating func cut(_ own: StyleDeclarations, _ kind: Kind) {
    let position = own.position ?? .still
    switch position {
    case .still: break
    case .relative: if clip == .flow { clip = .all }
    case .absolute: if clip == .flow { clip = .none }
    case .fixed: clip = .none
    }
    if own.isClippedAway == true, position == .absolute || position == .fixed, gone == nil {
      gone = .zeroSize
    }
    guard own.clipsOverflow == true, kind == .box, !own.box.isEmpty else { return }
    let box = own.box
    let width =
      max(min(box[.width] ?? 1000, box[.mostWidth] ?? 1000), box[.leastWidth] ?? 0)
      + max(box[.paddingRight] ?? 0, 0)
    let height =
      max(min(box[.height] ?? 1000, box[.mostHeight] ?? 1000), box[.leastHeight] ?? 0)
      + max(box[.paddingBottom] ?? 0, 0)
    if width < Self.zeroBox || height < Self.zeroBox {
      clip = position == .still && own.scale == nil && own.shift == nil ? (clip == .all ? .all : .flow) : .all
    }
  }

  // MARK: Reasons

  private var whyHidden: HTMLView.Hidden.Reason? {
    if let gone { return gone }
    if isAnimated { return nil }
    if clip != .none { return .zeroSize }
    if isHidden { return .visibilityHidden }
    if isOffScreen { return .offScreen }
    if scale < 0.05 { return .zeroSize }
    let seen = size * scale
    if seen < Self.zeroFont { return .zeroFont }
    if seen < Self.tinyFont { return .tinyFont }
    return isLost ? .sameColour : nil
  }

  private var isOffScreen: Bool {
    guard isMoved || isIndentedAway, !isRightAligned else { return false }
    if isIndentedAway || place.x <= Self.offScreen { return true }
    return place.y <= (isAfloat ? Self.offScreen : Self.offFlow) || isAfloat && place.x >= Self.farOff
  }

  private var isLost: Bool {
    guard isLost(fill ?? colour) else { return false }
    switch outline {
    case .none: return true
    case .colour(let colour): return isLost(colour)
    case .any: return false
    }
  }

  private func isLost(_ colour: Colour) -> Bool {
    if colour.alpha < 13 { return true }
    guard let ground else { return false }
    return colour.isLost(on: ground)
  }
}

extension StyleDeclarations {
  /// What it makes of an element of some kind.
  fileprivate func kind(_ plain: ElementStyle.Kind) -> ElementStyle.Kind {
    if position == .absolute || position == .fixed || floats == true { return .box }
    switch display {
    case nil, .plain: return plain
    case .inline: return .inline
    case .cell: return .tablePart
    case .block, .inlineBlock, .some(.none): return .box
    }
  }
}
