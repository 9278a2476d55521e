import MailSyntax
import MessageViews
import Testing

@Suite struct HTMLLinkTests {
  private func links(_ html: String) -> [String] {
    let reading = HTMLReader.read(Array(html.utf8))
    return reading.references.map { reference in
      let target = Link(reference: reference.written, base: reading.base).map { $0.host + $0.path } ?? "-"
      return "\(reference.place) \(target) \(String(decoding: reference.label, as: UTF8.self))"
    }
  }

  @Test(arguments: [
    ("<a href='http://a.test/'>click <b>here</b></a>", ["anchor a.test/ click here"]),
    ("<A HREF = \"&#104;ttp&colon;//a.test&sol;x\">l</A>", ["anchor a.test/x l"]),
    ("<a href=http://a.test/?a&amp;b=&copy=1>l</a>", ["anchor a.test/?a&b=&copy=1 l"]),
    ("<a href='ht\ntp://a.test'>l</a>", ["anchor a.test l"]),
    (
      "<a href='http://one.test'>a<a href='http://two.test'>b</a>",
      ["anchor one.test a", "anchor two.test b"]
    ),
    ("<td><a href='http://a.test'>a</td><td>b</td>", ["anchor a.test a"]),
    ("<table><td><a href='http://a.test'>a</td><td>b</td></table>", ["anchor a.test a"]),
    ("<p><a href='http://a.test'>a</p><p>b</a>c", ["anchor a.test a\n\nb"]),
    ("<a href='http://a.test'><div>a</div><div hidden>x</div></a>b", ["anchor a.test a"]),
    ("<a href='http://a.test'>a", ["anchor a.test a"]),
    (
      "<a href='http://a.test'><img src='http://i.test/x.png' alt='www.bank.test'></a>",
      ["anchor a.test www.bank.test", "image i.test/x.png "]
    ),
    (
      "<a href='http://a.test'><img src='http://i.test/x.png' alt='http://i.test/x.png'></a>",
      ["anchor a.test ", "image i.test/x.png "]
    ),
    ("<base href='http://b.test/d/'><a href=x>l</a>", ["anchor b.test/d/x l"]),
    ("<a href=x>l</a><base href='//b.test'><base href='//c.test'>", ["anchor b.test/x l"]),
    (
      "<area href='//a.test' alt=A><form action=//f.test/p><button formaction=//g.test>",
      [
        "anchor a.test A", "form f.test/p ", "form g.test ",
      ]
    ),
    ("<meta http-equiv=Refresh content=\"0; URL='http://r.test/x'\">", ["other r.test/x "]),
    ("<meta http-equiv=refresh content='5;http://r.test'>", ["other r.test "]),
    (
      "<body background=//b.test/x.gif><b style='background:URL( \"http://C.test/Y\" )'>",
      [
        "image b.test/x.gif ", "image c.test/Y ",
      ]
    ),
    (
      "<link href=//a.test><iframe src=//b.test></iframe><embed src=//c.test><object data=//d.test>",
      [
        "other a.test ", "other b.test ", "other c.test ", "other d.test ",
      ]
    ),
    (
      "<img srcset='//a.test/1.png 1x, //b.test/2.png 2x'><input type=image src=//c.test>",
      [
        "image a.test/1.png ", "image b.test/2.png ", "image c.test ",
      ]
    ),
    (
      "<picture><source srcset='//a.test/1,x.png,\n//b.test/2.png 100w,//c.test , data:x 2x'></picture>",
      [
        "image a.test/1,x.png ", "image b.test/2.png ", "image c.test ",
      ]
    ),
    ("<a href='#top'>a</a><a href=''>b</a><a name=x>c</a><img src='data:image/png;base64,AA'>", []),
    ("<a href='mailto:a@b.test'>m</a><a href='javascript:x()'>j</a>", ["anchor - m", "anchor - j"]),
    ("<svg><a xlink:href='//a.test'>l</a></svg>", ["anchor a.test l"]),
    ("<a href='//a.test' href='//b.test'>l</a>", ["anchor a.test l"]),
    ("<div hidden><a href='//a.test'>l</a></div>", ["anchor a.test "]),
    ("<!-- <a href='//a.test'>l</a> -->", []),
  ])
  func whatLinks(_ html: String, _ expected: [String]) {
    #expect(links(html) == expected, "\(html)")
  }

  @Test func whatOnlyOneClientReadsIsKept() {
    let reading = HTMLReader.read(
      Array("<!--[if mso]><v:x href='http://a.test'><![endif]--><script>x='http://b.test'</script>".utf8))
    #expect(reading.sources.count == 2)
  }
}
