import DNS
import DNSClient
import NetAddress
import TestSupport
import Testing

@Suite("Answers of real servers", .serialized)
struct ResolverAnswerTests {
  static let zone = """
    @         A    192.0.2.1
    @         A    192.0.2.2
    @         AAAA 2001:db8::1
    @         MX   20 b
    @         MX   10 a
    @         TXT  "v=spf1 " "-all"
    null      MX   0 .
    www       CNAME deep.alias
    deep.alias CNAME @
    dangling  CNAME nobody
    1.2.0     PTR  Mail.Weir.TEST.
    short  1  A    192.0.2.7
    empty.nonterminal A 192.0.2.3
    big       TXT  \((0..<40).map { _ in "\"\(String(repeating: "x", count: 200))\"" }.joined(separator: " "))
    a\\;b      A    192.0.2.8
    """

  @Test("Each kind of answer, from a zone below .test", .timeLimit(.minutes(1)), needs(.nsd))
  func kinds() async throws {
    let server = try Nsd(zones: ["weir.test": Self.zone])
    let ask = try Asking { try $0.stub("weir.test", port: server.port) }
    #expect(try await ask("weir.test").addresses.map(\.description) == ["192.0.2.1", "192.0.2.2"])
    #expect(try await ask("weir.test", .aaaa).addresses.map(\.description) == ["2001:db8::1"])
    #expect(try await ask("weir.test", .mx).exchanges.map(\.name.text) == ["a.weir.test", "b.weir.test"])
    #expect(try await ask("null.weir.test", .mx).exchanges.map(\.name) == [.root])
    #expect(try await ask("weir.test", .txt).texts == [Array("v=spf1 -all".utf8)])
    #expect(try await ask("weir.test", .ns).names.map(\.text) == ["ns.invalid"])
    #expect(try await ask("1.2.0.weir.test", .ptr).names.map(\.text) == ["mail.weir.test"])
    guard case .authority(_, let mailbox)? = try await ask("weir.test", .soa).records.first else {
      Issue.record("no SOA")
      return
    }
    #expect(mailbox.text == "hostmaster.weir.test")
    #expect(try await ask("www.weir.test").addresses.count == 2, "aliases are followed")
    #expect(try await ask("dangling.weir.test") == .noName)
    #expect(try await ask("nobody.weir.test") == .noName)
    #expect(try await ask("null.weir.test") == .noData)
    #expect(try await ask("nonterminal.weir.test") == .noData)
    #expect(try await ask("big.weir.test", .txt).texts.first?.count == 8000, "past what fits a datagram")
    #expect(try await ask("a;b.weir.test").addresses.count == 1, "a name that no host has")
    #expect(try ask.remembered("www.weir.test")?.addresses.count == 2)
    #expect(ask.resolver.status.questions[.noName] == 2)
  }

  @Test("A stub for private addresses is asked, and names beside it are not opened", needs(.nsd))
  func privateReverse() async throws {
    let server = try Nsd(zones: ["10.in-addr.arpa": "1.2.3 PTR inside.example.", "above.test": ""])
    let ask = try Asking {
      try $0.stub("10.in-addr.arpa", port: server.port)
      try $0.stub("above.test", port: server.port)
    }
    #expect(try await ask("1.2.3.10.in-addr.arpa", .ptr).names.map(\.text) == ["inside.example"])
    #expect(try await ask("9.2.3.10.in-addr.arpa", .ptr) == .noName)
    // Built in: no server is asked, or this would be a failure on a machine without a network.
    for name in ["elsewhere.test", "above1.test", "aaa.test"] {
      #expect(try await ask(name) == .noName, "\(name)")
    }
    #expect(try await ask("1.0.168.192.in-addr.arpa", .ptr) == .noName)
    #expect(try await ask("localhost").addresses.map(\.description) == ["127.0.0.1"])
  }

  @Test("A stub above built-in zones is asked for all of them", needs(.nsd))
  func stubAbove() async throws {
    let server = try Nsd(zones: ["in-addr.arpa": "1.0.0.10 PTR ten.example.\n1.0.16.172 PTR b.example."])
    let ask = try Asking { try $0.stub("in-addr.arpa", port: server.port) }
    #expect(try await ask("1.0.0.10.in-addr.arpa", .ptr).names.map(\.text) == ["ten.example"])
    #expect(try await ask("1.0.16.172.in-addr.arpa", .ptr).names.map(\.text) == ["b.example"])
    #expect(try await ask("1.0.0.127.in-addr.arpa", .ptr).names.map(\.text) == ["localhost"])
  }

  @Test("A forwarder is asked for everything, private and made-up names as well", needs(.unbound))
  func forwarding() async throws {
    let server = try Unbound(
      data: [
        "mail.example.com. 300 IN A 192.0.2.25", "host.test. 300 IN A 192.0.2.26",
        "made.invalid. 300 IN A 192.0.2.27", "1.0.0.10.in-addr.arpa. 300 IN PTR ten.example.",
        "cut.example.org. 300 IN A 192.0.2.28",
      ],
      zones: [
        "example.com": "static", "test": "static", "invalid": "static", "10.in-addr.arpa": "static",
        "example.org": "refuse",
      ])
    let ask = try Asking { $0.servers = [.at(port: server.port)] }
    #expect(try await ask("mail.example.com").addresses.map(\.description) == ["192.0.2.25"])
    #expect(try await ask("nobody.example.com") == .noName)
    #expect(try await ask("mail.example.com", .mx) == .noData)
    #expect(try await ask("host.test").addresses.count == 1)
    #expect(try await ask("made.invalid").addresses.count == 1)
    #expect(try await ask("1.0.0.10.in-addr.arpa", .ptr).names.map(\.text) == ["ten.example"])
    #expect(try await ask("other.example.org") == .failed(.server(code: 2)), "REFUSED is no answer")
    #expect(!server.questions.contains { $0.contains("localhost") })
  }

  @Test("DNS lists as rbldnsd serves them, for IPv4 and IPv6", needs(.rbldnsd))
  func lists() async throws {
    let server = try Rbldnsd([
      .init("bl.test", .ip4set, ":127.0.0.4:Listed, see https://bl.test/$\n192.0.2.0/24\n127.0.0.2"),
      .init("bl.test", .ip6trie, ":127.0.0.6:Six\n2001:db8::/32"),
    ])
    let ask = try Asking { try $0.stub("bl.test", port: server.port) }
    let listed = try #require(IPAddress("192.0.2.9"))
    #expect(
      try await ask("\(DNSName.reversedLabels(of: listed)).bl.test").addresses.map(\.description) == [
        "127.0.0.4"
      ])
    let reason = try await ask("\(DNSName.reversedLabels(of: listed)).bl.test", .txt)
    #expect(
      reason.texts.map { String(decoding: $0, as: UTF8.self) } == ["Listed, see https://bl.test/192.0.2.9"])
    let six = try #require(IPAddress("2001:db8::9"))
    #expect(
      try await ask("\(DNSName.reversedLabels(of: six)).bl.test").addresses.map(\.description) == [
        "127.0.0.6"
      ])
    #expect(try await ask("1.0.0.127.bl.test") == .noName)
    #expect(server.questions.count == 4)
  }

  @Test("A zone that must be signed and is not is bogus; the same without a key is an answer", needs(.nsd))
  func bogus() async throws {
    let server = try Nsd(zones: ["signed.weirtest": "@ A 192.0.2.1", "plain.weirtest": "@ A 192.0.2.2"])
    let key = "signed.weirtest. IN DS 12345 13 2 " + String(repeating: "ab", count: 32)
    let ask = try Asking {
      $0.servers = [.at(port: server.port)]
      $0.trustAnchors = [key]
    }
    #expect(try await ask("signed.weirtest") == .failed(.bogus))
    #expect(try await ask("plain.weirtest").addresses.count == 1)
    // A stub is a list of one's own, and those are not signed.
    let stub = try Asking {
      try $0.stub("signed.weirtest", port: server.port)
      $0.trustAnchors = [key.replacing("signed.", with: "")]
    }
    #expect(try await stub("signed.weirtest").addresses.count == 1)
  }

  @Test("What libunbound does not take is told in words")
  func refusedOptions() {
    var options = ResolverOptions()
    options.trustAnchors = ["nonsense"]
    #expect(throws: ResolverError.self) { try UnboundResolver(options) }
  }
}
