import Cryptography
import SASL
import Testing

@Suite struct SASLprepTests {
  /// RFC 4013 §3.
  @Test(
    arguments: [
      ("I\u{ad}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{aa}", "a"), ("\u{2168}", "IX"),
      ("\u{7}", nil), ("\u{627}1", nil), ("\u{627}1\u{628}", "\u{627}1\u{628}"), ("a\u{a0}b", "a b"),
      ("\u{fb01}", "fi"), ("e\u{301}", "\u{e9}"), ("\u{2003}", " "), ("\u{202e}a", nil), ("\u{fffd}", nil),
      ("\u{e000}", nil), ("a\u{7f}", nil), ("\u{340}", "\u{300}"), ("\u{ff55}ser", "user"), ("\u{ad}", ""),
      ("a\u{5d0}", nil), ("\u{1100}\u{1161}\u{11a8}", "\u{ac01}"),
    ] as [(String, String?)]) func examples(_ text: String, _ expected: String?)
  {
    // By scalars: equality of texts is canonical.
    let prepared = try? SASLprep.prepared(text)
    #expect(prepared.map { Array($0.unicodeScalars) } == expected.map { Array($0.unicodeScalars) })
  }

  @Test func newerCharactersAreAskedForAndNotKept() throws {
    // U+1F600 came with Unicode 6.1.
    #expect(try SASLprep.prepared("a\u{1f600}") == "a\u{1f600}")
    #expect(throws: SASLprepFault.self) { try SASLprep.prepared("a\u{1f600}", stored: true) }
    #expect(try SASLprep.prepared("\u{e4}b\u{df}", stored: true) == "\u{e4}b\u{df}")
  }

  /// Every code point by itself, against Python's `stringprep` and `unicodedata.ucd_3_2_0`: SHA-256 over what comes
  /// of each, a line each, `!` where it is refused.
  @Test func everyCodePoint() {
    var text: [UInt8] = []
    for code in UInt32(0)..<0x110000 {
      guard let scalar = Unicode.Scalar(code) else { continue }
      text += Self.line(String(Character(scalar)))
    }
    #expect(
      HashFunction.sha256.digest(text)
        == octets("79e3649e485570cc41e881fabef35a470a1a839ba44da0a25d362fd51486bc39"))
  }

  /// 20,000 texts of letters, marks, syllables and their parts, against the same.
  @Test func sequences() {
    let alphabet: [UInt32] = [
      0x41, 0x61, 0x65, 0x6f, 0x300, 0x301, 0x323, 0x327, 0x308, 0x345, 0x1100, 0x1161, 0x11a8, 0xac00,
      0xac01, 0x1112, 0x1175, 0x11c2, 0x3a9, 0x915, 0x93c, 0x627, 0x653, 0x5d0, 0x5b0, 0x3099, 0x304b, 0xfb01,
      0x2126, 0x212b, 0xad, 0xa0, 0x1e9b, 0x323, 0xd7a3, 0x20d0, 0xdf, 0x9c7, 0x9be,
    ]
    var state = 12345
    func next() -> Int {
      state = (state * 1_103_515_245 + 12345) % (1 << 31)
      return state >> 16
    }
    var text: [UInt8] = []
    for _ in 0..<20_000 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<(1 + next() % 6) {
        if let scalar = Unicode.Scalar(alphabet[next() % alphabet.count]) { scalars.append(scalar) }
      }
      text += Self.line(String(scalars))
    }
    #expect(
      HashFunction.sha256.digest(text)
        == octets("22da1bed99d002878bcd68c981ef69a3ab74fd10096b69d16fa217f827146dae"))
  }

  private static func line(_ text: String) -> [UInt8] {
    Array(((try? SASLprep.prepared(text)) ?? "!").utf8) + [10]
  }
}
