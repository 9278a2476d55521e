internal import Bytes

/// How many letters of a text are of which language, as far as letters tell.
public struct TextLetters {
  /// What can be told: `ru` are all languages of Cyrillic letters, `uk` where letters stand that only Ukrainian has,
  /// `ar` those of Arabic letters, `hi` those of Devanagari; Chinese is Han without the letters of Japanese.
  public static let languages = ["zh", "ja", "ko", "ru", "uk", "ar", "he", "el", "th", "hi", "hy", "ka"]
  /// Bound: scalars that are looked at.
  private static let most = 200_000

  private enum Script: Int, CaseIterable {
    case han, kana, hangul, cyrillic, ukrainian, arabic, hebrew, greek, thai, devanagari, armenian, georgian
    case other
  }

  private var letters = [Int](repeating: 0, count: Script.allCases.count)
  /// Letters in all.
  public private(set) var total = 0

  public init(_ text: String) {
    for scalar in text.unicodeScalars.prefix(Self.most) {
      guard let script = Self.script(scalar) else { continue }
      letters[script.rawValue] += 1
      total += 1
    }
  }

  /// Latin letters, and those of scripts that are not told.
  public var latin: Int { count(.other) }

  private func count(_ script: Script) -> Int { letters[script.rawValue] }

  /// In the order of `languages`.
  public var counts: [(language: String, count: Int)] {
    let han = count(.han)
    let kana = count(.kana)
    // A Chinese text may quote a name in kana; a Japanese one is never without.
    let isJapanese = 10 * kana > han + kana
    let hangul = count(.hangul)
    let ukrainian = count(.ukrainian)
    let cyrillic = count(.cyrillic) + ukrainian
    let isUkrainian = 50 * ukrainian > cyrillic
    return [
      ("zh", isJapanese ? 0 : han), ("ja", isJapanese ? han + kana : 0), ("ko", hangul),
      ("ru", cyrillic), ("uk", isUkrainian ? cyrillic : 0), ("ar", count(.arabic)), ("he", count(.hebrew)),
      ("el", count(.greek)), ("th", count(.thai)), ("hi", count(.devanagari)), ("hy", count(.armenian)),
      ("ka", count(.georgian)),
    ]
  }

  private static func script(_ scalar: Unicode.Scalar) -> Script? {
    switch scalar.value {
    case 0..<0x41: nil
    case 0x41...0x5a, 0x61...0x7a: .other
    case 0x5b..<0xc0: nil
    case 0x370..<0x400: scalar.isAlphabetic ? .greek : nil
    case 0x404, 0x406, 0x407, 0x454, 0x456, 0x457, 0x490, 0x491: .ukrainian
    case 0x400..<0x530: scalar.isAlphabetic ? .cyrillic : nil
    case 0x531..<0x590: scalar.isAlphabetic ? .armenian : nil
    case 0x5d0..<0x600: .hebrew
    case 0x600..<0x700, 0x750..<0x780, 0xfb50..<0xfe00, 0xfe70..<0xfeff:
      scalar.isAlphabetic ? .arabic : nil
    case 0x900..<0x980: scalar.isAlphabetic ? .devanagari : nil
    case 0xe01..<0xe80: scalar.isAlphabetic ? .thai : nil
    case 0x10a0..<0x1100: scalar.isAlphabetic ? .georgian : nil
    case 0x1100..<0x1200, 0x3131..<0x3190, 0xac00..<0xd7b0: .hangul
    case 0x3041..<0x3100, 0x31f0..<0x3200, 0xff66..<0xff9e: scalar.isAlphabetic ? .kana : nil
    case 0x3400..<0x4dc0, 0x4e00..<0xa000, 0xf900..<0xfb00, 0x20000..<0x32000: .han
    default: scalar.isAlphabetic ? .other : nil
    }
  }
}
