import DNS
import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

/// Checks that ask somebody: begun with their stage, waited for where something can come of it.
@Suite(.apart) struct AwaitedExaminationTests {
  private static let listed = DNSAnswer.records(
    ["127.0.0.2"].compactMap { IPAddress($0) }.map { .address($0) })

  private func connectCheck(
    _ name: String, enforceAt: Stage = .recipient, mode: CheckMode = .enforce, reports: Reports = .eachOnce
  ) -> Examination<ConnectFacts> {
    let ask = ScriptedChecks.ask(name)
    return Examination(
      check: name, mode: mode, enforceAt: enforceAt, reports: reports,
      work: .awaited { _, lookups in await ask(lookups) })
  }

  private func gateway(
    _ checks: ScriptedChecks, _ resolver: HeldResolver, settings: [String: String] = [:]
  ) throws -> InnerGateway {
    try InnerGateway(settings: settings, resolver: resolver, checks: checks)
  }

  @Test func nothingIsWaitedForBeforeItCanAct() throws {
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(3, .reject), "B": Weight(1)]
    let ask = ScriptedChecks.ask("b")
    checks.plan.connect = [connectCheck("a")]
    checks.plan.hello = [
      Examination(
        check: "b", mode: .enforce, enforceAt: .recipient, work: .awaited { _, lookups in await ask(lookups) }
      )
    ]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let (client, _) = try gateway.session()
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 250)
    #expect(resolver.asked == [.address(of: "a"), .address(of: "b")])
    try client.send(line: "RCPT TO:<user@example.org>")
    #expect(client.isSilent(for: .milliseconds(100)))
    resolver.answer(.address(of: "a"), Self.listed)
    // It decides outright, and b cannot change that.
    #expect(try client.reply().code == 550)
    let event = try gateway.waitForEvent("A")
    #expect(event.stage == .recipient && event.found == .connect && event.unfinished == ["b"])
    #expect((event.took?.milliseconds ?? 0) >= 90)
    // For the next one nobody is asked again.
    #expect(try client.command("RCPT TO:<user@example.org>").code == 550)
    #expect(resolver.asked.count == 2)
  }

  @Test func aStageThatMayActIsHeld() throws {
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(0, .reject)]
    checks.plan.connect = [connectCheck("a", enforceAt: .connect)]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let client = try gateway.connect()
    #expect(client.isSilent(for: .milliseconds(100)))
    resolver.answer(.address(of: "a"), Self.listed)
    #expect(try client.reply().code == 554)
  }

  @Test func whoGoesEarlyIsNotAskedAboutAnyLonger() throws {
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(0, .reject), "B": Weight(0, .reject)]
    checks.plan.connect = [connectCheck("a")]
    let ask = ScriptedChecks.ask("b")
    checks.plan.hello = [
      Examination(
        check: "b", mode: .enforce, enforceAt: .recipient, work: .awaited { _, lookups in await ask(lookups) }
      )
    ]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let (client, _) = try gateway.session()
    // A second EHLO replaces the first: what was asked about it is asked again.
    try client.command("EHLO other.example")
    #expect(resolver.asked == [.address(of: "a"), .address(of: "b"), .address(of: "b")])
    eventually { resolver.cancelled == [.address(of: "b")] }
    #expect(resolver.cancelled == [.address(of: "b")])
    try client.command("QUIT")
    eventually { resolver.open.isEmpty }
    #expect(resolver.open.isEmpty && resolver.cancelled.count == 3)
  }

  @Test func aMessageWaitsForAllOfThem() throws {
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(1), "B": Weight(2), "C": Weight(3)]
    checks.plan.connect = [connectCheck("a"), connectCheck("b", mode: .shadow)]
    let ask = ScriptedChecks.ask("c")
    checks.plan.message = [
      Examination(
        check: "c", mode: .enforce, enforceAt: .message, work: .awaited { _, lookups in await ask(lookups) })
    ]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let (client, _) = try gateway.session()
    try client.command("MAIL FROM:<a@outside.example>")
    // All of them together do not come to a refusal.
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try client.command("DATA").code == 354)
    try client.send("Subject: x\r\n\r\nx\r\n.\r\n")
    #expect(client.isSilent(for: .milliseconds(50)))
    // In the order of the catalogue, whatever comes first.
    for name in ["c", "b"] { resolver.answer(.address(of: name), Self.listed) }
    #expect(client.isSilent(for: .milliseconds(50)))
    resolver.answer(.address(of: "a"), Self.listed)
    #expect(try client.reply().code == 250)
    let event = try gateway.waitForEvent("MESSAGE_ACCEPTED")
    #expect(event.findings.map(\.finding.code) == ["A", "B", "C"] && event.score == 4)
    #expect(event.unfinished.isEmpty)
  }

  /// What was found about a recipient that was refused must not make the message's verdict look certain.
  @Test func aRefusedRecipientDecidesNothingAboutTheMessage() throws {
    var checks = ScriptedChecks()
    checks.weights = ["BAD_RECIPIENT": Weight(0, .reject), "C": Weight(0, .reject)]
    checks.plan.recipient = [
      Examination(
        check: "r", mode: .enforce, enforceAt: .recipient,
        work: .immediate { $0.recipient.localPart == "blocked" ? [Finding("BAD_RECIPIENT")] : [] })
    ]
    let ask = ScriptedChecks.ask("c")
    checks.plan.message = [
      Examination(
        check: "c", mode: .enforce, enforceAt: .message, work: .awaited { _, lookups in await ask(lookups) })
    ]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let (client, _) = try gateway.session()
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try client.command("RCPT TO:<blocked@example.org>").code == 550)
    #expect(try client.command("DATA").code == 354)
    try client.send("Subject: x\r\n\r\nx\r\n.\r\n")
    #expect(client.isSilent(for: .milliseconds(100)))
    resolver.answer(.address(of: "c"), Self.listed)
    #expect(try client.reply().code == 550)
  }

  @Test func whoGreetsWithoutEndIsToldToGo() throws {
    let gateway = try gateway(ScriptedChecks(), HeldResolver())
    let (client, _) = try gateway.session()
    for number in 2...20 { #expect(try client.command("EHLO h\(number).example").code == 250) }
    #expect(try client.command("EHLO last.example").code == 421)
    // Who sends mail in between is none of those.
    let (other, _) = try gateway.session()
    for number in 0..<30 {
      #expect(try other.command("EHLO h\(number).example").code == 250)
      #expect(try other.command("MAIL FROM:<a@outside.example>").code == 250)
    }
  }

  /// Nobody reads the reply any more: the message is not handed over, and that is said once.
  @Test func aMessageWhoseClientIsResetWhileItIsJudgedIsLost() throws {
    var checks = ScriptedChecks()
    checks.weights = ["C": Weight(3)]
    let ask = ScriptedChecks.ask("c")
    checks.plan.message = [
      Examination(
        check: "c", mode: .enforce, enforceAt: .message, work: .awaited { _, lookups in await ask(lookups) })
    ]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver)
    let (client, _) = try gateway.session()
    try client.command("MAIL FROM:<a@outside.example>")
    try client.command("RCPT TO:<user@example.org>")
    try client.command("DATA")
    try client.send("Subject: x\r\n\r\nx\r\n.\r\n")
    #expect(eventually { resolver.open == [.address(of: "c")] })
    client.reset()
    let event = try gateway.waitForEvent(.connectionLost)
    #expect(event.sender == "a@outside.example" && event.recipients == ["user@example.org"])
    #expect(event.detail == "17 octets of content had come")
    #expect(eventually { resolver.open.isEmpty && gateway.context.admission.connections == 0 })
    resolver.answer(.address(of: "c"), Self.listed)
    #expect(gateway.events.all.map(\.code) == [.connectionLost])
    #expect(gateway.relay.messages.isEmpty)
  }

  /// A session may last for hours, a failure of DNS seldom does.
  @Test func whoCouldNotTellIsAskedAgainForALaterMessage() throws {
    for isPatient in [false, true] {
      var checks = ScriptedChecks()
      checks.weights = ["A": Weight(3, .reject), "B": Weight(3, .reject)]
      checks.plan.connect = [connectCheck("a")]
      let ask = ScriptedChecks.ask("b")
      checks.plan.hello = [
        Examination(
          check: "b", mode: .enforce, enforceAt: .recipient,
          work: .awaited { _, lookups in await ask(lookups) })
      ]
      let resolver = HeldResolver()
      resolver.answer(.address(of: "a"), .failed(.timeout))
      resolver.answer(.address(of: "b"), .noName)
      let gateway = try InnerGateway(
        resolver: resolver, checks: checks, askAgainAfter: isPatient ? .seconds(30) : .zero)
      let (client, _) = try gateway.session()
      #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
      let event = try gateway.waitForEvent("MESSAGE_ACCEPTED")
      #expect(event.findings.map(\.finding.code) == ["A_UNAVAILABLE"])
      resolver.answer(.address(of: "a"), Self.listed)
      // Of whom everybody could tell nobody is asked again.
      resolver.answer(.address(of: "b"), Self.listed)
      #expect(try client.command("MAIL FROM:<a@outside.example>").code == 250)
      #expect(try client.command("RCPT TO:<user@example.org>").code == (isPatient ? 250 : 550))
      if !isPatient {
        #expect(try gateway.waitForEvent("A").findings.map(\.finding.code) == ["A"])
      }
    }
  }

  @Test func whatKnowsNoAnswerSaysSoInTime() throws {
    var checks = ScriptedChecks()
    checks.weights = ["A": Weight(1)]
    checks.plan.connect = [connectCheck("a")]
    let resolver = HeldResolver()
    let gateway = try gateway(checks, resolver, settings: ["timeouts.verdict": "\"1s\""])
    let (client, _) = try gateway.session()
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try client.command("DATA").code == 354)
    let began = ContinuousClock.now
    // The half of the time that a verdict has, and a moment for who does not keep to it.
    #expect(try client.command("Subject: x\r\n\r\nx\r\n.").code == 250)
    #expect(ContinuousClock.now - began < .seconds(3))
    #expect(try gateway.waitForEvent("MESSAGE_ACCEPTED").unfinished == ["a"])
  }
}
