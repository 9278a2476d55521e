import MessageViews
import Testing

/// Text that is made to run backwards stands in the order in which it is seen.
@Suite struct BidiTests {
  @Test(arguments: [
    ("a \u{202e}yb ereh kcilc\u{202c} b", "a click here by b", 11),
    ("\u{202e}cba\nabc", "cba\nabc".replacing("cba", with: "abc"), 3),
    ("\u{202e}ab\u{202d}12\u{202c}dc\u{202c}e", "ba12cde", 4), ("\u{202e}e\u{301}a", "ae\u{301}", 2),
    ("\u{202d}\u{5d0}\u{5d1}\u{202c}", "\u{5d0}\u{5d1}", 2),
    ("\u{202e}\u{5d0}\u{5d1}\u{202c}", "\u{5d1}\u{5d0}", 0),
    ("\u{202b}abc\u{202c}", "\u{202b}abc\u{202c}", 0), ("“abc”", "“abc”", 0), ("", "", 0),
    ("\u{202e}", "", 0),
    ("\u{202c}\u{202e}ba", "ab", 2),
  ])
  func marks(_ text: String, _ seen: String, _ turned: Int) {
    let reading = BidiOverride.read(text)
    #expect(Array(reading.text.unicodeScalars) == Array(seen.unicodeScalars))
    #expect(reading.turned == turned)
  }

  @Test(arguments: [
    ("<bdo dir=rtl>esrever</bdo>", "reverse", 7), ("a <bdo dir=RTL>c b</bdo> d", "a b c d", 2),
    ("<bdo dir=ltr>abc</bdo>", "abc", 0), ("<bdo>abc</bdo>", "abc", 0), ("<p dir=rtl>abc</p>", "abc", 0),
    ("<div style='direction:rtl;unicode-bidi:bidi-override'>esrever</div>", "reverse", 7),
    ("<div style='direction:rtl;unicode-bidi:bidi-override'><b>es</b>re<i>ver</i></div>", "reverse", 7),
    ("<div style='direction:rtl;unicode-bidi:bidi-override'><p>abc</p></div>", "abc", 0),
    ("<div style='direction:rtl'><span style='unicode-bidi:isolate-override'>cba</span></div>", "abc", 3),
    ("<style>.r{unicode-bidi:bidi-override;direction:rtl}</style><i class=r>cba</i>d", "abcd", 3),
    ("<bdo dir=rtl>ab<br>dc</bdo>", "ba\ncd", 4), ("<bdo dir=rtl>\u{5d0}\u{5d1}</bdo>", "\u{5d1}\u{5d0}", 0),
    ("\u{202e}yb ereh kcilc\u{202c}<bdo dir=rtl>esrever</bdo>", "click here byreverse", 18),
  ])
  func overrides(_ html: String, _ seen: String, _ turned: Int) {
    let view = MessageViews(Array("Content-Type: text/html; charset=utf-8\r\n\r\n\(html)".utf8)).texts[0]
    #expect(view.visible == seen)
    #expect(view.turned == turned)
  }

  /// A label is a range of the text, whatever is turned in it.
  @Test func labels() {
    let html = "<bdo dir=rtl>ab <a href='http://a.test/'>kcilc</a> dc</bdo>"
    let reading = HTMLReader.read(Array(html.utf8))
    #expect(reading.references.map { String(decoding: $0.label, as: UTF8.self) } == ["click"])
    #expect(reading.labels.map { String(decoding: reading.visible[$0], as: UTF8.self) } == [" click"])
  }

  @Test func subjects() {
    let views = MessageViews(Array("Subject: \u{202e}eerf\u{202c} x\r\n\r\nt\r\n".utf8))
    #expect(views.text.hasPrefix("free x\n"))
  }

  @Test func whatMayBeSeen() {
    let html =
      "<img alt='A &amp; B' src=x><font color=white>c</font><p hidden>d</p>e<img alt=''><div hidden><img alt=f></div>"
    let views = MessageViews(Array("Content-Type: text/html\r\n\r\n\(html)".utf8))
    #expect(views.doubtful == "c\nA & B")
    #expect(views.text == "\ne")
  }
}
