import DNS
import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

/// The greeting and what comes before it; commands out of turn.
@Suite(.apart) struct GreetingTests {
  private static let delay = ["checks.early_talker.delay": "\"400ms\""]

  /// How long the greeting took.
  private func greeting(_ gateway: InnerGateway, from source: String = "127.0.0.9") throws -> (
    client: RawClient, time: Duration
  ) {
    let client = try gateway.connect(from: source)
    let began = ContinuousClock.now
    #expect(try client.reply().code == 220)
    return (client, ContinuousClock.now - began)
  }

  @Test func aStrangerWaitsUntilItHasPassedOnce() throws {
    let gateway = try InnerGateway(settings: Self.delay, networks: ["127.0.0.8/32"])
    #expect(try greeting(gateway).time >= .milliseconds(350))
    // Who may relay does not wait.
    #expect(try greeting(gateway, from: "127.0.0.8").time < .milliseconds(350))
    let (client, _) = try greeting(gateway)
    #expect(try client.command("EHLO far.example").code == 250)
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    try gateway.waitForEvent(.messageAccepted)
    eventually { gateway.context.known.count == 1 }
    #expect(try greeting(gateway).time < .milliseconds(350))
    // Others have not.
    #expect(try greeting(gateway, from: "127.0.0.7").time >= .milliseconds(350))
  }

  @Test func theTeaserIsTheFirstLineOfTheGreeting() throws {
    var settings = Self.delay
    settings["checks.early_talker.teaser"] = "\"patience, please\""
    let gateway = try InnerGateway(settings: settings)
    let client = try gateway.connect(from: "127.0.0.9")
    let began = ContinuousClock.now
    let teaser = try client.line()
    #expect(teaser.hasPrefix("220-") && teaser.hasSuffix(" patience, please"), "\(teaser)")
    #expect(ContinuousClock.now - began < .milliseconds(300))
    #expect(try client.reply().code == 220)
    #expect(ContinuousClock.now - began >= .milliseconds(350))
    #expect(try client.command("EHLO far.example").code == 250)
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(try gateway.waitForEvent(.messageAccepted).findings.isEmpty)
  }

  private static func verdictAtConnect() -> ScriptedChecks {
    let ask = ScriptedChecks.ask("a")
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(0, .reject)]
    checks.plan.connect = [
      Examination(
        check: "a", mode: .enforce, enforceAt: .connect, reports: .eachOnce,
        work: .awaited { _, lookups in await ask(lookups) })
    ]
    return checks
  }

  private static let listed = DNSAnswer.records(
    ["127.0.0.2"].compactMap { IPAddress($0) }.map { .address($0) })

  /// A reply has one code: what began as 220 does not end as 554.
  @Test func aTeaserIsNotFollowedByARefusal() throws {
    var settings = Self.delay
    settings["checks.early_talker.teaser"] = "\"patience\""
    let resolver = HeldResolver()
    let gateway = try InnerGateway(
      settings: settings, resolver: resolver, checks: Self.verdictAtConnect())
    let client = try gateway.connect(from: "127.0.0.9")
    #expect(try client.line().hasPrefix("220-"))
    resolver.answer(.address(of: "a"), Self.listed)
    #expect(try client.line().hasPrefix("220 "))
    #expect(try client.command("EHLO far.example").code == 550)
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 503)
    let event = try gateway.waitForEvent("A")
    #expect(event.stage == .hello && event.found == .connect)
    #expect(gateway.events.all.count { $0.code == "A" } == 1)
    #expect(try client.command("QUIT").code == 221)
  }

  @Test func whoIsRefusedForCertainIsNotTeased() throws {
    var settings = ["checks.early_talker.delay": "\"5s\""]
    settings["checks.early_talker.teaser"] = "\"patience\""
    let resolver = HeldResolver()
    resolver.answer(.address(of: "a"), Self.listed)
    let gateway = try InnerGateway(
      settings: settings, resolver: resolver, checks: Self.verdictAtConnect())
    let began = ContinuousClock.now
    let reply = try gateway.connect(from: "127.0.0.9").reply()
    #expect(reply.code == 554 && reply.lines.count == 1, "\(reply)")
    #expect(ContinuousClock.now - began < .seconds(4))
    #expect(try gateway.waitForEvent("A").stage == .connect)
  }

  @Test func whoSpeaksFirstIsSeen() throws {
    var settings = Self.delay
    settings["checks.early_talker.teaser"] = "\"patience\""
    settings["checks.early_talker.action"] = "\"reject\""
    let gateway = try InnerGateway(settings: settings)
    let client = try gateway.connect(from: "127.0.0.9")
    // Behind the teaser it is still too early.
    _ = try client.line()
    try client.send(line: "EHLO far.example")
    #expect(try client.reply().code == 220)
    #expect(try client.reply().code == 250)
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 250)
    #expect(try client.command("RCPT TO:<user@example.org>").code == 550)
    let event = try gateway.waitForEvent("EARLY_TALKER")
    #expect(event.found == .hello && event.stage == .recipient)
    #expect(gateway.context.known.count == 0)
  }

  /// Nothing is left behind by who goes while it waits.
  @Test func whoGoesWhileItWaitsIsForgotten() throws {
    let gateway = try InnerGateway(settings: Self.delay)
    for _ in 0..<5 {
      let client = try gateway.connect(from: "127.0.0.9")
      client.reset()
    }
    let closing = try gateway.connect(from: "127.0.0.9")
    closing.closeWriting()
    #expect(try closing.reply().code == 220)
    eventually { gateway.context.admission.connections == 0 }
    #expect(gateway.context.admission.connections == 0)
  }

  @Test func whatComesWithThePreambleComesTooEarly() throws {
    let gateway = try InnerGateway(["proxy_protocol = [\"127.0.0.1/32\"]"])
    func deliver(_ first: String, _ second: String) throws {
      let client = try gateway.connect()
      try client.send("PROXY TCP4 192.0.2.7 127.0.0.1 4321 25\r\n" + first)
      #expect(try client.reply().code == 220)
      try client.send(second)
      #expect(try client.reply().code == 250)
      #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    }
    try deliver("EHLO far.example\r\n", "")
    #expect(try gateway.waitForEvent("MESSAGE_TAGGED").findings.map(\.finding.code) == ["EARLY_TALKER"])
    try deliver("", "EHLO far.example\r\n")
    #expect(try gateway.waitForEvent(.messageAccepted).findings.isEmpty)
  }

  /// Without a wait the client's own system shows it: what it sent before it had the greeting does not acknowledge it.
  @Test(needs(.python3)) func whatIsSentBeforeTheGreetingArrivesIsSeen() throws {
    let gateway = try InnerGateway()
    let output = try gateway.python(
      """
      for attempt in range(40):
        s = socket.socket()
        s.bind(("127.0.0.9", 0))
        s.connect(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, 12, 0)
        s.sendall(b"EHLO far.example\\r\\n")
        f = s.makefile("rb")
        f.readline()
        def command(line):
          s.sendall(line.encode() + b"\\r\\n")
          while True:
            reply = f.readline()
            if reply[3:4] != b"-": return reply
        while f.readline()[3:4] == b"-": pass
        command("MAIL FROM:<a@outside.example>")
        command("RCPT TO:<user@example.org>")
        command("DATA")
        command("Subject: x\\r\\n\\r\\nx\\r\\n.")
        s.close()
      """)
    #expect(output.isEmpty, "\(output)")
    #expect(try gateway.waitForEvent("MESSAGE_TAGGED").findings.map(\.finding.code) == ["EARLY_TALKER"])
  }

  // MARK: Turns

  private func findings(_ gateway: InnerGateway, _ opening: [String], _ group: String) throws -> [ReasonCode]
  {
    let client = try gateway.connect(from: "127.0.0.9")
    #expect(try client.reply().code == 220)
    for line in opening { try client.command(line) }
    try client.send(group)
    for _ in 0..<(group.split(separator: "\r\n").count) { _ = try client.reply() }
    let before = gateway.events.all.count
    try client.send("DATA\r\n")
    _ = try client.reply()
    _ = try client.command("Subject: x\r\n\r\nx\r\n.")
    eventually { gateway.events.all.count > before }
    return gateway.events.all.last?.findings.map(\.finding.code) ?? []
  }

  @Test(arguments: [
    ([], "EHLO far.example\r\nMAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n", true),
    (["HELO far.example"], "MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n", true),
    (["EHLO far.example"], "NOOP\r\nMAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n", true),
    (["EHLO far.example"], "MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n", false),
    (["EHLO far.example"], "RSET\r\nMAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n", false),
    (["HELO far.example", "MAIL FROM:<a@outside.example>"], "RCPT TO:<user@example.org>\r\n", false),
  ])
  func groups(_ opening: [String], _ group: String, _ isOutOfTurn: Bool) throws {
    let gateway = try InnerGateway()
    let codes = try findings(gateway, opening, group)
    #expect(codes == (isOutOfTurn ? ["COMMANDS_OUT_OF_TURN"] : []))
  }
}
