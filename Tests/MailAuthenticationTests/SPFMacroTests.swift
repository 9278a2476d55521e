import DNS
import MailAuthentication
import NetAddress
import Testing

/// The macros of RFC 7208 §7, in explanations and in names.
@Suite struct SPFMacroTests {
  /// What an explanation says.
  private func says(
    _ text: String, ip: String = "192.0.2.3", sender: String = "strong-bad@email.example.com",
    records: String = "", limit: Int = 300
  ) async throws -> String {
    var zone = try SPFZone(records)
    zone.limits.explanation = limit
    try zone.add("email.example.com", "TXT", "v=spf1 -all exp=why.example")
    try zone.add("why.example", "TXT", text)
    return try await zone.check(ip, sender).explanation
  }

  // The examples of §7.4.
  @Test(arguments: [
    ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
    ("%{d4}", "email.example.com"), ("%{d3}", "email.example.com"), ("%{d2}", "example.com"),
    ("%{d1}", "com"),
    ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"),
    ("%{l-}", "strong.bad"),
    ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"),
    ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
    ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
    ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
    ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
    ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
    // And what they leave out.
    ("100%% %_x%-y", "100%  x%20y"), ("%{S}", "strong-bad%40email.example.com"),
    ("%{h}", "mail.client.example"),
    ("%{c} %{r} %{t}", "192.0.2.3 mx.receiver.example 1700000000"), ("%{p}", "unknown"), ("%{D1R}", "email"),
    ("%{o5r.}", "com.example.email"), ("%{d99999999999999999999}", "email.example.com"),
    // No explanation is better than half of one.
    ("%{x}", ""), ("%{d", ""), ("%", ""), ("tab\there", ""), ("", ""), ("   ", ""), ("caf\u{e9}", ""),
  ])
  func aTextIsExpanded(_ text: String, _ expected: String) async throws {
    #expect(try await says(text) == expected)
  }

  @Test func anExplanationIsBounded() async throws {
    #expect(try await says(String(repeating: "x", count: 1000), limit: 40).utf8.count == 40)
    #expect(try await says(String(repeating: "%{s}", count: 3000)).utf8.count == 300)
    #expect(try await says(String(repeating: "%{s}", count: 5000)) == "", "past the bound of a record")
  }

  @Test func theClientsNameIsTheDomainThenOneBelowThenAny() async throws {
    let records = """
      3.2.0.192.in-addr.arpa PTR z.other.example
      3.2.0.192.in-addr.arpa PTR mx.email.example.com
      3.2.0.192.in-addr.arpa PTR liar.email.example.com
      z.other.example A 192.0.2.3
      mx.email.example.com A 192.0.2.3
      """
    #expect(try await says("%{p}", records: records) == "mx.email.example.com")
    let itself = records + "\n3.2.0.192.in-addr.arpa PTR email.example.com\nemail.example.com A 192.0.2.3"
    #expect(try await says("%{p}", records: itself) == "email.example.com")
  }

  @Test func anIPv6AddressIsNibbles() async throws {
    #expect(
      try await says("%{ir}.%{v}._spf.%{d2} %{c}", ip: "2001:db8::cb01")
        == "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com 2001:db8::cb01"
    )
  }

  @Test func aNameTooLongLosesItsFirstLabels() async throws {
    let label = String(repeating: "x", count: 60)
    let tail = Array(repeating: label, count: 4).joined(separator: ".") + ".example"
    // 4 × 61 + 7 = 251: the whole is one label more.
    let zone = try SPFZone(
      """
      a.example TXT v=spf1 exists:%{l}.\(tail) -all
      \(tail) A 127.0.0.2
      b.example TXT v=spf1 exists:\(String(repeating: "y", count: 300)).example -all
      c.example TXT v=spf1 exists:\(String(repeating: "%{s}.", count: 3000))\(tail) -all
      example A 127.0.0.2
      """)
    #expect(try await zone.check("192.0.2.3", "local@a.example").result == .pass)
    // What is left of this one is a name, though nobody meant it.
    #expect(try await zone.check("192.0.2.3", "u@b.example").result == .pass)
    #expect(try await zone.check("192.0.2.3", "\(label)@c.example").result == .pass)
  }
}
