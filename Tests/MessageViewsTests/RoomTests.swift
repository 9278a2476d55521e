import MailSyntax
import MessageViews
import Testing

/// What stands in front of a text, or beside it, takes nothing of its room.
@Suite struct RoomTests {
  private func views(_ lines: String, limits: ViewLimits = ViewLimits()) -> MessageViews {
    MessageViews(
      Array(lines.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8),
      limits: limits)
  }

  private func html(_ text: String, limits: ViewLimits = ViewLimits()) -> MessageViews {
    views("Content-Type: text/html\n\n\(text)\n", limits: limits)
  }

  @Test(arguments: [
    ("<!--", "-->"), ("<style>", "</style>"), ("<script>", "</script>"), ("<b title='", "'></b>"),
    ("<title>", "</title>"),
  ])
  func markupTakesNoRoom(_ start: String, _ end: String) {
    let padding = String(repeating: "x x x x\n", count: (1 << 17) + (1 << 16))
    let views = html("\(start)\(padding)\(end)<a href='http://late.test/'>LATE</a>")
    #expect(views.text.contains("LATE"))
    #expect(views.links.map(\.target.host) == ["late.test"])
  }

  /// Hidden text has a room of its own, and says where that is spent.
  @Test func hiddenTextTakesNoRoom() {
    let views = html("<p hidden>\(String(repeating: "xxxxxxx\n", count: 1 << 18))</p>LATE")
    #expect(views.text.contains("LATE"))
    #expect(views.omitted == .text)
    #expect(views.texts.first?.html?.hidden.first?.text.utf8.count ?? 0 <= 1 << 20)
  }

  @Test func aHalfOfAnAlternativeStarvesNoOther() {
    let padding = String(repeating: "xxxxxxx\n", count: 1 << 18)
    let views = views(
      "Content-Type: multipart/alternative; boundary=A\n\n--A\n\n\(padding)\n--A\nContent-Type: text/html\n\n<a href='http://late.test/'>LATE</a>\n--A--\n"
    )
    #expect(views.texts.map(\.visible).last == "LATE")
    #expect(views.links.map(\.target.host) == ["late.test"])
    #expect(views.omitted == .text)
  }

  /// A large text leaves what a small one needs, wherever it stands, and what a small one leaves is used.
  @Test func aLargeTextStarvesNoOther() {
    var limits = ViewLimits()
    limits.text = 1000
    let large = String(repeating: "x", count: 2000)
    for type in ["text/plain", "text/html"] {
      func part(_ text: String) -> String { "--A\nContent-Type: \(type)\n\n\(text)\n" }
      let message =
        "Content-Type: multipart/mixed; boundary=A\n\n" + part(large) + part("LATE") + part(large) + "--A--\n"
      let views = views(message, limits: limits)
      let counts = views.texts.map { $0.visible.utf8.count { $0 != 10 } }
      #expect(counts[1] == 4)
      #expect(counts[0] >= 480 && counts[2] >= 480, "\(counts)")
      #expect(counts.reduce(0, +) <= 1000)
      #expect(views.omitted == .text)
    }
  }

  /// Visible text is cut at its bound, between two characters, and links behind it are read on.
  @Test func visibleTextIsBounded() {
    let views = html(String(repeating: "你", count: 500_000) + "<a href='http://late.test/'>late</a>")
    let visible = views.texts[0].visible
    #expect(visible.utf8.count <= 1 << 20)
    #expect(visible.allSatisfy { $0 == "你" })
    #expect(views.omitted == .text)
    #expect(views.links.map(\.target.host) == ["late.test"])
  }

  @Test(arguments: ["  \n", "a ", "a\n", "a<br>", "a&nbsp;", "&#97; ", "<p>a"])
  func nothingComesBehindTheBound(_ unit: String) {
    let reading = HTMLReader.read(
      Array("<pre>\(String(repeating: unit, count: 100))x</pre>\(String(repeating: unit, count: 100))".utf8),
      mostText: 50)
    #expect(reading.visible.count <= 52, "\(unit)")
    #expect(reading.isCut)
  }

  @Test func whatIsReadIsBounded() {
    var limits = ViewLimits()
    limits.source = 100
    let views = html("<!--\(String(repeating: "x", count: 200))-->LATE", limits: limits)
    #expect(views.texts[0].visible.isEmpty)
    #expect(views.omitted == .text)
  }

  // MARK: Links

  @Test func anchorsWithoutLabelHideNoLink() {
    let padding = (0..<600).map { "<a href='http://pad.test/\($0)'></a>\n" }.joined()
    let views = html("\(padding)<a href='http://late.test/'>LATE</a>\(padding)")
    #expect(views.links.count == 500)
    #expect(views.links.contains { $0.target.host == "late.test" && $0.label == "LATE" })
    #expect(views.omitted == .links)
  }

  /// Links to one host leave room to those to others; the first and the last stay.
  @Test func linksToOneHostHideNoOther() {
    let padding = (0..<600).map { "http://pad.test/\($0)\n" }.joined()
    let views = views(
      "Content-Type: text/plain\n\n\(padding)http://late.test/\n\(padding.replacing("pad", with: "fill"))http://last.test/\n"
    )
    let hosts = views.links.map(\.target.host)
    #expect(views.links.count == 500)
    #expect(hosts.contains("late.test") && hosts.contains("fill.test"))
    #expect(hosts.first == "pad.test" && hosts.last == "last.test")
    #expect(views.omitted == .links)
  }

  @Test func aTargetStandsOnce() {
    let views = html(
      String(repeating: "<a href='http://pad.test/'></a>\n", count: 600)
        + "<a href='http://late.test/'>LATE</a>")
    #expect(views.links.map(\.target.host) == ["pad.test", "late.test"])
    #expect(views.omitted == [])
  }

  @Test func fewerLinksStayInTheirOrder() {
    let views = html("<a href='http://a.test/'></a><a href='http://b.test/'>l</a>http://c.test/")
    #expect(views.links.map(\.target.host) == ["a.test", "b.test", "c.test"])
  }
}
