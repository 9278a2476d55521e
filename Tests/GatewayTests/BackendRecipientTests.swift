import Foundation
import TestSupport
import Testing

/// Who is known is asked on sessions of their own, remembered for its time, and believed no longer than it holds.
@Suite(.apart) struct BackendRecipientTests {
  private static let known = BackendBehaviour {
    $0.knownRecipients = ["user@example.org", "second@example.org", "third@example.org"]
    $0.unknownReply = "550 5.1.1 Nobody of that name at the backend"
  }

  @Test func theBackendsOwnTextReachesTheClientAndIsRemembered() throws {
    let backend = try ScriptedBackend(Self.known)
    let gateway = try Gateway.before(backend)
    for _ in 0..<3 {
      let replies = try gateway.ask(["nobody@example.org", "user@example.org"])
      #expect(replies.map(\.code) == [550, 250])
      #expect(replies[0].description.contains("5.1.1 Nobody of that name at the backend"), "\(replies[0])")
    }
    #expect(backend.asked.count == 2)
    let line = try gateway.waitForLog { $0["code"] == "RECIPIENT_UNKNOWN" }
    #expect(line.event == "reject" && line["to"] == "<nobody@example.org>" && line["stage"] == "recipient")
    // A mixture: the known one gets the message, the other not even an attempt.
    #expect(try gateway.send(Mail.text("one")).code == 250)
    #expect(backend.messages.map(\.addresses) == [[Mail.user]])
  }

  @Test func theProbeSaysTheTrueSenderWithTheIdentityOfDelivery() throws {
    let backend = try ScriptedBackend(.withXFORWARD)
    let gateway = try Gateway.before(backend)
    let client = try gateway.connect(from: "127.0.0.9")
    try client.open(ehlo: "helo.outside.example")
    try client.command("MAIL FROM:<true@outside.example>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    let said = backend.commands
    let forward = try #require(said.first { $0.hasPrefix("XFORWARD") && $0.contains("127.0.0.9") })
    #expect(forward.contains("ADDR=127.0.0.9") && forward.contains("HELO=helo.outside.example"))
    #expect(said.contains("MAIL FROM:<true@outside.example>") && said.contains("RCPT TO:<user@example.org>"))
    #expect(eventually { backend.commands.last == "RSET" } && !said.contains("DATA"))
  }

  @Test func answersLiveAsLongAsTold() throws {
    let backend = try ScriptedBackend(Self.known)
    let gateway = try Gateway.before(backend) {
      $0.settings["recipients.known_lifetime"] = "\"1s\""
      $0.settings["recipients.unknown_lifetime"] = "\"1s\""
    }
    #expect(try gateway.ask(["user@example.org", "new@example.org"]).map(\.code) == [250, 550])
    backend.change { $0.knownRecipients = ["new@example.org"] }
    #expect(try gateway.ask(["user@example.org", "new@example.org"]).map(\.code) == [250, 550])
    #expect(
      try eventually(within: .seconds(5), every: .milliseconds(200)) {
        try gateway.ask(["user@example.org", "new@example.org"]).map(\.code) == [550, 250]
      })
  }

  @Test func temporaryRefusalsAreNeverRemembered() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.recipientReplies = [
          "user@example.org": ["450 4.2.1 Greylisted", "421 4.3.2 Bye", "250 2.1.5 Fine"]
        ]
      })
    let gateway = try Gateway.before(backend)
    let first = try gateway.ask([Mail.user])
    #expect(first[0].code == 450 && first[0].text.contains("Greylisted"), "\(first)")
    let second = try gateway.ask([Mail.user])
    #expect(second[0].code == 451 || second[0].code == 250)
    #expect(
      try eventually(within: .seconds(5), every: .milliseconds(100)) {
        try gateway.ask([Mail.user]).map(\.code) == [250]
      })
  }

  @Test func aRefusalThatDependsOnTheSenderIsKeyedWithIt() throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.recipientReplies = ["user@example.org": ["550 5.7.1 Not from you", "250 2.1.5 Welcome"]]
      })
    let gateway = try Gateway.before(backend)
    #expect(try gateway.ask([Mail.user], from: "bad@outside.example").map(\.code) == [550])
    #expect(try gateway.ask([Mail.user], from: "good@outside.example").map(\.code) == [250])
    #expect(try gateway.ask([Mail.user], from: "bad@outside.example").map(\.code) == [550])
    #expect(backend.asked.count == 2)
    // It is no unknown recipient: it does not count as harvesting.
    #expect(eventually { gateway.log().contains { $0["code"] == "RECIPIENT_REFUSED" } })
    #expect(!gateway.log().contains { $0["code"] == "RECIPIENT_UNKNOWN" })
  }

  @Test func aRefusedSenderIsRefusedForEachRecipient() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    backend.behaviour = .at(.mail, .reply("550 5.1.8 Your domain does not exist"), .normal)
    let replies = try gateway.ask([Mail.user, "second@example.org"])
    #expect(replies.map(\.code) == [550, 550] && replies[0].text.contains("does not exist"))
    #expect(try gateway.ask([Mail.user], from: "other@outside.example").map(\.code) == [250])
    #expect(backend.commands.filter { $0.hasPrefix("MAIL FROM:<\(Mail.sender)>") }.count == 1)
  }

  @Test func equalProbesAreOneAndDifferentOnesAllAnswered() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend) { $0.liftClientLimits() }
    backend.behaviour = .at(.recipient, .delay(.milliseconds(300)), .normal)
    let equal = try inParallel(12) { _ in try gateway.ask([Mail.user])[0].code }
    #expect(equal.allSatisfy { $0 == 250 }, "\(equal)")
    #expect(backend.asked == [Mail.user])
    // More different ones at once than there are probe sessions.
    let different = try inParallel(40) { index in try gateway.ask(["user\(index)@example.org"])[0].code }
    #expect(different.allSatisfy { $0 == 250 }, "\(different)")
    #expect(backend.asked.count == 41)
  }

  @Test func pastTheBoundOfProbesARecipientIsToldToComeAgain() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend) {
      $0.liftClientLimits()
      $0.settings["recipients.probes_per_backend"] = "1"
      $0.settings["recipients.probes_waiting"] = "2"
    }
    backend.behaviour = .at(.recipient, .delay(.milliseconds(1500)))
    // One is being asked for, one waits for the one session, and there is no room for a third.
    let codes = try inParallel(3) { index in try gateway.ask(["slow\(index)@example.org"])[0].code }
    #expect(codes.sorted() == [250, 250, 451], "\(codes)")
    try gateway.waitForLog { $0["code"] == "RECIPIENT_UNAVAILABLE" && $0.raw.contains("PROBES_BUSY") }
    #expect(backend.asked.count == 2)
  }

  @Test func aProbeSessionClosesAfterRefusalsAndProbes() throws {
    let backend = try ScriptedBackend(Self.known)
    let gateway = try Gateway.before(backend) {
      $0.liftClientLimits()
      $0.settings["recipients.probe_session_refusals"] = "2"
      $0.settings["recipients.probe_session_probes"] = "3"
      $0.settings["recipients.probes_per_backend"] = "1"
      $0.settings["limits.errors"] = "100"
    }
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<a@outside.example>")
    for index in 0..<6 {
      #expect(try client.command("RCPT TO:<nobody\(index)@example.org>").code == 550)
    }
    backend.change { $0.knownRecipients = nil }
    for index in 0..<9 {
      #expect(try client.command("RCPT TO:<somebody\(index)@example.org>").code == 250)
    }
    #expect(backend.asked.count == 15)
    for session in 1...backend.sessionCount {
      let lines = backend.dialogue.filter { $0.session == session }
      #expect(lines.filter { $0.text.hasPrefix("RCPT") }.count <= 3)
      #expect(lines.filter { $0.text.hasPrefix("550") }.count <= 2)
    }
    #expect(backend.sessionCount >= 1 + 3 + 3, "\(backend.sessionCount)")
  }

  @Test func aFileOfRecipientsIsBelievedAndReloaded() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(
      backend, extra: ["recipients = \"file:users\""],
      files: ["users": "# who is here\nuser@example.org\n"])
    #expect(
      try gateway.ask([Mail.user, "other@example.org", "USER@EXAMPLE.ORG"]).map(\.code) == [250, 550, 250])
    #expect(backend.asked.isEmpty)
    try gateway.folder.write("users", "other@example.org\n")
    gateway.hangUp()
    try gateway.waitForLog { $0["code"] == "RELOADED" }
    #expect(try gateway.ask([Mail.user, "other@example.org"]).map(\.code) == [550, 250])
    #expect(try gateway.send(Mail.text("file"), to: ["other@example.org"]).code == 250)
  }

  @Test func anyAsksNobody() throws {
    let backend = try ScriptedBackend(Self.known)
    let gateway = try Gateway.before(backend, extra: ["recipients = \"any\""])
    #expect(try gateway.ask(["whoever@example.org"]).map(\.code) == [250])
    #expect(backend.asked.isEmpty)
    // At delivery the backend's word counts all the same.
    #expect(try gateway.send(Mail.text("any"), to: ["whoever@example.org"]).code == 451)
    #expect(try gateway.ask(["whoever@example.org"]).map(\.code) == [550])
  }

  @Test func aBackendThatTakesEverybodyIsFoundOut() throws {
    let generous = try ScriptedBackend()
    let gateway = try Gateway.before(generous)
    let line = try gateway.waitForLog { $0["code"] == "BACKEND_ACCEPTS_ALL" }
    #expect(line.raw.contains("main"), "\(line)")
    let check = try gateway.weir(["check"])
    #expect(check.output.contains("accepts all") || check.errors.contains("accepts all"), "\(check)")
    #expect(check.succeeded)

    let strict = try ScriptedBackend(Self.known)
    let other = try Gateway.before(strict)
    let quiet = try other.weir(["check"])
    #expect(!(quiet.output + quiet.errors).contains("accepts all"), "\(quiet)")
    #expect(!other.log().contains { $0["code"] == "BACKEND_ACCEPTS_ALL" })
  }

  /// Found out also where the backend came only after the gateway.
  @Test func aLateBackendThatTakesEverybodyIsFoundOut() throws {
    let port = try FreePort.take()
    let gateway = try Gateway(
      GatewayConfiguration(backends: [.init(port: port, extra: ["health_interval = \"1s\""])]))
    let backend = try ScriptedBackend(port: port)
    try gateway.waitForLog(within: .seconds(10)) { $0["code"] == "BACKEND_ACCEPTS_ALL" }
    withExtendedLifetime(backend) {}
  }

  /// Probes of unknown users do not use up the delivery sessions' credit with the backend.
  @Test func probesAndDeliveriesDoNotShareSessions() throws {
    let backend = try ScriptedBackend(Self.known)
    let gateway = try Gateway.before(backend) { $0.liftClientLimits() }
    for index in 0..<5 {
      #expect(try gateway.ask(["nobody\(index)@example.org"]).map(\.code) == [550])
      #expect(try gateway.send(Mail.text("well-\(index)")).code == 250)
    }
    let sessions = Set(backend.messages.map(\.session))
    let refusals = backend.dialogue.filter {
      sessions.contains($0.session) && $0.speaker == .server && $0.text.hasPrefix("5")
    }
    #expect(refusals.isEmpty)
  }
}
