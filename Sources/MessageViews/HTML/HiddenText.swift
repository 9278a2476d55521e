internal import Bytes

/// The hidden text of an HTML text: what stands together, and is hidden alike, is one piece.
///
/// Bounds: 500 pieces; what comes after them is added to the last one that is hidden alike. So many octets: what comes
/// after them is left out.
struct HiddenText {
  private struct Piece {
    let reason: HTMLView.Hidden.Reason
    var builder = TextBuilder()
  }

  private static let most = 500

  /// Octets that may still be added.
  private var room: Int
  private(set) var isCut = false

  private var pieces: [Piece] = []
  private var isOpen = false
  private var lastOf: [HTMLView.Hidden.Reason: Int] = [:]

  init(most: Int = .max) { room = most }

  mutating func add(_ source: [UInt8], _ range: Range<Int>, _ reason: HTMLView.Hidden.Reason, resolves: Bool)
  {
    guard room > 0 else {
      isCut = true
      return
    }
    let place = piece(reason)
    let before = pieces[place].builder.octets.count
    let added = range.lowerBound..<min(range.upperBound, range.lowerBound + min(range.count, room))
    if added.upperBound < range.upperBound { isCut = true }
    pieces[place].builder.add(source, added, preserves: false, resolves: resolves)
    room -= pieces[place].builder.octets.count - before
  }

  mutating func addComment(_ source: [UInt8], _ range: Range<Int>) {
    isOpen = false
    let place = piece(.comment)
    if !pieces[place].builder.octets.isEmpty { pieces[place].builder.leave(.line) }
    pieces[place].builder.add(source, range, preserves: false, resolves: false)
    isOpen = false
  }

  /// Visible text stands between.
  mutating func interrupt() { isOpen = false }

  /// A new line within the piece.
  mutating func leave(_ gap: TextBuilder.Gap) {
    if isOpen, let last = pieces.indices.last { pieces[last].builder.leave(gap) }
  }

  private mutating func piece(_ reason: HTMLView.Hidden.Reason) -> Int {
    if isOpen, let last = pieces.last, last.reason == reason { return pieces.count - 1 }
    if pieces.count >= Self.most, let last = lastOf[reason] {
      pieces[last].builder.leave(.line)
      return last
    }
    isOpen = true
    pieces.append(Piece(reason: reason))
    lastOf[reason] = pieces.count - 1
    return pieces.count - 1
  }

  /// Those with something in them that could be seen.
  var found: [(octets: [UInt8], reason: HTMLView.Hidden.Reason)] {
    pieces.compactMap { piece in
      piece.builder.octets.visibleCount > 0 ? (piece.builder.octets, piece.reason) : nil
    }
  }
}

extension [UInt8] {
  /// Characters of UTF-8 that are neither white space nor invisible.
  var visibleCount: Int {
    var count = 0
    var index = 0
    while index < self.count {
      let octet = self[index]
      if octet < 0x80 {
        if octet > 0x20, octet != 0x7f { count &+= 1 }
        index &+= 1
      } else if octet < 0xc0 {
        index &+= 1
      } else {
        if !isInvisible(at: index) { count &+= 1 }
        index &+= 1
      }
    }
    return count
  }

  /// Whether the character beyond ASCII that begins here is white space or shows nothing.
  private func isInvisible(at index: Int) -> Bool {
    let second = index + 1 < count ? self[index + 1] : 0
    let third = index + 2 < count ? self[index + 2] : 0
    switch (self[index], second) {
    // No-break space, soft hyphen and the C1 controls.
    case (0xc2, 0x80...0xa0), (0xc2, 0xad): return true
    // The grapheme joiner, and the letter mark of Arabic.
    case (0xcd, 0x8f), (0xd8, 0x9c): return true
    // Fillers of Hangul, the space of Ogham, vowels of Khmer that stand for none, selectors of Mongolian.
    case (0xe1, 0x85): return third == 0x9f || third == 0xa0
    case (0xe1, 0x9a): return third == 0x80
    case (0xe1, 0x9e): return third == 0xb4 || third == 0xb5
    case (0xe1, 0xa0): return (0x8b...0x8f).contains(third)
    // Spaces, joiners, marks of direction, separators.
    case (0xe2, 0x80): return (0x80...0x8f).contains(third) || (0xa8...0xaf).contains(third)
    case (0xe2, 0x81): return third >= 0x9f && third <= 0xaf
    // The blank of Braille.
    case (0xe2, 0xa0): return third == 0x80
    case (0xe3, 0x80): return third == 0x80
    case (0xe3, 0x85): return third == 0xa4
    // Variation selectors, the byte order mark, the narrow filler.
    case (0xef, 0xb8): return (0x80...0x8f).contains(third)
    case (0xef, 0xbb): return third == 0xbf
    case (0xef, 0xbe): return third == 0xa0
    // Tags.
    case (0xf3, 0xa0): return true
    default: return false
    }
  }
}
