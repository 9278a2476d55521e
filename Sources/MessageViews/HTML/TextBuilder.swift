internal import Bytes

/// Text as a browser lays it out: white space collapsed, lines broken where blocks begin and end; what is made to run
/// backwards in the order in which it is seen.
///
/// Bound: so many octets; what comes after them is left out.
struct TextBuilder {
  /// What is to come before the next character.
  enum Gap: Int, Comparable {
    case none, space, cell, line, paragraph

    static func < (left: Gap, right: Gap) -> Bool { left.rawValue < right.rawValue }
  }

  private(set) var octets: [UInt8] = []
  private var gap = Gap.none
  private var most: Int
  /// Whether the bound left something out.
  private(set) var isCut = false
  /// Where a run begins that is to be turned; nil where none is open.
  private var turnedFrom: Int?
  /// Letters that run against their direction.
  private(set) var turned = 0

  init(most: Int = .max) { self.most = most }

  /// Whether what is added from now on runs backwards.
  mutating func turn(_ isTurned: Bool) {
    guard isTurned != (turnedFrom != nil) else { return }
    if isTurned {
      close()
      turnedFrom = octets.count
    } else {
      endTurn()
      turnedFrom = nil
    }
  }

  /// Turns what is there of an open run, which goes on.
  mutating func endTurn() {
    guard var start = turnedFrom else { return }
    // What parts it from what is in front of it stays there.
    while start < octets.count, octets[start] <= 0x20 { start += 1 }
    guard start < octets.count else { return }
    let reading = BidiOverride.turned(String(decoding: octets[start...], as: UTF8.self))
    // What is no UTF-8 stays as it is.
    if reading.text.utf8.count == octets.count - start {
      octets.replaceSubrange(start..., with: Array(reading.text.utf8))
    }
    turned += reading.turned
    turnedFrom = octets.count
  }

  mutating func reserve(_ count: Int) { octets.reserveCapacity(count) }

  mutating func leave(_ wanted: Gap) {
    if wanted > gap { gap = wanted }
  }

  /// `<br>`: a line of its own where one ends already.
  mutating func breakLine() { gap = gap >= .line ? .paragraph : .line }

  /// Adds characters, their references resolved; gives whether there was anything but white space.
  ///
  /// - Parameter preserves: whether white space stands as it is (`<pre>`).
  @discardableResult
  mutating func add(_ source: [UInt8], _ range: Range<Int>, preserves: Bool, resolves: Bool = true) -> Bool {
    let before = octets.count
    var index = range.lowerBound
    var start = index
    while index < range.upperBound {
      let octet = source[index]
      // Plain characters are copied by the run.
      if octet > 0x20 && octet != UInt8(ascii: "&") && octet != 0xc2 && octet != 0x7f {
        index &+= 1
        continue
      }
      flush(source, start..<index)
      start = index
      if octets.count >= most, preserves || !octet.isHTMLSpace {
        isCut = true
        break
      }
      if octet == UInt8(ascii: "&"), resolves,
        let reading = CharacterReferences.read(source, at: index, to: range.upperBound, isInAttribute: false)
      {
        add(reading.first, preserves)
        if let second = reading.second { add(second, preserves) }
        index = reading.end
      } else if octet == 0xc2, index + 1 < range.upperBound, source[index + 1] == 0xa0 {
        space(.space, preserves)
        index += 2
      } else if octet == UInt8(ascii: "&") || octet == 0xc2 {
        flush(source, index..<(index + 1))
        index += 1
      } else {
        if octet.isHTMLSpace { space(octet, preserves) }
        // Other controls show nothing.
        index += 1
      }
      start = index
    }
    flush(source, start..<index)
    return octets.count > before
  }

  private mutating func add(_ scalar: Unicode.Scalar, _ preserves: Bool) {
    if scalar == "\u{a0}" {
      space(.space, preserves)
    } else if scalar.value <= 0x20 || scalar.value == 0x7f {
      let octet = UInt8(truncatingIfNeeded: scalar.value)
      if octet.isHTMLSpace { space(octet, preserves) }
    } else {
      close()
      octets.append(scalar: scalar)
    }
  }

  private mutating func space(_ octet: UInt8, _ preserves: Bool) {
    guard preserves else { return leave(.space) }
    switch octet {
    case .lineFeed: breakLine()
    case .carriageReturn: break
    default:
      close()
      octets.append(.space)
    }
  }

  private mutating func flush(_ source: [UInt8], _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    guard octets.count < most else { return isCut = true }
    close()
    guard range.count > most - octets.count else { return octets.append(contentsOf: source[range]) }
    isCut = true
    var end = range.lowerBound + max(0, most - octets.count)
    // No character is cut in two.
    while end > range.lowerBound, source[end] & 0xc0 == 0x80 { end -= 1 }
    octets.append(contentsOf: source[range.lowerBound..<end])
    // Nothing shorter comes behind it.
    most = octets.count
  }

  /// Puts the gap that was left.
  private mutating func close() {
    guard gap != .none else { return }
    if !octets.isEmpty {
      switch gap {
      case .none: break
      case .space: octets.append(.space)
      case .cell: octets.append(0x09)
      case .line: octets.append(.lineFeed)
      case .paragraph: octets.append(contentsOf: [.lineFeed, .lineFeed])
      }
    }
    gap = .none
  }
}
