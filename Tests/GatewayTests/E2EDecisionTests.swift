import TestSupport
import Testing

/// From findings to what becomes of a message: tag, defer, reject, shadow, and the texts a peer reads.
@Suite(.apart) struct E2EDecisionTests {
  /// A stranger who says that he is one of us: OWN_DOMAIN_FORGED weighs 6.
  private let forged = "user@example.org"

  private func marks(_ message: ReceivedMessage) -> [String] {
    message.headerFields.filter { $0.lowercased().hasPrefix("x-spam-") }
  }

  @Test func aTaggedMessageIsMarked() throws {
    let front = try Front(["actions.subject_prefix": "\"[SPAM?]\""])
    let client = try front.session()
    let message = """
      From: a@b.example\r\nx-spam-flag: NO\r\nSubject: hello\r\nX-SPAM-Status: No,\r\n score=-100\r
      X-Spam-Level: \r\nX-Spam-Score: -9\r\nX-Spam-Report: fine\r\nTo: c@d.example\r\n\r\nX-Spam-Flag: body\r\n
      """
    #expect(try client.deliver(from: forged, to: ["second@example.org"], message).code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(received.header("X-Spam-Flag") == ["YES"] && received.header("X-Spam-Score") == ["6.0"])
    #expect(received.header("X-Spam-Level") == ["******"])
    let status = try #require(received.header("X-Spam-Status").first)
    #expect(status.hasPrefix("Yes, score=6.0 required=5.0") && status.contains("OWN_DOMAIN_FORGED=6.0"))
    #expect(marks(received).count == 4, "\(marks(received))")
    #expect(received.header("Subject") == ["[SPAM?] hello"])
    #expect(received.header("From") == ["a@b.example"] && received.header("To") == ["c@d.example"])
    #expect(received.text.hasSuffix("\r\n\r\nX-Spam-Flag: body\r\n"))
    #expect(received.headerFields.first?.hasPrefix("Received:") == true)
    let line = try front.gateway.waitForLog { $0.event == "accept" }
    #expect(line["code"] == "MESSAGE_TAGGED" && line["score"] == "6.0")
    #expect(line["findings"]?.contains("OWN_DOMAIN_FORGED") == true)
  }

  @Test(arguments: [
    ("Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=", "=?"), ("Subject: plain", "[Spam] plain"),
    ("X-None: 1", "[Spam]"),
    ("Subject:\r\n folded\r\n twice", "[Spam] folded twice"),
  ])
  func thePrefixIsEncodedAsTheSubjectIs(_ header: String, expected: String) throws {
    let front = try Front(["actions.subject_prefix": "\"[Spam]\""])
    let client = try front.session()
    try client.deliver(from: forged, to: ["second@example.org"], header + "\r\n\r\n")
    let received = try #require(front.backend.messages.first)
    let subject = received.header("Subject")
    #expect(subject.count == 1 && subject[0].contains(expected), "\(subject)")
    if expected == "=?" {
      #expect(subject[0].hasSuffix("=?utf-8?q?gr=C3=BC=C3=9Fe?="))
    }
  }

  @Test func forgedMarksGoAlsoWhereNothingIsTagged() throws {
    let front = try Front(["actions.tag_headers": "true"], networks: ["127.0.0.2"])
    let message = "X-Spam-Flag: YES\r\nSubject: x\r\nX-Spam-Status: Yes\r\n\r\nbody\r\n"
    let stranger = try front.session()
    try stranger.deliver(from: "a@outside.example", to: ["user@example.org"], message)
    // What comes from our own network was marked by ourselves.
    let ours = try front.session(from: "127.0.0.2")
    try ours.deliver(from: "a@outside.example", to: ["user@example.org"], message)
    let received = front.backend.messages
    #expect(received.count == 2)
    #expect(marks(received[0]).isEmpty && received[0].header("Subject") == ["x"])
    #expect(marks(received[1]).count == 2)
    #expect(received[0].text.hasSuffix("\r\nSubject: x\r\n\r\nbody\r\n"))
  }

  @Test func taggedAndSpooledAlike() throws {
    let front = try Front([
      "actions.subject_prefix": "\"[S]\"", "limits.memory_per_message": "0", "limits.header_size": "4096",
    ])
    let client = try front.session(patience: .seconds(30))
    let body = String(repeating: ".dots and words\r\n", count: 60_000)
    let message = "Subject: large\r\nX-Spam-Flag: NO\r\n\r\n" + body
    #expect(try client.deliver(from: forged, to: ["second@example.org"], message).code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(received.header("Subject") == ["[S] large"] && received.header("X-Spam-Flag") == ["YES"])
    let isWhole = received.text.hasSuffix("\r\n\r\n" + body)
    #expect(isWhole)
  }

  @Test func theScoreRejectsAndDefers() throws {
    let listed = ["checks.client_list.action": "\"score\"", "checks.client_list.weights.CLIENT_LISTED": "3"]
    for (settings, code, reason) in [
      (["actions.reject": "9.0"], 550, "SCORE_REJECTED"),
      (["actions.defer": "8.5"], 450, "SCORE_DEFERRED"),
      // By one finding alone, which then speaks for itself.
      (["actions.reject": "6.0"], 550, "OWN_DOMAIN_FORGED"),
      (["actions.defer": "5.5"], 450, "OWN_DOMAIN_FORGED"),
      (["checks.own_domain.weights.OWN_DOMAIN_FORGED": "12.5"], 550, "OWN_DOMAIN_FORGED"),
    ] {
      let front = try Front(
        settings.merging(listed) { $1 }, files: ["Blocklists/block.cidr": "127.0.0.0/8 reported\n"])
      let client = try front.session()
      #expect(try client.command("MAIL FROM:<\(forged)>").code == 250)
      let answer = try client.command("RCPT TO:<second@example.org>")
      #expect(answer.code == code, "\(settings): \(answer)")
      let line = try front.gateway.waitForLog { $0["code"] == reason }
      #expect(line.event == (code == 550 ? "reject" : "defer"))
      #expect(line["stage"] == "recipient" && line["found"] == "mail" && line["from"] == "<\(forged)>")
      // The id in the reply leads to the line.
      let id = try #require(line["id"])
      #expect(answer.text.contains(id), "\(answer) \(line)")
      #expect(answer.text.contains("is ours, and you are not") == (reason == "OWN_DOMAIN_FORGED"))
    }
  }

  @Test func aCheckDecidesOutrightAtItsStage() throws {
    for (stage, atMail) in [("recipient", 250), ("mail", 550)] {
      let front = try Front([
        "checks.own_domain.action": "\"reject\"", "checks.own_domain.enforce_at": "\"\(stage)\"",
      ])
      let client = try front.session()
      #expect(try client.command("MAIL FROM:<\(forged)>").code == atMail)
      if atMail == 250 {
        let answer = try client.command("RCPT TO:<second@example.org>")
        #expect(answer.code == 550 && answer.text.contains("user@example.org is ours"))
      }
      let line = try front.gateway.waitForLog { $0["code"] == "OWN_DOMAIN_FORGED" }
      #expect(line["stage"] == stage && line["found"] == "mail")
    }
    let deferring = try Front(["checks.own_domain.action": "\"defer\""])
    let client = try deferring.session()
    try client.command("MAIL FROM:<\(forged)>")
    let answer = try client.command("RCPT TO:<second@example.org>")
    #expect(answer.code == 450 && answer.enhanced == "4.7.1")
  }

  @Test func ownDomainHasExceptions() throws {
    let front = try Front(
      [
        "checks.own_domain.action": "\"reject\"",
        "checks.own_domain.except_senders": "[\"List@example.org\"]",
        "checks.own_domain.except_networks": "[\"127.0.0.9/32\"]",
      ], networks: ["127.0.0.2"])
    func code(_ sender: String, from source: String) throws -> Int {
      let client = try front.session(from: source)
      try client.command("MAIL FROM:<\(sender)>")
      return try client.command("RCPT TO:<second@example.org>").code
    }
    #expect(try code(forged, from: "127.0.0.1") == 550)
    #expect(try code("USER@Example.ORG", from: "127.0.0.1") == 550)
    #expect(try code("x@sub.example.net", from: "127.0.0.1") == 550)
    #expect(try code("list@example.org", from: "127.0.0.1") == 250)
    #expect(try code(forged, from: "127.0.0.9") == 250)
    #expect(try code(forged, from: "127.0.0.2") == 250)
    #expect(try code("", from: "127.0.0.1") == 250)
    #expect(try code("user@example.net", from: "127.0.0.1") == 250)
  }

  @Test func shadowIsLoggedAndCountedAndHasNoEffect() throws {
    let front = try Front(
      [
        "checks.own_domain.mode": "\"shadow\"", "checks.own_domain.action": "\"reject\"",
        "checks.client_list.mode": "\"shadow\"", "actions.subject_prefix": "\"[S]\"",
      ], files: ["Blocklists/block.cidr": "127.0.0.0/8 for a test\n"])
    let client = try front.session()
    #expect(try client.deliver(from: forged, to: ["second@example.org"], "Subject: s\r\n\r\n").code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(marks(received).isEmpty && received.header("Subject") == ["s"])
    for (code, stage) in [("CLIENT_LISTED", "connect"), ("OWN_DOMAIN_FORGED", "mail")] {
      let line = try front.gateway.waitForLog { $0.event == "shadow" && $0["code"] == code }
      #expect(line["stage"] == stage && line["findings"]?.contains("shadow") == true, "\(line)")
    }
    let accept = try front.gateway.waitForLog { $0.event == "accept" }
    #expect(accept["score"] == "0.0" && accept["findings"]?.contains("OWN_DOMAIN_FORGED") == true)
    let events = try #require(try front.status()["events"] as? [String: Int])
    #expect(events["shadow", default: 0] >= 2 && events["accept"] == 1)
    #expect(!front.gateway.log().contains { $0.event == "reject" })
  }

  @Test func aCheckThatIsOffSeesNothing() throws {
    let front = try Front(
      ["checks.client_list.mode": "\"off\"", "checks.null_sender.mode": "\"off\""],
      files: ["Blocklists/block.cidr": "127.0.0.0/8\n"])
    let client = try front.session()
    #expect(try client.deliver(from: "", to: ["user@example.org", "second@example.org"]).code == 250)
    #expect(try front.gateway.waitForLog { $0.event == "accept" }["findings"] == nil)
  }

  @Test func theNullSenderHasOneRecipient() throws {
    let front = try Front()
    let client = try front.session()
    try client.command("MAIL FROM:<>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    for _ in 0..<2 { #expect(try client.command("RCPT TO:<second@example.org>").code == 550) }
    let data = try client.command("DATA")
    #expect(data.code == 554)
    let line = try front.gateway.waitForLog { $0["code"] == "NULL_SENDER_RECIPIENTS" }
    #expect(line.event == "reject" && line["from"] == "<>" && line["to"] == "<second@example.org>")
    #expect(front.backend.messages.isEmpty)
    // The same by BDAT, and pipelined.
    try client.command("RSET")
    try client.send(
      "MAIL FROM:<>\r\nRCPT TO:<user@example.org>\r\nRCPT TO:<second@example.org>\r\nBDAT 6 LAST\r\nA: b\r\n")
    #expect(try (0..<4).map { _ in try client.reply().code } == [250, 250, 550, 554])
    #expect(front.backend.messages.isEmpty)
    // A relay network's own notices are not strangers'.
    #expect(try client.deliver(from: "", to: ["user@example.org"]).code == 250)
  }

  @Test func everyTextCanBeReplaced() throws {
    let front = try Front([
      "replies.RELAY_DENIED": "\"551 5.7.99 no {recipient} from {sender} at {client} ({code} {id})\"",
      "replies.GREETING": "\"{hostname} hello {client}\"",
      "replies.COMMAND_UNKNOWN": "\"what is that, {client}?\"",
      "replies.MESSAGE_TOO_LARGE": "\"{sender} sends too much: {reason} ({id})\"",
      "replies.CLOSING": "\"bye\"", "limits.message_size": "\"10KiB\"",
    ])
    let client = try front.gateway.connect(from: "127.0.0.6")
    #expect(try client.reply().description == "220 mx.example.org hello 127.0.0.6")
    try client.command("EHLO x.example")
    #expect(try client.command("XYZZY").description == "500 5.5.1 what is that, 127.0.0.6?")
    let large = try client.command("MAIL FROM:<big@outside.example> SIZE=99999")
    #expect(large.description.hasPrefix("552 5.3.4 big@outside.example sends too much: 10240 ("))
    try client.command("MAIL FROM:<a@outside.example>")
    let denied = try client.command("RCPT TO:<x@elsewhere.example>")
    let line = try front.gateway.waitForLog { $0["code"] == "RELAY_DENIED" }
    #expect(
      denied.description
        == "551 5.7.99 no x@elsewhere.example from a@outside.example at 127.0.0.6 (RELAY_DENIED \(line["id"] ?? "?"))"
    )
    #expect(line["reply"] == denied.description)
    #expect(try client.command("QUIT").description == "221 2.0.0 bye")
  }
}
