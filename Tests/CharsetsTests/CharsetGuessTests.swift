import Charsets
import Testing

@Suite struct CharsetGuessTests {
  @Test(arguments: [
    ("GB18030", "EUC-CN", "尊敬的客户：本公司代开各类发票，欢迎来电咨询。"), ("GB18030", "GBK", "您的账户已经被冻结，请立即验证密码"),
    ("GB18030", "EUC-CN", "会议通知"), ("GB18030", "EUC-CN", "Re: 关于合作的问题 (2)"),
    ("Big5", "BIG5", "親愛的客戶：歡迎光臨本公司網站，謝謝您的支持。"),
    ("Big5", "BIG5", "會議通知與請假單"), ("Big5", "BIG5", "Fwd: 這是我們的新產品"),
    ("Shift_JIS", "CP932", "お世話になっております。株式会社の田中です。"),
    ("Shift_JIS", "CP932", "ご請求書の送付について"), ("EUC-JP", "EUC-JP", "お世話になっております。株式会社の田中です。"),
    ("EUC-JP", "EUC-JP", "会議のお知らせ"), ("EUC-KR", "EUC-KR", "안녕하세요. 회의 일정을 알려 드립니다."),
    ("EUC-KR", "EUC-KR", "회의 안내"),
    ("windows-1251", "CP1251", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("windows-1251", "CP1251", "ВНИМАНИЕ: Важное сообщение"),
    ("KOI8-R", "KOI8-R", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("KOI8-R", "KOI8-R", "Приглашение на встречу"),
    ("IBM866", "CP866", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("ISO-8859-5", "ISO-8859-5", "Уважаемый клиент, сообщаем о новых ценах."),
    ("windows-1252", "CP1252", "Réunion prévue à l’école: été à Genève, façade"),
    ("windows-1252", "CP1252", "Größe, Übung und Straße für Jürgen"),
    ("windows-1252", "CP1252", "El niño está aquí, mañana lloverá"),
    ("windows-1252", "CP1252", "Only £4.50 – or £5 at the door"), ("windows-1252", "CP1252", "© 2002 Weir®"),
    ("windows-1252", "CP1252", "one.\u{a0} two.\u{a0} three!\u{a0}four\u{a0}"),
    ("windows-1252", "CP1252", "a café – the café – a naïve façade"),
    ("windows-1254", "CP1254", "Canlı sohbet odasına girin, resim arşivimize bakın"),
    ("windows-1254", "CP1254", "Sayın üyemiz, fırsatları kaçırmayın"),
    ("windows-1251", "CP1251", "Я и ты: в лес, к реке, с утра до ночи"),
    ("KOI8-R", "KOI8-R", "Он и она"), ("IBM866", "CP866", "Счет и акт"),
    ("UTF-8", "UTF-8", "été"),
    ("UTF-8", "UTF-8", "发票"),
    ("ISO-2022-JP", "ISO-2022-JP", "日本語"), ("ISO-2022-KR", "ISO-2022-KR", "한국어"),
    ("ISO-2022-CN", "ISO-2022-CN", "中文"),
    ("HZ-GB-2312", "HZ", "代开发票"), ("US-ASCII", "US-ASCII", "plain ~{ text }~ here"),
  ])
  func textIsKnownByItsCharacters(_ name: String, _ encoding: String, _ text: String) throws {
    let octets = try #require(encoded(text, encoding))
    let guess = CharsetGuess.of(octets[...])
    #expect(guess.charset.name == name, "\(guess)")
    #expect(guess.confidence > 0.3)
    let read = Charset.decode(octets[...], declared: nil)
    #expect(read.text == text)
    #expect(read.isGuessed == (name != "US-ASCII"))
    #expect(Charset.decode(octets[...], declared: "x-unknown", isHeader: true).text == text)
  }

  @Test func aGuessIsNoBetterThanItsEvidence() throws {
    let two = CharsetGuess.of(try #require(encoded("会议", "GBK"))[...])
    let many = CharsetGuess.of(try #require(encoded("尊敬的客户：本公司代开各类发票，欢迎来电。", "GBK"))[...])
    #expect(two.confidence < 0.75)
    #expect(many.confidence > 0.8)
    #expect(CharsetGuess.of([0xff, 0xfe, 0xfd, 0x81][...]).confidence < 0.3)
    #expect(Charset.decode([0x41, 0xe9], declared: nil).charset == .windows1252)
    for line in ["¯¯¯¯¯¯ hello ¯¯¯¯¯¯", "×××××× 50% ××××××", "\u{a0}\u{a0}\u{a0}\u{a0}", "§§ 12"] {
      let octets = try #require(encoded(line, "CP1252"))
      #expect(Charset.decode(octets[...], declared: nil).text == line)
    }
    // What has the octets of Turkish and is none.
    let icelandic = try #require(encoded("Það er gott að þú komst í dag, þakka þér", "CP1252"))
    #expect(CharsetGuess.of(icelandic[...]).charset == .windows1252)
  }

  @Test(arguments: [
    // What was declared, what it is, and what comes out.
    ("us-ascii", "EUC-CN", "尊敬的客户：代开发票"), ("iso-8859-1", "EUC-CN", "尊敬的客户：本公司代开各类发票，欢迎来电咨询。"),
    ("iso-8859-1", "UTF-8", "尊敬的客户"), ("windows-1252", "UTF-8", "été à Genève"),
    ("gb2312", "UTF-8", "尊敬的客户，您好"),
    ("big5", "EUC-CN", "尊敬的客户：本公司代开各类发票，欢迎来电咨询。"), ("gb2312", "BIG5", "親愛的客戶：歡迎光臨本公司網站，謝謝您的支持。"),
    ("utf-8", "EUC-CN", "尊敬的客户：本公司代开各类发票"), ("utf-8", "CP1251", "Уважаемый клиент, сообщаем вам"),
    ("koi8-r", "CP1251", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("windows-1251", "KOI8-R", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("iso-8859-1", "CP1251", "Уважаемый клиент, сообщаем вам о новых ценах."),
    ("hz-gb-2312", "EUC-CN", "尊敬的客户：本公司代开各类发票"),
    ("iso-2022-jp", "CP932", "お世話になっております。株式会社の田中です。"), ("us-ascii", "ISO-2022-JP", "日本語のテキスト"),
    ("utf-16", "US-ASCII", "this is plain text, and no UTF-16"),
  ])
  func aWrongLabelIsToldAndMended(_ label: String, _ encoding: String, _ text: String) throws {
    let octets = try #require(encoded(text, encoding))
    let read = Charset.decode(octets[...], declared: label)
    #expect(read.text == text)
    #expect(read.isGuessed)
    #expect(read.malformed == 0)
  }

  @Test(arguments: [
    ("gb2312", "GBK", "朱镕基與龍門陣"), ("gb2312", "GB18030", "㐀㐁 生僻字 𠀀"), ("gbk", "GBK", "囍"),
    ("big5", "BIG5-HKSCS", "佢哋喺度嘅嘢"),
    ("iso-8859-1", "CP1252", "“Smart” – quotes…"), ("windows-1252", "CP1252", "Réunion à l’école"),
    ("iso-8859-1", "CP1252", "é"),
    // Few octets above 127, which alone are also letters of Russian.
    (
      "iso-8859-1", "CP1252",
      "A tractor – or a lorry – which came – perhaps – at night – said he – again – twice"
    ),
    (
      "windows-1252", "CP1252",
      "Eat.\u{a0} Sleep.\u{a0} Lose weight!\u{a0}\u{a0} I know.\u{a0} You know.\u{a0} Now.\u{a0}"
    ),
    ("iso-8859-1", "CP1252", "£5 £6 £7 £8 £9 £10 £11"), ("windows-1252", "CP1252", "1·2·3·4·5·6·7·8·9"),
    ("windows-1251", "CP1251", "Привет"), ("koi8-r", "KOI8-R", "Привет, как дела"),
    ("utf-8", "UTF-8", "Привет"),
    ("shift_jis", "CP932", "①髙﨑"), ("euc-kr", "UHC", "똠방각하"),
    ("iso-8859-2", "ISO-8859-2", "Příliš žluťoučký kůň"),
    ("iso-8859-1", "CP1252", "ÀÉÈÙ ÇA VA ÊTRE TRÈS CHER"), ("windows-1252", "CP1252", "€€€ £££ ©®™"),
  ])
  func aLabelThatFitsIsHonoured(_ label: String, _ encoding: String, _ text: String) throws {
    let octets = try #require(encoded(text, encoding))
    let read = Charset.decode(octets[...], declared: label)
    #expect(read.text == text)
    #expect(!read.isGuessed)
    #expect(read.malformed == 0)
  }

  /// One broken character does not turn a text into another charset's.
  @Test func aFewBrokenCharactersAreBrokenCharacters() throws {
    let chinese = try #require(encoded("尊敬的客户：本公司代开各类发票，欢迎来电咨询。", "GBK"))
    let cut = Charset.decode(chinese.dropLast(), declared: "gb2312")
    #expect(cut.charset == .gb18030 && !cut.isGuessed && cut.malformed == 1)
    let broken = Charset.decode(("价格优惠".bytes + [0xff] + "欢迎来电".bytes)[...], declared: "utf-8")
    #expect(broken.charset == .utf8 && !broken.isGuessed && broken.malformed == 1)
  }
}
