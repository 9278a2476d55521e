internal import Charsets

/// How the names in an archive are written: most formats do not say, and what a name is guessed to be in, the others are
/// in too.
struct EntryNames {
  /// By what names are read that are no UTF-8; nil: each is guessed.
  private let charset: String?

  /// Each name by itself.
  init() { charset = nil }

  /// - Parameter names: all of them, so that the short ones are not guessed alone.
  init(_ names: some Sequence<[UInt8]>) {
    var sample: [UInt8] = []
    for name in names where name.contains(where: { $0 >= 0x80 }) {
      guard String(validating: name, as: UTF8.self) == nil else { continue }
      sample += name + [0x0a]
      if sample.count > 16 << 10 { break }
    }
    guard !sample.isEmpty else {
      charset = nil
      return
    }
    let guess = Charset.decode(sample[...], declared: nil).charset.name
    // Where nothing else is seen, packers of the West write what MS-DOS wrote.
    charset = ["windows-1252", "ISO-8859-1", "US-ASCII"].contains(guess) ? "IBM850" : guess
  }

  /// As a person sees it.
  func text(_ name: [UInt8]) -> String {
    if let text = String(validating: name, as: UTF8.self) { return text }
    return Charset.decode(name[...], declared: charset).text
  }
}
