import RuleImport
import Testing

/// The access maps of Sendmail and of Postfix.
@Suite struct AccessTests {
  @Test func sendmailsTags() {
    let result = imported(
      .sendmailAccess,
      """
      Connect:192.0.2\tREJECT
      connect:IPv6:2001:db8:1 ERROR:5.7.1:550 not you
      Connect:198.51.100.7 OK
      From:bad.example REJECT
      From:user@bad2.example ERROR:"550 go away"
      To:old@example.org REJECT
      spam.example REJECT

      """, name: "access")
    #expect(result.entries("block-access.cidr") == ["192.0.2.0/24", "2001:db8:1::/48"])
    #expect(result.rows("block-access.cidr")[1] == "2001:db8:1::/48  not you (access:2)")
    #expect(result.entries("allow-access.cidr") == ["198.51.100.7"])
    #expect(result.entries("block-access.senders") == ["@bad.example", ".bad.example", "user@bad2.example"])
    #expect(result.entries("block-access.recipients") == ["old@example.org"])
    #expect(result.entries("block-access.domains") == ["spam.example"])
    #expect(result.isComplete)
  }

  @Test func holesAreCutOut() {
    let result = imported(.sendmailAccess, "Connect:10 REJECT\nConnect:10.128 SKIP\n")
    #expect(
      result.entries(".cidr") == [
        "10.0.0.0/9", "10.129.0.0/16", "10.130.0.0/15", "10.132.0.0/14", "10.136.0.0/13", "10.144.0.0/12",
        "10.160.0.0/11", "10.192.0.0/10",
      ])
  }

  @Test func repliesThatNoListGivesAreRules() {
    let result = imported(
      .sendmailAccess,
      """
      Connect:192.0.2 450 4.7.1 come later
      From:x@y.example ERROR:4.2.2:450 full
      From:z.example DISCARD
      From:q.example QUARANTINE:look at it
      Connect:client.example REJECT
      <> REJECT

      """)
    #expect(
      result.recipes == [
        [":0", "* CLIENT_IP ?? ^^192\\.0\\.2\\.", "defer 450 4.7.1 \"come later\""],
        [":0", "* CLIENT_NAME ?? ^^(.*\\.)?client\\.example^^", "reject 550 5.7.1 \"Access denied\""],
        [":0", "* SENDER ?? ^^x@y\\.example^^", "defer 450 4.2.2 \"full\""],
        [":0", "* SENDER ?? @(.*\\.)?z\\.example^^", "discard"],
        [":0", "* SENDER ?? @(.*\\.)?q\\.example^^", "quarantine"],
      ])
    #expect(result.outcome(6) == .left)
  }

  /// Lists are asked before rules, so a wide block around a narrow rule must not be a list.
  @Test func aBlockAroundARuleIsARule() {
    let result = imported(
      .sendmailAccess, "From:bad.example REJECT\nFrom:a@bad.example 450 later\nFrom:b@bad.example OK\n")
    #expect(result.entries("block-table.senders").isEmpty)
    #expect(
      result.recipes[0] == [
        ":0", "* SENDER ?? @(.*\\.)?bad\\.example^^", "* ! SENDER ?? ^^a@bad\\.example^^",
        "* ! SENDER ?? ^^b@bad\\.example^^", "reject 550 5.7.1 \"Access denied\"",
      ])
    #expect(result.entries("allow-table.senders") == ["b@bad.example"])
  }

  /// What relays is shown, and no file that is written says it.
  @Test func relayingIsNeverWritten() {
    let result = imported(
      .sendmailAccess,
      "Connect:10.9 RELAY\nTo:example.org RELAY\nFrom:x.example RELAY\nConnect:y.example RELAY\n192.0.2.1 RELAY\n"
    )
    #expect(result.files.map(\.role) == [.configuration])
    #expect(result.files.allSatisfy { $0.path == nil })
    #expect(result.files[0].text.contains("\"10.9.0.0/16\""))
    #expect(result.files[0].text.contains("\".example.org\""))
    #expect(result.outcome(3) == .left && result.outcome(4) == .left)
  }

  @Test func limitsAreShown() {
    let result = imported(
      .sendmailAccess,
      "ClientRate: 10\nClientConn:192.0.2.1 0\nClientRate:192.0.2.1 5\nClientRate:name.example 3\n")
    let text = result.files[0].text
    #expect(text.contains("[limits]\nconnection_rate_per_address = \"10/1m\""))
    #expect(text.contains("network = \"192.0.2.1\"\nconnections_per_address = \"unlimited\""))
    #expect(result.outcome(4) == .left)
  }

  @Test func postfixKeys() {
    let client = imported(
      .postfixAccess,
      "192.0.2 REJECT\n2001:db8 554 no\nclient.example REJECT go\n.sub.example OK\n", name: "client_access")
    #expect(client.entries(".cidr") == ["192.0.2.0/24", "2001:db8::/32"])
    #expect(client.recipes.count == 2)
    let sender = imported(
      .postfixAccess, "a@b.example REJECT\nb.example OK\nuser@ REJECT\n<> 550 null\n", name: "sender_access")
    #expect(sender.entries("block-sender_access.senders") == ["a@b.example"])
    #expect(sender.entries("allow-sender_access.senders") == ["@b.example", ".b.example"])
    #expect(sender.recipes.map { $0[1] } == ["* SENDER ?? ^^user@", "* SENDER ?? ^^^^"])
    let helo = imported(.postfixAccess, "spam.example REJECT\n", name: "helo_access")
    #expect(helo.entries(".helo") == ["spam.example"])
    let recipient = imported(.postfixAccess, "x@y.example 550 5.1.1 gone\n", role: "recipient")
    #expect(recipient.entries(".recipients") == ["x@y.example"])
  }

  @Test func bareNumbersAndRestrictionsAreTold() throws {
    let result = imported(
      .postfixAccess,
      "a@b.example 550\nc@d.example reject_unverified_sender, permit\ne@f.example FILTER smtp:[::1]\ng@h.example DEFER_IF_REJECT\n",
      name: "sender_access")
    #expect(result.count(.left) == 4)
    #expect(try #require(result.line(1)?.outcome.message).contains("bare number for OK"))
    #expect(result.files.isEmpty)
  }

  @Test func postfixActionsOnTheMessage() {
    let result = imported(
      .postfixAccess,
      "a@a.example HOLD\nb@a.example BCC x@example.org\nc@a.example REDIRECT y@example.org\nd@a.example PREPEND X-A: 1 $\ne@a.example WARN odd\n",
      name: "sender_access")
    #expect(
      result.recipes.map { $0[2...].joined(separator: " ") } == [
        "quarantine hold", "copy x@example.org", "redirect y@example.org", "header add X-A: 1 \\$",
        "{   LOG=\"warning: sender_access:5: odd\" }",
      ])
  }

  @Test func reasonsCannotSteerAList() {
    let result = imported(
      .postfixAccess, "a@b.example REJECT until=2027-01-01 trap\nc@b.example REJECT trap door\n",
      role: "recipient",
      syntax: nil)
    for row in result.rows(".recipients") { #expect(!row.contains(" until=") && !row.contains("  trap")) }
  }
}
