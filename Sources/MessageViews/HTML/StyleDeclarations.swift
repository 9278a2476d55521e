internal import Bytes

/// What a style says that bears on whether text is seen and where its lines break; nil where it says nothing.
struct StyleDeclarations: Sendable {
  enum Display: Sendable { case none, block, cell, inline }
  enum Ground: Sendable {
    case colour(Colour)
    /// An image or a gradient: nobody can tell what colour is under the text.
    case image
  }
  enum Size: Sendable {
    case number(CSSNumber)
    case pixels(Float)
    case times(Float)
  }
  enum Transform: Sendable { case none, shrunk, moved }

  var display: Display?
  var isHidden: Bool?
  /// nil in the colour is `inherit` or `currentcolor`.
  var colour: Colour??
  var ground: Ground?
  var size: Size?
  var opacity: Float?
  var isPositioned: Bool?
  /// The most negative of the offsets and margins, in pixels.
  var offset: Float?
  var margin: Float?
  var indent: Float?
  var transform: Transform?
  var width: Float?
  var height: Float?
  var mostWidth: Float?
  var mostHeight: Float?
  var clipsOverflow: Bool?
  var isClippedAway: Bool?
  var preserves: Bool?

  /// What the other says counts; where it says nothing, what this said.
  mutating func merge(_ other: StyleDeclarations) {
    if let value = other.display { display = value }
    if let value = other.isHidden { isHidden = value }
    if let value = other.colour { colour = value }
    if let value = other.ground { ground = value }
    if let value = other.size { size = value }
    if let value = other.opacity { opacity = value }
    if let value = other.isPositioned { isPositioned = value }
    if let value = other.offset { offset = min(offset ?? value, value) }
    if let value = other.margin { margin = min(margin ?? value, value) }
    if let value = other.indent { indent = value }
    if let value = other.transform { transform = value }
    if let value = other.width { width = value }
    if let value = other.height { height = value }
    if let value = other.mostWidth { mostWidth = value }
    if let value = other.mostHeight { mostHeight = value }
    if let value = other.clipsOverflow { clipsOverflow = value }
    if let value = other.isClippedAway { isClippedAway = value }
    if let value = other.preserves { preserves = value }
  }
}

/// Declarations in two layers: those marked `!important` count before all others (CSS Cascade 4, §6.1).
struct StyleLayers: Sendable {
  var normal = StyleDeclarations()
  var important: StyleDeclarations?
  /// The addresses in `url()`, as they stand.
  var addresses: [[UInt8]] = []
}
