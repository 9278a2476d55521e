import Foundation
import TestSupport
import Testing

/// The trace line that each message gets, and the loops that it reveals.
@Suite(.apart) struct BackendTraceTests {
  /// Sends over a connection of its own with this greeting; what the backend got.
  private func trace(
    _ gateway: Gateway, _ backend: ScriptedBackend, greeting: String, mail: String = "",
    to: [String] = [Mail.user]
  ) throws -> String {
    let client = try gateway.connect(from: "127.0.0.6")
    _ = try client.reply()
    try client.command(greeting)
    try client.command("MAIL FROM:<\(Mail.sender)>\(mail)")
    for recipient in to { try client.command("RCPT TO:<\(recipient)>") }
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(Mail.text("trace", header: "Received: from a by b\r\n").utf8)))
    #expect(try client.reply().code == 250)
    client.close()
    let message = try #require(backend.messages.last)
    #expect(message.headerFields[0].hasPrefix("Received: from "))
    #expect(message.header("Received").count == 2 && message.header("Received")[1] == "from a by b")
    return message.header("Received")[0].replacing("\t", with: " ")
  }

  @Test func theTraceLineTellsTheTruth() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let extended = try trace(gateway, backend, greeting: "EHLO far.example")
    let pattern =
      #/from far\.example \(\S+ \[127\.0\.0\.6\]\) by mx\.example\.org \(Weir\) with ESMTP id ([0-9A-Z]{13}) for <user@example\.org>; (.+)/#
    let match = try #require(try pattern.wholeMatch(in: extended), "\(extended)")
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
    let date = try #require(formatter.date(from: String(match.2)), "\(match.2)")
    #expect(abs(date.timeIntervalSinceNow) < 60)
    // The same id as in the log.
    try gateway.waitForLog { $0.event == "accept" && $0["id"] == String(match.1) }

    #expect(try trace(gateway, backend, greeting: "HELO far.example").contains(" with SMTP id "))
    let utf8 = try trace(gateway, backend, greeting: "EHLO far.example", mail: " SMTPUTF8")
    #expect(utf8.contains(" with UTF8SMTP id "), "\(utf8)")
    // More than one recipient: none is told.
    let two = try trace(gateway, backend, greeting: "EHLO far.example", to: [Mail.user, "b@example.org"])
    #expect(!two.contains(" for <") && !two.contains(Mail.user), "\(two)")
    // What the client calls itself cannot break out of its place.
    let forged = try trace(gateway, backend, greeting: "EHLO [127.0.0.6]")
    #expect(forged.hasPrefix("from [127.0.0.6] ("), "\(forged)")
  }

  @Test func linesKeepTheirBounds() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let name = (0..<6).map { _ in String(repeating: "a", count: 40) }.joined(separator: ".")
    _ = try trace(gateway, backend, greeting: "EHLO \(name)")
    let lines = backend.messages[0].text.components(separatedBy: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 998 })
  }

  @Test func tooManyHopsAreALoop() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend) { $0.settings["limits.hops"] = "5" }
    func message(_ hops: Int) -> String {
      Mail.text("loop", header: String(repeating: "Received: from x by y; now\r\n", count: hops))
    }
    #expect(try gateway.send(message(5)).code == 250)
    let reply = try gateway.send(message(6))
    #expect(reply.code == 554 && reply.enhanced == "5.4.6", "\(reply)")
    try gateway.waitForLog { $0["code"] == "LOOP_DETECTED" && $0.event == "reject" }
    #expect(backend.messages.count == 1)
  }

  /// A backend that sends everything back is a loop that ends.
  @Test(needs(.postfix)) func aRealLoopEnds() throws {
    let port = try FreePort.take()
    let backend = try PostfixBackend(
      settings: [
        "mailbox_transport = smtp:[127.0.0.1]:\(port)",
        "virtual_transport = smtp:[127.0.0.1]:\(port)", "hopcount_limit = 100",
      ])
    let gateway = try Gateway(
      GatewayConfiguration(backends: [.init(port: backend.port)], listeners: [.init(port: port)]) {
        $0.liftClientLimits()
        $0.settings["limits.hops"] = "6"
      })
    #expect(try gateway.send(Mail.text("round")).code == 250)
    let line = try gateway.waitForLog(within: .seconds(20)) { $0["code"] == "LOOP_DETECTED" }
    #expect(line["reply"]?.hasPrefix("554 5.4.6") == true)
  }
}
