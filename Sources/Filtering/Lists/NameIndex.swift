import Bytes

/// The hash of a name, taken byte by byte so that all suffixes of a name come out of one pass over it.
///
/// The seed is the process's own: whoever writes a feed cannot aim at one chain.
struct NameHash: Sendable {
  private static let seed = UInt64(bitPattern: Int64(Hasher().finalize()))
  private var state = seed

  init() {}

  /// Takes in one byte, capital letters as small ones.
  mutating func mix(_ byte: UInt8) {
    let product = (state ^ UInt64(byte.lowercasedASCII)).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    state = product.high ^ product.low
  }

  /// Takes in the range from its end to its beginning.
  mutating func mixBackwards(_ text: Span<UInt8>, _ range: Range<Int>) {
    for index in range.reversed() { mix(text[index]) }
  }

  /// Takes in the range.
  mutating func mix(_ text: Span<UInt8>, _ range: Range<Int>) {
    for index in range { mix(text[index]) }
  }

  var value: UInt64 { state ^ state >> 29 }
}

/// An open-addressed index from hashes to the numbers of entries: five bytes a slot, at most half full.
///
/// It knows no names; who asks compares each number of a chain with the text. One byte of each hash stands
/// apart, so that a miss touches two megabytes for a million names and no text.
struct NameIndex: Sendable {
  private var numbers: [UInt32] = []
  /// Zero for an empty slot, else seven bits of the hash and the top bit.
  private var tags: [UInt8] = []
  private(set) var count = 0
  /// The longest name and the longest path among the entries; a longer question need not be hashed.
  private(set) var longestDomain = 0
  private(set) var longestPath = 0

  init() {}

  /// An index with room for `capacity` entries.
  init(capacity: Int) {
    guard capacity > 0 else { return }
    var size = 8
    while size < capacity * 2 { size *= 2 }
    numbers = [UInt32](repeating: 0, count: size)
    tags = [UInt8](repeating: 0, count: size)
  }

  var isEmpty: Bool { count == 0 }

  /// Adds a number; there must be room for it.
  mutating func insert(_ id: UInt32, _ hash: UInt64, domainLength: Int, pathLength: Int) {
    var slot = home(hash)
    while tags[slot] != 0 { slot = next(slot) }
    tags[slot] = Self.tag(hash)
    numbers[slot] = id
    count += 1
    longestDomain = max(longestDomain, domainLength)
    longestPath = max(longestPath, pathLength)
  }

  /// Puts `id` in the place of another in the chain of `hash`.
  mutating func replace(_ old: UInt32, by id: UInt32, _ hash: UInt64) {
    var slot = home(hash)
    while tags[slot] != 0 {
      if numbers[slot] == old {
        numbers[slot] = id
        return
      }
      slot = next(slot)
    }
  }

  /// The entries whose hash may be `hash`.
  func chain(_ hash: UInt64) -> Chain {
    Chain(slot: tags.isEmpty ? -1 : home(hash), tag: Self.tag(hash))
  }

  /// A place in a chain.
  struct Chain {
    fileprivate var slot: Int
    fileprivate let tag: UInt8
  }

  /// The next number of the chain; nil at its end.
  func next(_ chain: inout Chain) -> UInt32? {
    guard chain.slot >= 0 else { return nil }
    while true {
      let slot = chain.slot
      let tag = tags[slot]
      if tag == 0 { return nil }
      chain.slot = next(slot)
      if tag == chain.tag { return numbers[slot] }
    }
  }

  private static func tag(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash >> 56) | 0x80 }

  private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash) & (tags.count - 1)
  }

  private func next(_ slot: Int) -> Int {
    (slot + 1) & (tags.count - 1)
  }
}
