import RuleImport
import Testing

@Suite struct SmallKindsTests {
  @Test func cidrTablesGoByTheFirstLine() {
    let result = imported(
      .postfixCIDR,
      """
      10.1.0.0/16 OK
      10.1.2.0/24 REJECT dead
      10.0.0.0/8 REJECT ten
      if 192.168.0.0/16
      192.168.7.0/24 DUNNO
      0.0.0.0/0 REJECT inside
      endif
      10.0.0.1/8 REJECT
      2001:db8::/32 450 later

      """)
    #expect(result.entries("allow-table.cidr") == ["10.1.0.0/16"])
    #expect(result.outcome(2) == .changed && result.line(2)?.targets.isEmpty == true)
    #expect(result.entries("block-table.cidr").first == "10.0.0.0/8")
    #expect(result.entries("block-table.cidr").contains("192.168.6.0/24"))
    #expect(!result.entries("block-table.cidr").contains("192.168.7.0/24"))
    #expect(result.outcome(8) == .wrong)
    #expect(result.recipes == [[":0", "* CLIENT_IP ?? ^^2001:db8:", "defer 450 4.7.1 \"later\""]])
  }

  @Test func ubeFilters() {
    let result = imported(
      .netscapeUBE,
      """
      :a Subject "make money" REJECT "No thanks"
      From:case "^Spammer" REJECT "You"
      To "friend@" JUMP "done"
      Subject:envonly "x" REJECT "y"
      From:envonly "@bad\\.example$" REJECT "z"
      :done Subject "last" REJECT "l"
      $ANY "x" REJECT "y"
      Subject "x" HOLD
      Subject x REJECT

      """)
    #expect(result.recipes[0] == [":0", "* ^Subject:.*make money", "reject 550 5.7.1 \"No thanks\""])
    #expect(result.recipes[1][0] == ":0 D" && result.recipes[1][1].hasPrefix("* ^From:"))
    #expect(result.recipes[2][2] == "{" && result.recipes[2][3] == "  UBE_JUMP=\"done\"")
    #expect(result.recipes[3][1] == "* ! UBE_JUMP ?? .")
    #expect(result.recipes[3][2] == "* SENDER ?? @bad\\.example$")
    #expect(result.recipes[4][1] == "* UBE_JUMP ?? ^^done^^")
    #expect(result.recipes[5][1] == "* ^Subject:.*last")
    #expect(result.outcome(4) == .left && result.outcome(7) == .left)
    #expect(result.outcome(8) == .wrong && result.outcome(9) == .wrong)
  }

  @Test func qmailsFiles() {
    let hosts = imported(.qmailControl, "example.org\n.example.org\n", name: "rcpthosts")
    #expect(hosts.files.map(\.role) == [.configuration])
    #expect(hosts.files[0].text.contains("  \"example.org\","))
    let from = imported(.qmailControl, "a@b.example\n@c.example\njust\n*@d.example\n", name: "badmailfrom")
    #expect(from.entries(".senders") == ["a@b.example", "@c.example"])
    #expect(from.outcome(3) == .left && from.outcome(4) == .wrong)
    #expect(
      imported(.qmailControl, "0\n", name: "databytes").files[0].text.contains("message_size = \"unlimited\"")
    )
    #expect(imported(.qmailControl, "x\n", name: "me").outcome(1) == .left)
  }

  @Test func tcpRules() {
    let result = imported(
      .qmailControl,
      """
      127.:allow,RELAYCLIENT=""
      192.0.2.10-11:deny
      198.51.100.:allow,RBLSMTPD="-go away"
      198.51.100.7:allow
      203.0.113.1:allow,RBLSMTPD=""
      =bad.example:deny
      :allow,RELAYCLIENT="x"
      me@192.0.2.1:deny

      """, name: "tcp.smtp")
    #expect(result.files.last?.text.contains("\"127.0.0.0/8\"") == true)
    #expect(result.entries("block-tcp-smtp.cidr").prefix(2) == ["192.0.2.10", "192.0.2.11"])
    #expect(!result.entries("block-tcp-smtp.cidr").contains("198.51.100.0/24"))
    #expect(result.entries("allow-tcp-smtp.cidr") == ["203.0.113.1"])
    #expect(result.recipes == [[":0", "* CLIENT_NAME ?? ^^bad\\.example^^", "reject 550 5.7.1"]])
    #expect(result.outcome(7) == .left && result.outcome(8) == .left)
    // Never a network of everybody.
    #expect(!result.files.contains { $0.text.contains("0.0.0.0/0") })
  }

  @Test func hostsAccess() {
    let deny = imported(
      .hostsAccess,
      """
      sshd: ALL
      sendmail, smtpd: 192.0.2. EXCEPT 192.0.2.7
      ALL: .bad.example, [2001:db8::]/32 : spawn x
      exim: 10.0.0.0/255.0.0.0 : allow
      ALL: ALL
      ALL EXCEPT smtpd: 203.0.113.1
      smtpd: PARANOID

      """, name: "hosts.deny")
    #expect(
      deny.outcome(1) == .left && deny.outcome(5) == .left && deny.outcome(6) == .left
        && deny.outcome(7) == .left)
    #expect(deny.entries("block-hosts-deny.cidr").contains("2001:db8::/32"))
    #expect(!deny.entries("block-hosts-deny.cidr").contains("192.0.2.0/24"))
    #expect(deny.entries("block-hosts-deny.cidr").contains("192.0.2.128/25"))
    #expect(deny.entries("allow-hosts-deny.cidr") == ["10.0.0.0/8"])
    #expect(deny.recipes[0][1] == "* CLIENT_NAME ?? ^^.*\\.bad\\.example^^")
    let allow = imported(.hostsAccess, "smtpd: ALL\n", name: "hosts.allow")
    #expect(allow.files.isEmpty && allow.outcome(1) == .changed)
  }

  @Test func assp() {
    let deny = imported(
      .assp, "182.82.10. old pool # c\n192.0.2.0/24\n198.51.100.1-198.51.100.3\nx\n", name: "denysmtp.txt")
    #expect(
      deny.entries(".cidr") == ["182.82.10.0/24", "192.0.2.0/24", "198.51.100.1", "198.51.100.2/31"])
    #expect(deny.rows(".cidr")[0] == "182.82.10.0/24  old pool (denysmtp.txt:1)")
    #expect(deny.outcome(4) == .left)
    let bombs = imported(.assp, "# c\nviagra\nbuy.*now\nx=>20\n(\n", name: "bombre.txt")
    #expect(bombs.recipes[0] == [":0 HB", "* viagra", "score +4 ASSP_BOMBRE"])
    #expect(bombs.recipes[1] == [":0", "* PCRE ?? HB ?? (?is)buy.*now", "score +4 ASSP_BOMBRE"])
    #expect(bombs.outcome(4) == .left && bombs.outcome(5) == .wrong)
    // A local part that begins with a dot would be a domain in a list.
    let dotted = imported(.assp, ".z@liz.example\nz@liz.example\n", name: "blackListedDomains")
    #expect(
      dotted.outcome(1) == .left && dotted.entries("block-blacklisteddomains.senders") == ["z@liz.example"])
    let traps = imported(.assp, "trap@example.org\nx\n", name: "spamaddresses.txt")
    #expect(traps.rows(".recipients")[0].hasPrefix("trap@example.org trap "))
    let relay = imported(.assp, "10.\n", name: "acceptall.txt")
    #expect(relay.files.map(\.role) == [.configuration])
    #expect(imported(.assp, "x\n", name: "other.txt").outcome(1) == .left)
  }
}
