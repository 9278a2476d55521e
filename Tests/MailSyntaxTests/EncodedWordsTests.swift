import Bytes
import MailSyntax
import Testing

@Suite struct EncodedWordsTests {
  private func segments(_ text: String) -> [EncodedWords.Segment] {
    EncodedWords.segments(Array(text.utf8)[...])
  }

  private func raw(_ text: String) -> EncodedWords.Segment { .raw(Array(text.utf8)) }

  private func word(_ text: String, _ charset: String = "utf-8", _ language: String? = nil)
    -> EncodedWords.Segment
  {
    .word(charset: charset, language: language, octets: Array(text.utf8))
  }

  @Test func textWithoutWordsStandsAsItIs() {
    #expect(segments("") == [] && segments(" \t\r\n") == [])
    #expect(segments(" a  b \r\n") == [raw("a  b")])
    #expect(segments("a\r\n b\n\tc\r\n\r\n  d") == [raw("a b c  d")])
    for text in [
      "=?", "=?utf-8", "=?utf-8?", "=?utf-8?q", "=?utf-8?q?", "=?utf-8?q?a", "=?utf-8?x?a?=", "=??q?a?=",
      "= ?utf-8?q?a?=", "=?utf 8?q?a?=", "a = b ?= c", "?==?",
    ] {
      #expect(segments(text) == [raw(text)], "\(text)")
    }
  }

  @Test func wordsByTheBook() {
    #expect(segments("=?utf-8?Q?a_b=20=C3=BC?=") == [word("a b ü")])
    #expect(segments("=?UTF-8?b?w7w=?=") == [word("ü", "UTF-8")])
    #expect(segments("=?utf-8*de?q?a?=") == [word("a", "utf-8", "de")])
    #expect(segments("x =?utf-8?q?a?= y") == [raw("x "), word("a"), raw(" y")])
    // RFC 2047 §8.
    #expect(segments("=?utf-8?Q?a?= =?utf-8?Q?b?=") == [word("ab")])
    #expect(segments("=?utf-8?Q?a?=\r\n    =?UTF-8?b?Yg==?=") == [word("ab")])
    #expect(segments("=?utf-8?Q?a?= b") == [word("a"), raw(" b")])
    #expect(segments("=?utf-8?Q?a?= =?x?Q?b?= =?x?Q?c?=") == [word("a"), word("bc", "x")])
    #expect(segments("=?utf-8?Q?a_?= =?utf-8?Q?b?=") == [word("a b")])
  }

  @Test func wordsAsTheyAreMet() {
    #expect(segments("[x]=?utf-8?q?a?=[y]") == [raw("[x]"), word("a"), raw("[y]")])
    #expect(segments("=?utf-8?q?a?==?utf-8?q?b?=") == [word("ab")])
    #expect(segments("\"=?utf-8?q?a?= =?utf-8?q?b?=\"") == [raw("\""), word("ab"), raw("\"")])
    #expect(segments("(=?utf-8?q?a?=)") == [raw("("), word("a"), raw(")")])
    // Spaces and folds inside, question marks left as they are, equals signs at the end.
    #expect(segments("=?utf-8?q?a b\r\n c?=") == [word("a b c")])
    #expect(segments("=?utf-8?b?w7\r\n w=?=") == [word("ü")])
    #expect(segments("=?utf-8?q?what?_now?=") == [word("what? now")])
    #expect(segments("=?utf-8?q?what?=20now?=") == [word("what? now")])
    #expect(segments("=?utf-8?q?=3D=?=") == [word("==")])
    #expect(segments("=?utf-8?q??=") == [word("")] && segments("=?utf-8?b??=") == [word("")])
    // A word that never ends, before one that does.
    #expect(segments("=?utf-8?q?a =?utf-8?q?b?=") == [raw("=?utf-8?q?a "), word("b")])
    // A character, and then a group of base64, cut between two words.
    #expect(segments("=?utf-8?b?w7w=?= =?utf-8?b?w7w=?=") == [word("üü")])
    #expect(segments("=?utf-8?b?w7?= =?utf-8?b?w=?=") == [word("ü")])
    #expect(segments("=?utf-8?q?=C3?= =?utf-8?q?=BC?=") == [word("ü")])
  }

  @Test func octetsAbove127StandAsTheyAre() {
    let gbk: [UInt8] = [0xc4, 0xe3, 0xba, 0xc3]
    #expect(EncodedWords.segments(([0x20] + gbk + [0x0d, 0x0a])[...]) == [.raw(gbk)])
    let mixed = Array("=?utf-8?q?a?= ".utf8) + gbk
    #expect(EncodedWords.segments(mixed[...]) == [word("a"), .raw([0x20] + gbk)])
  }

  @Test func endlessBeginningsCostLittle() {
    // Each of these is looked at for its end: once is enough to know that there is none.
    let text = String(repeating: "=?utf-8?q?a", count: 100_000)
    #expect(segments(text) == [raw(text)])
    let charsets = String(repeating: "=?aaaaaaaaaaaaaaaaaaaaaaaaaa", count: 50_000)
    #expect(segments(charsets) == [raw(charsets)])
    let words = String(repeating: "=?utf-8?b?YQ?= ", count: 50_000)
    #expect(segments(words).count == 1)
    let questions = "=?utf-8?q?" + String(repeating: "?=41", count: 100_000)
    #expect(!segments(questions).isEmpty)
  }
}
