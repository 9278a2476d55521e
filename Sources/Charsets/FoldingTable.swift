internal import CICU

/// What each character folds to; made from ICU once, then only read.
struct FoldingTable: Sendable {
  /// What a character is to those beside it.
  enum Kind: UInt32, Sendable {
    case letter, space, ideograph, punctuation, mark, removed
  }

  /// Whose letter it is, as far as look-alikes go.
  enum Alphabet: UInt32, Sendable {
    case none, latin, cyrillic, other
  }

  // An entry: 21 bits of a scalar or of a place in `sequences`, then one bit each for "is a place" and "may compose",
  // then three for the kind, two for the alphabet, and one for sequences of several kinds.
  private static let place: UInt32 = 1 << 21
  private static let composing: UInt32 = 1 << 22
  private static let mixture: UInt32 = 1 << 28

  let entries: [UInt32]
  /// Each begins with its length in octets.
  private let sequences: [UInt8]

  static let shared = FoldingTable()

  /// Above it are tags and variation selectors, which are removed, private use, and nothing.
  private static let count = 0x3_2000

  @inline(__always)
  static func entry(_ scalar: UInt32, _ entries: UnsafeBufferPointer<UInt32>) -> UInt32 {
    if scalar < UInt32(entries.count) { return entries[Int(scalar)] }
    return scalar >= 0xe_0000 && scalar < 0xe_1000
      ? Kind.removed.rawValue << 23 : scalar | Kind.punctuation.rawValue << 23
  }

  func entry(_ scalar: UInt32) -> UInt32 { entries.withUnsafeBufferPointer { Self.entry(scalar, $0) } }

  @inline(__always)
  static func kind(_ entry: UInt32) -> Kind { Kind(rawValue: entry >> 23 & 7) ?? .punctuation }

  @inline(__always)
  static func alphabet(_ entry: UInt32) -> Alphabet { Alphabet(rawValue: entry >> 26 & 3) ?? .none }

  @inline(__always)
  static func needsComposing(_ entry: UInt32) -> Bool { entry & composing != 0 }

  /// Whether it is a sequence whose characters are of several kinds, `a.m.` for one.
  @inline(__always)
  static func isMixture(_ entry: UInt32) -> Bool { entry & mixture != 0 }

  /// The scalar of an entry that is one.
  static func scalar(_ entry: UInt32) -> UInt32? { entry & place == 0 ? entry & 0x1f_ffff : nil }

  @inline(__always)
  func append(_ entry: UInt32, to result: inout [UInt8]) {
    let value = entry & 0x1f_ffff
    if entry & Self.place != 0 {
      let start = Int(value)
      result += sequences[(start + 1)...(start + Int(sequences[start]))]
    } else if value < 0x80 {
      result.append(UInt8(truncatingIfNeeded: value))
    } else {
      Self.append(value, to: &result)
    }
  }

  @inline(never)
  private static func append(_ scalar: UInt32, to result: inout [UInt8]) {
    if scalar >= 0x1_0000 {
      result.append(0xf0 | UInt8(truncatingIfNeeded: scalar >> 18))
      result.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 12 & 0x3f))
      result.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
    } else if scalar >= 0x800 {
      result.append(0xe0 | UInt8(truncatingIfNeeded: scalar >> 12))
      result.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
    } else {
      result.append(0xc0 | UInt8(truncatingIfNeeded: scalar >> 6))
    }
    result.append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
  }

  private init() {
    var sequences: [UInt8] = []
    var entries = [UInt32](repeating: 0, count: Self.count)
    for scalar in 0..<UInt32(Self.count) {
      entries[Int(scalar)] =
        CharacterTraits.isIdeograph(scalar)
        ? scalar | Kind.ideograph.rawValue << 23
        : CharacterTraits.isHangul(scalar)
          ? scalar | Kind.letter.rawValue << 23 : 0
    }
    let simplified = Simplification.made()
    for (from, to) in simplified { entries[Int(from)] = to | Kind.ideograph.rawValue << 23 }
    for scalar in 0..<UInt32(Self.count) where entries[Int(scalar)] == 0 {
      entries[Int(scalar)] = Self.made(scalar, simplified, &sequences)
    }
    self.entries = entries
    self.sequences = sequences
  }

  private static func made(
    _ scalar: UInt32, _ simplified: [UInt32: UInt32], _ sequences: inout [UInt8]
  ) -> UInt32 {
    if CharacterTraits.isRemoved(scalar) { return Kind.removed.rawValue << 23 }
    if CharacterTraits.isUnassigned(scalar) { return scalar | Kind.punctuation.rawValue << 23 }
    if CharacterTraits.isSpace(scalar) { return 0x20 | Kind.space.rawValue << 23 }
    var folded = CharacterTraits.folded(scalar).map { simplified[$0] ?? $0 }
    folded.removeAll { CharacterTraits.isRemoved($0) }
    guard let first = folded.first, let last = folded.last else { return Kind.removed.rawValue << 23 }
    let kind = CharacterTraits.kind(folded.count > 1 && CharacterTraits.kind(last) == .mark ? first : last)
    var entry = kind.rawValue << 23 | CharacterTraits.alphabet(scalar, folded: first).rawValue << 26
    if folded.contains(where: { !Normalization.inert.isStable($0) }) { entry |= composing }
    if folded.count == 1 { return entry | first }
    let kinds = folded.map { CharacterTraits.kind($0) }.filter { $0 != .mark }
    let alphabets = zip(folded, folded.map { CharacterTraits.kind($0) }).filter { $0.1 != .mark }
      .map { CharacterTraits.alphabet($0.0, folded: $0.0) }
    if Set(kinds).count > 1 || Set(alphabets).count > 1 { entry |= mixture }
    let text = String(String.UnicodeScalarView(folded.compactMap(Unicode.Scalar.init)))
    let start = sequences.count
    sequences.append(UInt8(min(255, text.utf8.count)))
    sequences += text.utf8.prefix(255)
    return entry | place | UInt32(start)
  }
}

/// What ICU and this project know of a character.
enum CharacterTraits {
  static func folded(_ scalar: UInt32) -> [UInt32] {
    if let other = disguises[scalar] { return [other] }
    if isIdeograph(scalar) || isHangul(scalar) { return [scalar] }
    guard let character = Unicode.Scalar(scalar) else { return [0xfffd] }
    let folded = NormalForm.compatibilityFolded.of(String(character)).unicodeScalars.map(\.value)
    // Accents that stand alone would become a space and a mark.
    if folded.count > 1, folded.first == 0x20 { return [scalar] }
    // A unit with a Greek letter is no word that mixes alphabets.
    if folded.count > 1, !isLetter(scalar), folded.contains(where: { alphabet($0, folded: $0) == .other }) {
      return [scalar]
    }
    return folded.map { disguises[$0] ?? $0 }
  }

  /// Those that have no other form of width or case.
  static func isIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x3400...0x4dbf, 0x4e00...0x9fff, 0x2_0000...0x2_f7ff, 0x3_0000...0x3_1fff: true
    default: false
    }
  }

  static func isHangul(_ scalar: UInt32) -> Bool { scalar >= 0xac00 && scalar <= 0xd7a3 }

  static func isUnassigned(_ scalar: UInt32) -> Bool {
    property(scalar, weir_property_category) == 0 || scalar & 0xf800 == 0xd800
  }

  /// Invisible: format characters, fillers, controls, and strokes and rings that are drawn over letters.
  static func isRemoved(_ scalar: UInt32) -> Bool {
    if isSpace(scalar) { return false }
    if (0x334...0x338).contains(scalar) { return true }
    if property(scalar, weir_property_ignorable) != 0 { return true }
    switch property(scalar, weir_property_category) {
    case 15, 16: return true  // control, format
    case 7: return true  // enclosing mark
    default: return false
    }
  }

  static func isSpace(_ scalar: UInt32) -> Bool {
    switch scalar {
    // The blank of Braille is one to look at.
    case 0x09...0x0d, 0x20, 0x85, 0x2800: true
    default: (12...14).contains(property(scalar, weir_property_category))
    }
  }

  static func kind(_ scalar: UInt32) -> FoldingTable.Kind {
    switch property(scalar, weir_property_script) {
    case 5, 17, 20, 22, 41: return .ideograph  // bopomofo, Han, hiragana, katakana, Yi
    default: break
    }
    if (0x3001...0x303f).contains(scalar) || (0x30fb...0x30fc).contains(scalar) { return .ideograph }
    switch property(scalar, weir_property_category) {
    case 6, 8: return .mark
    case 1...5, 9...11: return .letter
    default: return .punctuation
    }
  }

  static func alphabet(_ scalar: UInt32, folded: UInt32) -> FoldingTable.Alphabet {
    guard isLetter(folded) else { return .none }
    switch property(folded, weir_property_script) {
    case 25: return .latin
    case 8: return .cyrillic
    // Armenian, Cherokee, Coptic, Deseret, Greek, Lisu.
    case 3, 6, 7, 9, 14, 131: return .other
    default: return .none
    }
  }

  private static func isLetter(_ scalar: UInt32) -> Bool {
    (1...5).contains(property(scalar, weir_property_category))
  }

  private static func property(_ scalar: UInt32, _ which: Int) -> Int32 {
    weir_property(Int32(scalar), Int32(which))
  }

  static func undisguised(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    disguises[scalar.value].flatMap(Unicode.Scalar.init) ?? scalar
  }

  /// Letters that are drawn as others of the same alphabet and that nobody writes a language with, quotes and dashes.
  private static let disguises: [UInt32: UInt32] = {
    var map: [UInt32: UInt32] = [:]
    for (from, to) in zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡꞯ", "abcdefghijklmnoprstuvwyzagq") {
      if let from = from.unicodeScalars.first, let to = to.unicodeScalars.first { map[from.value] = to.value }
    }
    // 🅐 and 🅰.
    for offset in UInt32(0)..<26 {
      map[0x1_f150 + offset] = 0x61 + offset
      map[0x1_f170 + offset] = 0x61 + offset
    }
    for quote: UInt32 in [0x2018, 0x2019, 0x201a, 0x201b, 0x2032] { map[quote] = 0x27 }
    for quote: UInt32 in [0x201c, 0x201d, 0x201e, 0x201f] { map[quote] = 0x22 }
    for dash: UInt32 in [0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212] { map[dash] = 0x2d }
    return map
  }()
}

/// Traditional Chinese characters and the simplified ones that are written for them.
enum Simplification {
  /// By ICU's transliterator, character by character; empty where ICU came without it.
  static func made() -> [UInt32: UInt32] {
    let name = Array("Traditional-Simplified".utf16)
    var status: Int32 = 0
    guard let transliterator = weir_transliterator_open(name, Int32(name.count), &status), status <= 0
    else { return [:] }
    defer { weir_transliterator_close(transliterator) }
    var map: [UInt32: UInt32] = [:]
    for first in stride(from: UInt32(0x3400), to: 0x9fff, by: 1024) {
      let sources = (first..<min(first + 1024, 0xa000)).map { UInt16($0) }
      // A line each, so that none is read together with the next.
      var text: [UInt16] = []
      for source in sources { text += [source, 0x0a] }
      let capacity = text.count * 2
      var length = Int32(text.count)
      text += [UInt16](repeating: 0, count: capacity - text.count)
      weir_transliterate(transliterator, &text, &length, Int32(capacity), &status)
      guard status <= 0, length <= capacity else { return map }
      let lines = text.prefix(Int(length)).split(separator: 0x0a, omittingEmptySubsequences: false)
      for (source, line) in zip(sources, lines) where line.count == 1 && line.first != source {
        map[UInt32(source)] = line.first.map(UInt32.init)
      }
    }
    // One that is simplified to another traditional one goes all the way.
    for (from, to) in map where map[to] != nil { map[from] = map[to] }
    return map
  }
}
