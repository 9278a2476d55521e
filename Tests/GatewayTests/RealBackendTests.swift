import TestSupport
import Testing

/// A message goes through the gateway into each mail server that Debian has.
@Suite struct RealBackendTests {
  private func gateway(_ backend: some RealBackend, _ extra: [String] = []) throws -> Gateway {
    try Gateway(GatewayConfiguration(backends: [.init(port: backend.port, extra: extra)]))
  }

  private func trial(of backend: some RealBackend, _ gateway: Gateway) throws {
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<sender@outside.example>")
    let refusal = try client.command("RCPT TO:<nobody@example.org>")
    #expect(refusal.code == 550 && refusal.enhanced == "5.1.1" && refusal.text.contains(backend.unknownText))
    #expect(try client.command("RCPT TO:<user@outside.example>").code >= 500)
    try client.command("RSET")
    let message = "From: sender@outside.example\r\nSubject: through\r\n\r\n.stuffed\r\n..\r\nend\r\n"
    let reply = try client.deliver(
      from: "sender@outside.example", to: ["user@example.org", "second@example.org"], message)
    #expect(reply.code == 250, "\(reply)")
    for address in ["user@example.org", "second@example.org"] {
      let mail = try backend.waitForMail(to: address)
      #expect(mail.count == 1 && mail[0].hasSuffix("\n\n.stuffed\n..\nend\n"), "\(mail)")
      #expect(mail[0].contains("\nReceived: from client.example"), "\(mail)")
    }
    try gateway.waitForLog { $0.event == "accept" && $0["from"]?.contains("sender@outside.example") == true }
    try gateway.waitForLog { $0.event == "reject" && $0["to"]?.contains("nobody@example.org") == true }
  }

  @Test(needs(.postfix)) func throughToPostfix() throws {
    let backend = try PostfixBackend()
    try trial(of: backend, gateway(backend))
  }

  @Test(needs(.exim)) func throughToExim() throws {
    let backend = try EximBackend()
    try trial(of: backend, gateway(backend))
  }

  @Test(needs(.sendmail)) func throughToSendmail() throws {
    let backend = try SendmailBackend()
    try trial(of: backend, gateway(backend))
  }

  /// Postfix is told the client's address, and told it anew for each client of a shared session.
  @Test(needs(.postfix)) func postfixIsToldTheClient() throws {
    let backend = try PostfixBackend(xforward: true)
    let gateway = try gateway(backend)
    for last in 21...24 {
      let client = try gateway.connect(from: "127.0.0.\(last)")
      try client.open()
      #expect(try client.deliver(from: "s\(last)@outside.example", to: ["user@example.org"]).code == 250)
    }
    try backend.waitForMail(to: "user@example.org", count: 4)
    for last in 21...24 { #expect(backend.log.contains("[127.0.0.\(last)]"), "\(backend.log)") }
  }

  @Test(needs(.swaks, .smtpSource, .smtpSink)) func throughToASinkUnderLoad() throws {
    let sink = try SMTPSink(keeps: false)
    let gateway = try Gateway(
      GatewayConfiguration(backends: [.init(port: sink.port, extra: ["recipients = \"any\""])]) {
        $0.settings["limits.connection_rate_per_address"] = "\"unlimited\""
        $0.settings["limits.message_rate_per_address"] = "\"unlimited\""
        $0.settings["limits.connections_per_address"] = "1000"
      })
    let result = try SMTPSource.send(port: gateway.port, messages: 500, sessions: 20, size: 10_000)
    #expect(result.succeeded, "\(result.output)")
    #expect(eventually { gateway.log().filter { $0.event == "accept" }.count == 500 })
    let outcome = try Swaks.send(port: gateway.port, to: ["user@example.org"])
    #expect(outcome.code == 0, "\(outcome.transcript)")
  }
}
