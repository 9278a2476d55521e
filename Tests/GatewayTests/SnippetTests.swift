import Foundation
import TestSupport
import Testing

/// What the README tells an operator to write, written so, in front of the real mail servers.
@Suite(.apart) struct SnippetTests {
  @Test(needs(.postfix)) func postfixAsTheREADMEHasIt() throws {
    let port = try FreePort.take()
    let service = try Snippet.lines("postfix/master.cf", port: port).joined(separator: "\n")
    let postfix = try PostfixBackend(port: port, service: service)
    try expectMailFlows(to: postfix)
    // XFORWARD is believed, and the second lock holds.
    #expect(postfix.log.contains("orig_client=unknown[127.0.0.7]"), "\(postfix.log)")
    #expect(try relaysForTheGateway(postfix) == false)
  }

  @Test(needs(.sendmail)) func sendmailAsTheREADMEHasIt() throws {
    let port = try FreePort.take()
    let sendmail = try SendmailBackend(settings: Snippet.lines("sendmail/sendmail.mc", port: port))
    #expect(eventually { FreePort.answers("127.0.0.1", port) })
    try expectMailFlows(to: sendmail, at: port)
  }

  @Test(needs(.exim)) func eximAsTheREADMEHasIt() throws {
    let port = try FreePort.take()
    let exim = try EximBackend(port: port, settings: Snippet.lines("exim/main", port: port))
    try expectMailFlows(to: exim)
    #expect(try relaysForTheGateway(exim) == false)
  }

  /// The README's `weir.toml`, its port and its user replaced, listening where a test may.
  private func gateway(before port: UInt16) throws -> Gateway {
    let folder = try ScratchFolder("snippet")
    let own = try FreePort.take()
    let toml = try Snippet.lines("weir.toml", port: port).joined(separator: "\n")
      .replacingOccurrences(of: "user = \"weir\"", with: "user = \"nobody\"")
    #expect(toml.contains("\"nobody\""))
    return try Gateway(
      toml: toml + """

        [[listener]]
        address = "127.0.0.1:\(own)"

        [state]
        folder = "\(folder.path)/state"

        """, in: folder, ports: [("127.0.0.1", own)])
  }

  private func expectMailFlows(to backend: some RealBackend, at port: UInt16? = nil) throws {
    let gateway = try gateway(before: port ?? backend.port)
    let check = try gateway.weir(["check"])
    #expect(check.succeeded, "\(check.output)\(check.errors)")
    let client = try gateway.connect(from: "127.0.0.7")
    try client.open()
    // More than Exim delivers at once on a connection by its own default, and than it forgives in RSETs.
    for number in 1...15 {
      let message = "Subject: number \(number)\r\n\r\n.dots..\r\n..\r\n"
      let reply = try client.deliver(from: "friend@outside.example", to: ["user@example.org"], message)
      #expect(reply.code == 250, "\(reply)")
    }
    let mail = try backend.waitForMail(to: "user@example.org", count: 15)
    for text in mail {
      #expect(text.contains("from client.example (unknown [127.0.0.7])"), "\(text)")
      #expect(text.contains("\n\n.dots..\n..\n"), "\(text)")
    }
    // Asked for one after the other, each is answered by the server itself and at once.
    for number in 1...12 {
      _ = try client.command("MAIL FROM:<friend@outside.example>")
      let reply = try client.command("RCPT TO:<nobody\(number)@example.org>", within: .seconds(3))
      #expect(reply.code == 550 && reply.enhanced == "5.1.1", "\(reply)")
      #expect(reply.text.contains(backend.unknownText), "\(reply)")
      _ = try client.command("RSET")
    }
    let other = try client.deliver(from: "friend@outside.example", to: ["someone@elsewhere.example"])
    #expect(other.code == 550 && other.enhanced == "5.7.1", "\(other)")
    let line = try gateway.waitForLog { $0["code"] == "RELAY_DENIED" }
    #expect(line["client"] == "127.0.0.7")
  }

  /// Whether the mail server would relay for the gateway's address if the gateway asked it to.
  private func relaysForTheGateway(_ backend: some RealBackend) throws -> Bool {
    let client = try RawClient(port: backend.port)
    try client.open(ehlo: "mx.example.org")
    #expect(try client.command("MAIL FROM:<friend@outside.example>").code == 250)
    return try client.command("RCPT TO:<someone@elsewhere.example>").code < 400
  }
}
