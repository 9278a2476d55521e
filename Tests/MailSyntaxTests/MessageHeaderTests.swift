import MailSyntax
import Testing

@Suite struct MessageHeaderTests {
  private func read(_ text: String) -> (MessageHeader, [(name: String, body: String)]) {
    let bytes = Array(text.utf8)
    let header = MessageHeader(bytes)
    return (header, header.fields.map { ($0.name, String(decoding: bytes[$0.body], as: UTF8.self)) })
  }

  @Test func fieldsAreReadInTheirOrder() {
    let (header, fields) = read("A: one\r\nb:two\r\nC: three\r\n\tfour\r\n five\r\nD:\r\n\r\nE: body\r\n")
    #expect(fields.map(\.name) == ["A", "b", "C", "D"])
    #expect(fields.map(\.body) == [" one", "two", " three\r\n\tfour\r\n five", ""])
    #expect(header.isComplete && !header.isCut && !header.hasMalformedLine && header.isASCII)
    #expect(header.end == "A: one\r\nb:two\r\nC: three\r\n\tfour\r\n five\r\nD:\r\n".utf8.count)
    #expect(header.first("B")?.name == "b" && header.contains("c") && !header.contains("e"))
    #expect(header.count("a") == 1 && header.count("x") == 0)
  }

  @Test func rangesTileTheHeader() {
    for text in [
      "A: b\r\nbad line\r\nC: d\r\n e\r\n\r\nbody", "\r\n", "", "A", "A:", "A: b", ": x\r\n",
      " x\r\nA: b\r\n", "A: b\r\n\n\r\n",
      "A:\r\n\r\n", "\n\n\n", "A: b\r\n \r\n\r\n",
    ] {
      let (header, _) = read(text)
      var position = 0
      for field in header.fields {
        #expect(field.range.lowerBound >= position && field.range.upperBound <= header.end)
        #expect(
          field.body.lowerBound >= field.range.lowerBound && field.body.upperBound <= field.range.upperBound)
        position = field.range.upperBound
      }
      #expect(header.end <= text.utf8.count)
      #expect(header.isComplete == text.dropFirst(0).utf8.dropFirst(header.end).starts(with: [13, 10]))
    }
  }

  @Test(arguments: [
    "no colon\r\n", ": no name\r\n", "two words: x\r\n", "ü: x\r\n", "a\u{1}b: x\r\n", " leading: x\r\n",
    "\u{7f}: x\r\n",
  ])
  func whatIsNoFieldIsSaidToBe(_ line: String) {
    let (header, fields) = read(line + "A: b\r\n\r\n")
    #expect(header.hasMalformedLine && fields.map(\.name) == ["A"] && header.isComplete)
  }

  @Test func obsoleteSpaceBeforeTheColonIsRead() {
    for text in ["A : b\r\n\r\n", "A\t: b\r\n\r\n", "A \t : b\r\n\r\n", "A\r\n : b\r\n\r\n"] {
      let (header, fields) = read(text)
      #expect(fields.map(\.name) == ["A"] && fields[0].body == " b" && !header.hasMalformedLine)
    }
  }

  @Test func aFoldedLineOfWhiteSpaceEndsNothing() {
    let (header, fields) = read("A: b\r\n \r\nC: d\r\n\r\n")
    #expect(fields.map(\.name) == ["A", "C"] && header.isComplete)
  }

  @Test func whatIsNotASCIIIsNoticedInTheHeaderAlone() {
    #expect(read("A: b\r\n\r\nü\r\n").0.isASCII)
    for text in ["A: ü\r\n\r\n", "A: b\r\nC: 12345678ü\r\n\r\n", "ü\r\n\r\n", "A: bü"] {
      #expect(!read(text).0.isASCII)
    }
  }

  @Test func aStuffedDotIsNoPartOfAName() {
    #expect(read("..a: b\r\n.: c\r\n\r\n").1.map(\.name) == [".a", "."])
  }
}

@Suite struct DomainNameTests {
  @Test(arguments: [
    ("a", true), ("example.org", true), ("a-b.example", true), ("_dmarc.example", true),
    ("xn--a.example", true),
    ("bücher.example", true), ("1.2.3.4", true), ("", false), (".", false), ("a.", false), (".a", false),
    ("a..b", false),
    ("-a", false), ("a-", false), ("xn--", false), ("xn--.example", false), ("a b", false), ("a/b", false),
    ("a\u{0}", false),
    ("a@b", false), ("[a]", false), ("a:b", false), ("a*", false),
  ])
  func namesAreWellFormedOrNot(_ name: String, _ isValid: Bool) {
    #expect(DomainName.isValid(name) == isValid)
    #expect((DomainName.validated(Array(name.utf8)[...]) == name) == isValid)
  }
}
