import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

/// The PROXY preamble in front of a session: who is believed, and what becomes of the others.
@Suite(.apart) struct ProxyTests {
  private static let balancer = ["proxy_protocol = [\"127.0.0.1/32\"]"]

  /// Version 2 with these TLVs: the source 192.0.2.7:4321.
  private static func block(command: UInt8 = 0x21, family: UInt8 = 0x11, tlv: [UInt8] = []) -> [UInt8] {
    let addresses: [UInt8] = family == 0x11 ? [192, 0, 2, 7, 127, 0, 0, 1, 0x10, 0xe1, 0, 25] : []
    let length = addresses.count + tlv.count
    let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + addresses + tlv
  }

  private static func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
  }

  @Test(arguments: [Array("PROXY TCP4 192.0.2.7 127.0.0.1 4321 25\r\n".utf8), block()], [false, true])
  func theToldClientIsTheClient(_ preamble: [UInt8], isDripped: Bool) throws {
    let gateway = try InnerGateway(Self.balancer, settings: ["checks.early_talker.mode": "\"off\""])
    let client = try gateway.connect()
    if isDripped {
      for byte in preamble { try client.send([byte]) }
    } else {
      // What follows in the same segment is the client's.
      try client.send(preamble + Array("EHLO far.example\r\n".utf8))
    }
    #expect(try client.reply().code == 220)
    if isDripped { try client.send(Array("EHLO far.example\r\n".utf8)) }
    #expect(try client.reply().code == 250)
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("Received: from far.example (unknown [192.0.2.7])"), "\(text)")
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.client == IPAddress("192.0.2.7"))
  }

  @Test func whoIsNotListedNeedsNone() throws {
    let gateway = try InnerGateway(Self.balancer)
    let client = try gateway.connect(from: "127.0.0.2")
    #expect(try client.reply().code == 220)
    // And is not believed.
    #expect(try client.command("PROXY TCP4 192.0.2.7 127.0.0.1 4321 25").code == 500)
  }

  @Test func malformedIsClosedWithoutAWord() throws {
    let gateway = try InnerGateway(Self.balancer)
    let client = try gateway.connect()
    try client.send(Array("EHLO far.example\r\n".utf8))
    #expect(try client.readUntilClosed() == "")
    let event = try gateway.waitForEvent("PROXY_PREAMBLE_MALFORMED")
    #expect(event.client == IPAddress("127.0.0.1"))
  }

  @Test func missingIsNotWaitedForLong() throws {
    let gateway = try InnerGateway(Self.balancer)
    let client = try gateway.connect()
    try client.send(Array("PROXY TCP4 192".utf8))
    #expect(eventually { gateway.context.admission.connections == 1 })
    #expect(try client.readUntilClosed() == "")
    try gateway.waitForEvent("PROXY_PREAMBLE_MISSING")
    #expect(eventually { gateway.context.admission.connections == 0 })
  }

  /// A balancer on the same host must not make strangers trusted.
  @Test(arguments: [Array("PROXY UNKNOWN\r\n".utf8), block(command: 0x20, family: 0)])
  func whoeverIsUnknownIsAStranger(_ preamble: [UInt8]) throws {
    let gateway = try InnerGateway(Self.balancer, networks: ["127.0.0.0/8"])
    let client = try gateway.connect()
    try client.send(preamble)
    try client.open()
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<b@outside.example>").code == 550)
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
  }

  @Test func aToldRelayNetworkMayRelay() throws {
    let gateway = try InnerGateway(Self.balancer, networks: ["192.0.2.0/24"])
    let client = try gateway.connect()
    try client.send(Self.block())
    try client.open()
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<b@outside.example>").code == 250)
  }

  @Test func theToldAddressIsCounted() throws {
    let gateway = try InnerGateway(Self.balancer, settings: ["limits.connections_per_address": "1"])
    func greeting(_ address: String) throws -> (RawClient, Int) {
      let client = try gateway.connect()
      try client.send(Array("PROXY TCP4 \(address) 127.0.0.1 4321 25\r\n".utf8))
      return (client, try client.reply().code)
    }
    let (first, code) = try greeting("192.0.2.7")
    #expect(code == 220)
    #expect(try greeting("192.0.2.7").1 == 421)
    let (other, otherCode) = try greeting("192.0.2.8")
    #expect(otherCode == 220)
    first.close()
    #expect(eventually { gateway.context.admission.connections == 1 })
    #expect(try greeting("192.0.2.7").1 == 220)
    other.close()
  }

  @Test func foreignTLSCountsAsTLS() throws {
    let gateway = try InnerGateway(
      Self.balancer + ["tls = \"required\""], users: ScriptedUsers(), isEncrypted: true)
    let ssl: [UInt8] =
      [0x01, 0, 0, 0, 0] + Self.tlv(0x21, Array("TLSv1.2".utf8))
      + Self.tlv(0x23, Array("ECDHE-RSA-AES128-GCM-SHA256".utf8))
    let client = try gateway.connect()
    try client.send(Self.block(tlv: Self.tlv(0x20, ssl)))
    let lines = try client.open().lines
    #expect(!lines.contains { $0.contains("STARTTLS") } && lines.contains { $0.contains("AUTH PLAIN") })
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("(using TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256)\r\n\tby "), "\(text)")
    #expect(text.contains(" with ESMTPS id "))
    #expect(try gateway.waitForEvent(.messageAccepted).tls?.isForeign == true)
  }
}
