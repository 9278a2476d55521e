internal import Bytes

/// Characters that show nothing, between letters that nobody puts them between.
enum InvisibleCharacters {
  /// How many words of a text are cut apart by them.
  ///
  /// Joiners shape the letters of Arabic and India, and zero-width spaces part the words of Thai and Khmer: only letters
  /// of Latin, Greek, Cyrillic and ideographs are looked at. A soft hyphen is one where it leaves a letter alone:
  /// no syllable is.
  static func words(in text: String) -> Int {
    // Nearly every text is without them.
    guard !text.isASCII else { return 0 }
    var words = 0
    var word = Word()
    for scalar in text.unicodeScalars {
      if let kind = kind(scalar) {
        word.add(kind)
      } else if isPlainLetter(scalar) {
        word.addLetter()
      } else {
        words += word.isCut ? 1 : 0
        word = Word()
      }
    }
    return words + (word.isCut ? 1 : 0)
  }

  /// What was seen of a word so far.
  private struct Word {
    private var hasLetter = false
    /// Letters since the last invisible character.
    private var letters = 0
    private var isPending = false
    private var hasCut = false
    /// Letters that a soft hyphen leaves alone.
    private var lone = 0

    var isCut: Bool { hasCut || lone > 1 }

    mutating func addLetter() {
      hasCut = hasCut || isPending
      isPending = false
      hasLetter = true
      letters += 1
    }

    mutating func add(_ kind: Kind) {
      guard hasLetter else { return }
      switch kind {
      case .plain: isPending = true
      case .soft: lone += letters == 1 ? 1 : 0
      }
      letters = 0
    }
  }

  private enum Kind { case plain, soft }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind? {
    switch scalar.value {
    case 0xad: .soft
    case 0x34f, 0x61c, 0x180e, 0x200b...0x200f, 0x202a...0x202e, 0x2060...0x206f, 0xfeff, 0xe0000...0xe007f:
      .plain
    default: nil
    }
  }

  private static func isPlainLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5a, 0x61...0x7a: true
    case 0xc0...0x24f, 0x370...0x52f, 0x1e00...0x1fff, 0x3400...0x9fff: scalar.isAlphabetic
    default: false
    }
  }
}
