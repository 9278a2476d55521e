import NetAddress
import Settings
import Testing

/// Never an open relay, in no configuration that does not say so in one explicit word.
@Suite struct RelayTests {
  static let way = "; who really wants an open relay writes relay.open = \"yes-i-run-an-open-relay\""

  @Test(arguments: [
    ("0.0.0.0/0", "is the whole internet"),
    ("::/0", "is the whole internet"),
    ("::ffff:0.0.0.0/96", "is the whole internet"),
    ("0.0.0.0/1", "is a good part of the internet"),
    ("64.0.0.0/7", "is a good part of the internet"),
    ("2000::/3", "is a good part of the internet"),
    ("2002::/16", "is a good part of the internet"),
    ("64:ff9b::/96", "is where anyone on the IPv4 internet can appear"),
    ("2001::/32", "is where anyone on the IPv4 internet can appear"),
  ])
  func networksAsWideAsTheInternetAreRefused(_ network: String, _ reason: String) throws {
    let reading = readWith("relay.networks = [\"192.0.2.0/24\", \"\(network)\"]")
    let prefix = try #require(IPPrefix(network))
    #expect(reading.lines == ["weir.toml:4:35: relay.networks: \(prefix) \(reason)\(Self.way)"])
    #expect(reading.settings == nil)
  }

  @Test func networksThatAreWideTogetherAreRefused() {
    let pieces = (0..<256).map { "\"\($0).0.0.0/8\"" }.joined(separator: ",")
    let reading = readWith("relay.networks = [\(pieces)]")
    #expect(
      reading.lines == [
        "weir.toml:4:18: relay.networks: the networks together are a good part of the internet\(Self.way)"
      ])
    let v6 = (0..<64).map { "\"2a0\(String($0 / 16, radix: 16)):\(String($0 % 16, radix: 16))000::/20\"" }
    #expect(readWith("relay.networks = [\(v6.joined(separator: ","))]").settings == nil)
    // Sixteen of them, one inside another, are not more than one.
    let nested = (8...24).map { "\"10.0.0.0/\($0)\"" }.joined(separator: ",")
    #expect(readWith("relay.networks = [\(nested)]").lines == [])
  }

  @Test(arguments: ["127.0.0.0/8", "10.0.0.0/8", "::1/128", "2a00:1450::/29", "fd00::/8", "198.18.0.0/15"])
  func networksOfOneOwnerAreTaken(_ network: String) {
    #expect(readWith("relay.networks = [\"\(network)\"]").lines == [])
  }

  @Test func aWholeTopLevelDomainIsRefused() {
    let reading = read(
      """
      hostname = "mx.example.org"
      relay.domains = ["com", ".lan", ".com"]
      backend = [{ address = "127.0.0.1:10025" }]
      """)
    #expect(
      reading.lines == [
        "weir.toml:2:33: relay.domains: \".com\" takes mail for a whole top-level domain\(Self.way)"
      ])
    for nothing in [".", "*", "", "*."] {
      let reading = read(
        """
        hostname = "mx.example.org"
        relay.domains = ["\(nothing)"]
        backend = [{ address = "127.0.0.1:10025" }]
        """)
      #expect(reading.settings == nil, "\(nothing)")
    }
  }

  @Test func theOneWordOpensIt() throws {
    let reading = readWith(
      """
      [relay]
      networks = ["0.0.0.0/0"]
      open = "yes-i-run-an-open-relay"
      """.replacing("[relay]\n", with: "relay.").replacing("\nopen", with: "\nrelay.open"))
    #expect(
      reading.lines == ["weir.toml:5:14: warning: relay.open: this gateway is an open relay, as you say"])
    let relay = try #require(reading.settings?.relay)
    #expect(relay.isOpen)
    #expect(relay.networks.contains(try #require(IPAddress("203.0.113.9"))))
  }

  @Test(arguments: ["true", "\"yes\"", "1", "\"YES-I-RUN-AN-OPEN-RELAY\""])
  func noOtherWordDoes(_ word: String) {
    let reading = readWith("relay.networks = [\"0.0.0.0/0\"]\nrelay.open = \(word)")
    #expect(reading.settings == nil)
    #expect(
      reading.errors.contains { $0.message.hasPrefix("relay.networks: 0.0.0.0/0 is the whole internet") })
  }

  @Test func theWordAloneOpensNothing() throws {
    let reading = readWith("relay.open = \"yes-i-run-an-open-relay\"")
    #expect(
      reading.lines == ["weir.toml:4:14: warning: relay.open: has no effect: nothing here is that wide"])
    #expect(try #require(reading.settings).relay.networks.isEmpty)
  }

  @Test func theNarrowestRestrictionComesFirst() throws {
    let reading = readWith(
      """
      relay.networks = ["10.0.0.0/8"]
      relay.senders = { "10.0.0.0/8" = ["@Example.ORG"], "10.1.0.0/16" = ["Boss@example.org", ".example.net"] }
      """)
    #expect(reading.lines == [])
    let senders = try #require(reading.settings).relay.senders
    #expect(senders.map(\.network.description) == ["10.1.0.0/16", "10.0.0.0/8"])
    #expect(senders[0].allows(localPart: "BOSS", domain: "Example.org"))
    #expect(senders[0].allows(localPart: "x", domain: "a.example.net"))
    #expect(!senders[0].allows(localPart: "x", domain: "example.net"))
    #expect(!senders[0].allows(localPart: "other", domain: "example.org"))
    #expect(!senders[0].allows(localPart: "", domain: ""))
    #expect(senders[1].allows(localPart: "other", domain: "example.org"))
    #expect(!senders[1].allows(localPart: "x", domain: "sub.example.org"))
  }
}
