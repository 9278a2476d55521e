internal import Filtering

/// Texts that nothing runs, by their names: what kind of text they are nobody needs to know, and libmagic takes longer to
/// tell it than for anything else.
enum TextFile {
  /// Whether the octets are text, and the names that a person gives to texts, or none, say the same.
  static func isHarmless(name: String, _ octets: ArraySlice<UInt8>) -> Bool {
    guard !octets.isEmpty, isHarmless(FileName(name)) else { return false }
    return octets.prefix(64 << 10).allSatisfy {
      $0 >= 0x20 && $0 != 0x7f || allowed & (1 << UInt32($0 & 0x1f)) != 0 && $0 < 0x20
    }
  }

  private static func isHarmless(_ name: FileName) -> Bool {
    guard let ending = name.extensions.first else { return true }
    return endings.contains(ending)
  }

  private static let endings: Set<String> = [
    "txt", "text", "asc", "log", "md", "csv", "tsv", "htm", "html", "ics", "vcf", "patch", "diff", "sig",
    "rst", "tex",
  ]

  /// Backspace to carriage return, and what ISO 2022 shifts with.
  private static let allowed: UInt32 = 0x3f << 8 | 1 << 0x0e | 1 << 0x0f | 1 << 0x1b
}
