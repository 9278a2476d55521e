import TestSupport
import Testing

/// Nobody outside sends to outside.
@Suite(.apart) struct E2ERelayControlTests {
  private static let patient = [
    "limits.errors": "\"unlimited\"", "limits.commands": "\"unlimited\"",
    "limits.message_rate_per_address": "\"unlimited\"", "limits.connection_rate_per_address": "\"unlimited\"",
  ]

  /// A transaction of which a part was good does not open the door either.
  @Test(needsMaterial("smtp/open-relay.json")) func noProbePassesBehindAGoodRecipient() throws {
    let front = try Front(Self.patient)
    let cases = try OpenRelayCase.all()
    let short = try Material.judge("smtp/open-relay, behind a good recipient", cases) { probe in
      let client = try front.session()
      let (sender, recipient) = probe.filled(server: "mx.example.org")
      guard try client.command("MAIL FROM:<\(sender)>").code == 250 else { return nil }
      guard try client.command("RCPT TO:<user@example.org>").code == 250 else {
        return "the good one was refused"
      }
      let answer = try client.command("RCPT TO:<\(recipient)>")
      return answer.code >= 400 ? nil : "\(recipient): \(answer)"
    }
    #expect(short.isEmpty && !cases.isEmpty)
  }

  private static let tricks = [
    "victim@outside.example", "victim%outside.example@example.org", "outside.example!victim@example.org",
    "\"victim@outside.example\"@example.org", "\"victim%outside.example\"@example.org",
    "\"outside.example!victim\"@example.org", "@example.org:victim@outside.example",
    "@outside.example:user@example.org", "@outside.example,@example.org:user@example.org",
    "victim@outside.example@example.org", "victim%outside.example%example.org@example.org",
    "a!b!victim@example.org", "victim@[192.0.2.1]", "victim%[192.0.2.1]@example.org", "victim@[127.0.0.1]",
    "victim@outside.example.", "victim@sub.example.org", "victim@example.net",
    "victim@notexample.org", "victim@example.org.outside.example", "user:outside.example@example.org",
    "\"a\\@outside.example\"@example.org", "victim@[IPv6:2001:db8::1]",
  ]

  @Test func mixedTricksAreRefused() throws {
    let front = try Front(Self.patient)
    let client = try front.session()
    try client.command("MAIL FROM:<a@outside.example>")
    for recipient in Self.tricks {
      let answer = try client.command("RCPT TO:<\(recipient)>")
      #expect(answer.code >= 500, "\(recipient): \(answer)")
    }
    #expect(!front.backend.commands.contains { $0.contains("victim") || $0.contains("outside") })
  }

  private static let ours = [
    "user@example.org", "USER@EXAMPLE.ORG", "\"user\"@example.org", "\"two words\"@example.org",
    "o'brien+tag=x@example.org", "user@sub.example.net", "user@deep.sub.example.net", "postmaster",
    "PostMaster",
  ]

  @Test func whatIsOursIsTakenAndNotRewritten() throws {
    let front = try Front(Self.patient)
    let client = try front.session()
    let sender = "\"odd one\"@outside.example"
    for recipient in Self.ours {
      #expect(try client.deliver(from: sender, to: [recipient]).code == 250, "\(recipient)")
      let message = try #require(front.backend.messages.last)
      // The bare postmaster alone is completed: not every backend takes it as it is.
      let expected = recipient.contains("@") ? recipient : recipient + "@example.org"
      #expect(message.addresses == [expected] && message.sender == sender)
    }
  }

  @Test func bareLocalPartsAreCompletedOrRefused() throws {
    let strict = try Front()
    let refusing = try strict.session()
    try refusing.command("MAIL FROM:<a@outside.example>")
    let refusal = try refusing.command("RCPT TO:<user>")
    #expect(refusal.code == 501 && refusal.enhanced == "5.1.3")
    let completing = try Front(["relay.complete_domain": "\"example.org\""])
    let client = try completing.session()
    #expect(try client.deliver(from: "a@outside.example", to: ["user", "Postmaster"]).code == 250)
    #expect(completing.backend.messages.first?.addresses == ["user@example.org", "Postmaster@example.org"])
  }

  @Test func relayNetworksSendAnywhereUnderTheirSenders() throws {
    let front = try Front(
      ["relay.senders": "{ \"127.0.0.3/32\" = [\"@example.org\", \"<>\"] }"],
      behaviour: BackendBehaviour {
        $0.knownRecipients = [
          "user@example.org", "x@outside.example", "y@outside.example", "z@outside.example",
        ]
      }, networks: ["127.0.0.2/31"])
    let trusted = try front.session(from: "127.0.0.2")
    #expect(try trusted.deliver(from: "any@where.example", to: ["x@outside.example"]).code == 250)
    // For outside domains nobody is asked beforehand: the one RCPT is that of the delivery.
    #expect(front.backend.commands.filter { $0.contains("x@outside.example") }.count == 1)
    let narrowed = try front.session(from: "127.0.0.3")
    #expect(try narrowed.deliver(from: "u@example.org", to: ["y@outside.example"]).code == 250)
    #expect(try narrowed.deliver(from: "", to: ["z@outside.example"]).code == 250)
    let refusal = try narrowed.deliver(from: "any@where.example", to: ["y@outside.example"])
    #expect(refusal.code == 550 && refusal.enhanced == "5.7.1")
    try narrowed.command("RSET")
    #expect(try narrowed.deliver(from: "any@where.example", to: ["user@example.org"]).code == 250)
    let stranger = try front.session(from: "127.0.0.4")
    #expect(try stranger.deliver(from: "u@example.org", to: ["y@outside.example"]).code == 550)
    let line = try front.gateway.waitForLog { $0["client"] == "127.0.0.4" && $0.event == "reject" }
    #expect(
      line["code"] == "RELAY_DENIED" && line["to"] == "<y@outside.example>" && line["stage"] == "recipient")
  }

  /// RELAY-TEST, the command.
  @Test func relayTestTellsWhetherItIsClosed() throws {
    let front = try Front(Self.patient)
    let closed = try front.gateway.weir(["relay-test"])
    #expect(closed.ending == .exited(0), "\(closed.output)\(closed.errors)")
    #expect(closed.output.contains("0 passed") && closed.output.contains("percent hack"))
    let open = try front.gateway.weir(["relay-test", "--outside", "example.org"])
    #expect(open.ending == .exited(1) && open.output.contains("OPEN"))
    let json = try front.gateway.weir(["relay-test", "--json"])
    #expect(json.ending == .exited(0) && json.output.contains("\"isOpen\" : false"))
    #expect(front.backend.messages.isEmpty)
  }

  @Test func relayTestFromATrustedAddressProvesNothing() throws {
    let front = try Front(Self.patient, networks: ["127.0.0.0/8"])
    let vain = try front.gateway.weir(["relay-test"])
    #expect(vain.ending == .exited(2) && vain.errors.contains("relay.networks"), "\(vain)")
    let judged = try front.gateway.weir(["relay-test", "--as", "192.0.2.1"])
    #expect(judged.ending == .exited(0), "\(judged.output)\(judged.errors)")
    #expect(judged.output.contains("judged as 192.0.2.1"))
    try front.gateway.waitForLog { $0["client"] == "192.0.2.1" && $0["code"] == "RELAY_DENIED" }
    // The order to judge it as somebody else was for those connections alone.
    let trusted = try front.session()
    #expect(try trusted.deliver(from: "a@b.example", to: ["x@outside.example"]).code == 250)
    let alsoVain = try front.gateway.weir(["relay-test", "--as", "127.9.9.9"])
    #expect(alsoVain.ending == .exited(2))
    front.gateway.terminate()
    let alone = try front.gateway.weir(["relay-test"])
    #expect(alone.ending == .exited(2) && alone.errors.contains("no gateway answers"), "\(alone)")
    try front.gateway.folder.write("weir.toml", "hostname = 3\n")
    let broken = try front.gateway.weir(["relay-test"])
    #expect(broken.ending == .exited(2) && broken.errors.contains("weir.toml:1:12"), "\(broken)")
  }
}
