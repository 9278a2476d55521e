import Bytes
import MailSyntax
import Testing

@testable import MessageViews

/// Calendars and cards.
@Suite struct ContentLinesTests {
  private func lines(_ text: String) throws -> ContentLines {
    try #require(ContentLines(Array(text.utf8)[...]))
  }

  private func shown(_ text: String) throws -> String {
    String(decoding: try lines(text).shown, as: UTF8.self)
  }

  private static let meeting = """
    BEGIN:VCALENDAR\r
    VERSION:2.0\r
    BEGIN:VEVENT\r
    ORGANIZER;CN="Pay: now; or never":mailto:a@b.test\r
    SUMMARY;LANGUAGE=en:Pay\\, now\r
    LOCATION:http://pla\r
     ce.test/\r
    DESCRIPTION:Line one\\nline two \\; h\r
    \t\r
     ttp://phish.test/x\\Nend\r
    X-ALT-DESC;FMTTYPE=text/html:<html><a href="http://alt.test/">Click\\, here</a><i style="display:none">secret</i>\r
    X-OTHER:http://other.test/\r
    URL:http://url.test/\r
    END:VEVENT\r
    END:VCALENDAR\r

    """

  @Test func whatACalendarShows() throws {
    #expect(
      try shown(Self.meeting) == """
        Pay: now; or never
        Pay, now
        http://place.test/
        Line one
        line two ; http://phish.test/x
        end
        http://url.test/
        """)
    let views = MessageViews(
      Array("Subject: s\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n\(Self.meeting)".utf8))
    #expect(
      views.text.contains("Line one\nline two ; http://phish.test/x") && views.text.hasSuffix("Click, here"))
    #expect(
      views.links.map { "\($0.place) \($0.target.host) \($0.label)" } == [
        "other other.test ", "text place.test ", "text phish.test ", "text url.test ",
        "anchor alt.test Click, here",
      ])
    #expect(views.attachments.map(\.role) == [.shownText])
  }

  @Test func whatACardShows() throws {
    #expect(
      try shown(
        "BEGIN:VCARD\nVERSION:3.0\nFN:A. Writer\nitem1.URL:http://a.test/\nNOTE:one\\ntwo\nEMAIL:x\nEND:VCARD\n"
      )
        == "A. Writer\nhttp://a.test/\none\ntwo")
    #expect(
      try shown(
        "begin:vcard\nversion:2.1\nNOTE;ENCODING=QUOTED-PRINTABLE:caf=C3=A9 =\nhttp://b.test\nFN;QUOTED-PRINTABLE:=41=\n=42\n"
      )
        == "café http://b.test\nAB")
    #expect(try shown("BEGIN:VCARD\nPHOTO;ENCODING=b:aHR0cDovL2EudGVzdA==\nATTACH;VALUE=BINARY:x\n") == "")
  }

  @Test func charsetsAreOfTheOctets() {
    // A character that a fold parts.
    let octets =
      Array("BEGIN:VCALENDAR\r\nSUMMARY:".utf8) + [0xc4, 0x0d, 0x0a, 0x20, 0xe3, 0xba, 0xc3, 0x0d, 0x0a]
    let head = Array("Content-Type: text/calendar; charset=gb2312\r\n\r\n".utf8)
    #expect(MessageViews(head + octets).texts.map(\.visible) == ["你好"])
  }

  @Test func whatIsNoneIsPlainText() {
    #expect(ContentLines(Array("hello\nSUMMARY:x".utf8)[...]) == nil)
    let views = MessageViews(Array("Content-Type: text/calendar\r\n\r\nsee http://a.test/\r\n".utf8))
    #expect(views.texts.map(\.visible) == ["see http://a.test/\n"])
    #expect(views.links.map(\.target.host) == ["a.test"])
  }

  /// An attached one is read for its links alone.
  @Test func attachedOnes() {
    for head in [
      "text/calendar\r\nContent-Disposition: attachment; filename=a.ics", "application/ics",
      "application/octet-stream; name=x.ICS",
    ] {
      let views = MessageViews(Array("Content-Type: \(head)\r\n\r\n\(Self.meeting)".utf8))
      #expect(views.texts.isEmpty && views.attachments.map(\.role) == [.file], "\(head)")
      #expect(views.links.contains { $0.target.host == "phish.test" && $0.target.path == "/x" }, "\(head)")
    }
  }

  @Test func bounds() throws {
    // Never more than there was, whatever stands there; and each beginning is read.
    let octets = Array(Self.meeting.utf8)
    for count in 0...octets.count {
      guard let found = ContentLines(octets.prefix(count)) else { continue }
      #expect(found.shown.count + found.html.count + found.others.count <= count)
    }
    let clock = ContinuousClock()
    for piece in ["\n ", ";", "A;", "\"", "=\n", "A;QUOTED-PRINTABLE:=\n", "\\", "A:.\n", "CN=x;"] {
      let large = Array(("BEGIN:VCALENDAR\nORGANIZER" + String(repeating: piece, count: 50_000)).utf8)
      let took = clock.measure { _ = ContentLines(large[...]) }
      #expect(took < .seconds(5), "\(piece): \(took)")
    }
  }

  // MARK: - text/enriched

  @Test(arguments: [
    ("<bold>SEC</bold><bold>RET</bold>", "SECRET"), ("a << b <color><param>red</param>c</color>", "a < b c"),
    ("one\ntwo\n\nthree\n\n\nfour", "one two\nthree\n\nfour"), ("<nofill>a\nb</nofill>\nc", "a\nb c"),
    ("a < b and \(String(repeating: "x", count: 80))>", "a < b and \(String(repeating: "x", count: 80))>"),
    ("</param>a<param>", "a"), ("", ""), ("<", "<"),
  ]) func enriched(_ text: String, _ expected: String) {
    #expect(EnrichedText.visible(text, .enriched) == expected)
  }

  @Test(arguments: [
    ("<bold>a</bold><nl>b<lt>c<comment>d</comment>e\nf", "a\nb<ce f"), ("a<<b", "a<<b"),
    ("<paragraph>x</paragraph>y", "x\ny"),
  ]) func richtext(_ text: String, _ expected: String) {
    #expect(EnrichedText.visible(text, .richtext) == expected)
  }

  @Test func enrichedParts() {
    let views = MessageViews(
      Array("Content-Type: text/enriched\r\n\r\n<bold>http://a.</bold><bold>test/</bold>\r\n".utf8))
    #expect(views.texts.map(\.visible) == ["http://a.test/ "])
    #expect(views.links.map(\.target.host) == ["a.test"])
  }
}
