import Filtering
import Foundation
import TestSupport
import Testing

/// Nobody gets a right by saying things in another order: what reviewers found, held.
@Suite(.apart) struct ServerTrustTests {
  /// RFC 3207 §4.2: who logs in before the handshake may be somebody in between.
  @Test(needs(.python3)) func aLoginInTheClearEndsWithTheHandshake() throws {
    let gateway = try InnerGateway(
      ["auth_without_tls = \"plaintext-passwords-in-the-clear\""], users: ScriptedUsers(), isEncrypted: true)
    let output = try gateway.python(
      """
      s = smtplib.SMTP("127.0.0.1", port, local_hostname="far.example")
      s.ehlo()
      s.login("anna@example.org", "open sesame")
      s.starttls(context=context)
      s.ehlo()
      print(s.docmd("MAIL FROM:<anna@example.org>"), s.docmd("RCPT TO:<b@outside.example>"))
      s.rset()
      print("again", s.login("anna@example.org", "open sesame"))
      """)
    #expect(output.contains("(550"), "\(output)")
    #expect(output.contains("again (235"), "\(output)")
  }

  /// A client that the balancer does not know comes from the balancer's address, and is not the balancer.
  @Test func anUnknownClientSpeaksForNobody() throws {
    let gateway = try InnerGateway(
      ["proxy_protocol = [\"127.0.0.1/32\"]", "xclient = [\"127.0.0.1/32\"]"], networks: ["192.0.2.0/24"])
    for preamble in ["PROXY UNKNOWN\r\n", "PROXY TCP4 198.51.100.7 127.0.0.1 4321 25\r\n"] {
      let client = try gateway.connect()
      try client.send(Array(preamble.utf8))
      let lines = try client.open().lines
      #expect(!lines.contains { $0.contains("XCLIENT") || $0.contains("XFORWARD") }, "\(lines)")
      #expect(try client.command("XCLIENT ADDR=192.0.2.7").code == 550)
      try client.command("MAIL FROM:<a@outside.example>")
      #expect(try client.command("RCPT TO:<b@outside.example>").code == 550)
    }
  }

  /// Behind XCLIENT the handshake would be that of the server in front, and its certificate the told client's.
  @Test func thereIsNoHandshakeBehindXCLIENT() throws {
    let gateway = try InnerGateway(["xclient = [\"127.0.0.1/32\"]"], isEncrypted: true)
    let (client, lines) = try gateway.session()
    #expect(lines.contains { $0.contains("STARTTLS") })
    #expect(try client.command("XCLIENT ADDR=192.0.2.7").code == 220)
    #expect(try !client.command("EHLO told.example").lines.contains { $0.contains("STARTTLS") })
    #expect(try client.command("STARTTLS").code >= 500)
  }

  @Test(needs(.python3)) func theTLSOfTheServerInFrontIsItsOwn() throws {
    let gateway = try InnerGateway(["xclient = [\"127.0.0.1/32\"]"], isEncrypted: true)
    let output = try gateway.python(
      """
      s = smtplib.SMTP("127.0.0.1", port, local_hostname="front.example")
      s.starttls(context=context)
      s.ehlo()
      print(s.docmd("XCLIENT ADDR=192.0.2.7"))
      s.ehlo()
      s.sendmail("a@outside.example", ["user@example.org"], "Subject: x\\r\\n\\r\\nx\\r\\n")
      """)
    #expect(output.contains("(220"), "\(output)")
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.client?.description == "192.0.2.7" && event.tls == nil)
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains(" with ESMTP id ") && !text.contains("TLSv1"), "\(text)")
  }

  /// A client whose address is not told is a stranger, wherever the server in front stands.
  @Test func halfAnXFORWARDTellsAStranger() throws {
    let gateway = try InnerGateway(
      ["xclient = [\"127.0.0.1/32\"]"], settings: ["checks.own_domain.action": "\"reject\""],
      networks: ["127.0.0.0/8"])
    let (client, _) = try gateway.session()
    #expect(try client.command("XFORWARD NAME=far.example").code == 250)
    let answer = try client.deliver(from: "boss@example.org", to: ["user@example.org"])
    #expect(answer.code == 550, "\(answer)")
    try client.command("RSET")
    #expect(try client.deliver(from: "boss@example.org", to: ["user@example.org"]).code == 250)
  }
}
