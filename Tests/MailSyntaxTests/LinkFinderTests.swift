import Bytes
import MailSyntax
import NetAddress
import Testing

@Suite struct LinkFinderTests {
  private func hosts(_ text: String) -> [String] { LinkFinder.links(in: Array(text.utf8)).map(\.host) }

  @Test(arguments: [
    ("see http://bad.test/x", ["bad.test"]), ("HTTPS://Bad.TEST", ["bad.test"]),
    ("ftp://files.test/", ["files.test"]), ("(www.bad.test)", ["www.bad.test"]),
    ("http://user:pw@bad.test:8080/?q#f", ["bad.test"]), ("http://a@b@bad.test/", ["bad.test"]),
    ("<a href=\"//bad.test/x\">", ["bad.test"]), ("<a href='http:\\\\bad.test\\x'>", []),
    ("http:/\\bad.test/", ["bad.test"]), ("http:///bad.test/", ["bad.test"]),
    ("http://bad&#46;test/&amp;x", ["bad.test"]), ("http://bad&#x2E;test", ["bad.test"]),
    ("http://b%61d.test/", ["bad.test"]), ("http://bad.test.", ["bad.test"]),
    ("http://bad.test,", ["bad.test"]),
    ("http://3221225993/", ["192.0.2.9"]), ("http://0xc0.0.2.011/", ["192.0.2.9"]),
    ("http://[2001:db8::1]/", ["2001:db8::1"]), ("http://192.0.2.9:81", ["192.0.2.9"]),
    ("http://münchen.test/", ["münchen.test"]), ("mailto:a@b.test", []), ("nohttp:/x.test", []),
    ("http://localhost/", []), ("http://", []), ("://x.test", []), ("wwww.x.test a.www.x.test", []),
    ("x//comment.test", []), ("http://one.test/http://two.test/", ["one.test", "two.test"]),
    ("http://r.test/?u=https%3A%2F%2Fhidden.test%2Fx", ["r.test", "hidden.test"]),
    ("http://r.test/?u=https%253A%252F%252Fhidden.test", ["r.test", "hidden.test"]),
    ("http://a.test http://a.test http://a.test/b", ["a.test", "a.test"]), ("http://1/", []),
    ("http://a..test/", ["a..test"]),
    // Chinese puts nothing between a link and the words around it.
    ("请访问www.bad.test领取奖品", ["www.bad.test"]), ("登录http://bad.test。谢谢", ["bad.test"]),
    ("（http://bad.test/x）", ["bad.test"]), ("http://bad.test，http://worse.test", ["bad.test", "worse.test"]),
    ("http://bad。test/", ["bad.test"]), ("http://ｂａｄ．ｔｅｓｔ/", ["bad.test"]),
    ("http://𝐛𝐚𝐝.test/", ["bad.test"]), ("http://ⓑⓐⓓ.test", ["bad.test"]),
    ("http://ba\u{ad}d.te\u{200b}st/", ["bad.test"]), ("http://例子.中国/路", ["例子.中国"]),
    ("http://MÜNCHEN.test", ["münchen.test"]),
  ])
  func whatALinkIs(_ text: String, _ expected: [String]) {
    #expect(hosts(text) == expected, "\(text)")
  }

  @Test(arguments: [
    ("see bad.com/x?y.", ["bad.com/x?y."]), ("请登录abc123.com领取", ["abc123.com"]), ("BAD.Top!", ["bad.top"]),
    ("a.b.bad.net, c", ["a.b.bad.net"]), ("(t.cn/abc)", ["t.cn/abc"]), ("x@bad.com", []),
    ("bad.com@x.test", []),
    ("a.x@bad.com", []), ("http://one.com/two.com/", ["one.com/two.com/"]), ("www.bad.com", ["www.bad.com"]),
    ("read.md file.zip e.g. 1.5 end.And then", []), ("/usr/bad.com", []), ("a=bad.com", []),
    ("bad.com_x", []),
    ("...com", []), ("-bad.com", []), ("bad..com", []), (".com", []), ("bad.", []),
    ("bad.com bad.com", ["bad.com"]),
    ("mail bad.com.", ["bad.com"]),
  ])
  func namesInProse(_ text: String, _ expected: [String]) {
    var finder = LinkFinder()
    finder.look(in: Array(text.utf8), isProse: true)
    #expect(finder.links.map { $0.host + $0.path } == expected, "\(text)")
    var other = LinkFinder()
    other.look(in: Array(text.utf8))
    #expect(other.links.allSatisfy { finder.links.contains($0) })
  }

  /// Characters without width are no part of a host, with a scheme and without.
  @Test(arguments: [
    ("http://sp\u{ad}am.test/x", "spam.test/x"), ("http://sp\u{200b}am\u{2060}.te\u{feff}st", "spam.test"),
    ("www.sp\u{ad}am.test/x", "www.spam.test/x"), ("see sp\u{ad}am.com/x now", "spam.com/x"),
    ("see spam\u{200b}.com", "spam.com"), ("see spam.\u{200d}com", "spam.com"),
    ("a\u{ad}b spam.c\u{ad}om.", "spam.com"),
    ("\u{ad}spam.com", "spam.com"), ("你好spam.com", "spam.com"),
  ])
  func charactersWithoutWidth(_ text: String, _ expected: String) {
    var finder = LinkFinder()
    finder.look(in: Array(text.utf8), isProse: true)
    #expect(finder.links.map { $0.host + $0.path } == [expected], "\(text)")
  }

  @Test func proseCostsNoMoreThanItsLength() {
    for unit in ["a.", "a.b.com.", "a-", "1.", "a.com", ".com ", "a.com@"] {
      let text = Array(String(repeating: unit, count: 200_000).utf8)
      let time = ContinuousClock().measure {
        var finder = LinkFinder()
        finder.look(in: text, isProse: true)
      }
      #expect(time < .seconds(20), "\(unit)")
    }
  }

  @Test func whatIsWrittenComesAlong() {
    var finder = LinkFinder()
    finder.look(in: Array("a Https://u@bad.test:80/x?y b www.c.test/ d".utf8))
    #expect(finder.found.map(\.written) == ["Https://u@bad.test:80/x?y", "www.c.test/"])
  }

  @Test func pathsAndAddressesComeAlong() throws {
    let links = LinkFinder.links(in: Array("http://a.test/b?c=d&amp;e http://10.0.0.1/x".utf8))
    #expect(links.map(\.path) == ["/b?c=d&e", "/x"])
    #expect(links.map(\.address) == [nil, IPAddress("10.0.0.1")])
  }

  /// Each of many links side by side has all that follow in its path: that is read so often and no more.
  @Test func linksInPathsOfLinksCostNoMoreThanTheirBound() {
    func cost(_ unit: String, _ octets: Int) -> Duration {
      let text = Array(repeatElement(Array(unit.utf8), count: octets / unit.utf8.count).joined())
      return ContinuousClock().measure { _ = LinkFinder.links(in: text) }
    }
    for unit in ["=//a.b/%", "=//a.b/%25", "http://a.b/", "=//a.b/%3d//c.d/"] {
      // Without a bound the first is 20 s in a build for debugging.
      #expect(cost(unit, 8 << 10) < .seconds(10), "\(unit)")
    }
    #expect(hosts("=//a.b/%3d//c.d/" + String(repeating: "=//a.b/%", count: 30)).contains("c.d"))
  }

  @Test func isBounded() {
    let many = (0..<1000).map { "http://h\($0).test/ " }.joined()
    #expect(hosts(many).count == LinkFinder.most)
    let long = "http://" + String(repeating: "a.", count: 10_000) + "test/"
    #expect(hosts(long).isEmpty)
    let path = LinkFinder.links(in: Array(("http://a.test/" + String(repeating: "x", count: 100_000)).utf8))
    #expect(path.first?.path.utf8.count == 500)
    // Links within links within links, and so on.
    let nested = String(repeating: "http%3A%2F%2Fx.test%2F", count: 5000)
    #expect(hosts("http://a.test/" + nested).count <= LinkFinder.most)
  }
}
