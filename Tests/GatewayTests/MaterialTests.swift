import TestSupport
import Testing

/// The third-party cases of SMTP, tried on the built gateway from outside.
@Suite(.apart) struct MaterialTests {
  private let hostname = "mx.example.org"

  /// Every sequence that must not end a message leaves exactly one message or none, and nothing bare upstream.
  @Test(needsMaterial("smtp/smuggling.json"), arguments: ["strict", "normalise"])
  func smuggling(_ lineFeeds: String) throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway(
      GatewayConfiguration(before: backend) {
        $0.settings["limits.errors"] = "1000"
        if lineFeeds == "normalise" { $0.settings["smtp.bare_lf"] = "\"normalise\"" }
      })
    let short = try Material.judge("smtp/smuggling (\(lineFeeds))", SmugglingCase.all()) { one in
      try data(one, gateway, backend) ?? chunk(one, gateway, backend)
    }
    #expect(short.isEmpty)
    #expect(backend.messages.allSatisfy { !$0.hasBareLineEnds && $0.sender == "true@outside.example" })
  }

  private func data(_ one: SmugglingCase, _ gateway: Gateway, _ backend: ScriptedBackend) throws -> String? {
    let before = backend.messages.count
    let client = try gateway.connect()
    try client.open()
    for line in ["MAIL FROM:<true@outside.example>", "RCPT TO:<user@example.org>", "DATA"] {
      try client.command(line)
    }
    try client.send(Array("Subject: t\r\n\r\ntext".utf8) + one.bytes)
    guard client.isSilent(for: .milliseconds(300)) else { return "answered at the sequence" }
    try client.send(
      "MAIL FROM:<smuggled@outside.example>\r\nRCPT TO:<user@example.org>\r\nDATA\r\nSubject: s\r\n\r\ns\r\n.\r\nQUIT\r\n"
    )
    let rest = try client.readUntilClosed()
    let codes = rest.split(separator: "\r\n").map { $0.prefix(3) }
    guard codes.count == 2, codes[1] == "221" else {
      return "more than one transaction was answered: \(rest)"
    }
    let taken = backend.messages.count - before
    guard taken == (codes[0] == "250" ? 1 : 0) else { return "answered \(codes[0]), \(taken) messages left" }
    return nil
  }

  private func chunk(_ one: SmugglingCase, _ gateway: Gateway, _ backend: ScriptedBackend) throws -> String? {
    let before = backend.messages.count
    let client = try gateway.connect()
    try client.open()
    for line in ["MAIL FROM:<true@outside.example>", "RCPT TO:<user@example.org>"] {
      try client.command(line)
    }
    let content = Array("Subject: t\r\n\r\ntext".utf8) + one.bytes + Array("NOOP\r\n".utf8)
    try client.send(Array("BDAT \(content.count) LAST\r\n".utf8) + content + Array("QUIT\r\n".utf8))
    let codes = try client.readUntilClosed().split(separator: "\r\n").map { $0.prefix(3) }
    guard codes.count == 2, codes[1] == "221" else { return "BDAT content was taken for commands" }
    let taken = backend.messages.count - before
    return taken == (codes[0] == "250" ? 1 : 0) ? nil : "BDAT answered \(codes[0]), \(taken) messages left"
  }

  /// No probe finds a relay: at once, after RSET, and after an AUTH that failed. The backend takes everybody, and
  /// the gateway's own name is one of its domains, so that relay control stands alone.
  @Test(needsMaterial("smtp/open-relay.json")) func openRelay() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway(
      GatewayConfiguration(before: backend, extra: ["recipients = \"any\""]) {
        $0.hostname = hostname
        $0.domains = ["example.org", hostname]
        $0.settings["limits.errors"] = "1000"
      })
    let short = try Material.judge("smtp/open-relay", OpenRelayCase.all()) { one in
      let (sender, recipient) = one.filled(server: hostname)
      let client = try gateway.connect()
      try client.open()
      for before in ["NOOP", "RSET", "AUTH PLAIN AGEAYg=="] {
        try client.command(before)
        try client.command("MAIL FROM:<\(sender)>")
        let reply = try client.command("RCPT TO:<\(recipient)>")
        if reply.code < 400 { return "after \(before): \(recipient) was answered \(reply)" }
        try client.command("RSET")
      }
      return nil
    }
    #expect(short.isEmpty)
    #expect(backend.messages.isEmpty)
    // The control: what is ours goes through, so that the gateway did not just refuse everything.
    let client = try gateway.connect()
    try client.open()
    #expect(try client.deliver(from: "a@outside.example", to: ["user@\(hostname)"]).code == 250)
  }
}
