/// A set of characters, as octets of UTF-8.
struct CharacterSet {
  /// Its characters of ASCII.
  private let ascii: OctetSet
  /// Past ASCII, in order and apart from each other.
  private let others: [ClosedRange<UInt32>]

  /// The largest character, and the smallest of two octets.
  private static let all: ClosedRange<UInt32> = 0x80...0x10_ffff

  /// - Parameter ascii: what it has of octets from 128 on does not count.
  init(ascii: OctetSet, hasAllOthers: Bool) {
    self.ascii = ascii.within(0...0x7f)
    others = hasAllOthers ? [Self.all] : []
  }

  /// - Parameter others: what of characters past ASCII is in it, or is not.
  init(ascii: OctetSet, others: [ClosedRange<UInt32>], isNegated: Bool) {
    self.ascii = ascii.within(0...0x7f)
    var joined: [ClosedRange<UInt32>] = []
    for range in others.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.others = isNegated ? Self.complement(joined) : joined
  }

  private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var next = all.lowerBound
    for range in ranges {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next <= all.upperBound { result.append(next...all.upperBound) }
    return result
  }

  /// One character of it.
  var node: Expression.Node {
    var choices: [Expression.Node] = ascii.count > 0 ? [.set(ascii)] : []
    for range in others { Self.add(range, to: &choices) }
    if choices.isEmpty { return .set(.none) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  /// Divides a range where the number of octets changes, and then so that each octet is a range of its own.
  private static func add(_ range: ClosedRange<UInt32>, to choices: inout [Expression.Node]) {
    for (least, most) in [(UInt32(0x80), UInt32(0x7ff)), (0x800, 0xffff), (0x1_0000, 0x10_ffff)] {
      let low = max(range.lowerBound, least)
      let high = min(range.upperBound, most)
      if low <= high { divide(low, high, to: &choices) }
    }
  }

  private static func divide(_ low: UInt32, _ high: UInt32, to choices: inout [Expression.Node]) {
    // Where the ends have different beginnings, what lies between has all endings.
    for bits in [UInt32(6), 12, 18] where low >> bits != high >> bits {
      let mask = (UInt32(1) << bits) - 1
      if low & mask != 0 {
        divide(low, low | mask, to: &choices)
        divide((low | mask) + 1, high, to: &choices)
        return
      }
      if high & mask != mask {
        divide(low, (high & ~mask) - 1, to: &choices)
        divide(high & ~mask, high, to: &choices)
        return
      }
    }
    let sets = zip(octets(low), octets(high)).map { Expression.Node.set(OctetSet.none.with($0...$1)) }
    choices.append(.sequence(Array(sets)))
  }

  /// A character in UTF-8; of a surrogate what its octets would be, which no text has.
  private static func octets(_ scalar: UInt32) -> [UInt8] {
    func rest(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift) & 0x3f) }
    if scalar < 0x800 { return [UInt8(0xc0 | scalar >> 6), rest(0)] }
    if scalar < 0x1_0000 { return [UInt8(0xe0 | scalar >> 12), rest(6), rest(0)] }
    return [UInt8(0xf0 | scalar >> 18), rest(12), rest(6), rest(0)]
  }
}

extension OctetSet {
  fileprivate func within(_ range: ClosedRange<UInt8>) -> OctetSet {
    var set = OctetSet.none
    for octet in range where contains(octet) { set.insert(octet) }
    return set
  }

  fileprivate func with(_ range: ClosedRange<UInt8>) -> OctetSet {
    var set = self
    for octet in range { set.insert(octet) }
    return set
  }
}
