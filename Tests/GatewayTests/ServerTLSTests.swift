import Filtering
import Foundation
import SMTPProtocol
import TestSupport
import Testing

/// TLS of the gateway's own: what real clients get, and what attackers do not.
@Suite(.apart) struct ServerTLSTests {
  // MARK: Real clients

  @Test(needs(.python3)) func smtplibOverSTARTTLS() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let output = try gateway.python(
      """
      s = smtplib.SMTP("127.0.0.1", port, local_hostname="far.example")
      s.ehlo()
      print("offered", s.has_extn("starttls"))
      s.starttls(context=context)
      s.ehlo()
      print("again", s.has_extn("starttls"), s.sock.version())
      s.sendmail("a@outside.example", ["user@example.org"], message)
      s.quit()
      """)
    #expect(output.contains("offered True") && output.contains("again False TLSv1.3"), "\(output)")
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("(using TLSv1.3 with cipher TLS_"), "\(text)")
    #expect(text.contains(" with ESMTPS id "), "\(text)")
    let event = try gateway.waitForEvent(.messageAccepted)
    #expect(event.tls?.version == "TLSv1.3" && event.tls?.cipher.hasPrefix("TLS_") == true)
    // smtplib ends without TLS's goodbye; that is waited for by nobody.
    #expect(eventually(within: .seconds(3)) { gateway.context.admission.connections == 0 })
  }

  @Test(needs(.python3)) func fromTheFirstOctet() throws {
    let gateway = try InnerGateway(
      ["profile = \"submissions\""], users: ScriptedUsers(), isEncrypted: true)
    let output = try gateway.python(
      """
      s = smtplib.SMTP_SSL("127.0.0.1", port, context=context, local_hostname="far.example")
      s.login("anna@example.org", "open sesame")
      s.sendmail("anna@example.org", ["b@outside.example"], message)
      s.quit()
      print("sent")
      """)
    #expect(output.contains("sent"))
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains(" with ESMTPSA id ") && !text.contains("Authenticated"), "\(text)")
    let login = try gateway.waitForEvent("LOGIN")
    #expect(login.kind == .login && login.user == "anna@example.org" && login.mechanism == "PLAIN")
    #expect(login.tls != nil)
    #expect(try gateway.waitForEvent(.messageAccepted).user == "anna@example.org")
  }

  @Test(needs(.swaks)) func swaksOverTLS() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let outcome = try Swaks.send(port: gateway.port, to: ["user@example.org"], arguments: ["--tls"])
    #expect(outcome.code == 0, "\(outcome.transcript)")
    #expect(gateway.relay.messages.count == 1)
  }

  /// Large messages and many commands in one record, with a half-closed end.
  @Test(needs(.python3)) func manyRecordsAndAHalfClosedEnd() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let output = try gateway.python(
      """
      raw = socket.create_connection(("127.0.0.1", port))
      raw.recv(1000); raw.sendall(b"EHLO x\\r\\n"); raw.recv(4000)
      raw.sendall(b"STARTTLS\\r\\n"); raw.recv(1000)
      s = context.wrap_socket(raw)
      body = b"Subject: big\\r\\n\\r\\n" + b"0123456789abcdef" * 4 + b"\\r\\n" + (b"y" * 70 + b"\\r\\n") * 20000
      s.sendall(b"EHLO x\\r\\nMAIL FROM:<a@outside.example>\\r\\nRCPT TO:<user@example.org>\\r\\nDATA\\r\\n")
      got = b""
      while b"354" not in got: got += s.recv(4000)
      s.sendall(body + b".\\r\\nNOOP\\r\\n")
      got = b""
      while got.count(b"\\r\\n") < 2: got += s.recv(4000)
      print(got)
      try: s.unwrap()
      except Exception as e: print("unwrap", e)
      """)
    #expect(output.contains("250 2.0.0"), "\(output)")
    #expect(gateway.relay.messages.first?.size ?? 0 > 200_000)
    #expect(eventually(within: .seconds(3)) { gateway.context.admission.connections == 0 })
  }

  // MARK: In the clear

  @Test func withoutACertificateNothingIsOffered() throws {
    let gateway = try InnerGateway()
    let (client, lines) = try gateway.session()
    #expect(!lines.contains { $0.contains("STARTTLS") })
    #expect(try client.command("STARTTLS").code >= 500)
  }

  @Test func requiredMeansRequired() throws {
    let gateway = try InnerGateway(["tls = \"required\""], isEncrypted: true)
    let (client, lines) = try gateway.session()
    #expect(lines.contains { $0.contains("STARTTLS") })
    for command in ["MAIL FROM:<a@outside.example>", "RCPT TO:<user@example.org>", "VRFY user", "RSET"] {
      #expect(try client.command(command).code == 530, "\(command)")
    }
    #expect(try client.command("NOOP").code == 250)
  }

  // MARK: Attacks

  @Test func octetsBehindSTARTTLSCloseTheConnection() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let (client, _) = try gateway.session()
    try client.send(Array("STARTTLS\r\nMAIL FROM:<a@outside.example>\r\n".utf8))
    let rest = try client.readUntilClosed()
    #expect(rest.hasPrefix("421 ") && !rest.contains("220"), "\(rest)")
    try gateway.waitForEvent("STARTTLS_INJECTION")
  }

  @Test func commandsInTheClearAreNoHandshake() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let (client, _) = try gateway.session()
    #expect(try client.command("STARTTLS").code == 220)
    try client.send(Array("MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n".utf8))
    let rest = try client.readUntilClosed()
    #expect(!rest.contains("250"), "\(rest)")
    let event = try gateway.waitForEvent("TLS_HANDSHAKE_FAILED")
    #expect(!event.detail.isEmpty && event.kind == .session)
  }

  /// What was said before does not count behind the handshake.
  @Test(needs(.python3)) func theSessionBeginsAfresh() throws {
    let gateway = try InnerGateway(isEncrypted: true)
    let output = try gateway.python(
      """
      s = smtplib.SMTP("127.0.0.1", port, local_hostname="far.example")
      s.ehlo()
      s.starttls(context=context)
      print(s.docmd("MAIL FROM:<a@outside.example>"))
      print(s.docmd("STARTTLS"))
      """)
    #expect(output.contains("(503"), "\(output)")
    #expect(!output.contains("(220"), "\(output)")
  }

  @Test(arguments: [true, false]) func aSlowHandshakeIsCut(isImplicit: Bool) throws {
    let gateway = try InnerGateway(
      isImplicit ? ["profile = \"submissions\""] : [],
      settings: ["timeouts.greeting": "\"1s\"", "timeouts.command": "\"60s\""],
      users: isImplicit ? ScriptedUsers() : nil, isEncrypted: true)
    let client = try gateway.connect()
    if !isImplicit {
      try client.open()
      #expect(try client.command("STARTTLS").code == 220)
    }
    // The head of a record, and then nothing.
    try client.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
    #expect(try client.readUntilClosed(within: .seconds(40)).isEmpty)
    let event = try gateway.waitForEvent("TLS_HANDSHAKE_FAILED")
    #expect(event.detail == "it was not done in time")
    #expect(eventually { gateway.context.admission.connections == 0 })
  }

  @Test func aHalfOpenHandshakeIsGone() throws {
    let gateway = try InnerGateway(
      ["profile = \"submissions\""], users: ScriptedUsers(), isEncrypted: true)
    let client = try gateway.connect()
    try client.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
    client.closeWriting()
    #expect(client.isClosed())
    try gateway.waitForEvent("TLS_HANDSHAKE_FAILED")
    let other = try gateway.connect()
    other.reset()
    #expect(eventually { gateway.context.admission.connections == 0 })
  }

  /// Nothing can be read before the handshake, so nothing is said.
  @Test func aRefusalBeforeTLSIsSilent() throws {
    let gateway = try InnerGateway(
      ["profile = \"submissions\""], settings: ["limits.connections_per_address": "0"],
      users: ScriptedUsers(), isEncrypted: true)
    #expect(try gateway.connect().readUntilClosed() == "")
    #expect(try gateway.waitForEvent("LIMIT_CONNECTIONS_ADDRESS").detail.contains("before TLS"))
  }

  @Test(needs(.python3)) func aThousandHandshakesAtOnce() throws {
    let gateway = try InnerGateway(
      ["profile = \"submissions\""], users: ScriptedUsers(), isEncrypted: true)
    let output = try gateway.python(
      """
      import asyncio, resource
      resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
      async def one():
          r, w = await asyncio.open_connection("127.0.0.1", port, ssl=context, ssl_handshake_timeout=90)
          line = await asyncio.wait_for(r.readline(), 90)
          return w, line
      async def main():
          done = await asyncio.gather(*[one() for _ in range(1000)])
          print(sum(line.startswith(b"220 ") for _, line in done))
          for w, _ in done: w.close()
      asyncio.run(main())
      """, within: .seconds(120))
    #expect(output.contains("1000"), "\(output)")
    #expect(eventually(within: .seconds(15)) { gateway.context.admission.connections == 0 })
  }
}
