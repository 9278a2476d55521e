import NetAddress
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ("::FFFF:c000:201", "192.0.2.1"), ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
    ("::192.0.2.1", "::c000:201"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::", "fe80::"), ("0:0:1::", "0:0:1::"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ])
  func readsAndWrites(text: String, canonical: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == canonical)
    #expect(IPAddress(canonical) == address)
  }

  @Test(arguments: [
    "", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4:25", "1.2.3.0000", "1.2.3.-1", "+1.2.3.4", "0x1.2.3.4",
    "1.2.3.4/32",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":1::", "1:",
    "1:2:3:4:5:6:7:", "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::",
    "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "::٣", "１.2.3.4", "1.2.3.4\u{0}",
    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", "::00001",
  ])
  func refuses(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func mappedIsV4() throws {
    let mapped = try #require(IPAddress("::ffff:192.0.2.1"))
    #expect(mapped.isV4)
    #expect(mapped.v4 == 0xC000_0201)
    #expect(mapped == IPAddress(v4: 0xC000_0201))
    #expect(mapped == IPAddress(high: 0, low: 0xFFFF_C000_0201))
    #expect(IPAddress("::192.0.2.1")?.isV4 == false)
    #expect(IPAddress("::1")?.v4 == nil)
  }

  @Test func classes() {
    func all(_ texts: [String], _ claim: (IPAddress) -> Bool) -> Bool {
      texts.allSatisfy { IPAddress($0).map(claim) ?? false }
    }
    #expect(all(["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"]) { $0.isLoopback })
    #expect(all(["128.0.0.1", "126.255.255.255", "::2", "::", "1::1"]) { !$0.isLoopback })
    #expect(
      all([
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.0.1", "fc00::1", "fdff::1",
        "fe80::1",
        "febf::1",
      ]) { $0.isPrivate })
    #expect(
      all([
        "11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "169.253.0.1", "fec0::1", "fb00::1",
        "127.0.0.1",
        "::1",
      ]) { !$0.isPrivate })
    #expect(all(["0.0.0.0", "::"]) { $0.isUnspecified })
    #expect(all(["0.0.0.1", "::1"]) { !$0.isUnspecified })
  }

  @Test func masks() throws {
    let v4 = try #require(IPAddress("192.0.2.255"))
    #expect(v4.masked(to: 24).description == "192.0.2.0")
    #expect(v4.masked(to: 25).description == "192.0.2.128")
    #expect(v4.masked(to: 32) == v4)
    #expect(v4.masked(to: 0).description == "0.0.0.0")
    #expect(v4.masked(to: -7).description == "0.0.0.0")
    #expect(v4.masked(to: 500) == v4)
    let v6 = try #require(IPAddress("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"))
    #expect(v6.masked(to: 32).description == "2001:db8::")
    #expect(v6.masked(to: 64).description == "2001:db8:ffff:ffff::")
    #expect(v6.masked(to: 65).description == "2001:db8:ffff:ffff:8000::")
    #expect(v6.masked(to: 0).description == "::")
    #expect(v6.masked(to: 128) == v6)
  }

  @Test func everyAddressRoundTrips() throws {
    var generator = Steps(state: 7)
    for _ in 0..<20_000 {
      // Few bits set, so that runs of zero groups of all lengths come up.
      let mask = generator.next() & generator.next() & generator.next()
      let address = IPAddress(high: mask, low: generator.next() & generator.next() & generator.next())
      #expect(IPAddress(address.description) == address)
    }
  }
}

/// A small generator with a known sequence (xorshift64*).
struct Steps: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
