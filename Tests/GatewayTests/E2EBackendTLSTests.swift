import Foundation
import TestSupport
import Testing

/// TLS and the client's identity towards the backend, seen from outside.
@Suite(.apart) struct E2EBackendTLSTests {
  @Test(needs(.postfix, .swaks)) func postfixKnowsTheClientByXCLIENTOverTLS() throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("postfix", names: ["backend.postfix.test"])
    let postfix = try PostfixBackend(
      xforward: true,
      serviceOptions: [
        "smtpd_tls_security_level=may", "smtpd_tls_cert_file=\(pair.certificate)",
        "smtpd_tls_key_file=\(pair.key)",
      ])
    defer { postfix.stop() }
    let gateway = try Gateway(
      GatewayConfiguration(backends: [
        .init(
          port: postfix.port,
          extra: [
            "identity = \"xclient\"", "tls = \"verify\"", "tls_name = \"backend.postfix.test\"",
            "tls_ca = \"\(certificates.authority)\"",
          ])
      ]))
    for (number, source) in [(1, "127.0.0.31"), (2, "127.0.0.32")] {
      let client = try gateway.connect(from: source)
      try client.open()
      for line in ["MAIL FROM:<a@outside.example>", "RCPT TO:<user@example.org>"] {
        #expect(try client.command(line).code == 250)
      }
      try client.command("DATA")
      try client.send(Array("From: <a@outside.example>\r\nSubject: \(number)\r\n\r\nHello\r\n.\r\n".utf8))
      #expect(try client.reply(within: .seconds(30)).code == 250)
      client.close()
      let mail = try postfix.waitForMail(to: "user@example.org", count: number)
      #expect(mail.contains { $0.contains("[\(source)])\n") && $0.contains("with ESMTPS id") })
      #expect(postfix.log.contains("client=unknown[\(source)]"))
    }
    let status = try run(Gateway.binary(), ["status", "--config", gateway.configPath]).output
    #expect(status.contains("TLS: TLSv1.3 ") && status.contains(" verified"), "\(status)")
  }

  @Test func checkSaysWhatIsWrongWithTheBackend() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("check")
    try folder.write("ca.pem", "no certificate\n")
    func check(_ extra: [String]) throws -> CommandResult {
      let configuration = try GatewayConfiguration(before: backend, extra: extra)
      try folder.write("weir.toml", configuration.toml(folder: folder.path))
      return try run(Gateway.binary(), ["check", "--config", folder.file("weir.toml")])
    }
    let named = try check(["identity = \"xclient\"", "tls = \"off\""])
    #expect(named.ending == .exited(1), "\(named.output)")
    #expect(named.output.contains("does not offer XCLIENT to this gateway"), "\(named.output)")
    let authority = try check(["tls = \"verify\"", "tls_name = \"backend.test\"", "tls_ca = \"ca.pem\""])
    #expect(authority.ending == .exited(1) && authority.output.contains("ca.pem"), "\(authority.output)")
    let clear = try check(["tls = \"required\""])
    #expect(clear.output.contains("it does not offer STARTTLS"), "\(clear.output)")
  }
}
