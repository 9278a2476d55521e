import MessageViews
import Testing

/// SVG and MathML within HTML, and where HTML closes what is hidden (HTML standard, §13.2.6).
@Suite struct ForeignContentTests {
  private func read(_ html: String) -> (visible: String, hidden: String, links: [String]) {
    let reading = HTMLReader.read(Array(html.utf8))
    return (
      String(decoding: reading.visible, as: UTF8.self),
      reading.hidden.map { String(decoding: $0.octets, as: UTF8.self) }.joined(separator: "|"),
      reading.references.map { String(decoding: $0.written, as: UTF8.self) }
    )
  }

  @Test(arguments: [
    "style", "title", "iframe", "noembed", "noframes", "script", "template", "textarea", "xmp", "plaintext",
  ])
  func anElementOfSVGIsItsOwnWhateverItIsCalled(name: String) {
    for root in ["svg", "math"] {
      for html in [
        "<\(root)><\(name)></\(root)><a href=http://l.example/>seen</a> word",
        "<\(root)><\(name)/></\(root)><a href=http://l.example/>seen</a> word",
        "<\(root)><\(name)></p><a href=http://l.example/>seen</a> word",
        "<\(root)><\(name)><img src=x><a href=http://l.example/>seen</a> word",
      ] {
        // A title of SVG holds HTML: what stands there is never painted.
        if root == "svg", name == "title", html.contains("</p>") || html.contains("<img") { continue }
        let found = read(html)
        #expect(found.visible.contains("seen word"), "\(html): \(found)")
        #expect(found.links.contains("http://l.example/"), "\(html): \(found)")
      }
    }
  }

  @Test(arguments: [
    "<svg style='display:none'/>seen", "<math style='display:none'/>seen",
    "<svg style='display:none'><p>seen",
    "<svg style='display:none'></p>seen", "<svg style='display:none'><font color=red>seen",
    "<svg style='display:none'><g><g/><g></g><span>seen",
    "<svg style='display:none'></svg>seen", "<div hidden><svg></div>seen",
    "<svg hidden><text>seen</text></svg>", "<svg><text><![CDATA[seen]]></text></svg>",
    "<svg><text><![CDATA[a > se]]>seen</text></svg>",
    "<svg><foreignObject><p>seen</p></foreignObject></svg>", "<math><mtext><b>seen</b></mtext></math>",
    "<math style='display:none'><annotation-xml><p>seen",
    "<table hidden><p>seen</p></table>", "<table hidden>seen</table>", "<table hidden><tr>seen</table>",
    "<table><tr hidden><b>seen</b><td>x</table>", "<table><colgroup hidden><tr><td>seen",
    "<table><colgroup hidden>seen",
    "<form hidden><form></form>seen", "<button hidden><button>seen", "<select hidden><input>seen",
    "<select hidden><select>seen", "<ruby>x<rp hidden>(<rt>seen</ruby>", "<p hidden>a<table><td>seen",
  ]) func whatBrowsersShowIsSeen(html: String) {
    #expect(read(html).visible.contains("seen"), "\(html): \(read(html))")
  }

  @Test(arguments: [
    "<svg style='display:none'><text>gone</text></svg>seen",
    "<svg style='display:none'><g/><text>gone</text></svg>seen",
    "<svg><style>gone</style></svg>seen", "<svg><title>gone</title></svg>seen",
    "<svg><defs><text>gone</text></defs></svg>seen",
    "<svg style='display:none'><foreignObject><p>gone</p></foreignObject></svg>seen",
    "<svg style='display:none'><font family=x>gone</font></svg>seen",
    "<math style='display:none'><annotation-xml encoding='text/HTML'><p>gone</p></annotation-xml></math>seen",
    "<table hidden><tr><td>gone</table>seen", "<p><![CDATA[gone]]>seen",
  ]) func whatBrowsersHideIsNot(html: String) {
    let found = read(html)
    #expect(found.visible.contains("seen") && !found.visible.contains("gone"), "\(html): \(found)")
  }

  @Test func linksOfDrawingsAreLinks() {
    let found = read(
      "<svg><a xlink:href='http://a.example/'><text>go</text></a><use href=http://u.example/ /><image href=http://i.example/i.png /></svg>"
    )
    #expect(found.links == ["http://a.example/", "http://u.example/", "http://i.example/i.png"])
    let reading = HTMLReader.read(Array("<svg><a href=http://a.example/><text>go</text></a></svg> on".utf8))
    #expect(reading.references.first.map { String(decoding: $0.label, as: UTF8.self) } == "go")
  }
}

/// Values that browsers take, so that what hid before them hides no more.
@Suite struct StyleValueTests {
  @Test(arguments: [
    "font-size:0;font-size:1.6e1px", "font-size:0;font-size:16Q", "font-size:0;font-size:1lh",
    "font-size:0;font-size:1rlh",
    "font-size:0;font-size:2cqw", "font-size:0;font-size:2dvh", "font-size:0;font-size:round(up,3px,2px)",
    "font-size:0;font-size:math", "opacity:0;opacity:calc(1)", "opacity:0;opacity:1e0",
    "display:none;display:block flow", "display:none;display:math", "display:none;display:ruby",
    "color:#fff;color:CanvasText",
  ]) func itIsSeen(style: String) {
    let reading = HTMLReader.read(Array("<div style='\(style)'>word</div>".utf8))
    #expect(String(decoding: reading.visible, as: UTF8.self).contains("word"), "\(style): \(reading.hidden)")
  }

  @Test(arguments: [
    "i{color:red}} p{display:none}", "i{color:red}; p{display:none}", "} p{display:none}",
    "@supports selector(:foo) { p{display:none} }",
  ]) func aRuleThatIsNoneHidesNothing(sheet: String) {
    let reading = HTMLReader.read(Array("<style>\(sheet)</style><p>word".utf8))
    #expect(String(decoding: reading.visible, as: UTF8.self).contains("word"), "\(sheet)")
  }

  @Test(arguments: [
    "i{color:red} p{display:none}", "@media screen { i{color:red}; p{display:none} }",
    "@supports selector(p) { p{display:none} } i{color:red}",
    "@media screen { i{color:red} } p{display:none}",
  ]) func aRuleThatIsOneDoes(sheet: String) {
    let reading = HTMLReader.read(Array("<style>\(sheet)</style><p>word".utf8))
    #expect(!String(decoding: reading.visible, as: UTF8.self).contains("word"), "\(sheet)")
  }

  @Test(arguments: [
    "font-size:1e-9px", "font-size:0;font-size:16foo", "display:none;display:blocky", "opacity:calc(0)",
    "opacity:0e9",
    "font-size:0em",
  ]) func itIsNot(style: String) {
    let reading = HTMLReader.read(Array("<div style='\(style)'>word</div>".utf8))
    #expect(!String(decoding: reading.visible, as: UTF8.self).contains("word"))
  }
}
