internal import Bytes

/// What a style says that bears on whether text is seen and where its lines break; nil where it says nothing.
struct StyleDeclarations: Sendable, Hashable {
  enum Display: Sendable {
    case none, block, cell, inline
    /// In a line, but a box.
    case inlineBlock
    /// As the element is laid out where nothing is said.
    case plain
  }
  enum Visibility: Sendable { case seen, hidden, inherited }
  enum Size: Sendable, Hashable {
    case length(CSSLength)
    case pixels(Float)
    case times(Float)
  }
  /// What is drawn around letters and makes them seen whatever their colour is: shadows and strokes.
  enum Outline: Sendable, Hashable {
    case none
    case colour(Colour)
    /// More than is told apart here.
    case any
  }
  enum Position: Sendable { case still, relative, absolute, fixed }

  var display: Display?
  var visibility: Visibility?
  /// nil in a colour is `inherit` or `currentcolor`.
  var colour: Colour??
  /// `-webkit-text-fill-color`; nil in it is the colour.
  var fill: Colour??
  var outline: Outline?
  /// nil in it is none of its own.
  var ground: Colour??
  /// Whether there is an image or a gradient: nobody can tell what colour is under the text.
  var hasImage: Bool?
  /// Whether something is done to the colours that is not told here.
  var isTinted: Bool?
  var size: Size?
  var opacity: Float?
  /// Of `filter`.
  var filterOpacity: Float?
  var position: Position?
  var floats: Bool?
  var box = StyleBox()
  var indent: Float?
  /// Of `transform`.
  var scale: Float?
  var shift: SIMD2<Float>?
  /// Of `scale` and `zoom`.
  var ownScale: Float?
  var zoom: Float?
  var clipsOverflow: Bool?
  /// By `clip`, which takes effect on what is positioned; by `clip-path`.
  var isClippedAway: Bool?
  var isPathless: Bool?
  var preserves: Bool?
  var isRightAligned: Bool?
  var isRightToLeft: Bool?
  /// `unicode-bidi: bidi-override`
  var overridesDirection: Bool?
  var isAnimated: Bool?

  /// What the other says counts; where it says nothing, what this said.
  mutating func merge(_ other: StyleDeclarations) {
    if let value = other.display { display = value }
    if let value = other.visibility { visibility = value }
    if let value = other.colour { colour = value }
    if let value = other.fill { fill = value }
    if let value = other.outline { outline = value }
    if let value = other.ground { ground = value }
    if let value = other.hasImage { hasImage = value }
    if let value = other.isTinted { isTinted = value }
    if let value = other.size { size = value }
    if let value = other.opacity { opacity = value }
    if let value = other.filterOpacity { filterOpacity = value }
    if let value = other.position { position = value }
    if let value = other.floats { floats = value }
    if !other.box.isEmpty { box.merge(other.box) }
    if let value = other.indent { indent = value }
    if let value = other.scale { scale = value }
    if let value = other.shift { shift = value }
    if let value = other.ownScale { ownScale = value }
    if let value = other.zoom { zoom = value }
    if let value = other.clipsOverflow { clipsOverflow = value }
    if let value = other.isClippedAway { isClippedAway = value }
    if let value = other.isPathless { isPathless = value }
    if let value = other.preserves { preserves = value }
    if let value = other.isRightAligned { isRightAligned = value }
    if let value = other.isRightToLeft { isRightToLeft = value }
    if let value = other.overridesDirection { overridesDirection = value }
    if let value = other.isAnimated { isAnimated = value }
  }
}

/// Places and sizes of a box in pixels, each of which may be unsaid.
struct StyleBox: Sendable, Hashable {
  enum Side: Int, Sendable {
    case left, top, right, bottom, marginLeft, marginTop, paddingLeft, paddingTop, paddingRight,
      paddingBottom, width, height, mostWidth, mostHeight, leastWidth, leastHeight
  }

  /// Infinite where nothing is said.
  private var values: [Float] = []

  var isEmpty: Bool { values.isEmpty }

  subscript(_ side: Side) -> Float? {
    get { values.isEmpty || values[side.rawValue] == .infinity ? nil : values[side.rawValue] }
    set {
      if values.isEmpty {
        guard newValue != nil else { return }
        values = Array(repeating: .infinity, count: 16)
      }
      values[side.rawValue] = newValue ?? .infinity
    }
  }

  mutating func merge(_ other: StyleBox) {
    if values.isEmpty {
      values = other.values
    } else {
      for index in other.values.indices where other.values[index] != .infinity {
        values[index] = other.values[index]
      }
    }
  }
}

/// Declarations in two layers: those marked `!important` count before all others (CSS Cascade 4, §6.1).
struct StyleLayers: Sendable {
  var normal = StyleDeclarations()
  var important: StyleDeclarations?
  /// The addresses in `url()`, as they stand.
  var addresses: [[UInt8]] = []
}
