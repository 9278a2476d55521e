import Filtering
import Foundation
import NetAddress
import TestSupport
import Testing

/// Real servers in front: HAProxy with its PROXY protocol, Postfix with XFORWARD.
@Suite(.apart) struct ServerFrontTests {
  /// HAProxy with these lines of a frontend and of a server.
  private static func haproxy(
    _ folder: ScratchFolder, bind: String = "", server: String, to port: UInt16
  ) throws -> (process: RunningProcess, port: UInt16) {
    let own = try FreePort.take()
    let text = """
      defaults
        mode tcp
        timeout connect 5s
        timeout client 30s
        timeout server 30s
      listen smtp
        bind 127.0.0.1:\(own) \(bind)
        server weir 127.0.0.1:\(port) \(server)

      """
    let file = try folder.write("haproxy.cfg", text)
    let process = try RunningProcess("haproxy", ["-db", "-f", file], joined: true)
    try process.waitForPort(own)
    return (process, own)
  }

  private static let hasHAProxy: @Sendable () -> String? = {
    Executable.path(of: "haproxy") == nil ? "haproxy is not installed" : nil
  }

  @Test(needs(hasHAProxy), arguments: ["send-proxy", "send-proxy-v2"])
  func behindHAProxy(_ word: String) throws {
    let gateway = try InnerGateway(["proxy_protocol = [\"127.0.0.1/32\"]"], networks: ["127.0.0.1/32"])
    let (process, port) = try Self.haproxy(gateway.folder, server: word, to: gateway.port)
    let client = try RawClient("127.0.0.1", port: port, from: "127.0.0.9", patience: .seconds(40))
    try client.open()
    try client.command("MAIL FROM:<a@outside.example>")
    // The balancer may relay, its clients may not.
    #expect(try client.command("RCPT TO:<b@outside.example>").code == 550)
    try client.command("RSET")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try gateway.waitForEvent("MESSAGE_ACCEPTED").client == IPAddress("127.0.0.9"))
    process.kill()
  }

  /// TLS ends at the balancer, which tells so.
  @Test(needs(hasHAProxy), needs(.python3)) func behindHAProxyWithItsTLS() throws {
    let gateway = try InnerGateway(
      ["proxy_protocol = [\"127.0.0.1/32\"]", "profile = \"submissions\""], users: ScriptedUsers(),
      isEncrypted: true)
    let (certificate, key) = try (gateway.folder.read("certificate.pem"), gateway.folder.read("key.pem"))
    try gateway.folder.write("both.pem", certificate + key)
    let (process, port) = try Self.haproxy(
      gateway.folder, bind: "ssl crt \(gateway.folder.file("both.pem"))", server: "send-proxy-v2-ssl-cn",
      to: gateway.port)
    let output = try gateway.python(
      """
      s = smtplib.SMTP_SSL("127.0.0.1", \(port), context=context, local_hostname="far.example")
      s.login("anna@example.org", "open sesame")
      s.sendmail("anna@example.org", ["b@outside.example"], message)
      s.quit()
      print("sent")
      """)
    #expect(output.contains("sent"))
    let event = try gateway.waitForEvent("MESSAGE_ACCEPTED")
    #expect(event.tls?.version == "TLSv1.3" && event.tls?.isForeign == true)
    #expect(gateway.relay.messages.first?.text.contains(" with ESMTPSA id ") == true)
    process.kill()
  }

  /// The preamble first, TLS of our own behind it.
  @Test(needs(.python3)) func thePreambleStandsBeforeTLS() throws {
    let gateway = try InnerGateway(
      ["proxy_protocol = [\"127.0.0.1/32\"]", "profile = \"submissions\""], users: ScriptedUsers(),
      isEncrypted: true)
    let output = try gateway.python(
      """
      raw = socket.create_connection(("127.0.0.1", port))
      raw.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 4321 465\\r\\n")
      s = context.wrap_socket(raw)
      print(s.recv(100))
      s.sendall(b"EHLO x\\r\\n"); print(s.recv(1000))
      s.sendall(b"QUIT\\r\\n"); print(s.recv(1000))
      """)
    #expect(output.contains("220 ") && output.contains("AUTH PLAIN") && output.contains("221 "), "\(output)")
  }

  /// As Postfix's `smtpd_proxy_filter`: its clients are told by XFORWARD, and judged.
  @Test(needs(.postfix)) func behindPostfix() throws {
    let gateway = try InnerGateway(
      ["xclient = [\"127.0.0.1/32\"]"], settings: ["checks.own_domain.action": "\"reject\""],
      networks: ["127.0.0.1/32"])
    let postfix = try PostfixBackend(
      settings: [
        "smtpd_proxy_filter = 127.0.0.1:\(gateway.port)", "smtpd_relay_restrictions = permit",
        "smtpd_recipient_restrictions = permit", "smtpd_proxy_timeout = 20s",
      ])
    let client = try RawClient("127.0.0.1", port: postfix.port, from: "127.0.0.9", patience: .seconds(20))
    try client.open(ehlo: "far.example")
    #expect(
      try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250, "\(postfix.log)")
    let text = try #require(gateway.relay.messages.first).text
    #expect(text.contains("Received: from far.example (unknown [127.0.0.9])"), "\(text)")
    #expect(try gateway.waitForEvent("MESSAGE_ACCEPTED").client == IPAddress("127.0.0.9"))
    // A stranger who writes in our name is none of the peer's.
    #expect(try client.deliver(from: "forged@example.org", to: ["user@example.org"]).code == 550)
    try gateway.waitForEvent("OWN_DOMAIN_FORGED") { $0.client == IPAddress("127.0.0.9") }
    postfix.stop()
  }
}
