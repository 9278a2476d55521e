import Bytes
import Testing

@Suite("What a character is")
struct LettersTests {
  @Test("The quick answers are those of the tables, for every character")
  func agree() {
    var differing: [String] = []
    for value in UInt32(0)...0x10_ffff {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let properties = scalar.properties
      if scalar.isAlphabetic != properties.isAlphabetic || scalar.isWhitespace != properties.isWhitespace
        || scalar.isLetterOrNumber != (properties.isAlphabetic || properties.numericType != nil)
      {
        differing.append("U+\(String(value, radix: 16))")
      }
    }
    #expect(differing.prefix(20) == [])
  }
}
