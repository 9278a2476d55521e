/// The directory of a compound file (OLE 2, [MS-CFB]): the form of old office documents, installers and saved mails.
///
/// Reads what a stranger wrote: every chain is followed for at most as many steps as there are sectors, and a
/// directory of more than 4096 entries is cut.
struct CompoundFile {
  struct Entry: Hashable {
    /// At most 31 UTF-16 units.
    let name: String
    let isStorage: Bool
    let first: Int
    let size: Int
  }

  private let octets: ArraySlice<UInt8>
  private let sectorShift: Int
  private let miniCutoff: Int
  private var table: [UInt32] = []
  private(set) var entries: [Entry] = []
  /// The root's class, which says what made it; 16 octets.
  private(set) var rootClass: [UInt8] = []
  private(set) var isDamaged = false

  private static let mostEntries = 4096
  private static let endOfChain: UInt32 = 0xffff_fffa

  /// nil where it is none.
  init?(_ octets: ArraySlice<UInt8>) {
    guard octets.has([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), let shift = octets.little16(30),
      shift == 9 || shift == 12, let cutoff = octets.little32(56)
    else { return nil }
    self.octets = octets
    sectorShift = shift
    miniCutoff = min(cutoff, 1 << 20)
    readTable()
    readDirectory()
  }

  /// The entries by name, without regard to the case of A–Z.
  func has(_ name: String, isStorage: Bool? = nil) -> Bool { entry(name, isStorage: isStorage) != nil }

  func entry(_ name: String, isStorage: Bool? = nil) -> Entry? {
    entries.first { $0.name.lowercased() == name && (isStorage == nil || $0.isStorage == isStorage) }
  }

  /// The beginning of a stream that is large enough to have sectors of its own; nil for a small one.
  func content(of entry: Entry, most: Int) -> [UInt8]? {
    guard !entry.isStorage, entry.size >= miniCutoff else { return nil }
    return chain(from: entry.first, most: min(most, entry.size))
  }

  private func sector(_ number: Int) -> ArraySlice<UInt8>? {
    guard number >= 0, number < 1 << 28 else { return nil }
    let start = (number + 1) << sectorShift
    guard start < octets.count else { return nil }
    let from = octets.startIndex + start
    return octets[from..<min(from + 1 << sectorShift, octets.endIndex)]
  }

  private func chain(from first: Int, most: Int) -> [UInt8] {
    var result: [UInt8] = []
    var next = first
    var steps = 0
    while result.count < most, steps <= table.count, let sector = sector(next) {
      result += sector
      steps += 1
      guard next < table.count, table[next] < Self.endOfChain else { break }
      next = Int(table[next])
    }
    return Array(result.prefix(most))
  }

  /// The allocation table: its sectors are named in the header, and in a chain of more.
  private mutating func readTable() {
    let perSector = 1 << (sectorShift - 2)
    let most = octets.count >> sectorShift
    var sectors: [Int] = []
    for index in 0..<109 {
      guard let number = octets.little32(76 + 4 * index), number < Int(Self.endOfChain) else { break }
      sectors.append(number)
    }
    var next = octets.little32(68) ?? Int(Self.endOfChain)
    var steps = 0
    while next < Int(Self.endOfChain), steps <= most / perSector + 1, sectors.count <= most,
      let more = sector(next)
    {
      for index in 0..<(perSector - 1) {
        guard let number = more.little32(4 * index), number < Int(Self.endOfChain) else { break }
        sectors.append(number)
      }
      next = more.little32(4 * (perSector - 1)) ?? Int(Self.endOfChain)
      steps += 1
    }
    for number in sectors.prefix(most / perSector + 1) {
      guard let sector = sector(number) else {
        isDamaged = true
        break
      }
      var offset = 0
      while let value = sector.little32(offset) {
        table.append(UInt32(value))
        offset += 4
      }
    }
  }

  private mutating func readDirectory() {
    let bytes = chain(from: octets.little32(48) ?? -1, most: Self.mostEntries * 128)
    if bytes.isEmpty { isDamaged = true }
    for start in stride(from: 0, to: bytes.count - 127, by: 128) {
      let entry = bytes[start..<(start + 128)]
      guard let kind = entry.octet(66), let length = entry.little16(64) else { continue }
      if kind == 5 { rootClass = Array(entry[(start + 80)..<(start + 96)]) }
      guard kind == 1 || kind == 2, (2...64).contains(length) else { continue }
      let units = (0..<(length / 2 - 1)).compactMap { entry.little16(2 * $0).map { UInt16($0) } }
      entries.append(
        Entry(
          name: String(decoding: units, as: UTF16.self), isStorage: kind == 1,
          first: entry.little32(116) ?? -1,
          size: entry.little32(120) ?? 0))
    }
  }
}
