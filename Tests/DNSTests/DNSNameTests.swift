import DNS
import NetAddress
import Testing

@Suite("Names as DNS is asked for them")
struct DNSNameTests {
  @Test(
    "Names are read",
    arguments: [
      ("Mail.Example.ORG.", "mail.example.org"), ("_dmarc.a.b", "_dmarc.a.b"),
      ("bücher.example", "xn--bcher-kva.example"), ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ])
  func readsNames(written: String, name: String) {
    #expect(DNSName(written)?.text == name)
  }

  @Test(
    "What is no name is none",
    arguments: [
      "", ".", "a..b", "a b", "a\u{0}b", String(repeating: "a", count: 64) + ".b",
      String(repeating: "a.", count: 127) + "a", "a\u{301}\u{200d}..b",
    ])
  func refuses(text: String) {
    #expect(DNSName(text) == nil)
  }

  @Test("Zones hold what lies in them")
  func within() throws {
    let zone = try #require(DNSName("example.org"))
    #expect(DNSName("a.example.org")?.isWithin(zone) == true)
    #expect(zone.isWithin(zone) && zone.isWithin(.root))
    #expect(DNSName("badexample.org")?.isWithin(zone) == false)
    #expect(zone.parent?.text == "org" && zone.parent?.parent == .root && DNSName.root.parent == nil)
  }

  @Test("Reverse names are those of RFC 1035 and RFC 3596")
  func reverse() throws {
    #expect(DNSName.reverse(of: try #require(IPAddress("192.0.2.1"))).text == "1.2.0.192.in-addr.arpa")
    #expect(
      DNSName.reverse(of: try #require(IPAddress("2001:db8::1"))).text
        == "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")
  }
}
