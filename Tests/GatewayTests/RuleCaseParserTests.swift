import TestSupport
import Testing

@testable import weir

/// The files of cases, as text.
@Suite struct RuleCaseParserTests {
  private func parse(_ text: String) -> (cases: [RuleCase], problems: [String]) {
    let (cases, problems) = RuleCaseParser.parse(file: "a.case", octets: Array(text.utf8))
    return (cases, problems.map(\.description))
  }

  @Test func aCaseIsHeadOptionsAndMessage() throws {
    let (cases, problems) = parse(
      """
      # what these are

      --- matches INVOICE_CN,  90-local.rc:3 : two rules : and a colon
      client 192.0.2.1
      # of whom
      from  <a@b.example>
      to c@d.example
      to e@f.example

      Subject: one

      first
      \\--- begins so
      \\\\--- and so
      --not a head
      \\other

      --- spares * : nothing
      \t
      """)
    #expect(problems == ["a.case:18:1: this case has no message"])
    let one = try #require(cases.first)
    #expect(cases.count == 1)
    #expect(one.line == 3)
    #expect(one.title == "two rules : and a colon")
    #expect(one.names.map(\.text) == ["INVOICE_CN", "90-local.rc:3"])
    #expect(one.names.map(\.position.column) == [13, 26])
    #expect(one.options.map(\.word) == [.client, .from, .to, .to])
    #expect(one.values(.from).map(\.value) == ["<a@b.example>"])
    #expect(one.values(.from).map(\.position.description) == ["6:7"])
    #expect(
      String(decoding: one.message, as: UTF8.self)
        == "Subject: one\n\nfirst\n--- begins so\n\\--- and so\n--not a head\n\\other\n")
  }

  @Test func whereItIsSentIsAVerdict() {
    let (cases, problems) = parse(
      "--- verdict redirect : t\n\na: b\n--- verdict copy a@b.example, c@d.example : u\n\na: b\n")
    #expect(problems.isEmpty)
    #expect(
      cases.map(\.expectation) == [
        .sends(isCopy: false, []), .sends(isCopy: true, ["a@b.example", "c@d.example"]),
      ])
    #expect(cases.map(\.text) == ["verdict redirect", "verdict copy a@b.example c@d.example"])
    #expect(cases.map(\.title) == ["t", "u"])
    #expect(
      parse("--- verdict redirekt : t\n\na: b\n").problems.first?.contains("did you mean 'redirect'?") == true
    )
  }

  @Test func linesMayEndInCRLF() throws {
    let (cases, problems) = parse(
      "--- verdict tag : t\r\nhelo x\r\n\r\nSubject: a\r\n\r\nb\r\n\r\n--- spares * :\r\n\r\nc: d\r\n")
    #expect(problems.isEmpty)
    #expect(cases.map(\.expectation) == [.verdict(.tag), .spares(nil)])
    #expect(cases.map(\.title) == ["t", ""])
    #expect(cases.first?.message == Array("Subject: a\r\n\r\nb\r\n".utf8))
    #expect(cases.first?.values(.helo).first?.value == "x")
  }

  @Test func octetsOfAMessageStayWhatTheyAre() {
    let octets = Array("--- spares A : x\n\n".utf8) + [0xb4, 0xfa, 0x00, 0xff] + Array("\n".utf8)
    let (cases, problems) = RuleCaseParser.parse(file: "a.case", octets: octets)
    #expect(problems.isEmpty)
    #expect(cases.first?.message == [0xb4, 0xfa, 0x00, 0xff, 0x0a])
  }

  @Test(arguments: [
    ("Subject: x\n\ny\n", "a.case:1:1: no case begins here"),
    ("--- matches : x\n\nm: n\n", "a.case:1:5: which rules does it match?"),
    ("--- spares\n\nm: n\n", "a.case:1:5: which rules does it spare?"),
    ("--- verdict tagg : x\n\nm: n\n", "a.case:1:5: there is no verdict 'tagg'; did you mean 'tag'?"),
    ("--- matched A : x\n\nm: n\n", "a.case:1:5: a case says matches, spares or verdict, not 'matched'"),
    (
      "--- spares * : x\nclinet 192.0.2.1\n\nm: n\n",
      "a.case:2:1: a case knows no 'clinet'; did you mean 'client'?"
    ),
    ("--- spares * : x\nSubject: y\n\nm: n\n", "a.case:2:1: an empty line is missing"),
    ("--- spares * : x\nhelo\n\nm: n\n", "a.case:2:5: helo says nothing"),
    ("--- spares * : x\n\n\n\n", "a.case:1:1: this case has no message"),
    ("--- spares * : x", "a.case:1:1: this case has no message"),
  ])
  func whatIsWrongHasItsPlace(_ text: String, _ expected: String) {
    let (cases, problems) = parse(text)
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    // A case is kept only where its message and head are sound.
    if !expected.contains(":2:") { #expect(cases.isEmpty) }
  }

  @Test func boundsHold() {
    let many = String(repeating: "--- spares * :\n\na: b\n", count: RuleCaseParser.mostCases + 1)
    let (cases, problems) = parse(many)
    #expect(cases.count == RuleCaseParser.mostCases)
    #expect(problems.map { $0.contains("10000 cases at most") } == [true])

    let options = String(repeating: "helo x\n", count: RuleCaseParser.mostOptions + 2)
    let crowded = parse("--- spares * :\n\(options)\na: b\n")
    #expect(crowded.cases.first?.options.count == RuleCaseParser.mostOptions)
    #expect(crowded.problems.count == 2)

    let wrong = parse(String(repeating: "--- x\n", count: 5000))
    #expect(wrong.cases.isEmpty)
    #expect(wrong.problems.count == 100)

    let large = [UInt8](repeating: 0x0a, count: RuleCaseParser.mostOctets + 1)
    #expect(RuleCaseParser.parse(file: "a.case", octets: large).problems.count == 1)
  }

  @Test func whateverStandsThereHasAResult() {
    var seed: UInt64 = 7
    let pieces = [
      "--- ", "matches", " : ", "\n", "\n\n", "\\", "\r", "*", ",", "client", "dns ", "A", "\u{0}", "发票", "#",
    ]
    for _ in 0..<2000 {
      var text = ""
      for _ in 0..<24 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(seed >> 33) % pieces.count]
      }
      let (cases, problems) = RuleCaseParser.parse(file: "a.case", octets: Array(text.utf8))
      let heads = text.split(separator: "\n", omittingEmptySubsequences: false).count { $0.hasPrefix("--- ") }
      #expect(cases.count <= heads)
      #expect(heads == 0 || cases.count == heads || !problems.isEmpty, "\(text.debugDescription)")
      for one in cases { #expect(!one.message.isEmpty) }
    }
  }
}
