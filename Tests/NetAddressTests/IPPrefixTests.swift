import NetAddress
import Testing

@Suite struct IPPrefixTests {
  @Test(arguments: [
    ("192.0.2.0/24", "192.0.2.0/24"), ("192.0.2.1", "192.0.2.1"), ("192.0.2.1/32", "192.0.2.1"),
    ("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"), ("2001:DB8::/32", "2001:db8::/32"), ("::1", "::1"),
    ("::1/128", "::1"), ("::ffff:192.0.2.0/120", "192.0.2.0/24"), ("::ffff:0:0/96", "0.0.0.0/0"),
  ])
  func reads(text: String, canonical: String) throws {
    #expect(try IPPrefix.parse(text).description == canonical)
    #expect(IPPrefix(text) == IPPrefix(canonical))
  }

  @Test(arguments: [
    ("", IPPrefixError.notAnAddress, "not an address"),
    ("example.org", .notAnAddress, "not an address"),
    ("/24", .notAnAddress, "not an address"),
    ("192.0.2.0/33", .lengthOutOfRange(limit: 32), "prefix length out of range: 0 to 32"),
    ("192.0.2.0/", .lengthOutOfRange(limit: 32), "prefix length out of range: 0 to 32"),
    ("192.0.2.0/024", .lengthOutOfRange(limit: 32), "prefix length out of range: 0 to 32"),
    ("192.0.2.0/+4", .lengthOutOfRange(limit: 32), "prefix length out of range: 0 to 32"),
    ("192.0.2.0/24/8", .lengthOutOfRange(limit: 32), "prefix length out of range: 0 to 32"),
    ("2001:db8::/129", .lengthOutOfRange(limit: 128), "prefix length out of range: 0 to 128"),
    (
      "192.0.2.1/24", .hostBitsSet(length: 24, meant: "192.0.2.0/24"),
      "host bits set below the /24: write 192.0.2.0/24"
    ),
    (
      "2001:db8::1/64", .hostBitsSet(length: 64, meant: "2001:db8::/64"),
      "host bits set below the /64: write 2001:db8::/64"
    ),
    (
      "::ffff:0:0/90", .hostBitsSet(length: 90, meant: "::ffc0:0:0/90"),
      "host bits set below the /90: write ::ffc0:0:0/90"
    ),
  ])
  func saysWhyNot(text: String, error: IPPrefixError, words: String) {
    #expect(throws: error) { try IPPrefix.parse(text) }
    #expect(error.description == words)
    #expect(IPPrefix(text) == nil)
  }

  @Test func contains() throws {
    let net = try IPPrefix.parse("192.0.2.128/25")
    #expect(net.contains(try #require(IPAddress("192.0.2.128"))))
    #expect(net.contains(try #require(IPAddress("::ffff:192.0.2.255"))))
    #expect(!net.contains(try #require(IPAddress("192.0.2.127"))))
    #expect(net.contains(try IPPrefix.parse("192.0.2.128/26")))
    #expect(net.contains(net))
    #expect(!net.contains(try IPPrefix.parse("192.0.2.0/24")))
    let all6 = try IPPrefix.parse("::/0")
    #expect(!all6.contains(try #require(IPAddress("192.0.2.1"))))
    #expect(all6.contains(try #require(IPAddress("::1"))))
    let all4 = try IPPrefix.parse("0.0.0.0/0")
    #expect(!all4.contains(try #require(IPAddress("::1"))))
    #expect(all4.contains(try #require(IPAddress("255.0.2.1"))))
  }

  @Test func ends() throws {
    #expect(try IPPrefix.parse("192.0.2.0/24").lastAddress.description == "192.0.2.255")
    #expect(try IPPrefix.parse("0.0.0.0/0").lastAddress.description == "255.255.255.255")
    #expect(
      try IPPrefix.parse("2001:db8::/32").lastAddress.description == "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
    #expect(IPAddress("192.0.2.77")?.prefix(24).description == "192.0.2.0/24")
  }
}

@Suite struct IPPrefixSetTests {
  @Test func mergesAndAnswers() throws {
    let set = IPPrefixSet(
      try ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32", "::1", "192.0.2.2/31", "10.0.0.0/8"]
        .map(IPPrefix.parse(_:)))
    #expect(set.prefixes.count == 6)
    for inside in ["10.0.0.0", "10.255.255.255", "192.0.2.1", "192.0.2.3", "2001:db8:1::", "::1"] {
      #expect(set.contains(try #require(IPAddress(inside))), "\(inside)")
    }
    for outside in ["9.255.255.255", "11.0.0.0", "192.0.2.0", "192.0.2.4", "2001:db9::", "::2", "::"] {
      #expect(!set.contains(try #require(IPAddress(outside))), "\(outside)")
    }
    #expect(!IPPrefixSet().contains(IPAddress(v4: 0)))
    #expect(IPPrefixSet().isEmpty)
    #expect(IPPrefixSet([try .parse("::/0")]).contains(IPAddress(v4: 1)) == false)
  }
}
