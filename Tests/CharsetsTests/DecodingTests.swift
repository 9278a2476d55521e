import Charsets
import Testing

@Suite struct DecodingTests {
  private func decoded(_ octets: [UInt8], _ name: String) throws -> DecodedText {
    try #require(Charset.named(name)).decode(octets[...])
  }

  @Test(arguments: [
    ("GB18030", "中文：汉字，发票。€"), ("GBK", "龍鬥 朱镕基"), ("EUC-CN", "中文"), ("BIG5", "繁體中文，電腦"),
    ("BIG5-HKSCS", "香港㗎喇嘅"),
    ("HZ", "中文 ASCII ~ 汉字\n第二行"), ("ISO-2022-CN", "中文 and ASCII\n第二行"), ("ISO-2022-CN-EXT", "中文"),
    ("EUC-TW", "繁體中文 乂"), ("SJIS", "日本語のテキスト"), ("CP932", "髙島屋①ｶﾅ"), ("EUC-JP", "日本語テキスト 丂"),
    ("ISO-2022-JP", "日本語テキスト"), ("ISO-2022-JP-2", "日本語 中文 한국어"), ("EUC-KR", "한국어 텍스트"),
    ("UHC", "똠방각하 펲시콜라"), ("ISO-2022-KR", "한국어 텍스트\n둘"), ("JOHAB", "한국어"), ("KOI8-R", "Русский текст"),
    ("KOI8-U", "Українська"), ("CP1251", "Русский текст №"), ("CP866", "Русский"), ("ISO-8859-5", "Русский"),
    ("ISO-8859-2", "Příliš žluťoučký kůň"), ("CP1250", "Zażółć gęślą jaźń"), ("ISO-8859-15", "œuvre à 5 €"),
    ("CP1252", "naïve “quotes” – €"), ("CP1253", "Ελληνικά"), ("CP1254", "Türkçe ığş"), ("CP1255", "עברית"),
    ("CP1256", "العربية"), ("CP874", "ภาษาไทย"), ("UTF-7", "Jürgen £100 + 日本 😀 ~"), ("UTF-16LE", "中文 😀"),
    ("UTF-16BE", "中文 😀"), ("UTF-32LE", "中文 😀"), ("UTF-32BE", "中文 😀"), ("IBM037", "Hello, World"),
  ])
  func whatIconvWritesIsReadBack(_ name: String, _ text: String) throws {
    let octets = try #require(encoded(text, name))
    let read = try decoded(octets, name)
    #expect(read.text == text)
    #expect(read.malformed == 0)
    #expect(Charset.decode(octets[...], declared: name).text == text)
  }

  @Test(
    arguments: [
      // A character that is cut off is one U+FFFD, and never swallows ASCII.
      ("gb18030", [0xd6, 0xd0, 0xce], "中\u{fffd}", 1), ("gb18030", [0x81, 0x30, 0x81], "\u{fffd}", 1),
      ("gb18030", [0x81, 0x30, 0x41], "\u{fffd}0A", 1), ("gb18030", [0xd6, 0x20, 0x41], "\u{fffd} A", 1),
      ("gb18030", [0x80], "€", 0), ("gb18030", [0xff], "\u{fffd}", 1),
      ("big5", [0xa4, 0x3c, 0x62], "\u{fffd}<b", 1),
      ("big5", [0x88, 0x62], "\u{ca}\u{304}", 0), ("big5", [0xa4], "\u{fffd}", 1),
      ("shift_jis", [0x82, 0xa0, 0x82], "あ\u{fffd}", 1), ("shift_jis", [0xb1], "ｱ", 0),
      ("euc-jp", [0x8f, 0xb0, 0xa1, 0x8f, 0xb0], "丂\u{fffd}", 1),
      ("euc-jp", [0x8f, 0xb0, 0x41], "\u{fffd}A", 1),
      ("euc-kr", [0xa4, 0xd4, 0xa4, 0xb6, 0xa4, 0xd0, 0xa4, 0xd4], "쓔", 0),
      ("euc-kr", [0xa4, 0xd4, 0x41], "\u{3164}A", 0),
      ("hz-gb-2312", [0x7e, 0x7b, 0x56, 0x50, 0x0a, 0x41], "中\nA", 0),
      ("hz-gb-2312", [0x7e, 0x7b, 0x56], "\u{fffd}", 1),
      ("hz-gb-2312", [0x61, 0x7e, 0x0a, 0x62, 0x7e, 0x7e], "ab~", 0),
      ("iso-2022-jp", [0x1b, 0x24, 0x42, 0x24, 0x22, 0x0a, 0x24], "あ\n\u{fffd}", 1),
      ("iso-2022-kr", [0x0e, 0x30, 0x21, 0x0f, 0x41], "가A", 0), ("utf-7", [0x2b, 0x41, 0x4f, 0x51], "ä", 0),
      ("utf-7", [0x2b, 0x21], "\u{fffd}!", 1), ("utf-16be", [0x4e, 0x2d, 0xd8], "中\u{fffd}", 1),
      ("utf-16le", [0x3d, 0xd8], "\u{fffd}", 1), ("utf-16le", [0x3d, 0xd8, 0x41, 0x00], "\u{fffd}A", 1),
      ("utf-32be", [0x00, 0x11, 0x00, 0x00, 0x00, 0x00], "\u{fffd}\u{fffd}", 2),
      ("utf-8", [0xe4, 0xb8], "\u{fffd}", 1), ("utf-8", [0xc0, 0x80], "\u{fffd}\u{fffd}", 2),
      ("utf-8", [0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}", 3),
      ("us-ascii", [0x41, 0xe9], "A\u{fffd}", 1),
      ("windows-1252", [0x80, 0x81], "€\u{81}", 0), ("koi8-u", [0xae], "ў", 0),
      ("iso-8859-3", [0xa5], "\u{fffd}", 1),
      ("utf-8", [0xef, 0xbb, 0xbf, 0x41], "A", 0), ("utf-16le", [0xff, 0xfe, 0x41, 0x00], "A", 0),
    ] as [(String, [UInt8], String, Int)])
  func malformedSequencesAreCounted(_ name: String, _ octets: [UInt8], _ text: String, _ malformed: Int)
    throws
  {
    let read = try decoded(octets, name)
    #expect(Array(read.text.unicodeScalars) == Array(text.unicodeScalars))
    #expect(read.malformed == malformed)
  }

  @Test func textIsComposed() throws {
    let text = Charset.decode("e\u{301}te\u{301} \u{1112}\u{1161}\u{11ab}".bytes, declared: "utf-8")
    #expect(Array(text.text.unicodeScalars) == Array("\u{e9}t\u{e9} \u{d55c}".unicodeScalars))
    #expect(Array(try decoded([0x65, 0xec], "windows-1258").text.unicodeScalars) == ["\u{e9}"])
    // A compatibility ideograph of KS X 1001 is the ideograph (NFC).
    let gold = try #require(encoded("\u{f90a}", "UHC"))
    #expect(Array(try decoded(gold, "euc-kr").text.unicodeScalars) == ["\u{91d1}"])
  }

  @Test func asciiStaysWhateverItsLabel() {
    for label in [nil, "utf-8", "gb2312", "nonsense", "iso-2022-jp", "utf-7", "utf-16", "hz-gb-2312"] {
      let text = Charset.decode("plain text".bytes, declared: label)
      #expect(text.text == "plain text", "\(label ?? "-")")
      #expect(text.malformed == 0)
    }
    #expect(!Charset.decode("a".bytes, declared: nil).isGuessed)
    #expect(Charset.decode("a".bytes, declared: "nonsense").isGuessed)
    #expect(Charset.decode([], declared: nil).text.isEmpty)
    #expect(Charset.decode([], declared: "utf-16").text.isEmpty)
  }

  @Test func aByteOrderMarkIsHeard() {
    let chinese = Charset.decode(([0xef, 0xbb, 0xbf] + "中文".bytes)[...], declared: "gb2312")
    #expect(chinese.text == "中文" && chinese.charset == .utf8 && chinese.isGuessed)
    let wide = Charset.decode([0xfe, 0xff, 0x4e, 0x2d, 0x65, 0x87], declared: "utf-16")
    #expect(wide.text == "中文" && wide.malformed == 0)
    let header = Charset.decode([0xfe, 0xff, 0x4e, 0x2d, 0x65, 0x87], declared: "utf-16", isHeader: true)
    #expect(header.text == "中文")
    let letters = Charset.decode([0xff, 0xfe, 0x41], declared: "windows-1252")
    #expect(letters.text == "ÿþA")
  }

  @Test func joinedWordsOfAHeaderAreForgiven() {
    let japanese: [UInt8] = [0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42]
    let joined = Charset.decode((japanese + japanese)[...], declared: "iso-2022-jp", isHeader: true)
    #expect(joined.text == "ああ" && joined.malformed == 0)
    // `=B0_` of Big5 with an underscore for 0x5f.
    let octets: [UInt8] = [0xa4, 0x40, 0xb0, 0x20, 0xa8, 0xd3]
    #expect(Charset.decode(octets[...], declared: "big5", isHeader: true).text == "一起來")
    #expect(Charset.decode(octets[...], declared: "big5").text == "一\u{fffd} 來")
  }
}
