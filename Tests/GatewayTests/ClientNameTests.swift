import DNS
import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

/// The client's name by DNS, wherever the client is told or noted.
@Suite(.apart) struct ClientNameTests {
  private static let proxy = ["proxy_protocol = [\"127.0.0.1/32\"]"]

  private static func table(_ text: String) throws -> DNSTable {
    let (table, problems) = DNSTable.parse(Array(text.utf8), file: "names")
    guard problems.isEmpty else { throw HarnessFault("\(problems)") }
    return table
  }

  private static func deliver(_ gateway: InnerGateway, as address: String) throws -> String {
    let client = try gateway.connect()
    try client.send("PROXY \(address.contains(":") ? "TCP6" : "TCP4") \(address) \(address) 4321 25\r\n")
    #expect(try client.reply().code == 220)
    #expect(try client.command("EHLO far.example").code == 250)
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    return try #require(gateway.relay.messages.last).text
  }

  @Test func aConfirmedNameStandsInTraceAndLog() throws {
    let names = try Self.table(
      """
      7.2.0.192.in-addr.arpa PTR real.outside.example
      real.outside.example A 192.0.2.7
      8.2.0.192.in-addr.arpa PTR forged.example
      forged.example A 192.0.2.99
      """)
    let gateway = try InnerGateway(Self.proxy, resolver: names)
    let text = try Self.deliver(gateway, as: "192.0.2.7")
    #expect(text.contains("Received: from far.example (real.outside.example [192.0.2.7])"), "\(text)")
    #expect(try gateway.waitForEvent(.messageAccepted).clientName == "real.outside.example")
    #expect(gateway.relay.clients.last?.name == "real.outside.example")
    // A name that does not lead back is no name.
    #expect(try Self.deliver(gateway, as: "192.0.2.8").contains("(unknown [192.0.2.8])"))
    #expect(try Self.deliver(gateway, as: "192.0.2.9").contains("(unknown [192.0.2.9])"))
  }

  /// The same header, however late the name comes.
  @Test func theMessageWaitsForTheName() throws {
    let resolver = HeldResolver()
    let gateway = try InnerGateway(Self.proxy, resolver: resolver)
    let client = try gateway.connect()
    try client.send("PROXY TCP4 192.0.2.7 192.0.2.7 4321 25\r\n")
    #expect(try client.reply().code == 220)
    try client.command("EHLO far.example")
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try client.command("DATA").code == 354)
    try client.send("Subject: x\r\n\r\nx\r\n.\r\n")
    #expect(client.isSilent(for: .milliseconds(100)))
    let name = try #require(DNSName("real.outside.example"))
    let address = try #require(IPAddress("192.0.2.7"))
    resolver.answer(DNSQuestion(.reverse(of: address), .ptr), .records([.name(name)]))
    resolver.answer(DNSQuestion(name, .a), .records([.address(address)]))
    #expect(try client.reply().code == 250)
    let text = try #require(gateway.relay.messages.last).text
    #expect(text.contains("(real.outside.example [192.0.2.7])"), "\(text)")
  }

  @Test func aNameThatCouldNotBeHadIsSoughtAgain() throws {
    let resolver = HeldResolver()
    let address = try #require(IPAddress("192.0.2.7"))
    let name = try #require(DNSName("real.outside.example"))
    resolver.answer(DNSQuestion(.reverse(of: address), .ptr), .failed(.server(code: 2)))
    let gateway = try InnerGateway(
      Self.proxy, resolver: resolver, checks: ScriptedChecks(), askAgainAfter: .zero)
    let client = try gateway.connect()
    try client.send("PROXY TCP4 192.0.2.7 192.0.2.7 4321 25\r\n")
    #expect(try client.reply().code == 220)
    try client.command("EHLO far.example")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try #require(gateway.relay.messages.last).text.contains("(unknown [192.0.2.7])"))
    resolver.answer(DNSQuestion(.reverse(of: address), .ptr), .records([.name(name)]))
    resolver.answer(DNSQuestion(name, .a), .records([.address(address)]))
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(
      try #require(gateway.relay.messages.last).text.contains("(real.outside.example [192.0.2.7])"))
  }

  @Test func loopbackIsNobodysName() throws {
    let resolver = HeldResolver()
    let gateway = try InnerGateway(resolver: resolver)
    let (client, _) = try gateway.session(from: "127.0.0.9")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(resolver.asked.isEmpty)
  }

  /// What a server in front told is not asked again; another client is another name.
  @Test func aToldNameIsTaken() throws {
    let names = try Self.table(
      """
      8.2.0.192.in-addr.arpa PTR other.example
      other.example A 192.0.2.8
      """)
    let gateway = try InnerGateway(["xclient = [\"127.0.0.1/32\"]"], resolver: names)
    let (client, _) = try gateway.session()
    #expect(try client.command("XCLIENT NAME=told.example ADDR=192.0.2.7").code == 220)
    try client.command("EHLO proxy.example")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try #require(gateway.relay.messages.last).text.contains("(told.example [192.0.2.7])"))
    let (other, _) = try gateway.session()
    #expect(try other.command("XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.8").code == 220)
    try other.command("EHLO proxy.example")
    #expect(try other.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try #require(gateway.relay.messages.last).text.contains("(other.example [192.0.2.8])"))
    // By XFORWARD for one message.
    let (front, _) = try gateway.session()
    #expect(try front.command("XFORWARD NAME=told.example ADDR=192.0.2.7").code == 250)
    #expect(try front.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try #require(gateway.relay.messages.last).text.contains("(told.example [192.0.2.7])"))
  }
}
