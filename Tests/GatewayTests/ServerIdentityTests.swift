import DNS
import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

/// XCLIENT and XFORWARD: who is believed, and what it changes.
@Suite(.apart) struct ServerIdentityTests {
  private static let trusting = ["xclient = [\"127.0.0.1/32\"]"]

  @Test func othersAreNotBelieved() throws {
    let gateway = try InnerGateway(Self.trusting)
    let (client, lines) = try gateway.session(from: "127.0.0.2")
    #expect(!lines.contains { $0.contains("XCLIENT") || $0.contains("XFORWARD") })
    #expect(try client.command("XCLIENT ADDR=192.0.2.7").code == 550)
    #expect(try client.command("XFORWARD ADDR=192.0.2.7").code == 550)
  }

  @Test func theSessionIsTheToldClients() throws {
    let gateway = try InnerGateway(Self.trusting, networks: ["127.0.0.0/8"])
    let (client, lines) = try gateway.session()
    #expect(lines.contains { $0.contains("XCLIENT NAME ADDR PORT PROTO HELO LOGIN") }, "\(lines)")
    #expect(
      try client.command("XCLIENT NAME=far.example ADDR=192.0.2.7 PORT=99 HELO=told.example PROTO=ESMTP").code
        == 220)
    // As after the greeting.
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 503)
    #expect(try client.command("EHLO proxy.example").code == 250)
    try client.command("MAIL FROM:<a@outside.example>")
    // The right of the peer is not the client's.
    #expect(try client.command("RCPT TO:<b@outside.example>").code == 550)
    try client.command("RSET")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("Received: from told.example (far.example [192.0.2.7])"), "\(text)")
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.client == IPAddress("192.0.2.7") && event.clientName == "far.example")
  }

  /// What is true of the server in front is not said of a client that it does not know.
  @Test(arguments: ["XCLIENT ADDR=[UNAVAILABLE]", "XFORWARD HELO=told.example", "PROXY UNKNOWN"])
  func aClientThatNobodyKnowsIsNotTheServerInFront(_ word: String) throws {
    let (names, problems) = DNSTable.parse(
      Array(
        """
        outside.example TXT "v=spf1 -all"
        outside.example A 192.0.2.1
        outside.example MX 10 outside.example
        told.example A 192.0.2.1
        """.utf8), file: "names")
    #expect(problems.isEmpty)
    let gateway = try InnerGateway(
      word.hasPrefix("PROXY") ? ["proxy_protocol = [\"127.0.0.1/32\"]"] : Self.trusting,
      settings: ["checks.early_talker.delay": "\"10ms\""], resolver: names)
    let client = try gateway.connect()
    if word.hasPrefix("PROXY") { try client.send(line: word) }
    #expect(try client.reply().code == 220)
    try client.command("EHLO told.example")
    if !word.hasPrefix("PROXY") {
      #expect(try client.command(word).code == (word.hasPrefix("XCLIENT") ? 220 : 250))
      // XFORWARD is about the next message, which a greeting would end.
      if word.hasPrefix("XCLIENT") { try client.command("EHLO told.example") }
    }
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.client == nil && event.via == IPAddress("127.0.0.1"))
    let codes = event.findings.map(\.finding.code.name)
    #expect(!codes.contains { $0.hasPrefix("SPF_") || $0.hasPrefix("HELO_") || $0.hasPrefix("REVERSE_") })
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("Received: from told.example (unknown [unknown])"), "\(text)")
    #expect(!text.contains("127.0.0.1") && !text.contains("spf="), "\(text)")
    let identity = try #require(gateway.relay.clients.first)
    #expect(!identity.isAddressKnown && identity.port == 0)
    #expect(gateway.context.known.count == 0)
  }

  @Test func aLoginIsTold() throws {
    let gateway = try InnerGateway(Self.trusting)
    let (client, _) = try gateway.session()
    #expect(try client.command("XCLIENT ADDR=192.0.2.7 LOGIN=anna@example.org").code == 220)
    try client.command("EHLO proxy.example")
    #expect(try client.deliver(from: "anna@example.org", to: ["b@outside.example"]).code == 250)
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.user == "anna@example.org")
    let (other, _) = try gateway.session()
    #expect(try other.command("XCLIENT ADDR=192.0.2.7 LOGIN=[UNAVAILABLE]").code == 220)
    try other.command("EHLO proxy.example")
    try other.command("MAIL FROM:<anna@example.org>")
    #expect(try other.command("RCPT TO:<b@outside.example>").code == 550)
  }

  @Test func theToldClientIsCounted() throws {
    let gateway = try InnerGateway(Self.trusting, settings: ["limits.connections_per_address": "1"])
    func told(_ address: String) throws -> (RawClient, Int) {
      let client = try gateway.connect()
      guard try client.open().code == 250 else { return (client, 0) }
      return (client, try client.command("XCLIENT ADDR=\(address)").code)
    }
    let (first, code) = try told("192.0.2.7")
    #expect(code == 220)
    let (second, refused) = try told("192.0.2.7")
    #expect(refused == 421 && second.isClosed())
    #expect(try told("192.0.2.8").1 == 220)
    first.close()
    #expect(eventually { (try? told("192.0.2.7").1) == 220 })
  }

  /// Behind Postfix's `smtpd_proxy_filter`: a stranger's mail is judged as a stranger's, and the right to relay stays
  /// that of the server in front.
  @Test func forwardedMailIsTheStrangers() throws {
    let gateway = try InnerGateway(
      Self.trusting + ["profile = \"mx\""], settings: ["checks.own_domain.action": "\"reject\""],
      networks: ["127.0.0.0/8"])
    let (client, _) = try gateway.session()
    #expect(
      try client.command("XFORWARD NAME=far.example ADDR=192.0.2.7 PORT=99 HELO=told.example SOURCE=REMOTE")
        .code
        == 250)
    // The peer may relay.
    #expect(try client.deliver(from: "a@outside.example", to: ["b@outside.example"]).code == 250)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("Received: from told.example (far.example [192.0.2.7])"), "\(text)")
    // The next message is the peer's own again.
    #expect(try client.deliver(from: "forged@example.org", to: ["user@example.org"]).code == 250)
    #expect(gateway.relay.messages.last?.text.contains("[127.0.0.1]") == true)
    // A stranger with a sender of ours is not.
    try client.command("XFORWARD ADDR=192.0.2.7 SOURCE=REMOTE")
    #expect(try client.deliver(from: "forged@example.org", to: ["user@example.org"]).code == 550)
    try gateway.waitForEvent("OWN_DOMAIN_FORGED") { $0.client == IPAddress("192.0.2.7") }
    // What is local is the peer's.
    try client.command("RSET")
    try client.command("XFORWARD ADDR=192.0.2.7 SOURCE=LOCAL")
    #expect(try client.deliver(from: "forged@example.org", to: ["user@example.org"]).code == 250)
  }
}
