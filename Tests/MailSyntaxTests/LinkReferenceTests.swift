import Bytes
import MailSyntax
import NetAddress
import Testing

@Suite struct LinkReferenceTests {
  private func link(_ reference: String, base: String? = nil) -> String? {
    Link(reference: Array(reference.utf8), base: base.flatMap { Link(reference: Array($0.utf8)) })
      .map { $0.host + $0.path }
  }

  @Test(arguments: [
    ("http://bad.test/x?y#z", "bad.test/x?y"), ("  HTTPS://Bad.TEST ", "bad.test"),
    ("//bad.test/x", "bad.test/x"),
    ("\\\\bad.test\\x", "bad.test/x"), ("http:\\/\\bad.test", "bad.test"), ("http:bad.test", "bad.test"),
    ("https:/bad.test/", "bad.test/"), ("http:////bad.test", "bad.test"),
    ("ht\ntp://ba\td.te\rst/", "bad.test/"), ("\u{1}http://bad.test", "bad.test"),
    ("http://www.paypal.com@bad.test/", "bad.test/"), ("http://www.paypal.com:x@bad.test:8080/", "bad.test/"),
    ("http://a@b@bad.test", "bad.test"), ("http://paypal.com%2f@bad.test/", "bad.test/"),
    ("http://b%61d.test", "bad.test"), ("http://3221225993/x", "192.0.2.9/x"),
    ("http://0xC0.0.0x2.9", "192.0.2.9"),
    ("http://0300.0.02.011/", "192.0.2.9/"), ("http://[2001:DB8::1]:80/", "2001:db8::1/"),
    ("http://bad.test?x", "bad.test?x"), ("http://bad.test#x", "bad.test"), ("http://bad。test", "bad.test"),
    ("ftp://files.test/a", "files.test/a"),
    ("https://r.test/?u=http://bad.test/", "r.test/?u=http://bad.test/"),
    ("http://xn--mnchen-3ya.test", "xn--mnchen-3ya.test"), ("file://bad.test/s/a.exe", "bad.test/s/a.exe"),
    ("FILE:\\\\bad.test\\s", "bad.test/s"), ("file:////bad.test/s", "bad.test/s"),
  ])
  func whereItLeads(_ reference: String, _ expected: String) {
    #expect(link(reference) == expected, "\(reference)")
  }

  @Test(arguments: [
    "mailto:a@b.test", "cid:x", "javascript:alert(1)", "data:text/html,x", "tel:123", "#top", "page.html",
    "/page",
    "", "http://", "http://localhost/", "http:///", "//", "?x", "http://[::1", "http://a b.test/",
    "file:///C:/a.test/x", "file:/a.test", "file:a.test",
  ])
  func whatLeadsNowhere(_ reference: String) {
    #expect(link(reference) == nil, "\(reference)")
  }

  @Test(arguments: [
    ("x.html", "http://b.test/d/e.html?q", "b.test/d/x.html"), ("/x", "http://b.test/d/", "b.test/x"),
    ("?n", "http://b.test/d?q", "b.test/d?n"), ("x", "http://b.test", "b.test/x"),
    ("//c.test/", "http://b.test/", "c.test/"), ("http:c.test", "http://b.test/", "c.test"),
    ("", "http://b.test/d", "b.test/d"), ("\\x", "http://b.test/d", "b.test/x"),
  ])
  func whatIsRelative(_ reference: String, _ base: String, _ expected: String) {
    #expect(link(reference, base: base) == expected)
  }

  @Test func pathsAreBounded() throws {
    let long = "http://a.test/" + String(repeating: "x", count: 1 << 20)
    #expect(try #require(Link(reference: Array(long.utf8))).path.utf8.count == 500)
    #expect(link("http://" + String(repeating: "a.", count: 1 << 19) + "test/") == nil)
  }
}
