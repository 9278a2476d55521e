import Foundation
import TestSupport
import Testing

/// Rule files from outside: what they decide at RCPT and at the end of a message, and what becomes of the mail.
@Suite(.apart) struct E2ERulesTests {
  private static let sender = "a@outside.example"

  private func message(_ subject: String = "hello", _ body: String = "text") -> String {
    "From: Ann <a@outside.example>\r\nTo: user@example.org\r\nSubject: \(subject)\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <\(UUID().uuidString)@outside.example>\r\n\r\n\(body)\r\n"
  }

  @Test func aRuleOnTheEnvelopeDecidesAtRCPT() throws {
    let front = try Front(files: [
      "Rules/10.rc": """
      # weir: name NO_BOB
      :0
      * RECIPIENT ?? ^^bob@
      reject 553 5.1.1 "nobody of that name, $SENDER"

      # weir: name LATER
      :0
      * SENDER ?? @slow\\.example^^
      defer
      """
    ])
    let client = try front.session()
    try client.command("MAIL FROM:<\(Self.sender)>")
    let refused = try client.command("RCPT TO:<bob@example.org>")
    #expect(refused.code == 553)
    #expect(refused.text.contains("nobody of that name, \(Self.sender)"), "\(refused)")
    #expect(refused.text.contains("RULE_REJECT"))
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    try client.command("RSET")
    try client.command("MAIL FROM:<x@slow.example>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 451)
    let line = try front.gateway.waitForLog { $0.event == "reject" }
    #expect(line["rule"] == "NO_BOB" && line["code"] == "RULE_REJECT" && line["stage"] == "recipient")
    #expect(line["rules"] == "NO_BOB")
  }

  @Test func aRuleOnTheDecodedMessageRefusesScoresAndMarks() throws {
    let front = try Front(files: [
      "Rules/10.rc": """
      # weir: decoded
      # weir: name INVOICE_CN
      :0
      * FOLDED ?? 代开.?发票
      score 6.5 INVOICE_CN

      :0
      * SUBJECT ?? 广告
      reject "no advertisements"

      # weir: name WATCHED, mode shadow
      :0
      * SUBJECT ?? hello
      reject
      """
    ])
    let client = try front.session()
    let spam = message("=?GB2312?B?tPq/qreixrE=?=", "text")  // 代开发票
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], spam).code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(received.header("X-Spam-Status").first?.contains("RULE_SCORE=6.5") == true)
    let refused = try client.deliver(
      from: Self.sender, to: ["user@example.org"], message("=?utf-8?B?5bm/5ZGK?="))  // 广告
    #expect(refused.code == 550 && refused.text.contains("no advertisements"))
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("hello")).code == 250)
    let tagged = try front.gateway.waitForLog { $0["code"] == "MESSAGE_TAGGED" }
    #expect(tagged["rules"] == "INVOICE_CN" && tagged["findings"]?.contains("INVOICE_CN") == true)
    let line = try front.gateway.waitForLog { $0.event == "reject" }
    #expect(line["rule"]?.hasSuffix("10.rc:7") == true, "\(line)")
    let shadow = try front.gateway.waitForLog { $0.event == "shadow" }
    #expect(shadow["findings"]?.contains("WATCHED") == true)
    #expect(front.backend.messages.count == 2)
  }

  @Test func theHeaderIsChanged() throws {
    let front = try Front(files: [
      "Rules/10.rc": """
      :0
      * ^Subject:
      header add X-Rule: $SENDER was here

      :0
      header remove X-Mailer

      :0
      header replace Precedence: 发票
      """
    ])
    let client = try front.session()
    let text = "X-Mailer: one\r\nPrecedence: bulk\r\nx-mailer: two\r\n" + message()
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], text).code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(received.header("X-Rule") == ["\(Self.sender) was here"])
    #expect(received.header("X-Mailer").isEmpty)
    #expect(received.header("Precedence") == ["=?UTF-8?B?5Y+R56Wo?="])
    #expect(received.header("Subject") == ["hello"])
  }

  @Test func whatIsDiscardedIsTakenAndLogged() throws {
    let front = try Front(files: ["Rules/10.rc": ":0\n* ^Subject: junk\n/dev/null\n"])
    let client = try front.session()
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("junk")).code == 250)
    let line = try front.gateway.waitForLog { $0.event == "discard" }
    #expect(line["code"] == "RULE_DISCARD" && line["rule"]?.hasSuffix("10.rc:1") == true)
    #expect(front.backend.messages.isEmpty)
  }

  @Test func whatIsRedirectedAndCopiedArrivesThere() throws {
    let front = try Front(files: [
      "Rules/10.rc": """
      :0 c
      * ^Subject: both
      ! archive@example.org

      :0
      * ^Subject: away
      ! ann@example.org ben@example.org
      """
    ])
    let client = try front.session()
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("both")).code == 250)
    #expect(eventually { front.backend.messages.count == 2 })
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("away")).code == 250)
    #expect(eventually { front.backend.messages.flatMap(\.recipients).count == 4 })
    let messages = front.backend.messages
    #expect(
      Set(messages.flatMap(\.recipients).map(\.address)) == [
        "user@example.org", "archive@example.org", "ann@example.org", "ben@example.org",
      ])
    // Who is sent a bounce is whose rule sent it on, never a stranger.
    for one in messages where one.recipients.map(\.address) != ["user@example.org"] {
      #expect(one.sender == "user@example.org", "\(one.recipients) \(one.sender)")
    }
    #expect(messages.allSatisfy { !$0.header("Received").isEmpty })
    let line = try front.gateway.waitForLog { $0["code"] == "RULE_REDIRECT" }
    #expect(line["redirect"]?.contains("ann@example.org") == true)
  }

  @Test func whatIsHeldLiesInItsFolder() throws {
    let front = try Front(
      ["actions.quarantine": "5.0", "actions.tag": "5.0"],
      files: ["Rules/10.rc": ":0\n* ^Subject: odd\nquarantine sales/odd\n"])
    let client = try front.session()
    let ruled = try client.deliver(from: Self.sender, to: ["user@example.org"], message("odd"))
    #expect(ruled.code == 250)
    // OWN_DOMAIN_FORGED weighs 6.
    let scored = try client.deliver(
      from: "user@example.org", to: ["second@example.org"], message("fine"))
    #expect(scored.code == 250)
    #expect(front.backend.messages.isEmpty)
    let lines = try ["RULE_QUARANTINE", "SCORE_QUARANTINED"].map { code in
      try front.gateway.waitForLog { $0["code"] == code }
    }
    #expect(lines.map { $0.event } == ["quarantine", "quarantine"])
    #expect(lines.map { $0["folder"] } == ["sales/odd", "spam"])
    let listed = try front.gateway.weir(["quarantine", "list", "--json"])
    #expect(listed.succeeded && listed.output.contains("sales/odd") && listed.output.contains("spam"))
  }

  // MARK: Recipients that differ

  private static let folders = [
    "Rules/domains/strict.example.net/10.rc": ":0\n* ^Subject: odd\nreject \"not here\"\n",
    "Rules/users/second@example.org/10.rc": ":0\n* ^Subject: odd\nquarantine\n",
  ]

  @Test func anotherGroupComesInATransactionOfItsOwn() throws {
    let front = try Front(files: Self.folders)
    let client = try front.session()
    try client.command("MAIL FROM:<\(Self.sender)>")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try client.command("RCPT TO:<third@example.org>").code == 250)
    let other = try client.command("RCPT TO:<x@strict.example.net>")
    #expect(other.code == 452 && other.text.contains("RECIPIENT_POLICY"), "\(other)")
    #expect(try client.command("RCPT TO:<second@example.org>").code == 452)
    #expect(try client.command("DATA").code == 354)
    try client.send(RawClient.stuffed(Array(message("odd").utf8)))
    #expect(try client.reply().code == 250)
    // The client comes again.
    let refused = try client.deliver(from: Self.sender, to: ["x@strict.example.net"], message("odd"))
    #expect(refused.code == 550 && refused.text.contains("not here"))
    #expect(try client.deliver(from: Self.sender, to: ["second@example.org"], message("odd")).code == 250)
    #expect(front.backend.messages.count == 1)
  }

  @Test func whoAsksForAReplyForEachHasThemAllAtOnce() throws {
    let front = try Front(files: Self.folders)
    let client = try front.session()
    let greeting = try client.command("EHLO client.example")
    #expect(greeting.text.contains("PRDR"))
    let offered = try front.gateway.weir(["status"]).output.split(separator: "\n").first {
      $0.hasPrefix("offered ")
    }
    #expect(offered?.contains(", PRDR") == true, "what is offered is told: \(offered ?? "-")")
    try client.command("MAIL FROM:<\(Self.sender)> PRDR")
    for recipient in ["user@example.org", "x@strict.example.net", "second@example.org"] {
      #expect(try client.command("RCPT TO:<\(recipient)>").code == 250)
    }
    #expect(try client.command("DATA").code == 354)
    try client.send(RawClient.stuffed(Array(message("odd").utf8)))
    let codes = try (0..<5).map { _ in try client.reply().code }
    #expect(codes == [353, 250, 550, 250, 250])
    #expect(front.backend.messages.map { $0.recipients.map(\.address) } == [["user@example.org"]])
    _ = try front.gateway.waitForLog { $0.event == "quarantine" }
    _ = try front.gateway.waitForLog { $0["code"] == "RULE_REJECT" }
    // And the session goes on.
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message()).code == 250)
  }

  /// One recipient's bound is not the others'.
  @Test func aMessageTooLargeForOneIsTakenForTheOthers() throws {
    let front = try Front(
      tail: "[[policy]]\nname = \"small\"\nrecipients = [\"second@example.org\"]\nmessage_size = \"2KiB\"\n")
    let client = try front.session()
    try client.command("MAIL FROM:<\(Self.sender)> PRDR")
    for recipient in ["second@example.org", "user@example.org"] {
      #expect(try client.command("RCPT TO:<\(recipient)>").code == 250)
    }
    #expect(try client.command("DATA").code == 354)
    let large = message("x", String(repeating: "a b\r\n", count: 800))
    try client.send(RawClient.stuffed(Array(large.utf8)))
    let codes = try (0..<4).map { _ in try client.reply().code }
    #expect(codes == [353, 552, 250, 250])
    #expect(front.backend.messages.map { $0.recipients.map(\.address) } == [["user@example.org"]])
  }

  @Test func whoWritesTooOftenToSomeIsPutOffThere() throws {
    let front = try Front(
      tail:
        "[[policy]]\nname = \"quiet\"\nrecipients = [\".example.net\"]\nmessage_rate_per_address = \"2/1h\"\n"
    )
    let client = try front.session()
    // Several recipients are one message, and what was sent elsewhere is none.
    #expect(
      try client.deliver(from: Self.sender, to: ["a@x.example.net", "b@x.example.net"], message()).code == 250
    )
    for _ in 0..<3 {
      #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message()).code == 250)
    }
    #expect(try client.deliver(from: Self.sender, to: ["a@x.example.net"], message()).code == 250)
    try client.command("MAIL FROM:<\(Self.sender)>")
    let late = try client.command("RCPT TO:<a@x.example.net>")
    #expect(late.code == 450 && late.text.contains("LIMIT_POLICY_MESSAGES"), "\(late)")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
  }

  @Test func nobodyWhoMayRelayReads452() throws {
    let front = try Front(networks: ["127.0.0.2"], files: Self.folders)
    let client = try front.session(from: "127.0.0.2")
    let answer = try client.deliver(
      from: "user@example.org", to: ["x@strict.example.net", "second@example.org", "user@example.org"],
      message("odd"))
    #expect(answer.code == 250)
    #expect(front.backend.messages.first?.recipients.count == 3)
  }

  /// One group, one reply, and rules that refuse for one of two: nothing is lost and nobody is bounced to.
  @Test func aRefusalThatCannotBeSaidIsHeld() throws {
    let front = try Front(files: [
      "Rules/10.rc": ":0\n* RECIPIENT ?? ^^bob@\n* ^Subject: odd\nreject\n"
    ])
    let client = try front.session()
    let answer = try client.deliver(
      from: Self.sender, to: ["bob@example.org", "user@example.org"], message("odd"))
    #expect(answer.code == 250)
    #expect(front.backend.messages.map { $0.recipients.map(\.address) } == [["user@example.org"]])
    let line = try front.gateway.waitForLog { $0.event == "quarantine" }
    #expect(line["code"] == "REFUSAL_HELD" && line["folder"] == "refused")
    #expect(line["to"]?.contains("bob@example.org") == true)
    // Nobody was refused, and nothing says so.
    #expect(!front.gateway.log().contains { $0.event == "reject" })
    // Alone he is refused.
    #expect(try client.deliver(from: Self.sender, to: ["bob@example.org"], message("odd")).code == 550)
  }

  @Test func policiesHaveThresholdsAndSizesOfTheirOwn() throws {
    let front = try Front(
      tail: """
        [[policy]]
        name = "patient"
        recipients = ["patient@example.org"]
        tag = 50
        reject = 60
        [[policy]]
        name = "small"
        recipients = [".example.net"]
        reject = 6
        message_size = "2KiB"
        """)
    let forged = "user@example.org"
    let client = try front.session()
    // OWN_DOMAIN_FORGED weighs 6.
    #expect(try client.deliver(from: forged, to: ["patient@example.org"], message()).code == 250)
    #expect(front.backend.messages.last?.header("X-Spam-Flag").isEmpty == true)
    #expect(try client.deliver(from: forged, to: ["second@example.org"], message()).code == 250)
    #expect(front.backend.messages.last?.header("X-Spam-Flag") == ["YES"])
    try client.command("MAIL FROM:<\(forged)>")
    #expect(try client.command("RCPT TO:<x@a.example.net>").code == 550)
    try client.command("RSET")
    try client.command("MAIL FROM:<\(Self.sender)> SIZE=3000")
    #expect(try client.command("RCPT TO:<x@a.example.net>").code == 552)
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    try client.command("RSET")
    let large = message("x", String(repeating: "a b\r\n", count: 1000))
    #expect(try client.deliver(from: Self.sender, to: ["x@a.example.net"], large).code == 552)
    let who = try front.gateway.weir(["check", "--who", "patient@example.org", "--who", "x@a.example.net"])
    #expect(who.output.contains("policy patient") && who.output.contains("reject 60.0"))
    #expect(who.output.contains("policy small") && who.output.contains("size     2048"))
  }

  // MARK: Edits

  /// An update of the shipped rules may rename one that the configuration switches.
  @Test func aRuleThatIsGoneKeepsNoGatewayFromStarting() throws {
    let rules = "# weir: name ODD\n:0\n* ^Subject: odd\nreject\n"
    let front = try Front(["rules.off": "[\"GONE\"]"], files: ["Rules/10.rc": rules])
    let client = try front.session()
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("odd")).code == 550)
    try front.gateway.waitForLog { line in
      line.fields.contains { $0.value.contains("there is no rule 'GONE'") }
    }
    // Whoever edits is told.
    for words in [["check", "--offline"], ["reload"]] {
      let told = try front.gateway.weir(words)
      #expect(!told.succeeded && (told.output + told.errors).contains("there is no rule 'GONE'"), "\(told)")
    }
    let listed = try front.gateway.weir(["rules", "list"])
    #expect(listed.succeeded && listed.output.contains("ODD"), "\(listed)")
  }

  @Test func aBrokenEditIsRefusedWithPlaceAndCureAndNothingChanges() throws {
    let front = try Front(files: ["Rules/10.rc": ":0\n* ^Subject: odd\nreject \"as before\"\n"])
    let client = try front.session()
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("odd")).code == 550)
    let file = front.gateway.folder.file("Rules/10.rc")
    try ":0 Z\n* ^Subject: odd\nreject\n".write(toFile: file, atomically: true, encoding: .utf8)
    let refused = try front.gateway.weir(["reload"])
    let words = refused.output + refused.errors
    #expect(!refused.succeeded && words.contains("10.rc:1:4"), "\(words)")
    let still = try client.deliver(from: Self.sender, to: ["user@example.org"], message("odd"))
    #expect(still.code == 550 && still.text.contains("as before"))
    try ":0\n* ^Subject: other\nreject\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try front.gateway.weir(["reload"]).succeeded)
    // The session keeps what it began with, the next one has the new rules.
    #expect(try client.deliver(from: Self.sender, to: ["user@example.org"], message("odd")).code == 550)
    let next = try front.session()
    #expect(try next.deliver(from: Self.sender, to: ["user@example.org"], message("odd")).code == 250)
    #expect(try next.deliver(from: Self.sender, to: ["user@example.org"], message("other")).code == 550)
  }
}
