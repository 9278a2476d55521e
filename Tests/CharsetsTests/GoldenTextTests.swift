import Charsets
import MailSyntax
import Testing

/// The same text, however it is written, is one to a rule.
@Suite struct GoldenTextTests {
  /// A text in simplified and in traditional characters.
  static let texts: [(simplified: String, traditional: String)] = [
    ("尊敬的客户：本公司代开各类发票，欢迎来电！", "尊敬的客戶：本公司代開各類發票，歡迎來電！"),
    ("点击下载免费软件，优惠价格只要三百元。", "點擊下載免費軟件，優惠價格只要三百元。"),
    ("您的银行账户已经被冻结，请立即验证密码。", "您的銀行賬戶已經被凍結，請立即驗證密碼。"),
    ("国际贸易合作，质量保证，价钱便宜", "國際貿易合作，質量保證，價錢便宜"),
    ("报关进口业务：联系电话138-0013-8000，加QQ群12345", "報關進口業務：聯繫電話138-0013-8000，加QQ群12345"),
    ("后来我们学习汉语和写字，还听音乐", "後來我們學習漢語和寫字，還聽音樂"),
  ]

  /// What a disguise does to a text.
  static let disguises: [(name: String, apply: @Sendable (String) -> String)] = [
    ("plain", { $0 }),
    ("spaced", { spaced($0, with: " ") }),
    ("widely spaced", { spaced($0, with: "\u{3000} ") }),
    ("a line each", { spaced($0, with: "\r\n") }),
    ("widened", { String(String.UnicodeScalarView($0.unicodeScalars.map(widened))) }),
    ("narrowed", { String(String.UnicodeScalarView($0.unicodeScalars.map(narrowed))) }),
    ("in capitals", { $0.uppercased() }), ("in small letters", { $0.lowercased() }),
    ("with invisible characters", { $0.map { "\($0)\u{200b}\u{2060}" }.joined() }),
    (
      "widened and spaced",
      { spaced(String(String.UnicodeScalarView($0.unicodeScalars.map(widened))), with: " ") }
    ),
  ]

  private static func isIdeograph(_ character: Character) -> Bool {
    character.unicodeScalars.allSatisfy { (0x4e00...0x9fff).contains($0.value) }
  }

  private static func spaced(_ text: String, with space: String) -> String {
    var result = ""
    var last: Character?
    for character in text {
      if let last, isIdeograph(last), isIdeograph(character) { result += space }
      result.append(character)
      last = character
    }
    return result
  }

  private static func widened(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    (0x21...0x7e).contains(scalar.value) ? Unicode.Scalar(scalar.value + 0xfee0) ?? scalar : scalar
  }

  private static func narrowed(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    (0xff01...0xff5e).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0xfee0) ?? scalar : scalar
  }

  private static let simplifiedCharsets = [
    "EUC-CN", "GBK", "GB18030", "HZ", "ISO-2022-CN", "UTF-8", "UTF-16LE", "UTF-16BE", "UTF-7",
  ]
  private static let traditionalCharsets = [
    "BIG5", "BIG5-HKSCS", "GBK", "GB18030", "EUC-TW", "UTF-8", "UTF-16BE", "UTF-7",
  ]
  private static let labels = [
    "EUC-CN": "gb2312", "HZ": "hz-gb-2312", "BIG5-HKSCS": "big5-hkscs",
  ]

  @Test(arguments: texts.indices)
  func allFoldTheSame(_ index: Int) throws {
    let (simplified, traditional) = Self.texts[index]
    let view = TextFolding.fold(simplified)
    #expect(view.unicodeScalars.contains { $0.value > 0x4e00 })
    var count = 0
    for (texts, charsets) in [
      (simplified, Self.simplifiedCharsets), (traditional, Self.traditionalCharsets),
    ] {
      for (name, apply) in Self.disguises {
        let disguised = apply(texts)
        #expect(TextFolding.fold(disguised) == view, "\(name)")
        for charset in charsets {
          // Not every charset has every disguise.
          guard let octets = encoded(disguised, charset) else { continue }
          count += 1
          let read = Charset.decode(octets[...], declared: Self.labels[charset] ?? charset)
          #expect(TextFolding.fold(read.text) == view, "\(name) in \(charset): \(read)")
          #expect(!read.isGuessed, "\(name) in \(charset)")
        }
      }
    }
    #expect(count > 100)
  }

  /// Without a label, too, where octets tell it.
  @Test(arguments: texts.indices)
  func unlabelledTextsFoldTheSame(_ index: Int) throws {
    let (simplified, traditional) = Self.texts[index]
    let view = TextFolding.fold(simplified)
    for (text, charset) in [
      (simplified, "EUC-CN"), (simplified, "GBK"), (simplified, "GB18030"), (simplified, "HZ"),
      (simplified, "ISO-2022-CN"),
      (simplified, "UTF-8"), (traditional, "BIG5"), (traditional, "UTF-8"), (traditional, "GBK"),
    ] {
      let octets = try #require(encoded(text, charset))
      for label in [nil, "x-unknown", "us-ascii"] {
        let read = Charset.decode(octets[...], declared: label, isHeader: true)
        #expect(TextFolding.fold(read.text) == view, "\(charset) as \(label ?? "nothing"): \(read)")
        #expect(read.isGuessed)
      }
    }
  }
}
