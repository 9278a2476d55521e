import NetAddress
import SMTPProtocol
import Testing

/// The PROXY protocol (HAProxy, proxy-protocol.txt).
@Suite struct ProxyPreambleTests {
  private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

  private func parse(_ bytes: [UInt8]) -> ProxyPreamble.Outcome { ProxyPreamble.parse(bytes.span.bytes) }
  private func parse(_ text: String) -> ProxyPreamble.Outcome { parse(Array(text.utf8)) }

  /// The outcome of the whole, which each beginning of it leaves open or has already, and which does not depend on
  /// what follows.
  private func dripped(_ bytes: [UInt8]) -> ProxyPreamble.Outcome {
    let whole = parse(bytes)
    let end: Int
    if case .done(_, let octets) = whole { end = octets } else { end = bytes.count }
    for count in 0..<min(end, bytes.count) {
      let part = parse(Array(bytes.prefix(count)))
      switch (part, whole) {
      case (.needMore, _), (.malformed, .malformed): break
      default: Issue.record("\(count) octets of \(bytes): \(part), not \(whole)")
      }
    }
    if case .needMore = whole {} else { #expect(parse(bytes + Array("EHLO c\r\n".utf8)) == whole) }
    return whole
  }

  private func isMalformed(_ outcome: ProxyPreamble.Outcome) -> Bool {
    if case .malformed(let words) = outcome { !words.isEmpty } else { false }
  }

  private func endpoints(_ source: String, _ sourcePort: UInt16, _ destination: String, _ port: UInt16) throws
    -> ProxyPreamble.Origin
  {
    .client(
      .init(
        source: try #require(IPAddress(source)), sourcePort: sourcePort,
        destination: try #require(IPAddress(destination)), destinationPort: port))
  }

  // MARK: Version 1

  @Test(arguments: [
    (
      "TCP4 192.168.0.1 192.168.0.11 56324 443", "192.168.0.1", 56324 as UInt16, "192.168.0.11", 443 as UInt16
    ),
    ("TCP4 255.255.255.255 255.255.255.255 65535 65535", "255.255.255.255", 65535, "255.255.255.255", 65535),
    ("TCP4 127.0.0.1 127.0.0.1 0 0", "127.0.0.1", 0, "127.0.0.1", 0),
    ("TCP6 ::1 2001:DB8::2 1 25", "::1", 1, "2001:db8::2", 25),
    (
      "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535
    ),
    ("TCP6 ::ffff:192.0.2.1 ::1 1 25", "192.0.2.1", 1, "::1", 25),
    // What HAProxy 2.6 says.
    ("TCP6 ::1 ::1 46916 18206", "::1", 46916, "::1", 18206),
    ("TCP4 127.0.0.1 127.0.0.1 40846 18202", "127.0.0.1", 40846, "127.0.0.1", 18202),
  ])
  func aLineIsRead(
    _ line: String, _ source: String, _ sourcePort: UInt16, _ destination: String, _ port: UInt16
  ) throws {
    let bytes = Array("PROXY \(line)\r\n".utf8)
    let origin = try endpoints(source, sourcePort, destination, port)
    #expect(dripped(bytes) == .done(.init(version: .one, origin: origin), octets: bytes.count))
  }

  @Test(arguments: [
    "PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN ::1 ::1 1 1\r\n",
    "PROXY UNKNOWN what ever 70000\r\n",
    "PROXY UNKNOWN " + String(repeating: "x", count: 107 - 16) + "\r\n",
  ])
  func anUnknownClientIsToldAsThat(_ line: String) {
    #expect(
      dripped(Array(line.utf8))
        == .done(.init(version: .one, origin: .unknown), octets: line.utf8.count))
  }

  @Test(arguments: [
    "EHLO c\r\n", "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY\r\n", "PROXY \r\n", "PROXYTCP4 x\r\n",
    "PRIXY",
    "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2\t1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2  2\r\n", "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
    "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP6 ::1 192.0.2.2 1 2\r\n",
    "PROXY TCP6 ::1%lo ::1 1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n", "PROXY TCP6 1:2:3 ::1 1 2\r\n",
    "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY unknown\r\n", "PROXY UNKNOWNX\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n", "PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n",
    "PROXY UNKNOWN a\nb\r\n", "\r\nE", "\0", "\u{ff}",
    "PROXY UNKNOWN " + String(repeating: "x", count: 107 - 15) + "\r\n",
    "PROXY UNKNOWN " + String(repeating: "x", count: 500), "PROXY " + String(repeating: "x", count: 102),
  ])
  func whatIsNoLineIsMalformed(_ text: String) {
    #expect(isMalformed(dripped(Array(text.utf8))), "\(text.debugDescription)")
  }

  @Test func aLineIsWaitedForAsLongAsItMayBe() {
    #expect(parse([UInt8]()) == .needMore)
    for text in ["P", "PROXY", "PROXY UNKNOWN\r", "PROXY UNKNOWN " + String(repeating: "x", count: 107 - 15)]
    {
      #expect(parse(text) == .needMore, "\(text)")
    }
    #expect(isMalformed(parse("PROXY UNKNOWN " + String(repeating: "x", count: 107 - 14))))
  }

  // MARK: Version 2

  private func block(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
    let count = length ?? rest.count
    return Self.signature + [command, family, UInt8(count >> 8), UInt8(count & 0xff)] + rest
  }

  private static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0, 25]
  private static let v6: [UInt8] =
    [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
    + [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [2] + [0xff, 0xff, 2, 0x4b]

  private func vector(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count >> 8), UInt8(value.count & 0xff)] + value
  }

  private func tls(_ client: UInt8, _ verify: UInt8 = 0, _ parts: [UInt8] = []) -> [UInt8] {
    vector(0x20, [client, 0, 0, 0, verify] + parts)
  }

  @Test func addressesAreRead() throws {
    let four = block(0x21, 0x11, Self.v4)
    var origin = try endpoints("192.0.2.1", 56324, "198.51.100.2", 25)
    #expect(dripped(four) == .done(.init(version: .two, origin: origin), octets: 28))
    let six = block(0x21, 0x21, Self.v6)
    origin = try endpoints("2001:db8::1", 65535, "2001:db8::2", 587)
    #expect(dripped(six) == .done(.init(version: .two, origin: origin), octets: 52))
    // An IPv4 client of a dual-stack balancer is the IPv4 client.
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 1]
    let both = block(0x21, 0x21, mapped + mapped + [0, 1, 0, 25])
    origin = try endpoints("192.0.2.1", 1, "192.0.2.1", 25)
    #expect(dripped(both) == .done(.init(version: .two, origin: origin), octets: 52))
  }

  @Test func whatTellsNoClientIsTakenAsThat() {
    let unix = [UInt8](repeating: 0x2f, count: 216)
    for (bytes, origin) in [
      (block(0x20, 0, []), ProxyPreamble.Origin.local), (block(0x20, 0xff, Self.v4), .local),
      (block(0x20, 0x11, Self.v4 + [9, 9]), .local), (block(0x21, 0, []), .unknown),
      (block(0x21, 0, [1, 2, 3]), .unknown), (block(0x21, 0x01, Self.v4), .unknown),
      (block(0x21, 0x10, Self.v4), .unknown), (block(0x21, 0x12, Self.v4), .unknown),
      (block(0x21, 0x22, Self.v6), .unknown), (block(0x21, 0x31, unix), .unknown),
      (block(0x21, 0x32, unix), .unknown),
    ] {
      #expect(
        dripped(bytes) == .done(.init(version: .two, origin: origin), octets: bytes.count), "\(bytes)")
    }
  }

  @Test func whatIsNoBlockIsMalformed() {
    for bytes in [
      block(0x11, 0x11, Self.v4), block(0x31, 0x11, Self.v4), block(0x22, 0x11, Self.v4),
      block(0x2f, 0x11, Self.v4),
      block(0x21, 0x41, Self.v4), block(0x21, 0x13, Self.v4), block(0x21, 0xf0, []),
      block(0x21, 0x11, Array(Self.v4.dropLast())), block(0x21, 0x21, Array(Self.v6.dropLast())),
      block(0x21, 0x31, [UInt8](repeating: 0, count: 215)),
      block(0x21, 0x11, Self.v4 + [1]), block(0x21, 0x11, Self.v4 + [1, 0]),
      block(0x21, 0x11, Self.v4 + [1, 0, 1]),
      block(0x21, 0x11, Self.v4 + vector(0x20, [1, 0, 0, 0])),
      block(0x21, 0x11, Self.v4 + vector(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9, 0x54])),
      block(0x21, 0x11, Self.v4 + vector(0x03, [1, 2, 3])),
      Array(Self.signature.dropLast()) + [11], [13, 13], block(0x21, 0x11, [], length: 4097),
    ] {
      #expect(isMalformed(dripped(bytes)), "\(bytes)")
    }
  }

  @Test func aBlockIsBounded() {
    let padding = vector(0x04, [UInt8](repeating: 0, count: 4096 - 12 - 3))
    let longest = block(0x21, 0x11, Self.v4 + padding)
    guard case .done(let preamble, octets: 4112) = parse(longest), case .client = preamble.origin else {
      Issue.record("not taken")
      return
    }
    #expect(parse(Array(longest.dropLast())) == .needMore)
    // It is not waited for.
    #expect(isMalformed(parse(Self.signature + [0x21, 0x11, 0x10, 0x01])))
    #expect(isMalformed(parse(Self.signature + [0x21, 0x11, 0xff, 0xff])))
  }

  @Test func theClientsTLSIsRead() throws {
    func read(_ vectors: [UInt8]) throws -> ProxyPreamble {
      let outcome = dripped(block(0x21, 0x11, Self.v4 + vectors))
      guard case .done(let preamble, _) = outcome else { throw Malformed() }
      return preamble
    }
    let name = vector(0x21, Array("TLSv1.3".utf8)) + vector(0x23, Array("TLS_AES_128_GCM_SHA256".utf8))
    let full = try read(
      vector(0xea, [1, 2, 3]) + vector(0x02, Array("MX.Example.ORG".utf8))
        + tls(0x07, 0, name + vector(0x25, [1]) + vector(0x22, Array("printer.example.org".utf8)))
        + vector(0x30, Array("blue".utf8)))
    #expect(full.serverName == "mx.example.org")
    var expected = ProxyPreamble.TLS()
    expected.version = "TLSv1.3"
    expected.cipher = "TLS_AES_128_GCM_SHA256"
    expected.commonName = "printer.example.org"
    expected.hasCertificate = true
    expected.isVerified = true
    #expect(full.tls == expected)
    // A certificate that was not verified; one that was not shown, which HAProxy calls verified with 0 or not.
    expected.isVerified = false
    #expect(try read(tls(0x03, 21, name + vector(0x22, Array("printer.example.org".utf8)))).tls == expected)
    expected = .init()
    #expect(try read(tls(0x01)).tls == expected && read(tls(0x01, 1)).tls == expected)
    // Not under TLS, whatever else it says.
    #expect(try read(tls(0x00, 0, name)).tls == nil && read(tls(0x06)).tls == nil)
    #expect(try read([]).tls == nil)
    // What could break a line is not taken over.
    let evil = try read(
      vector(0x02, Array("a\r\nb".utf8))
        + tls(
          1, 0, vector(0x21, Array("TLS v1".utf8)) + vector(0x23, [0xff]) + vector(0x22, Array("a\r\nb".utf8))
        ))
    #expect(evil.serverName == nil && evil.tls?.version == "" && evil.tls?.cipher == "")
    #expect(evil.tls?.commonName == "a\\x0d\\x0ab")
    #expect(try read(tls(1, 0, vector(0x22, [0xc0, 0x80]))).tls?.commonName == nil)
    let long = [UInt8](repeating: 0x61, count: 2000)
    #expect(try read(tls(1, 0, vector(0x22, long))).tls?.commonName?.utf8.count == 256)
  }

  private struct Malformed: Error {}

  /// As HAProxy 2.6.12 sent them: `send-proxy-v2` with crc32c and unique-id, over IPv6, from a TLS frontend
  /// without and with a client certificate; and its health check.
  @Test(arguments: [
    (
      "0d0a0d0a000d0a515549540a2111001b7f0000017f000001b2d64719030004819451740500053331393633", "127.0.0.1",
      45782 as UInt16, 18201 as UInt16, nil as String?, nil as String?
    ),
    (
      "0d0a0d0a000d0a515549540a2121002b0000000000000000000000000000000100000000000000000000000000000001d954471c"
        + "0300046ffe26a6", "::1", 55636, 18204, nil, nil
    ),
    (
      "0d0a0d0a000d0a515549540a2111004f7f0000017f0000018342471b03000401b4e6d402000e4d582e6578616d706c652e6f7267"
        + "2000280100000000210007544c5376312e33230016544c535f4145535f3235365f47434d5f534841333834",
      "127.0.0.1",
      33602, 18203, "TLS_AES_256_GCM_SHA384", nil
    ),
    (
      "0d0a0d0a000d0a515549540a211100657f0000017f000001834c471b030004f6afbfd902000e6d782e6578616d706c652e6f7267"
        + "20003e0700000000210007544c5376312e332200137072696e7465722e6578616d706c652e6f7267230016544c535f4145535f"
        + "3235365f47434d5f534841333834", "127.0.0.1", 33612, 18203, "TLS_AES_256_GCM_SHA384",
      "printer.example.org"
    ),
  ])
  func whatHAProxySaysIsRead(
    _ hexadecimal: String, _ address: String, _ port: UInt16, _ destinationPort: UInt16, _ cipher: String?,
    _ commonName: String?
  ) throws {
    let bytes = octets(hexadecimal)
    guard case .done(let preamble, let count) = dripped(bytes) else {
      Issue.record("\(parse(bytes))")
      return
    }
    #expect(count == bytes.count && preamble.version == .two)
    #expect(try preamble.origin == endpoints(address, port, address, destinationPort))
    #expect(preamble.tls?.cipher == cipher && preamble.tls?.commonName == commonName)
    #expect(preamble.tls?.hasCertificate == (cipher == nil ? nil : commonName != nil))
    #expect(preamble.tls?.isVerified == (cipher == nil ? nil : commonName != nil))
    #expect(preamble.serverName == (cipher == nil ? nil : "mx.example.org"))
    // The checksum covers every octet of it but the one that says that it is one.
    let type = try #require(bytes.indices.dropLast(2).first { Array(bytes[$0..<$0 + 3]) == [3, 0, 4] })
    for index in bytes.indices.dropFirst(14) where index != type {
      var changed = bytes
      changed[index] ^= 1
      if case .done(let other, let taken) = parse(changed) {
        Issue.record("octet \(index) may be changed: \(other), \(taken)")
      }
    }
  }

  @Test func aHealthCheckIsTheBalancersOwn() {
    #expect(
      dripped(octets("0d0a0d0a000d0a515549540a20000000"))
        == .done(.init(version: .two, origin: .local), octets: 16))
  }

  private func octets(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0..<$0 + 2]), radix: 16)
    }
  }
}
