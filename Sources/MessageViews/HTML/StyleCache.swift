/// Declarations of style attributes that were read already: mail repeats a few of them in every cell.
///
/// Bound: 64 of them, each in the place that its octets lead to.
struct StyleCache {
  private struct Entry {
    let range: Range<Int>
    let layers: StyleLayers
  }

  private static let count = 64

  private var entries: [Entry?] = []

  /// What a style attribute says, which stands in the source as it is meant: without character references.
  mutating func layers(_ source: [UInt8], _ range: Range<Int>) -> StyleLayers {
    if entries.isEmpty { entries = Array(repeating: nil, count: Self.count) }
    let slot = Self.slot(source, range)
    if let entry = entries[slot], source[entry.range] == source[range] { return entry.layers }
    let layers = StyleParser.read(source[range])
    entries[slot] = Entry(range: range, layers: layers)
    return layers
  }

  /// Of its length and of some of its octets.
  private static func slot(_ source: [UInt8], _ range: Range<Int>) -> Int {
    var mixed = UInt64(truncatingIfNeeded: range.count)
    var index = range.lowerBound
    let step = max(1, range.count / 16)
    while index < range.upperBound {
      mixed = (mixed ^ UInt64(source[index])) &* 0x100_0000_01b3
      index += step
    }
    return Int(truncatingIfNeeded: (mixed ^ (mixed >> 29)) & UInt64(count - 1))
  }
}
