import Charsets
import Testing

@Suite struct TextFoldingTests {
  @Test(arguments: [
    ("Ｖｉａｇｒａ", "viagra"), ("𝓥𝓲𝓪𝓰𝓻𝓪", "viagra"), ("ⓥⓘⓐⓖⓡⓐ", "viagra"), ("ᴠɪᴀɢʀᴀ", "viagra"),
    ("🅥🅘🅐🅖🅡🅐", "viagra"),
    ("v̶i̶a̶g̶r̶a̶", "viagra"), ("v\u{30a}i\u{325}a\u{337}gra", "viagra"),
    ("V\u{200b}I\u{ad}A\u{feff}G\u{202e}R\u{2060}A", "viagra"),
    ("v i a g r a", "v i a g r a"), ("Vi\u{0}a\u{1}gra", "viagra"), ("a\u{e0041}b", "ab"),
    ("РауРаL", "paypal"), ("раураl login", "paypal login"), ("ВАNК оf Аmеriса", "bank of america"),
    ("ΡΑΥΡΑL", "paypal"),
    ("Мicrosоft", "microsoft"), ("кpедит", "кредит"), ("Kpeдит", "кредит"),
    ("Привет, как дела у вас", "привет, как дела у вас"),
    ("это просто сор", "это просто сор"), ("ο καιρός σήμερα", "ο καιρόσ σήμερα"),
    ("naïve café", "naïve café"),
    ("STRASSE Straße", "strasse strasse"), ("發票代開", "发票代开"), ("發 票\n代 開", "发票代开"), ("发　票", "发票"),
    ("ｶﾞﾝﾊﾞﾚ", "ガンバレ"),
    ("发票 , 代开 （ 优惠 ）", "发票,代开(优惠)"), ("加 QQ 123 456", "加 qq 123 456"), ("한국어 텍스트", "한국어 텍스트"),
    ("  a \t\r\n b　", "a b"),
    ("в™ј", "btmj"), ("Яа.м. ж㏂ ж", "яа.м. жа.m. ж"), ("don’t — “quote”", "don't - \"quote\""),
    ("①②③", "123"), ("\u{2f00}\u{f900}", "一岂"), ("", ""),
    ("   ", ""), ("\u{200b}", ""),
  ])
  func disguisesAreTakenOff(_ text: String, _ folded: String) {
    #expect(
      Array(TextFolding.fold(text).unicodeScalars) == Array(folded.unicodeScalars),
      "\(TextFolding.fold(text))")
  }

  @Test(arguments: [
    ("paypal", "раураl"), ("paypal", "paypa1"), ("google", "g00gle"), ("google", "ɡoogle"),
    ("example", "ехämple"), ("apple", "аррӏе"),
    ("microsoft", "rnicrosoft"), ("bank", "вank"), ("Example.ORG", "example.org"), ("bücher", "bucher"),
    ("icloud", "ⅰcloud"),
  ])
  func namesThatLookAlikeHaveOneSkeleton(_ one: String, _ other: String) {
    #expect(TextFolding.skeleton(one) == TextFolding.skeleton(other))
  }

  @Test(arguments: [
    ("paypal", "paypol"), ("example", "exarnpIes"), ("bank", "dank"), ("google", "goggle"), ("中国", "中國"),
  ])
  func othersHaveTheirOwn(_ one: String, _ other: String) {
    #expect(TextFolding.skeleton(one) != TextFolding.skeleton(other))
  }

  /// What is more than ASCII is looked up at length.
  @Test func theShortWayForASCIIIsTheLongOne() {
    var value: UInt64 = 6
    for _ in 0..<2000 {
      var text = ""
      for _ in 0..<(value % 40) {
        value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.unicodeScalars.append(Unicode.Scalar(UInt8(value >> 57)))
      }
      value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      #expect(TextFolding.skeleton(text) + "中" == TextFolding.skeleton(text + "中"), "\(Array(text.utf8))")
    }
  }

  @Test func aFoldedTextFoldsToItself() throws {
    TextFolding.prepare()
    var wrong: [String] = []
    for value in UInt32(0x80)..<0x3_2000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      // Ideographs and syllables are many and alike: some of them.
      if value > 0x4e00, value < 0xd7a3, value % 7 != 0 { continue }
      if value >= 0x2_0000, value % 97 != 0 { continue }
      let text = "\(Character(scalar))"
      let once = TextFolding.fold(text)
      if Array(TextFolding.fold(once).utf8) != Array(once.utf8) { wrong.append(String(value, radix: 16)) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func mixturesFoldToThemselves() {
    var numbers = Numbers(7)
    let letters = Array("abPAYpayАВСавсркяЖжΑαβΩ中國发票ｱあ 　１2,，。\u{301}\u{200b}ﬁ①VvUu-’")
    for _ in 0..<3000 {
      let count = Int(numbers.next() % 24)
      let text = String((0..<count).compactMap { _ in letters.randomElement(using: &numbers) })
      let once = TextFolding.fold(text)
      #expect(Array(TextFolding.fold(once).unicodeScalars) == Array(once.unicodeScalars), "\(text)")
      #expect(!once.hasPrefix(" ") && !once.hasSuffix(" ") && !once.contains("  "))
    }
  }

  @Test func threadsShareTheTables() async {
    let texts = ["發票 ВАNК", "раураl", "Ｖｉａｇｒａ e\u{301}", "日本語 ｶﾞ", "안녕"]
    let labels = HostileOctetsTests.names + ["KOI8-T", "IBM860", "TCVN", "hp-roman8", "x-mac-ce"]
    let results = await withTaskGroup(of: [String].self) { group in
      for _ in 0..<16 {
        group.addTask {
          texts.map(TextFolding.fold) + texts.map(TextFolding.skeleton)
            + labels.map {
              Charset.decode([0xd6, 0xd0, 0xce, 0xc4, 0x1b, 0x24, 0x42, 0x30, 0x21], declared: $0).text
            }
        }
      }
      return await group.reduce(into: Set<[String]>()) { $0.insert($1) }
    }
    #expect(results.count == 1)
  }
}
