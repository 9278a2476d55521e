import NetAddress
import Testing

@Suite struct EndpointTests {
  @Test func readsAndWritesBack() throws {
    #expect(try Endpoint.parse("192.0.2.1:25") == .ip(IPAddress(v4: 0xC000_0201), port: 25))
    #expect(try Endpoint.parse("[2001:db8::1]:65535").description == "[2001:db8::1]:65535")
    #expect(try Endpoint.parse("[::ffff:192.0.2.1]:25").description == "192.0.2.1:25")
    #expect(try Endpoint.parse("[192.0.2.1]:25").description == "192.0.2.1:25")
    #expect(try Endpoint.parse("[::]:0") == .ip(IPAddress(high: 0, low: 0), port: 0))
    #expect(try Endpoint.parse("Backend_1.Example:10025") == .name("backend_1.example", port: 10025))
    #expect(try Endpoint.parse("localhost:25").description == "localhost:25")
    #expect(try Endpoint.parse("unix:/run/lmtp").description == "unix:/run/lmtp")
    #expect(Endpoint("unix:") == nil)
  }

  @Test(arguments: [
    ("", EndpointError.portMissing), ("192.0.2.1", .portMissing), ("192.0.2.1:", .portMissing),
    ("name", .portMissing), ("[::1]", .portMissing), ("[::1]25", .portMissing),
    ("name:65536", .portOutOfRange),
    ("name:+25", .portOutOfRange), ("name:000025", .portOutOfRange), ("192.0.2.1:smtp", .portOutOfRange),
    ("2001:db8::1:25", .needsBrackets), ("::1", .needsBrackets), ("[::1:25", .needsBrackets),
    ("[::g]:25", .notAnAddress), ("[name]:25", .notAnAddress), ("300.0.2.1:25", .notAName),
    (":25", .notAName),
    ("a..b:25", .notAName), ("-a.example:25", .notAName), ("a b:25", .notAName), ("unix:", .pathMissing),
    ("unix:/a\u{0}b", .pathMissing),
  ])
  func saysWhyNot(text: String, error: EndpointError) {
    #expect(throws: error) { try Endpoint.parse(text) }
    #expect(Endpoint(text) == nil)
  }
}
