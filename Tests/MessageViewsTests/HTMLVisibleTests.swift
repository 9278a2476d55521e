import MessageViews
import Testing

/// What a person sees of HTML.
@Suite struct HTMLVisibleTests {
  private func visible(_ html: String) -> String {
    String(decoding: HTMLReader.read(Array(html.utf8)).visible, as: UTF8.self)
  }

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("a  \r\n\t b", "a b"), (" a ", "a"), ("a&nbsp;&nbsp;b", "a b"),
    ("a\u{a0}\u{a0} b", "a b"), ("a<br>b<br/>c</br>d", "a\nb\nc\nd"), ("a<br><br><br>b", "a\n\nb"),
    ("<p>a<p>b</p>c", "a\n\nb\n\nc"), ("<div>a</div><div>b</div>", "a\nb"), ("a<hr>b", "a\n\nb"),
    ("<div><div><div>a</div></div></div>b", "a\nb"), ("<h1>T</h1>x", "T\n\nx"),
    ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"), ("<dl><dt>a<dd>b<dt>c</dl>", "a\nb\nc"),
    ("<table><tr><td>a<td>b<tr><th>c</th><td>d</table>", "a\tb\nc\td"),
    ("<table><tr><td><table><tr><td>a</table><td>b</table>", "a\nb"),
    ("<pre>a\n  b\n</pre>c", "a\n  b\n\nc"), ("<textarea>a &lt;b></textarea>", "a <b>"),
    ("<div style='white-space:pre-wrap'>a  b</div>", "a  b"),
    ("V<b>i</b>a<i>g</i>r<span>a</span>", "Viagra"), ("V<!-- x -->ia<!>gr<!x>a<?x?>", "Viagra"),
    ("a<script>b</script>c<style>d</style>e", "ace"), ("a<title>b</title>c", "ac"),
    ("a<script>b</scripty>c</SCRIPT >d", "ad"), ("a<style>b<!--</style>c", "ac"),
    ("<img alt='no'>a", "a"), ("<noscript>a</noscript>", "a"), ("a<iframe>b</iframe>c", "ac"),
    ("<xmp><b>&amp;</xmp>", "<b>&amp;"), ("a<plaintext><b></plaintext>", "a\n\n<b></plaintext>"),
    ("<select><option>a<option>b</select>", "a\nb"), ("<input type=submit value=Go>", "Go"),
    ("<input type=hidden value=x>a<input value=b>", "ab"), ("<button>a</button>", "a"),
    ("a<span style='display:block'>b</span>c", "a\nb\nc"),
    ("<div style='display:inline'>a</div><div style='display:inline-block'>b</div>", "ab"),
    ("a<div style='display:none'>x</div>b", "ab"), ("a<wbr>b&shy;c", "ab\u{ad}c"),
    ("a<marquee>b</marquee>", "ab"), ("<center>a</center>b", "a\nb"), ("<a href=x>a</a><a>b</a>", "ab"),
    ("<rp>(</rp>a", "a"), ("<template>x</template>a", "a"), ("你好<b>世界</b>", "你好世界"),
    ("<body><p>a</body></html>b", "ab"), ("\u{0}a\u{1}b\u{7f}c", "abc"),
    // Clients other than Word show it.
    ("<![if !mso]>a<![endif]>", "a"), ("<!--[if mso]>x<![endif]-->a", "a"),
    ("<!--[if !mso]><!-->a<!--<![endif]-->", "a"), ("<a style='mso-hide:all'>a</a>", "a"),
  ])
  func whatIsSeen(_ html: String, _ expected: String) {
    #expect(visible(html) == expected, "\(html)")
  }

  /// Markup that is broken is read as browsers read it.
  @Test(arguments: [
    ("a < b", "a < b"), ("a <3 b", "a <3 b"), ("a<", "a<"), ("a</", "a</"), ("a</>b", "ab"),
    ("a</ x>b", "ab"),
    ("a<b", "a"), ("a<b c", "a"), ("a<b c='>d", "a"), ("a<!--b", "a"), ("a<!--b>c", "a"), ("a<!-->b", "ab"),
    ("a<!--->b", "ab"), ("a<!--b--!>c", "ac"), ("a<!--b-- >c-->d", "ad"), ("a<!--b--->c", "ac"),
    ("a<b/c>d", "ad"), ("a<b =x>c", "ac"), ("a<b x==y>c", "ac"), ("a<b x='1'y=2>c", "ac"),
    ("a<b x=\"a>b\">c", "ac"), ("a<b\n\nx\n=\n'>'\n>c", "ac"), ("<DIV>a</dIv>b", "a\nb"),
    ("<b><i>a</b>b</i>", "ab"), ("</p>a", "a"), ("a</p>b", "a\n\nb"), ("</div></td>a", "a"),
    ("a<o:p></o:p>b", "ab"), ("<x-y>a</x-y>b", "ab"), ("a<b<i>c", "ac"), ("<<b>a", "<a"),
    ("<a href='x>a</a><a href='y'>b</a>", "b"), ("&lt;b&gt;a", "<b>a"),
  ])
  func whatIsBroken(_ html: String, _ expected: String) {
    #expect(visible(html) == expected, "\(html)")
  }

  @Test(arguments: [
    ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'"), ("&#65;&#x42;&#X43;&#68x", "ABCDx"), ("&#38;amp;", "&amp;"),
    ("&copy 1 &copyx", "© 1 ©x"), ("&notit; &notin;", "¬it; ∉"),
    ("&bogus; &; & &#; &#x; &#xg;", "&bogus; &; & &#; &#x; &#xg;"),
    (
      "&#128;&#150;&#0;&#xD800;&#x110000;&#99999999999999999999;", "€–\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
    ),
    ("&euro;&yen;&hearts;&zwnj;&ZeroWidthSpace;&NoBreak;", "€¥♥\u{200c}\u{200b}\u{2060}"),
    ("&Tab;a&NewLine;b&ensp;c", "a b\u{2002}c"), ("&NotEqualTilde;&fjlig;", "≂̸fj"), ("&#20320;&#22909", "你好"),
    ("&CounterClockwiseContourIntegral;", "∳"), ("&AMP;&amp&AMPx", "&&&x"), ("&period;&commat;&sol;", ".@/"),
    ("V&#73;AGRA&#8203;", "VIAGRA\u{200b}"),
  ])
  func characterReferences(_ html: String, _ expected: String) {
    #expect(visible(html) == expected, "\(html)")
  }

  @Test func whatIsCounted() {
    let html = """
      <form><input></form><script></script><img src='http://x.test/a.png'><img src=cid:1><img src='//y.test/'>
      <p>a b&zwnj;&#8203;&nbsp;\u{3000}好&shy;</p>
      """
    let reading = HTMLReader.read(Array(html.utf8))
    #expect(reading.visibleCount == 3)
    #expect(reading.images == 3)
    #expect(reading.remoteImages == 2)
    #expect(reading.forms == 1)
    #expect(reading.scripts == 1)
    #expect(!reading.isCut)
  }
}
