import Foundation
import MaildirServer
import TestSupport
import Testing

/// What the demo's mail server promises to the gateway in front of it.
@Suite struct MaildirServerTests {
  @Test func aMessageIsOneFileWhenItWasTold250() async throws {
    let served = try await Served()
    let client = try served.connect()
    let reply = try client.deliver(
      from: "a@outside.example", to: ["user@example.org", "info@any.example"],
      "Subject: hello\r\n\r\n.one dot\r\n..two dots\r\n.\r\nend\r\n")
    #expect(reply.code == 250, "\(reply)")
    let message = try #require(served.messages().first)
    #expect(served.names().count == 1)
    #expect(served.names("tmp").isEmpty)
    #expect(message.hasPrefix("Return-Path: <a@outside.example>\nDelivered-To: user@example.org\n"))
    #expect(message.contains("Delivered-To: info@any.example\n"))
    #expect(message.contains("\nReceived: from client.example ([127.0.0.1])\n"))
    #expect(message.contains("\nSubject: hello\n\n"))
    #expect(message.body == ".one dot\n..two dots\n.\nend\n")
    await served.server.stop()
  }

  @Test func whatItOffersAndWhomItKnows() async throws {
    let served = try await Served()
    let client = try RawClient(port: served.port)
    #expect(try client.reply().code == 220)
    let offered = try client.command("EHLO client.example").text.split(separator: "\n").map(String.init)
    for keyword in ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "DSN"] {
      #expect(offered.contains(keyword), "\(keyword) in \(offered)")
    }
    #expect(offered.contains("SIZE 67108864"))
    #expect(offered.contains { $0.hasPrefix("XFORWARD ") && $0.contains(" ADDR") })
    #expect(try client.command("MAIL FROM:<> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x SIZE=10").code == 250)
    #expect(try client.command("RCPT TO:<USER@example.org> NOTIFY=NEVER").code == 250)
    #expect(try client.command("RCPT TO:<Postmaster>").code == 250)
    let unknown = try client.command("RCPT TO:<nobody@example.org>")
    #expect(unknown.code == 550 && unknown.enhanced == "5.1.1")
    #expect(unknown.text.contains("nobody@example.org"))
    #expect(try client.command("MAIL FROM:<a@b.example> SIZE=99999999999").code == 503)
    _ = try client.command("RSET")
    #expect(try client.command("MAIL FROM:<a@b.example> SIZE=99999999999").code == 552)
    await served.server.stop()
  }

  @Test func xforwardTellsTheClientOfOneTransaction() async throws {
    let served = try await Served()
    let client = try served.connect()
    #expect(
      try client.command("XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 HELO=far.example PROTO=ESMTP").code
        == 250)
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"]).code == 250)
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"]).code == 250)
    let messages = try served.messages()
    #expect(messages.count { $0.contains("from far.example ([192.0.2.7]) via 127.0.0.1") } == 1)
    #expect(messages.count { $0.contains("from client.example ([127.0.0.1])") } == 1)
    for bad in ["XFORWARD", "XFORWARD NOSUCH=1", "XFORWARD ADDR", "XFORWARD ADDR=+zz", "XFORWARD ADDR=+4"] {
      #expect(try client.command(bad).code == 501, "\(bad)")
    }
    #expect(try client.command("MAIL FROM:<a@b.example>").code == 250)
    #expect(try client.command("XFORWARD ADDR=192.0.2.7").code == 503)
    await served.server.stop()
  }

  @Test func pipelinedAndChunked() async throws {
    let served = try await Served()
    let client = try served.connect()
    try client.send(
      "MAIL FROM:<a@b.example>\r\nRCPT TO:<user@example.org>\r\nBDAT 18\r\nSubject: a\r\n\r\n.b\r\nBDAT 4 LAST\r\n..c\n"
        .replacingOccurrences(of: "..c\n", with: "..c."))
    let codes = try (0..<4).map { _ in try client.reply().code }
    #expect(codes == [250, 250, 250, 250])
    #expect(try served.messages().first?.body == ".b\n..c.\n")
    // DATA dripped byte by byte.
    #expect(try client.command("MAIL FROM:<a@b.example>").code == 250)
    #expect(try client.command("RCPT TO:<info@example.org>").code == 250)
    #expect(try client.command("DATA").code == 354)
    try client.drip(Array("X: y\r\n\r\n..\r\n.\r\n".utf8))
    #expect(try client.reply().code == 250)
    #expect(try served.messages().contains { $0.body == ".\n" })
    await served.server.stop()
  }

  @Test func badInputIsAnsweredAndNothingIsKept() async throws {
    let served = try await Served { $0.messageSize = 1000 }
    for bytes in ["bare\nfeed", "bare\rreturn", "nul\0octet"] {
      let client = try served.connect()
      let reply = try client.deliver(from: "a@b.example", to: ["user@example.org"], bytes + "\r\n")
      #expect(reply.code == 550 && reply.enhanced == "5.6.11", "\(reply)")
    }
    let client = try served.connect()
    let large = String(repeating: "0123456789\r\n", count: 200)
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"], large).code == 552)
    try client.send("BDAT 5 LAST\r\nhello")
    #expect(try client.reply().code == 503)
    #expect(try client.command(String(repeating: "x", count: 20_000)).code == 500)
    #expect(try client.command("\u{1}\u{2}\u{80}").code == 500)
    try client.send([0xff, 0xfe, 0x00, 0x0a])
    #expect(try client.reply().code == 500)
    #expect(try client.command("NOOP").code == 250)
    #expect(served.names().isEmpty && served.names("tmp").isEmpty)
    await served.server.stop()
  }

  @Test func aDiskThatTakesNothingIsAnswered451() async throws {
    let served = try await Served()
    let client = try served.connect()
    try FileManager.default.removeItem(atPath: served.folder.file("deep/Maildir/tmp"))
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"]).code == 451)
    try served.folder.folder("deep/Maildir/tmp")
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"]).code == 250)
    #expect(served.names().count == 1)
    await served.server.stop()
  }

  @Test func boundsOnSessionsMemoryAndSilence() async throws {
    let served = try await Served {
      $0.sessions = 1
      $0.heldOctets = 5000
      $0.patience = .milliseconds(700)
    }
    let client = try served.connect()
    #expect(try RawClient(port: served.port).reply().code == 421)
    let large = String(repeating: "0123456789\r\n", count: 1000)
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"], large).code == 452)
    #expect(try client.deliver(from: "a@b.example", to: ["user@example.org"]).code == 250)
    #expect(try client.reply().code == 421)
    await served.server.stop()
  }

  @Test func stoppingEndsIdleSessionsAndLetsMessagesFinish() async throws {
    let served = try await Served()
    let idle = try served.connect()
    let busy = try served.connect()
    #expect(try busy.command("MAIL FROM:<a@b.example>").code == 250)
    #expect(try busy.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try busy.command("DATA").code == 354)
    // Long waits: blocking tests beside this one may keep the task that stops from its thread.
    async let stopped: Void = served.server.stop(within: .seconds(60))
    #expect(try idle.reply(within: .seconds(60)).code == 421)
    try busy.send("Subject: late\r\n\r\n.\r\n")
    #expect(try busy.reply(within: .seconds(60)).code == 250)
    #expect(try busy.reply(within: .seconds(60)).code == 421)
    await stopped
    #expect(served.names().count == 1)
    #expect(!FreePort.answers("127.0.0.1", served.port))
  }
}
