import Bytes
import MailAuthentication
import MessageViews
import Testing

@testable import Checks

/// The parts that the content checks are made of.
@Suite struct ContentCheckTests {
  private static let suffixes = PublicSuffixes.parse(Array("com\nnet\norg\nuk\nco.uk\n".utf8))
  private let names = HostNames(suffixes: Self.suffixes)

  // MARK: - Names

  @Test(arguments: [
    ("pple-43d", "\u{430}pple"), ("bcher-kva", "bücher"), ("fiqs8s", "中国"), ("e1afmkfd", "пример"),
    ("", ""), ("abc-", "abc"),
  ])
  func punycodeIsReadBack(_ label: String, expected: String) {
    #expect(Punycode.decoded(Array(label.utf8)) == expected)
  }

  @Test func punycodeHasBounds() {
    for label in ["a_b", "99999999999", "zzzzzzzzzzzzzzzzzzzzzzzzzzzz", "é"] {
      #expect(Punycode.decoded(Array(label.utf8)) == nil, "\(label)")
    }
    #expect(Punycode.decoded([UInt8](repeating: 0x61, count: 60)) == nil)
    // Whatever stands behind xn--, it is read or it is not.
    var seed: UInt64 = 7
    for _ in 0..<20_000 {
      var label: [UInt8] = []
      for _ in 0..<Int(seed >> 33 % 60) {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        label.append(Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)[Int(seed >> 33) % 37])
      }
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      _ = Punycode.decoded(label)
    }
  }

  @Test(arguments: [
    ("xn--pple-43d", true), ("p\u{430}ypal", true), ("рахра", true), ("bücher", false),
    ("xn--bcher-kva", false),
    ("中国", false), ("пример", false), ("plain", false), ("xn--", false),
  ])
  func disguisesAreTold(_ label: String, isDisguised: Bool) {
    #expect(HostNames.isDisguised(label: label) == isDisguised)
  }

  @Test(arguments: [
    ("https://www.bank.com/login", "www.bank.com"), ("bank.com", "bank.com"),
    ("WWW.Bank.test", "www.bank.test"),
    ("http://bank.test:8080", "bank.test"), ("bank.com/x", "bank.com"),
  ])
  func labelsThatAreHosts(_ label: String, host: String) { #expect(HostLabel.host(in: label) == host) }

  @Test(arguments: [
    "click here", "README.md", "main.rs", "ASP.NET", "a@bank.com", "1.2", "3.50", "etc.", "", "v1.2.3",
    "http://", "file.zip", "https://192.0.2.1/",
  ])
  func labelsThatAreText(_ label: String) { #expect(HostLabel.host(in: label) == nil) }

  // MARK: - Look-alikes

  @Test(arguments: [
    "rnerchant.com", "merch\u{430}nt.com", "mail.rnerchant.com", "merchant.com.login.net",
    "a.merchant.com.b.co.uk",
  ])
  func imitationsDeceive(_ host: String) {
    #expect(LookalikeDomains(["merchant.com"], names).likeness(of: host) == .deceptive(own: "merchant.com"))
  }

  @Test(arguments: [
    "merchannt.com", "mercant.com", "mercahnt.com", "m3rchant.com", "merchamt.co.uk", "www.merchants.com",
  ])
  func oneLetterMayBeAMistake(_ host: String) {
    #expect(LookalikeDomains(["merchant.com"], names).likeness(of: host) == .misspelt(own: "merchant.com"))
  }

  @Test(arguments: ["merchant.net", "merchant-login.com", "my-merchant.org", "merchant-com.net"])
  func variantsMayBeOnesOwn(_ host: String) {
    #expect(LookalikeDomains(["merchant.com"], names).likeness(of: host) == .variant(own: "merchant.com"))
  }

  @Test(arguments: [
    "merchant.com", "www.merchant.com", "MERCHANT.com.", "market.com", "com", "merchants-of-venice.com",
    "trenchant.com", "192.0.2.1", "", "..", "merchandise.net",
  ])
  func othersAreOthers(_ host: String) {
    #expect(LookalikeDomains(["merchant.com"], names).likeness(of: host) == nil)
  }

  @Test func shortNamesResembleByChance() {
    let own = LookalikeDomains(["acme.com", "x.org"], names)
    for host in ["acne.com", "acm.com", "y.org", "x.com", "x-files.com"] {
      #expect(own.likeness(of: host) == nil, "\(host)")
    }
    #expect(own.likeness(of: "acme.net") == .variant(own: "acme.com"))
  }

  // MARK: - Invisible characters

  @Test(arguments: [
    ("V\u{200b}iagra", 1), ("v\u{2060}i\u{feff}a", 1), ("a\u{200b}b c\u{200b}d", 2), ("中\u{200b}国", 1),
    ("При\u{200d}вет", 1), ("v\u{ad}i\u{ad}a\u{ad}gra", 1), ("plain", 0), ("", 0),
    ("Donau\u{ad}dampf\u{ad}schiff", 0), ("می\u{200c}خواهم", 0), ("क्\u{200d}ष", 0),
    ("👩\u{200d}💻 x", 0), ("@\u{200b}user", 0), ("\u{feff}start", 0), ("end\u{200b}", 0),
    ("one\u{200b} two", 0),
  ])
  func wordsThatAreCutApart(_ text: String, count: Int) {
    #expect(InvisibleCharacters.words(in: text) == count)
  }

  // MARK: - Letters

  @Test(arguments: [
    ("Am\u{430}zon", 1), ("P\u{430}yP\u{430}l and \u{391}pple", 2), ("plain", 0), ("", 0), ("Привет", 0),
    ("отчёт Amazon", 0), ("5 \u{3bc}m", 0), ("IT-отдел", 0), ("\u{430}", 0), ("naïve café", 0),
  ])
  func wordsInDisguiseAreCounted(_ text: String, count: Int) {
    #expect(DisguisedWords.count(in: text) == count)
  }

  @Test(arguments: [
    ("=41=42=43", 2), ("x=41=42=43", 3), ("\n=46rom a=3Db=2E", 0), ("x=4", 0), ("x=", 0), ("", 0),
    ("x=\r\n=41y=61", 1), ("x=C3=A9=e4", 0), ("x==41", 1),
  ])
  func quotedLettersAreCounted(_ text: String, count: Int) {
    #expect(EncodedLetters.quoted(Array(text.utf8)[...]) == count)
  }

  @Test(arguments: [
    ("&#65;&#x42;&#X43", 3), ("&#20013;&#233;&amp;&lt;", 0), ("&#", 0), ("&#x", 0), ("&#;&#x;", 0), ("", 0),
    ("&#0000065;", 1), ("&#99999999999999999999999999;", 0), ("&&#65;", 1), ("&#46;&#64;", 0),
  ])
  func referencesOfLettersAreCounted(_ html: String, count: Int) {
    #expect(EncodedLetters.references(html + "    ") == count)
  }

  // MARK: - Links

  @Test(
    arguments: [
      ("http://a.test/b?c#d", nil, "a.test", "/b?c#d"), ("https://u:p@A.test:8/", "u", "A.test", "/"),
      ("http:\\\\a.test\\b", nil, "a.test", "\\b"), ("http:a.test", nil, "a.test", ""),
      ("//www.bank.com%2F@a.test?X", "www.bank.com/", "a.test", "?x"),
      (" h\nttp://a.\ttest/", nil, "a.test", "/"),
      ("http://[2001:db8::1]:80/", nil, "[2001:db8::1]:80", "/"), ("http://a@b@c/", "a@b", "c", "/"),
    ] as [(String, String?, String, String)])
  func authoritiesAreSplitAsBrowsersDo(_ link: String, user: String?, host: String, rest: String) throws {
    let authority = try #require(LinkAuthority(link))
    #expect(authority.user == user && authority.host == host && authority.rest == rest)
  }

  @Test(arguments: ["", "/a/b", "a.test/b", "#x", "http://", "http:///?", "?//a.test"])
  func othersHaveNoAuthority(_ link: String) { #expect(LinkAuthority(link) == nil) }

  // MARK: - Header

  @Test func outlooksIdsTellTheirTime() throws {
    let time = try #require(OutlookID.time("<000601c24d2d$3e0b9d70$0100007f@host>"))
    #expect(time.isoDay == "2002-08-26" || time.isoDay == "2002-08-27" || time.isoDay == "2002-08-25")
    #expect(try #require(OutlookID.time("<6280401c22eae$fc1ab0b0$6b01a8c0@x>")).civil.year == 2002)
    #expect(try #require(OutlookID.time("<00003a9c22bc$000065e7$000067d7@x>")).civil.year > 5000)
    for other in [
      "", "<>", "<1.2@x>", "<000601c24d2d$3e0b9d70@x>", "<000601c24d2g$3e0b9d70$0100007f@x>",
      "<000601c24d2d$3e0b9d7$0100007f@x>", "000601c24d2d$3e0b9d70$0100007f@x",
    ] {
      #expect(OutlookID.time(other) == nil, "\(other)")
    }
  }

  @Test(arguments: [
    ("<a@b>", true), ("<a@b> (added by x)", true), ("<a@@b>", true), ("<a b@c>", false), ("<a@>", false),
    ("<@a>", false), ("a@b", false), ("<a>", false), ("<a@b> x", false), ("", false), ("<a@b", false),
  ])
  func idsAreOfTheirForm(_ id: String, isWell: Bool) { #expect(HeaderShapeCheck.isMessageID(id) == isWell) }

  @Test(arguments: [
    ("a@b.test <a@b.test>", true), ("A. B. <a@b.test>", true), ("A, B <a@b.test>", false),
    ("<<a@b.test>", false), ("a <a@b.test> b", false), ("a <a@b@c>", false), ("a <b>", false), ("", false),
    ("a@b.test", false), ("a <a b@c.test>", false),
  ])
  func namesThatAreOnlyNotQuotedArePlain(_ from: String, isPlain: Bool) {
    #expect(HeaderShapeCheck.isPlain(from) == isPlain)
  }

  // MARK: - Languages

  @Test(arguments: [
    ("大家好，会议改到星期一", "zh"), ("会議は月曜日の十時に変更になりました", "ja"), ("안녕하세요 여러분", "ko"),
    ("Уважаемые коллеги", "ru"), ("שלום לכולם", "he"), ("Καλημέρα σας", "el"), ("สวัสดีครับ", "th"),
    ("مرحبا بالجميع", "ar"), ("नमस्ते दोस्तों", "hi"),
  ])
  func lettersTellTheLanguage(_ text: String, language: String) throws {
    let counts = TextLetters(text).counts
    let most = try #require(counts.max { $0.count < $1.count })
    #expect(most.language == language)
  }

  @Test(arguments: [
    (
      "The minutes of the meeting are attached, and you can send us your questions for the board on Monday.",
      "en"
    ),
    (
      "Das Protokoll der Sitzung liegt bei, und Sie können uns Ihre Fragen für den Vorstand bis Montag senden.",
      "de"
    ),
    (
      "Le procès-verbal de la réunion est joint, et vous pouvez nous envoyer vos questions pour le conseil.",
      "fr"
    ),
    (
      "El acta de la reunión se adjunta, y puede enviarnos las preguntas para el consejo que tenga el lunes.",
      "es"
    ),
    (
      "Il verbale della riunione è in allegato, e le domande per il consiglio si possono inviare con una nota.",
      "it"
    ),
    (
      "A ata da reunião segue em anexo, e você pode enviar as perguntas para o conselho até segunda com um aviso.",
      "pt"
    ),
    (
      "Het verslag van de vergadering is bijgevoegd, en u kunt uw vragen voor het bestuur tot maandag aan ons sturen.",
      "nl"
    ),
    (
      "Protokół z posiedzenia jest w załączniku i można do nas wysłać pytania dla zarządu na poniedziałek, a nie po nim.",
      "pl"
    ),
    (
      "Protokollet från mötet är bifogat, och du kan skicka frågor till styrelsen på måndag med ett brev som vi läser.",
      "sv"
    ),
    (
      "Toplantının tutanağı ektedir ve bu konuda bir soru için bize yazın, çok teşekkür ederiz ne olursa bizim için.",
      "tr"
    ),
    (
      "Biên bản của cuộc họp được gửi kèm và bạn có thể gửi các câu hỏi cho chúng tôi trong ngày thứ hai, không có gì.",
      "vi"
    ),
  ])
  func smallWordsTellTheLanguage(_ text: String, language: String) {
    #expect(LatinWords.language(of: text) == language)
  }

  @Test(arguments: [
    "", "Minutes attached. Bob",
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt",
    "Уважаемые коллеги, заседание переносится на понедельник, протокол мы вышлем всем участникам позже, спасибо вам",
    "x y z q x y z q x y z q x y z q", "12 34 56 78 90 12 34 56 78 90 12 34 56 78",
  ])
  func whatIsNotClearIsNotTold(_ text: String) { #expect(LatinWords.language(of: text) == nil) }

  @Test func ukrainianIsCyrillicToo() {
    let counts = TextLetters("Шановні колеги, її збори відбудуться о десятій").counts
    #expect(counts.contains { $0.language == "uk" && $0.count > 20 })
    #expect(counts.contains { $0.language == "ru" && $0.count > 20 })
    #expect(TextLetters("Уважаемые коллеги").counts.contains { $0.language == "uk" && $0.count == 0 })
  }
}
