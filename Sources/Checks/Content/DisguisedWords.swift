internal import Bytes
internal import Charsets

/// Words of Latin letters with letters of other alphabets among them that are drawn alike: `Amаzon` with a Cyrillic а.
enum DisguisedWords {
  /// Bound: scalars of a text that are looked at, of a word, and words that are compared.
  private static let most = 200_000
  private static let longest = 40
  private static let mostCompared = 200

  /// How many words of a text are of two alphabets and read as one of ASCII.
  static func count(in text: String) -> Int {
    // Greek is the first alphabet that is meant, and it begins at this octet.
    guard !text.isASCII, text.utf8.contains(where: { $0 >= 0xcd }) else { return 0 }
    var count = 0
    var compared = 0
    var word = String.UnicodeScalarView()
    var length = 0
    var (hasLatin, hasOther) = (false, false)
    func end() {
      if hasLatin, hasOther, length <= longest, compared < mostCompared {
        compared += 1
        if TextFolding.skeleton(String(word)).utf8.allSatisfy({ $0 < 0x80 }) { count += 1 }
      }
      word.removeAll(keepingCapacity: true)
      length = 0
      (hasLatin, hasOther) = (false, false)
    }
    for scalar in text.unicodeScalars.prefix(most) {
      guard scalar.isAlphabetic else {
        if length > 0 { end() }
        continue
      }
      hasLatin = hasLatin || scalar.isASCII
      // Of units: μm, μs.
      hasOther = hasOther || scalar.isOtherAlphabet && scalar != "\u{3bc}"
      if length <= longest { word.append(scalar) }
      length += 1
    }
    end()
    return count
  }
}
