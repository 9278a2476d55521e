/// What octets that nobody labelled, or somebody labelled wrongly, seem to be.
public struct CharsetGuess: Hashable, Sendable {
  public let charset: Charset
  /// 0…1: how much better it fits than the next one, and on how many characters; two characters are never certain.
  public let confidence: Double

  public init(charset: Charset, confidence: Double) {
    self.charset = charset
    self.confidence = confidence
  }

  /// Reads the beginning of `octets` by each charset of mail and takes the one that makes most sense: UTF-8 where it is
  /// UTF-8 and ISO-2022-* and HZ by their escapes; else GB18030, Big5, Shift_JIS, EUC-JP, EUC-KR, windows-1251, KOI8-R,
  /// ISO-8859-5, IBM866, windows-1252 or (Turkish) windows-1254, by how frequent the characters are that come out.
  ///
  /// Bound: it looks at 4 KiB from the first octet above 127 on.
  public static func of(_ octets: ArraySlice<UInt8>) -> CharsetGuess {
    octets.withUnsafeBufferPointer { of($0) }
  }

  static let fallback = CharsetGuess(charset: .windows1252, confidence: 0.1)

  static func of(_ octets: UnsafeBufferPointer<UInt8>) -> CharsetGuess {
    guard let begin = octets.firstIndex(where: { $0 >= 0x80 }) else {
      return byEscapes(octets) ?? CharsetGuess(charset: .ascii, confidence: 1)
    }
    let count = UTF8Text.count(octets)
    if count.malformed == 0 || count.malformed == 1 && count.long > 8 {
      return CharsetGuess(charset: .utf8, confidence: count.ideographs > 1 || count.long > 3 ? 0.99 : 0.9)
    }
    // From a little before it, for what stands before a letter is told by its neighbours.
    let from = max(0, begin - 1)
    let sample = UnsafeBufferPointer(rebasing: octets[from..<min(octets.count, from + 4096)])
    return legacy(sample, isCut: from + 4096 < octets.count)
  }

  private static func legacy(_ sample: UnsafeBufferPointer<UInt8>, isCut: Bool) -> CharsetGuess {
    // One octet again and again is a line, a currency sign, a space: no text of another alphabet is made of it.
    if let first = sample.first(where: { $0 >= 0x80 }), sample.allSatisfy({ $0 < 0x80 || $0 == first }) {
      let mark = LatinMark.of(sample)
      let evidence = 1 - 1 / Double(mark.characters + 1)
      return CharsetGuess(charset: .windows1252, confidence: max(0.1, min(1, mark.mean) * evidence))
    }
    var marks = CharsetMark.all(sample, isCut: isCut)
    marks.sort { $0.mean > $1.mean }
    guard let best = marks.first, best.mean > 0.15 else { return fallback }
    let next = marks.dropFirst().first?.mean ?? 0
    let margin = min(1, max(0, (best.mean - max(0, next)) / 0.5))
    let evidence = 1 - 1 / Double(best.characters + 1)
    return CharsetGuess(
      charset: best.charset, confidence: min(1, best.mean) * (0.4 + 0.6 * margin) * evidence)
  }

  /// ISO-2022-* and HZ are ASCII to look at: what they switch by tells them.
  static func byEscapes(_ octets: UnsafeBufferPointer<UInt8>) -> CharsetGuess? {
    guard let escape = octets.firstIndex(of: 0x1b) else { return hz(octets) }
    // Bound: who writes the escapes at all writes one early.
    var at: Int? = escape
    for _ in 0..<8 {
      guard let here = at else { return nil }
      let rest = octets[(here + 1)...].prefix(4)
      if let found = ISO2022Set.designated(by: rest), !found.set.isNarrow || found.set == .katakana {
        return CharsetGuess(charset: Charset(known: name(found)), confidence: 0.98)
      }
      at = octets[(here + 1)...].firstIndex(of: 0x1b)
    }
    return nil
  }

  private static func name(_ found: (set: ISO2022Set, place: Int, length: Int)) -> String {
    switch (found.set, found.place) {
    case (.ksc5601, 1): "ISO-2022-KR"
    case (.gb2312, 1), (.cns11643, 1), (.cns11643, 2): "ISO-2022-CN"
    case (.cns11643, _): "ISO-2022-CN-EXT"
    case (.jis0208, _), (.katakana, _): "ISO-2022-JP"
    case (.jisx0213, _): "ISO-2022-JP-3"
    default: "ISO-2022-JP-2"
    }
  }

  /// `~{`, pairs of printable octets of GB 2312, `~}`: a few such runs, and none that is something else.
  private static func hz(_ octets: UnsafeBufferPointer<UInt8>) -> CharsetGuess? {
    let pairs = MultiByteTable.gb18030.pairs
    var at = 0
    var characters = 0
    while let tilde = octets[at...].firstIndex(of: 0x7e), tilde + 1 < octets.count {
      at = tilde + 1
      guard octets[at] == 0x7b else { continue }
      at += 1
      while at + 1 < octets.count, octets[at] != 0x7e {
        guard octets[at] > 0x20, octets[at + 1] > 0x20, octets[at] < 0x78,
          pairs[Int(octets[at]) << 8 | Int(octets[at + 1] | 0x80)] != 0
        else { return nil }
        at += 2
        characters += 1
      }
      guard at + 1 < octets.count, octets[at + 1] == 0x7d else { return nil }
      if characters > 100 { break }
    }
    guard characters > 0 else { return nil }
    return CharsetGuess(
      charset: Charset(known: "HZ-GB-2312"), confidence: 1 - 1 / Double(characters + 1))
  }
}
