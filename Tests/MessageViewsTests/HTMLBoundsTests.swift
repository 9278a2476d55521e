import Glibc
import MessageViews
import Testing

/// HTML that is written to hurt: no crash, no depth, and work in proportion to the octets.
@Suite struct HTMLBoundsTests {
  /// The time that the processor worked: others may have it meanwhile.
  private static func work(_ body: () -> Void) -> Duration {
    func now() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = now()
    body()
    return now() - start
  }

  /// How much longer twice the octets take. Linear is 2; quadratic work of this size would be 4 and many seconds.
  private func growth(_ make: (Int) -> [UInt8]) -> (factor: Double, total: Duration) {
    func cost(_ count: Int) -> Duration {
      let html = make(count)
      return (0..<2).map { _ in Self.work { _ = HTMLReader.read(html) } }.min() ?? .zero
    }
    let (small, large) = (cost(2000), cost(16_000))
    return (large / small, large)
  }

  private static let units: [String] = [
    "<div>", "<p>", "<b>", "<b><p>", "<p><b></p>", "<a href=x>", "<table>", "<table><td>",
    "<font color=white>", "</div>",
    "<b><div></b>", "<div><b></div>", "<span><i></span></i>", "<li>", "<ul><li>", "<x1><x2></x1>", "<svg>",
    "<h1>",
    "<!--", "<!", "<!-->", "<", "</", "&", "&#", "&#9", "&amp", "&ab", "<a b", "<a b='", "<b style='",
    "<b style='a:",
    "<style>", "<style>a{", "<style>a{b", "<style>.a .b{color:red}</style>", "<style>@media{", "<script>",
    "<title>",
    "<b style='color:rgb(", "<b style='/*", "<textarea>", "<select><option>", "<td><b>", "<div hidden>x",
    "<b class=a>x",
    "<style>@;", "<style>@media", "<style>a:not(", "<style>.a+", "<style>a{}<!--", "<style>[",
    "<bdo dir=rtl>x",
    "<bdo dir=rtl>x</bdo>", "<img srcset=','>", "<b style='width:calc('>", "<b style='{'>",
    "<i dir=rtl style=unicode-bidi:bidi-override>x",
    "<a href='http://a.test/'>x</a>", "<base href=x>", "\u{a0}", " ", "\\", "<i hidden>x</i>v", "<!-- x -->",
  ]

  @Test(arguments: units)
  func workIsLinear(_ unit: String) {
    let (factor, total) = growth { count in Array(String(repeating: unit, count: count).utf8) }
    // Eight times the octets: 8 where it is linear, 64 where it is quadratic.
    #expect(factor < 30 || total < .milliseconds(200), "\(unit): \(factor), \(total)")
  }

  @Test func selectorsAreBounded() {
    for selector in [".a .a .a .b", ".c .a .a .a .b", ".c~.a~.a~.b", ".b:not(.b)"] {
      let rules = String(repeating: "\(selector){color:red}", count: 3000)
      let body = String(repeating: "<div class='a b'>", count: 3000)
      let flat = String(repeating: "<p class='a b'>", count: 3000)
      let (reading, time) = timed("<style>\(rules)</style>\(flat)\(body)x")
      #expect(reading.isCut)
      #expect(time < .seconds(20))
    }
  }

  /// Rules that are looked at in vain, and a class written again and again, are counted too.
  @Test func selectorsThatSelectNothingAreBounded() {
    let rules = (0..<4000).map { ".a.b\($0)" }.joined(separator: ",")
    let body = String(repeating: "<b class='\(String(repeating: "a ", count: 32))'>x</b>", count: 500)
    let (reading, time) = timed("<style>\(rules){color:red}</style>\(body)")
    #expect(reading.isCut)
    #expect(time < .seconds(20))
  }

  /// Formatting elements that each block's end cuts are not opened again without end.
  @Test func formattingThatIsCutIsBounded() {
    let round =
      String(repeating: "<div>", count: 250) + String(repeating: "<b>", count: 250)
      + String(repeating: "</div>", count: 250) + String(repeating: "</b>", count: 240)
    let alike = HTMLReader.read(Array((String(repeating: round, count: 60) + "v").utf8))
    #expect(String(decoding: alike.visible, as: UTF8.self) == "v")
    #expect(!alike.isCut)
    let fonts = (0..<250).map { "<font color=#0000\(String($0 % 90 + 10))\($0 / 90)>" }.joined()
    let other = round.replacing(String(repeating: "<b>", count: 250), with: fonts)
    #expect(HTMLReader.read(Array(String(repeating: other, count: 60).utf8)).isCut)
    // What each tag costs that cuts 250 others, and what it costs where it cuts none.
    let blocks = String(repeating: "<div></div>", count: 250 * 60) + String(repeating: fonts, count: 60)
    let (_, plain) = timed(blocks)
    for text in [round, other] {
      let (_, time) = timed(String(repeating: text, count: 60))
      #expect(time < plain * 12 || time < .seconds(1), "\(time), \(plain)")
    }
  }

  /// What goes on behind the end of a block is what browsers let go on: three that are alike, and all that differ.
  @Test func whatGoesOnBehindABlock() {
    func seen(_ html: String) -> String {
      String(decoding: HTMLReader.read(Array(html.utf8)).visible, as: UTF8.self)
    }
    #expect(seen("<div><font color=white><font size=1></div>x</font></font>v") == "v")
    let small = String(repeating: "<small>", count: 9)
    #expect(seen("\(small)x").isEmpty)
    #expect(seen("<p>\(small)</p>v") == "v")
  }

  @Test func aLargeTextOfTags() {
    let (reading, time) = timed(String(repeating: "<div>", count: 2 << 20) + "x")
    #expect(String(decoding: reading.visible, as: UTF8.self) == "x")
    #expect(reading.isCut)
    // 10 MB: 0.3 s in a release, and no more than a hundred times that anywhere.
    #expect(time < .seconds(60))
  }

  @Test func largePieces() {
    let large = String(repeating: "x", count: 1 << 20)
    for html in [
      "<a href=\"\(large)\">v</a>", "<b style=\"\(large)\">v</b>", "<b class='\(large)'>v</b>", "<\(large)>v",
      "<b \(large)>v</b>", "<!--\(large)-->v", "<style>\(large)</style>v", "v<b style='color:#\(large)'></b>",
      "v<b \(String(repeating: "a=b ", count: 1 << 18))></b>",
    ] {
      let (reading, time) = timed(html)
      #expect(String(decoding: reading.visible, as: UTF8.self) == "v", "\(html.prefix(20))")
      #expect(time < .seconds(20), "\(html.prefix(20))")
    }
  }

  /// Of too many links those with a label stay before the others, and the first and the last of each kind.
  @Test func linksAreBounded() {
    let html =
      (0..<3000).map { "<a href=http://h\($0).test/></a>" }.joined() + "<a href=http://seen.test/>l</a>"
      + (0..<3000).map { "<a href=http://l\($0).test/>l</a>" }.joined()
    let reading = HTMLReader.read(Array(html.utf8))
    let written = reading.references.map { String(decoding: $0.written, as: UTF8.self) }
    #expect(written.count == 2000)
    #expect(reading.isCutOfLinks)
    for host in ["h0", "h2999", "seen", "l0", "l2999"] {
      #expect(written.contains("http://\(host).test/"), "\(host)")
    }
    #expect(HTMLReader.read(Array(html.utf8), mostReferences: 3).references.count == 6)
    #expect(!HTMLReader.read(Array("<a href=x>l</a>".utf8)).isCutOfLinks)
  }

  private func timed(_ html: String) -> (HTMLReading, Duration) {
    let octets = Array(html.utf8)
    var reading: HTMLReading?
    let time = Self.work { reading = HTMLReader.read(octets) }
    return (reading ?? HTMLReader.read([]), time)
  }

  /// All beginnings of texts with something of everything are texts, too, and never show what the whole one hides.
  @Test(arguments: [
    "<html><head><title>t</title><style>.h{display:none}/*c*/ @media screen{p>b{color:#fff}}</style></head>",
    "<p class=\"h\" style='color:rgb(1,2,3);font:0/0 a'>x&amp;&#x4f60;&nbsp;</p><!-- c --><br/><a href='//a.test/?b=%20'>l</a>",
    "<table><tr><td bgcolor=#ffffff><font color=\"white\" size=+1>a<td>b</table><ul><li>c<li>d</ul><pre> e\n f</pre>",
    "<form action=x><input type=submit value='v'><select><option>1<option>2</select><textarea>&lt;</textarea></form>",
    "<meta http-equiv=refresh content='0;url=http://r.test/'><base href=http://b.test/><img src=a alt=b srcset='c 1x'>",
    "<svg><g/><title>x</title></svg><script>var a='</b>'</script><![CDATA[x]]><?xml?><!DOCTYPE html><b><i></b>你好</i>",
  ])
  func everyBeginning(_ html: String) {
    let octets = Array(html.utf8)
    for end in 0...octets.count {
      let reading = HTMLReader.read(Array(octets[..<end]))
      #expect(reading.visible.count <= end)
      #expect(reading.labels.allSatisfy { $0.upperBound <= reading.visible.count })
    }
  }
}
