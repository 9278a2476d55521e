/// The charsets whose characters are one to four octets, without states.
enum MultiByteCharset: String, Hashable, Sendable, CaseIterable {
  case gb18030, big5, shiftjis, eucjp, euckr, euctw, johab, eucjisx0213, shiftjisx0213
}

/// What the octets of a multi-byte charset mean; made from iconv once, then only read.
struct MultiByteTable: Sendable {
  /// In `singles`: the octet begins a pair.
  static let lead: UInt32 = 0xffff_ffff

  /// By octet: a scalar, `lead`, or 0 where it is nothing.
  let singles: [UInt32]
  /// By lead octet less 128, then by trail octet: a scalar, two packed, or 0.
  let pairs: [UInt32]
  /// The pairs behind an octet that announces another plane: 0x8f of EUC-JP (one plane), 0x8e 0xa1–0xb0 of EUC-TW.
  let planes: [[UInt32]]
  let shape: Shape

  enum Shape: Hashable, Sendable {
    /// Singles and pairs.
    case plain
    /// Four octets where the second is a digit.
    case fourOctets
    /// 0x8f before a pair.
    case thirdPlane
    /// 0x8e and a plane's octet before a pair.
    case manyPlanes
    /// A filler and three letters make a syllable (KS X 1001, annex 3).
    case spelledSyllables
  }

  /// Two scalars as one number: a letter and a mark that Unicode has no single scalar for.
  static func pack(_ first: UInt32, _ second: UInt32) -> UInt32 {
    guard first < 0x1_0000, second < 0x8000 else { return 0 }
    return 0x8000_0000 | second << 16 | first
  }

  static func of(_ charset: MultiByteCharset) -> MultiByteTable {
    switch charset {
    case .gb18030: gb18030
    case .big5: big5
    case .shiftjis: shiftJIS
    case .eucjp: eucJP
    case .euckr: eucKR
    case .euctw: eucTW
    case .johab: johab
    case .eucjisx0213: eucJISX0213
    case .shiftjisx0213: shiftJISX0213
    }
  }

  static let gb18030 = MultiByteTable(
    pairs: made("GB18030", fixed: WHATWGDifferences.gb18030), others: [0x80: 0x20ac],
    planes: [GB18030Planes.made()], shape: .fourOctets)
  static let big5 = MultiByteTable(pairs: made("BIG5-HKSCS", fixed: WHATWGDifferences.big5))
  static let shiftJIS = MultiByteTable(
    pairs: made("CP932", leads: shiftJISLeads),
    others: halfWidthKatakana.merging([0x80: 0x80]) { one, _ in one }, leads: shiftJISLeads)
  static let eucJP = MultiByteTable(
    pairs: eucPairs(fromShiftJIS: shiftJIS.pairs), leads: eucLeads.union([0x8e, 0x8f]),
    planes: [made("EUC-JP", leads: eucLeads, behind: [0x8f])], shape: .thirdPlane)
  static let eucKR = MultiByteTable(pairs: made("UHC"), shape: .spelledSyllables)
  static let eucTW = MultiByteTable(
    pairs: made("EUC-TW", leads: eucLeads), leads: eucLeads.union([0x8e]),
    planes: (0xa1...0xb0).map { made("EUC-TW", leads: eucLeads, behind: [0x8e, $0]) }, shape: .manyPlanes)
  static let johab = MultiByteTable(pairs: made("JOHAB"), others: [0x5c: 0x20a9])
  static let eucJISX0213 = MultiByteTable(
    pairs: made("EUC-JISX0213", leads: eucLeads.union([0x8e])), leads: eucLeads.union([0x8e, 0x8f]),
    planes: [made("EUC-JISX0213", leads: eucLeads, behind: [0x8f])], shape: .thirdPlane)
  static let shiftJISX0213 = MultiByteTable(
    pairs: made("SHIFT_JISX0213", leads: shiftJISLeads),
    others: halfWidthKatakana.merging([0x5c: 0xa5, 0x7e: 0x203e]) { one, _ in one }, leads: shiftJISLeads)

  private static let eucLeads = Set<UInt8>(0xa1...0xfe)
  private static let shiftJISLeads = Set<UInt8>(0x81...0x9f).union(0xe0...0xfc)
  private static let halfWidthKatakana = Dictionary(
    uniqueKeysWithValues: (UInt8(0xa1)...0xdf).map { ($0, 0xff61 + UInt32($0) - 0xa1) })

  private init(
    pairs: [UInt32], others: [UInt8: UInt32] = [:], leads: Set<UInt8> = Set(0x81...0xfe),
    planes: [[UInt32]] = [], shape: Shape = .plain
  ) {
    singles = (0...255).map { octet in
      let octet = UInt8(octet)
      if let other = others[octet] { return other }
      if octet < 0x80 { return UInt32(octet) }
      return leads.contains(octet) ? Self.lead : 0
    }
    self.pairs = pairs
    self.planes = planes
    self.shape = shape
  }

  /// The pairs of one of iconv's charsets; all of them nothing where iconv does not have it.
  private static func made(
    _ name: String, leads: Set<UInt8> = Set(0x81...0xfe), behind prefix: [UInt8] = [],
    fixed: [UInt16: UInt32] = [:]
  ) -> [UInt32] {
    var pairs = [UInt32](repeating: 0, count: 128 * 256)
    if let conversion = IconvConversion(name) {
      for lead in leads {
        for trail in UInt8(0x31)...0xfe where !(name == "GB18030" && trail < 0x40) {
          pairs[Int(lead & 0x7f) << 8 | Int(trail)] = conversion.character(prefix + [lead, trail])
        }
      }
    }
    for (pair, scalar) in fixed { pairs[Int(pair & 0x7fff)] = scalar }
    return pairs
  }

  /// EUC-JP holds what Shift_JIS of Windows holds, in another order, and the half-width katakana behind 0x8e.
  private static func eucPairs(fromShiftJIS pairs: [UInt32]) -> [UInt32] {
    var result = [UInt32](repeating: 0, count: 128 * 256)
    for row in 0..<94 {
      for cell in 0..<94 {
        let index = row * 94 + cell
        let lead = index / 188
        let trail = index % 188
        let from = (lead + (lead < 0x1f ? 0x81 : 0xc1)) & 0x7f
        result[(0x21 + row) << 8 | 0xa1 + cell] = pairs[from << 8 | trail + (trail < 0x3f ? 0x40 : 0x41)]
      }
    }
    for octet in 0xa1...0xdf { result[0x0e << 8 | octet] = UInt32(0xff61 + octet - 0xa1) }
    return result
  }
}

/// The four-octet characters of GB18030, which cover what its pairs do not.
enum GB18030Planes {
  /// Those of the Basic Multilingual Plane, in their order.
  static func made() -> [UInt32] {
    var scalars = [UInt32](repeating: 0, count: 39_420)
    if let conversion = IconvConversion("GB18030") {
      for index in scalars.indices {
        scalars[index] = conversion.character([
          UInt8(0x81 + index / 12_600), UInt8(0x30 + index / 1260 % 10), UInt8(0x81 + index / 10 % 126),
          UInt8(0x30 + index % 10),
        ])
      }
    }
    for (first, scalar, count) in WHATWGDifferences.gb18030Four {
      for offset in 0..<count { scalars[first + offset] = scalar + UInt32(offset) }
    }
    return scalars
  }

  /// The scalar of the four octets whose place in the order is `index`; 0 where they are nothing.
  @inline(__always)
  static func scalar(_ index: Int, _ table: [UInt32]) -> UInt32 {
    if index < table.count { return table[index] }
    return index >= 189_000 && index <= 1_237_575 ? UInt32(0x1_0000 + index - 189_000) : 0
  }
}
