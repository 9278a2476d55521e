import Foundation
import TestSupport
import Testing

/// The mail servers of Debian behind the gateway, and ordinary clients in front of it.
@Suite(.apart) struct BackendRealTests {
  private static func gateway(
    _ backend: some RealBackend, extra: [String] = [],
    _ change: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws -> Gateway {
    try Gateway(
      GatewayConfiguration(backends: [.init(port: backend.port, extra: extra)]) {
        $0.liftClientLimits()
        change(&$0)
      })
  }

  /// What a mailbox holds of a message: from its first own field on, with CRLF.
  private static func own(_ stored: String, from field: String = "From: <sender@") -> String? {
    guard let start = stored.range(of: "\n\(field)") else { return nil }
    return String(stored[start.lowerBound...].dropFirst()).replacing("\n", with: "\r\n")
  }

  /// A raw client, swaks and Python: content compared, partly unknown recipients, the backend's own words.
  private func trial(_ backend: some RealBackend) throws {
    let gateway = try Self.gateway(backend)
    let message = Mail.text("by-hand", size: 5000)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    let unknown = try client.command("RCPT TO:<nobody@example.org>")
    #expect(unknown.code == 550 && unknown.text.contains(backend.unknownText), "\(unknown)")
    #expect(try client.command("RCPT TO:<second@example.org>").code == 250)
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(message.utf8)))
    let reply = try client.reply(within: .seconds(30))
    #expect(reply.code == 250, "\(reply)")
    for address in ["user@example.org", "second@example.org"] {
      let mail = try backend.waitForMail(to: address)
      #expect(mail.compactMap { Self.own($0) } == [message])
      #expect(mail[0].contains("by mx.example.org (Weir) with ESMTP id "), "\(mail[0])")
    }
    client.close()

    let swaks = try Swaks.send(
      port: gateway.port, to: ["user@example.org"], data: "From: <sender@x>\nSubject: swaks\n\n.dot\n")
    #expect(swaks.code == 0, "\(swaks.transcript)")
    let refused = try Swaks.send(port: gateway.port, to: ["nobody@example.org"])
    #expect(refused.code == 24 && refused.transcript.contains(backend.unknownText), "\(refused.transcript)")
    #expect(try backend.waitForMail(to: "user@example.org", count: 2).contains { $0.contains("\n\n.dot\n") })

    let program = """
      import smtplib
      with smtplib.SMTP("127.0.0.1", \(gateway.port), "py.example") as s:
          print(s.sendmail("a@outside.example", ["second@example.org", "nobody@example.org"],
                           "Subject: py\\n\\n.dot of python\\n"))
      """
    let python = try run("python3", ["-c", program])
    #expect(
      python.succeeded && python.output.contains("nobody@example.org")
        && python.output.contains(backend.unknownText), "\(python.output) \(python.errors)")
    let second = try backend.waitForMail(to: "second@example.org", count: 2)
    #expect(second.contains { $0.hasSuffix("\n\n.dot of python\n") })
    #expect(!gateway.log().contains { $0["code"] == "BACKEND_ACCEPTS_ALL" })
  }

  @Test(needs(.postfix, .swaks, .python3)) func postfix() throws { try trial(PostfixBackend()) }
  @Test(needs(.exim, .swaks, .python3)) func exim() throws { try trial(EximBackend()) }
  @Test(needs(.sendmail, .swaks, .python3)) func sendmail() throws { try trial(SendmailBackend()) }

  /// Many at once; each that was told 250 is in the mailbox.
  private func flood(_ backend: some RealBackend, messages: Int) throws {
    let gateway = try Self.gateway(backend)
    let kept = try SMTPSource.send(port: gateway.port, messages: messages, sessions: 20, size: 3000)
    #expect(kept.succeeded, "\(kept.output)")
    let fresh = try SMTPSource.send(
      port: gateway.port, messages: messages / 2, sessions: 10, size: 200, to: "second@example.org",
      keepsConnections: false)
    #expect(fresh.succeeded, "\(fresh.output)")
    try backend.waitForMail(count: messages + messages / 2)
    #expect(backend.mailbox("user@example.org").count == messages)
    #expect(backend.mailbox("second@example.org").count == messages / 2)
    #expect(eventually { gateway.log().filter { $0.event == "accept" }.count == messages + messages / 2 })
  }

  @Test(needs(.postfix, .smtpSource)) func postfixManyAtOnce() throws {
    try flood(PostfixBackend(), messages: 200)
  }
  @Test(needs(.exim, .smtpSource)) func eximManyAtOnce() throws { try flood(EximBackend(), messages: 60) }
  @Test(needs(.sendmail, .smtpSource)) func sendmailManyAtOnce() throws {
    try flood(SendmailBackend(), messages: 40)
  }

  @Test(needs(.smtpSource, .smtpSink)) func smtpSinkManyAtOnce() throws {
    let sink = try SMTPSink(keeps: true)
    let gateway = try Gateway(
      GatewayConfiguration(backends: [.init(port: sink.port)]) { $0.liftClientLimits() })
    let sent = try SMTPSource.send(port: gateway.port, messages: 300, sessions: 30, size: 20_000)
    #expect(sent.succeeded, "\(sent.output)")
    // Beside them there are transactions without content: the probes.
    let whole = { sink.messages.filter { $0.contains("\nMessage-Id: ") }.count }
    #expect(eventually(within: .seconds(10)) { whole() == 300 }, "\(whole())")
  }

  /// Postfix believes XFORWARD: its log shows the true client, as the trace does.
  @Test(needs(.postfix)) func postfixSeesTheTrueClient() throws {
    let backend = try PostfixBackend(xforward: true)
    let gateway = try Self.gateway(backend, extra: ["identity = \"xforward\""])
    for client in 2...4 {
      let raw = try gateway.connect(from: "127.0.0.\(client)")
      try raw.open(ehlo: "host\(client).outside.example")
      let reply = try raw.deliver(from: Mail.sender, to: [Mail.user], Mail.text("true-\(client)"))
      #expect(reply.code == 250, "\(reply)")
      raw.close()
    }
    let mails = try backend.waitForMail(to: Mail.user, count: 3)
    for client in 2...4 {
      let mail = try #require(mails.first { $0.contains("Subject: true-\(client)\n") })
      let unfolded = mail.replacing("\n\t", with: " ").replacing("\n ", with: " ")
      let traces = unfolded.split(separator: "\n").filter { $0.hasPrefix("Received:") }
      #expect(traces.count == 2)
      // Ours names the client; Postfix's own, above it, names the gateway, whatever XFORWARD says.
      #expect(
        traces[1].hasPrefix("Received: from host\(client).outside.example (unknown [127.0.0.\(client)])"),
        "\(traces)")
    }
    let log = backend.log
    for client in 2...4 {
      #expect(log.contains("client=unknown[127.0.0.\(client)]"), "\(log)")
    }
  }

  /// XFORWARD is offered to nobody here: with `auto` the header tells, with `xforward` nothing is sent.
  @Test(needs(.postfix)) func whereXFORWARDIsNotOffered() throws {
    let backend = try PostfixBackend()
    let auto = try Self.gateway(backend)
    #expect(try auto.send(Mail.text("auto"), as: "127.0.0.5").code == 250)
    let mail = try backend.waitForMail(to: Mail.user)[0]
    #expect(mail.contains("[127.0.0.5])"), "\(mail)")
    let strict = try Self.gateway(backend, extra: ["identity = \"xforward\"", "recipients = \"any\""])
    #expect(try strict.send(Mail.text("strict")).code == 451)
    try strict.waitForLog { $0["code"] == "BACKEND_REFUSED_IDENTITY" }
  }

  /// Postfix slows down whoever errs often, and closes at the twentieth error; deliveries do not feel it.
  @Test(needs(.postfix)) func harvestingDoesNotSlowDeliveries() throws {
    let backend = try PostfixBackend()
    let gateway = try Self.gateway(backend) { $0.settings["limits.errors"] = "\"unlimited\"" }
    let harvester = Background {
      let client = try gateway.connect()
      try client.open()
      try client.command("MAIL FROM:<harvester@outside.example>")
      return try (0..<60).map { try client.command("RCPT TO:<guess\($0)@example.org>").code }
    }
    var times: [Duration] = []
    let client = try gateway.connect()
    try client.open()
    for index in 0..<30 {
      let start = ContinuousClock.now
      let reply = try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("swift-\(index)"))
      #expect(reply.code == 250)
      times.append(ContinuousClock.now - start)
    }
    // Postfix has whoever errs wait a second: most deliveries do not.
    #expect(times.sorted()[times.count / 2] < .seconds(1), "\(times)")
    let codes = try harvester.value()
    #expect(codes.allSatisfy { $0 == 550 }, "\(codes)")
    try backend.waitForMail(to: Mail.user, count: 30)
    #expect(!backend.log.contains("too many errors"))
  }
}
