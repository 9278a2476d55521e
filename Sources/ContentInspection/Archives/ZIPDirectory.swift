/// The names in a zip archive (APPNOTE.TXT 4.3): those of its central directory, which is what people are shown, and
/// those in front of the files.
///
/// Reads what a stranger wrote: at most as many entries as are asked for, each step forward.
public struct ZIPDirectory: Sendable {
  public struct Entry: Sendable, Hashable {
    /// As written, at most 1024 octets.
    public let name: [UInt8]
    public let isUTF8: Bool
    public let isEncrypted: Bool
    public let packed: Int
    public let size: Int
    /// Where its local header should be.
    let place: Int

    public var isFolder: Bool { name.last == 0x2f }
  }

  public private(set) var entries: [Entry] = []
  /// Whether the directory could be found at all; else the entries are what stands in front of the files.
  public private(set) var isFound = false
  /// Whether another reader sees other files: two directories, or names in front of the files that differ.
  public private(set) var isAmbiguous = false
  public private(set) var isCut = false
  /// From its first entry to behind the record that ends it, as offsets: what stands in front is something else's.
  private(set) var range: Range<Int>
  /// Where another archive begins in front of this one: who reads from the beginning sees that one.
  private(set) var other: Int?
  /// Of all entries together, as they say.
  var size: Int { entries.reduce(0) { $0 + $1.size } }

  /// nil where it is no zip archive.
  public init?(_ octets: ArraySlice<UInt8>, most: Int) {
    guard octets.has([0x50, 0x4b]) || octets.count > 22 else { return nil }
    range = 0..<octets.count
    if let end = Self.end(of: octets) {
      readDirectory(octets, end, most)
    } else if octets.has([0x50, 0x4b, 3, 4]) {
      readLocal(octets, most)
    } else {
      return nil
    }
  }

  /// Where the record is that ends the directory: the last one.
  static func end(of octets: ArraySlice<UInt8>) -> Int? {
    octets.withUnsafeBytes { octets in
      var place = octets.count - 22
      let first = max(0, place - 65_535)
      while place >= first {
        if octets[place] == 0x50, octets[place + 1] == 0x4b, octets[place + 2] == 5, octets[place + 3] == 6 {
          return place
        }
        place -= 1
      }
      return nil
    }
  }

  /// Where the first header is that may stand in front of a file.
  static func local(in octets: ArraySlice<UInt8>) -> Int? {
    octets.withUnsafeBytes { octets in
      var place = 0
      while place + 30 < octets.count {
        if octets[place] == 0x50, octets[place + 1] == 0x4b, octets[place + 2] == 3, octets[place + 3] == 4,
          octets[place + 9] == 0, octets[place + 26] > 0 || octets[place + 27] > 0,
          place + 30 + Int(octets[place + 26]) + Int(octets[place + 27]) << 8 <= octets.count
        {
          return place
        }
        place += 1
      }
      return nil
    }
  }

  private mutating func readDirectory(_ octets: ArraySlice<UInt8>, _ end: Int, _ most: Int) {
    guard let count = octets.little16(end + 10), let size = octets.little32(end + 12),
      let written = octets.little32(end + 16)
    else { return }
    isFound = true
    // What stands in front of the archive shifts all of it: a program that unpacks itself.
    var place = end - size
    if place < 0 || !octets.has([0x50, 0x4b, 1, 2], at: place) { place = written }
    let shift = max(0, place - written)
    while let entry = central(octets, place) {
      guard entries.count < most else {
        isCut = true
        return
      }
      entries.append(entry.entry)
      place = entry.end
    }
    // The count is of 16 bits; with more entries it is a remainder, or all ones.
    if entries.count & 0xffff != count, count != 0xffff { isAmbiguous = true }
    lookInFront(octets, end, shift)
    // Checking each costs a look at its place; the first ones tell.
    for entry in entries.prefix(1000) where !isAmbiguous {
      let local = entry.place + shift
      guard octets.has([0x50, 0x4b, 3, 4], at: local), let length = octets.little16(local + 26) else {
        continue
      }
      let start = local + 30
      guard start + length <= octets.count else { continue }
      let from = octets.startIndex + start
      let name = octets[from..<(from + min(length, 1024))]
      if !name.elementsEqual(entry.name) { isAmbiguous = true }
    }
  }

  /// Finds where the archive begins, and whether another one stands in front of it.
  private mutating func lookInFront(_ octets: ArraySlice<UInt8>, _ end: Int, _ shift: Int) {
    // With numbers of 64 bits its places stand elsewhere.
    if entries.isEmpty, octets.has([0x50, 0x4b, 6, 7], at: end - 20) { return }
    let places = entries.lazy.map(\.place).filter { $0 != 0xffff_ffff }
    let first = entries.isEmpty ? end : places.min().map { $0 + shift } ?? 0
    let start = min(max(0, first), end)
    let behind = end + 22 + (octets.little16(end + 20) ?? 0)
    range = start..<min(octets.count, behind)
    other = Self.local(in: octets.prefix(start))
    if other != nil { isAmbiguous = true }
  }

  private func central(_ octets: ArraySlice<UInt8>, _ place: Int) -> (entry: Entry, end: Int)? {
    guard octets.has([0x50, 0x4b, 1, 2], at: place), let flags = octets.little16(place + 8),
      let packed = octets.little32(place + 20), let size = octets.little32(place + 24),
      let length = octets.little16(place + 28), let extra = octets.little16(place + 30),
      let comment = octets.little16(place + 32), let local = octets.little32(place + 42),
      place + 46 + length <= octets.count
    else { return nil }
    let start = octets.startIndex + place + 46
    let entry = Entry(
      name: Array(octets[start..<(start + min(length, 1024))]), isUTF8: flags & 0x800 != 0,
      isEncrypted: flags & 1 != 0, packed: packed, size: size, place: local)
    return (entry, place + 46 + length + extra + comment)
  }

  /// Header by header from the beginning, as far as their sizes are told.
  private mutating func readLocal(_ octets: ArraySlice<UInt8>, _ most: Int) {
    var place = 0
    while octets.has([0x50, 0x4b, 3, 4], at: place), let flags = octets.little16(place + 6),
      let packed = octets.little32(place + 18), let size = octets.little32(place + 22),
      let length = octets.little16(place + 26), let extra = octets.little16(place + 28),
      place + 30 + length <= octets.count
    {
      guard entries.count < most else {
        isCut = true
        return
      }
      let start = octets.startIndex + place + 30
      entries.append(
        Entry(
          name: Array(octets[start..<(start + min(length, 1024))]), isUTF8: flags & 0x800 != 0,
          isEncrypted: flags & 1 != 0, packed: packed, size: size, place: place))
      // With the sizes behind the data there is no way on.
      if flags & 8 != 0, packed == 0 { return }
      place += 30 + length + extra + packed
    }
  }
}
