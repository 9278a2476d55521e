import Bytes
import Charsets
import Filtering
import MailSyntax
import MessageViews
import RuleLanguage
import TestSupport
import Testing

@testable import weir

/// What of a stranger's text reaches the terminal, and how it is laid out there.
@Suite struct ScanTextTests {
  @Test func whatSteersATerminalIsEscaped() {
    #expect(SafeText.line("a\u{1b}[31mb") == "a\\x1b[31mb")
    #expect(SafeText.line("a\r\nb\u{7}\u{7f}\u{9b}2J") == "a\\x0d\\x0ab\\x07\\x7f\\x9b2J")
    #expect(SafeText.line("fac\u{202e}txt.exe\u{2069}") == "fac\\u{202e}txt.exe\\u{2069}")
    #expect(SafeText.line("a\u{2028}b\u{2029}c") == "a\\u{2028}b\\u{2029}c")
    #expect(SafeText.line("a\u{200b}b\u{feff}c\u{ad}d") == "a\\u{200b}b\\u{feff}c\\xadd")
    // Tags and fillers, which nobody sees.
    #expect(SafeText.line("x\u{e0041}\u{3164}y") == "x\\u{e0041}\\u{3164}y")
  }

  @Test func whyARuleWasNotJudgedIsSaid() {
    let outcomes: [RuleTrace.Outcome] = [
      .off(byConfiguration: true), .off(byConfiguration: false), .optedOut, .skipped, .failed,
    ]
    #expect(
      outcomes.map(\.note) == [
        "off by [rules]", "its mode is off", "the recipient opted out of it", "not its turn", nil,
      ])
  }

  @Test func whatLanguagesNeedStays() {
    for text in ["发票 開立", "會議のお知らせ", "Счёт на оплату", "안녕하세요", "naïve – “quoted”", "می‌خواهم", "👨‍👩‍👧 ❤️"] {
      #expect(SafeText.line(text) == text)
    }
    // A joiner by itself joins nothing.
    #expect(SafeText.line("a\u{200c}b") == "a\\u{200c}b")
    #expect(SafeText.line("发\u{200d}") == "发\\u{200d}")
  }

  @Test func manyOfOneKindAreCounted() {
    #expect(SafeText.line("a" + String(repeating: "\u{200b}", count: 40) + "b") == "a\\u{200b}×40b")
    #expect(SafeText.line("\u{200b}\u{200b}") == "\\u{200b}\\u{200b}")
    let heap = "e" + String(repeating: "\u{301}", count: 100)
    let shown = SafeText.line(heap)
    #expect(shown.unicodeScalars.count < 30 && shown.hasSuffix("\\u{301}×94"), "\(shown)")
    #expect(SafeText.line(String(repeating: "字", count: 1000), most: 11) == "字字字字字…")
  }

  @Test func nothingGetsThroughWhateverItIs() {
    for value in UInt32(0)...0x2_ffff {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let shown = SafeText.line("a\(scalar)b")
      let steers = shown.unicodeScalars.contains {
        $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) || $0.properties.isBidiControl
          || (0x2028...0x2029).contains($0.value)
      }
      if steers { Issue.record("U+\(String(value, radix: 16)) gets through: \(shown)") }
    }
  }

  @Test func whatFillsThePreviewIsCounted() {
    let filler = String(repeating: "\u{200c} \u{ad}\u{34f}\u{a0}", count: 30)
    #expect(SafeText.lines("Deal 1 \(filler)of 2") == ["Deal 1 ‹150 characters that nobody sees›of 2"])
    #expect(SafeText.lines("a\u{34f}b\u{34f}c") == ["a\\u{34f}b\\u{34f}c"])
    #expect(SafeText.lines("a\u{200b}\u{200b} b") == ["a\\u{200b}\\u{200b} b"])
    #expect(SafeText.lines("発票\u{3000}あり") == ["発票\u{3000}あり"])
  }

  @Test func linesAndTabs() {
    #expect(SafeText.lines("a\r\nb\rc\nd\u{85}e\u{2028}f") == ["a", "b", "c", "d", "e", "f"])
    #expect(SafeText.lines("a\tb\n字\tb\n12345678\tc") == ["a       b", "字      b", "12345678        c"])
  }

  @Test func columnsAreThoseOfATerminal() {
    #expect(TextWidth.of("发票") == 4 && TextWidth.of("ﾊﾝｶｸ") == 4 && TextWidth.of("ｗ") == 2)
    #expect(TextWidth.of("e\u{301}") == 1 && TextWidth.of("한국") == 4 && TextWidth.of("⚡✅") == 4)
    #expect(TextWidth.cut("发票通知", to: 8) == "发票通知")
    #expect(TextWidth.cut("发票通知", to: 7) == "发票通…")
    #expect(TextWidth.cut("发票通知", to: 6) == "发票…")
  }

  @Test func longLinesAreFoldedAndNothingIsLost() {
    #expect(TextWidth.folded("one two three", to: 8) == ["one two", "three"])
    #expect(TextWidth.folded("发票已经开好，请查收附件。", to: 10) == ["发票已经开", "好，请查收", "附件。"])
    // A closing mark does not begin a line.
    #expect(TextWidth.folded("发票已经好，请", to: 10) == ["发票已经", "好，请"])
    #expect(TextWidth.folded("https://example.org/long", to: 10) == ["https://ex", "ample.org/", "long"])
    #expect(TextWidth.folded("", to: 10) == [""])
    var chance = E2EContentTests.Chance(state: 7)
    let letters: [Character] = ["a", "b", " ", "字", "，", "（", "é", ".", "-"]
    for _ in 0..<300 {
      let text = String(
        (0..<Int.random(in: 0..<90, using: &chance)).map { _ in
          letters.randomElement(using: &chance) ?? "a"
        })
      let limit = Int.random(in: 2..<30, using: &chance)
      let lines = TextWidth.folded(text, to: limit)
      #expect(lines.allSatisfy { TextWidth.of($0) <= limit }, "\(limit): \(lines)")
      #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
    }
  }

  // MARK: Parts

  private func tree(_ message: String) -> [PartTree.Line] {
    let views = MessageViews(Array(message.replacing("\n", with: "\r\n").utf8))
    return PartTree(ShownPart.all(views)).lines
  }

  @Test func theTreeOfParts() {
    let lines = tree(
      """
      Content-Type: multipart/mixed; boundary=a

      --a
      Content-Type: multipart/alternative; boundary=b

      --b
      Content-Type: text/plain; charset=utf-8

      hello
      --b
      Content-Type: text/html; charset=utf-8

      <p>hello
      --b--
      --a
      Content-Type: application/pdf; name="x\u{202e}y.pdf"
      Content-Transfer-Encoding: base64

      aGVsbG8=
      --a--
      """)
    #expect(
      lines.map(\.branch) == [
        "multipart/mixed", "├─ multipart/alternative", "│  ├─ text/plain", "│  └─ text/html",
        "└─ application/pdf",
      ])
    #expect(lines.map(\.number) == ["0", "1", "2", "3", "4"])
    #expect(lines[2].words == "UTF-8" && lines[2].size == "5 B")
    #expect(lines[4].words == "base64, “x\\u{202e}y.pdf”" && lines[4].size == "5 B")
  }

  @Test func aMessageInTheMessageIsNamed() {
    let lines = tree(
      """
      Content-Type: multipart/mixed; boundary=a

      --a
      Content-Type: message/rfc822

      Subject: =?gb2312?B?t6LGsc2o1qo=?=
      From: A\u{202e} <a@a.test>

      hello
      --a
      Content-Type: message/rfc822

      no field
      --a
      Content-Type: text/plain; name=a.txt
      Content-Disposition: attachment
      Content-Transfer-Encoding: x-uuencode

      begin 644 a.txt
      #0V%T
      `
      end
      --a--
      """)
    #expect(lines[1].words == "“发票通知” from “A\\u{202e} <a@a.test>”", "\(lines[1].words)")
    #expect(lines[3].branch.hasSuffix("message/rfc822") && lines[3].words.isEmpty, "\(lines[3])")
    #expect(lines.last?.size == "3 B", "\(lines)")
  }

  @Test func sizesForPeople() {
    #expect(
      [0, 999, 1000, 1249, 9_949, 9_950, 34_400, 1_200_000].map(SizeText.of) == [
        "0 B", "999 B", "1.0 KB", "1.2 KB", "9.9 KB", "10 KB", "34 KB", "1.2 MB",
      ])
  }

  // MARK: Links

  private func claim(_ label: String, _ host: String) -> String? {
    LinkClaim.mismatch(
      LinkView(written: "https://\(host)/", target: Link(host: host), label: label, place: .anchor, part: 0))
  }

  @Test func aLinkThatClaimsToLeadElsewhere() {
    #expect(claim("www.bank.example", "evil.example") == "www.bank.example")
    #expect(claim("https://bank.example/login now", "evil.example") == "bank.example")
    #expect(claim("bank.example", "evil.example") == "bank.example")
    #expect(claim("bank.example", "www.bank.example") == nil)
    #expect(claim("https://www.bank.example", "bank.example") == nil)
    #expect(claim("bank.example", "evilbank.example") == "bank.example")
    for label in ["Click here", "e.g. this", "Version 2.0", "1.2.3", "", "查看发票", "Mr.Smith wrote"] {
      #expect(claim(label, "evil.example") == nil, "\(label)")
    }
  }

  /// What lies first, images last, and nothing twice that looks the same.
  @Test func linksInOrder() {
    func link(_ written: String, _ label: String = "", _ place: LinkView.Place = .anchor, part: Int = 0)
      -> LinkView
    {
      LinkView(written: written, target: Link(host: "a.test"), label: label, place: place, part: part)
    }
    let links = [
      link("http://a.test/i.png", "", .image), link("http://a.test/"), link("http://a.test/", "", .other),
      link("http://a.test/", "http://a.test/", part: 1), link("http://a.test/", "more"),
      link("http://a.test/2", "www.bank.test"), link("http://a.test/i.png", "", .image, part: 1),
    ]
    #expect(
      ScanThings.inOrder(links).map { "\($0.written) \($0.label)" } == [
        "http://a.test/2 www.bank.test", "http://a.test/ ", "http://a.test/ more", "http://a.test/i.png ",
      ])
  }

  @Test func faultsOfEncodingsAreAmongTheFaults() {
    let views = MessageViews(
      Array("Content-Transfer-Encoding: base64\r\n\r\nQUI=\r\nthe list says\r\n".utf8))
    #expect(views.allFaults.map(\.kind) == [.malformedBase64])
    #expect(MessageViews(Array("Content-Transfer-Encoding: base64\r\n\r\nQUI=\r\n".utf8)).allFaults.isEmpty)
  }

  @Test func allFaultsHaveWordsOfTheirOwn() {
    let words = MIMEFault.Kind.allCases.map { MIMEFault($0, part: 0).words }
    #expect(Set(words).count == words.count && !words.contains(""))
  }

  // MARK: From the file to the wire

  @Test func linesOfAnyKindBecomeThoseOfMail() {
    for text in ["a\nb\n", "a\r\nb\r\n", "a\rb\r", "a\nb"] {
      #expect(WireMessage.lines(Array(text.utf8)) == Array("a\r\nb\r\n".utf8), "\(text.debugDescription)")
    }
    #expect(WireMessage.lines([]).isEmpty)
    // A carriage return inside a line is the message's own.
    #expect(WireMessage.lines(Array("a\rb\nc\n".utf8)) == Array("a\rb\r\nc\r\n".utf8))
  }

  @Test func whatTheGatewayWouldNotTakeIsNotTaken() {
    func wire(_ text: String, line: Int? = nil, size: Int? = nil) -> WireMessage {
      WireMessage(
        WireMessage.lines(Array(text.utf8)),
        MessageBounds(header: 1000, hops: 10, memory: 1000, line: line), size: size)
    }
    let plain = wire("a: b\n\n.dot\n..\nend\n")
    #expect(plain.refusal == nil)
    #expect(plain.held.memory == Array("a: b\r\n\r\n..dot\r\n...\r\nend\r\n".utf8))
    #expect(wire("a: b\n\nx\ry\n").refusal?.reason == .contentBareCarriageReturn)
    #expect(wire("a: b\n\nx\0y\n").refusal?.reason == .contentNul)
    #expect(
      wire("a: b\n\n\(String(repeating: "x", count: 99))\n", line: 100).refusal?.reason == .contentLineTooLong
    )
    #expect(
      wire("a: b\n\n\(String(repeating: "x", count: 99))\n", size: 100).refusal?.reason == .messageTooLarge)
  }
}
