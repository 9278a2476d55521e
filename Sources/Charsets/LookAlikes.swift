internal import Bytes
internal import CICU

/// Letters of one alphabet that are drawn as letters of another (UTS #39).
enum LookAlikes {
  /// A letter, digit or mark of a word, and what it is.
  struct Letter {
    let scalar: UInt32
    let entry: UInt32
  }

  // The checker is opened once and never altered: then it may be used by threads at a time (uspoof.h). As a number it
  // can be shared.
  private static let checker: UInt = {
    var status: Int32 = 0
    let checker = weir_spoof_open(&status)
    return status <= 0 ? UInt(bitPattern: checker) : 0
  }()

  static func skeleton(_ text: String) -> String {
    if let known = skeletonOfASCII(text) { return known }
    return slowSkeleton(text)
  }

  /// Each character of ASCII stands for itself alone, whatever is beside it: nearly every host of a link is ASCII.
  private static let ofASCII: [[UInt8]] = (0..<0x80).map { value in
    Array(slowSkeleton(String(Unicode.Scalar(UInt8(value)))).utf8)
  }

  /// nil where there is more than ASCII.
  private static func skeletonOfASCII(_ text: String) -> String? {
    var text = text
    return text.withUTF8 { source in
      guard source.span.bytes.isASCII(upTo: source.count) else { return nil }
      var result: [UInt8] = []
      result.reserveCapacity(source.count + 8)
      for octet in source { result += ofASCII[Int(octet)] }
      return String(decoding: result, as: UTF8.self)
    }
  }

  static func slowSkeleton(_ text: String) -> String {
    var letters = String.UnicodeScalarView()
    for scalar in NormalForm.compatibilityFolded.of(text).unicodeScalars {
      let latin = LatinDrawings.shared.loose[scalar.value].map { Unicode.Scalar($0) }
      letters.append(latin ?? CharacterTraits.undisguised(scalar))
    }
    let drawn = NormalForm.nfd.of(prototype(String(letters)))
    var result = String.UnicodeScalarView()
    for scalar in drawn.unicodeScalars where !(0x300...0x36f).contains(scalar.value) { result.append(scalar) }
    return NormalForm.compatibilityFolded.of(String(result))
  }

  /// ICU's skeleton; the text itself where there is none.
  private static func prototype(_ text: String) -> String {
    guard let checker = UnsafeRawPointer(bitPattern: checker) else { return text }
    var text = text
    return text.withUTF8 { source in
      guard source.count < Int(Int32.max) / 32 else { return String(decoding: source, as: UTF8.self) }
      var capacity = source.count * 2 + 32
      for _ in 0..<2 {
        var status: Int32 = 0
        var needed = 0
        let result = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
          buffer.withMemoryRebound(to: CChar.self) { target in
            needed = Int(
              source.withMemoryRebound(to: CChar.self) {
                weir_skeleton(
                  checker, $0.baseAddress, Int32($0.count), target.baseAddress, Int32(target.count), &status)
              })
          }
          count = status <= 0 ? min(max(0, needed), capacity) : 0
        }
        if status <= 0 { return String(decoding: result, as: UTF8.self) }
        guard needed > capacity else { break }
        capacity = needed
      }
      return String(decoding: source, as: UTF8.self)
    }
  }

  /// The letters of a word that stands in UTF-8; what is invisible is left out.
  static func letters(_ word: UnsafeBufferPointer<UInt8>) -> [Letter] {
    var letters: [Letter] = []
    var at = 0
    FoldingTable.shared.entries.withUnsafeBufferPointer { entries in
      while at < word.count {
        let (scalar, length) = UTF8Text.scalar(word, at)
        let entry = FoldingTable.entry(scalar, entries)
        at += length
        if FoldingTable.kind(entry) == .removed { continue }
        if FoldingTable.scalar(entry) != nil {
          letters.append(Letter(scalar: scalar, entry: entry))
          continue
        }
        // Ligatures and the like are their letters.
        var parts: [UInt8] = []
        FoldingTable.shared.append(entry, to: &parts)
        for part in String(decoding: parts, as: UTF8.self).unicodeScalars {
          letters.append(Letter(scalar: part.value, entry: FoldingTable.entry(part.value, entries)))
        }
      }
    }
    return letters
  }

  /// A word that mixes Latin with another alphabet, in the one that all its letters can be of; nil where there is none.
  static func unmixed(_ letters: [Letter]) -> [UInt8]? {
    rewritten(letters) { LatinDrawings.shared.loose[$0] } ?? rewrittenForeign(letters)
  }

  /// A word of other alphabets as Latin; nil where one of its letters is drawn as no Latin one.
  static func whole(_ letters: [Letter]) -> [UInt8]? {
    rewritten(letters) { LatinDrawings.shared.strict[$0] }
  }

  private static func rewritten(_ letters: [Letter], _ latin: (UInt32) -> UInt8?) -> [UInt8]? {
    var result: [UInt8] = []
    for letter in letters {
      switch FoldingTable.alphabet(letter.entry) {
      case .none, .latin: FoldingTable.shared.append(letter.entry, to: &result)
      case .cyrillic, .other:
        guard let octet = latin(letter.scalar) ?? FoldingTable.scalar(letter.entry).flatMap(latin) else {
          return nil
        }
        result.append(octet)
      }
    }
    return result
  }

  private static func rewrittenForeign(_ letters: [Letter]) -> [UInt8]? {
    let isCyrillic = letters.contains { FoldingTable.alphabet($0.entry) == .cyrillic }
    if isCyrillic, letters.contains(where: { FoldingTable.alphabet($0.entry) == .other }) { return nil }
    let drawings = isCyrillic ? cyrillic : greek
    var result: [UInt8] = []
    for letter in letters {
      var entry = letter.entry
      if FoldingTable.alphabet(entry) == .latin {
        // Wide and mathematical forms of a letter are the small letter by now.
        guard let other = drawings[letter.scalar] ?? FoldingTable.scalar(entry).flatMap({ drawings[$0] })
        else { return nil }
        entry = FoldingTable.shared.entry(other)
      }
      FoldingTable.shared.append(entry, to: &result)
    }
    return result
  }

  private static let cyrillic = pairs(
    "aceopxykisjABCEHKMOPTXYISJ", "асеорхукіѕјАВСЕНКМОРТХУІЅЈ")
  private static let greek = pairs("oavpuikynwABEZHIKMNOPTYX", "οανρυικγηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")

  private static func pairs(_ from: String, _ to: String) -> [UInt32: UInt32] {
    Dictionary(zip(from.unicodeScalars.map(\.value), to.unicodeScalars.map(\.value))) { one, _ in one }
  }

  /// The one letter of ASCII that a letter is drawn as.
  fileprivate static func latin(_ scalar: UInt32) -> UInt8? {
    guard let character = Unicode.Scalar(scalar) else { return nil }
    let drawn = Array(prototype(String(character)).utf8)
    guard drawn.count == 1, let octet = drawn.first, octet | 0x20 >= 0x61, octet | 0x20 <= 0x7a else {
      return nil
    }
    return octet
  }
}

/// The letters of other alphabets that are drawn as Latin ones.
private struct LatinDrawings: Sendable {
  /// Drawn so as they stand.
  let strict: [UInt32: UInt8]
  /// Or as their capital or small letter is drawn: `в` for `b`, as a reader takes it in a Latin word.
  let loose: [UInt32: UInt8]

  static let shared = LatinDrawings()

  private init() {
    var strict: [UInt32: UInt8] = [:]
    var loose: [UInt32: UInt8] = [:]
    // Greek, Coptic, Cyrillic, Armenian; Cherokee; their supplements; Lisu; Deseret.
    let blocks: [ClosedRange<UInt32>] = [
      0x370...0x58f, 0x13a0...0x13ff, 0x1c80...0x1c8f, 0x2c80...0x2cff, 0xa4d0...0xa4ff, 0xa640...0xa69f,
      0xab70...0xabbf, 0x1_0400...0x1_044f,
    ]
    for scalar in blocks.joined() {
      switch FoldingTable.alphabet(FoldingTable.shared.entry(scalar)) {
      case .none, .latin: continue
      case .cyrillic, .other: break
      }
      let small = UInt32(weir_to_lower(Int32(scalar)))
      let capital = UInt32(weir_to_upper(Int32(scalar)))
      let own = LookAlikes.latin(scalar)
      // Capital І is drawn as small l is: its small letter tells which of them is meant.
      let isStroke = own == UInt8(ascii: "l") && scalar == capital
      let drawn = (isStroke ? LookAlikes.latin(small) : nil) ?? own ?? LookAlikes.latin(small)
      strict[scalar] = drawn.map { $0 | 0x20 }
      loose[scalar] = (drawn ?? LookAlikes.latin(capital)).map { $0 | 0x20 }
    }
    // The palochka is a stroke, whatever its case.
    for scalar: UInt32 in [0x4c0, 0x4cf] {
      strict[scalar] = UInt8(ascii: "l")
      loose[scalar] = UInt8(ascii: "l")
    }
    self.strict = strict
    self.loose = loose
  }
}
