import TestSupport
import Testing

/// SPF and DMARC at the built gateway, names from a text file: the reply and the log line of what is refused.
@Suite(.apart) struct E2ESenderAuthenticationTests {
  private static let zone = """
    open.example           TXT "v=spf1 ip4:127.0.0.0/8 -all"
    closed.example         TXT "v=spf1 ip4:192.0.2.0/24 -all exp=why.closed.example"
    why.closed.example     TXT "%{i} is not of %{d}, says %{r}"
    sick.example           TXT FAIL
    _dmarc.bank.example    TXT "v=DMARC1; p=reject"
    _dmarc.open.example    TXT "v=DMARC1; p=reject"

    """

  private func front(_ settings: [String: String] = [:]) throws -> Front {
    var all = ["dns.fixture": "\"names.txt\""]
    for check in [
      "reverse_name", "helo", "sender_domain", "from_domain", "dnsbl", "rhsbl", "urls", "address_hashes",
    ] { all["checks.\(check).mode"] = "\"off\"" }
    return try Front(all.merging(settings) { $1 }, files: ["names.txt": Self.zone])
  }

  @Test func spfRefusesInTheDomainsWords() throws {
    let front = try front(["checks.spf.action": "\"reject\""])
    let client = try front.session()
    #expect(try client.command("MAIL FROM:<user@closed.example>").code == 250)
    let reply = try client.command("RCPT TO:<user@example.org>").description
    #expect(
      reply.hasPrefix(
        "550 5.7.23 SPF: 127.0.0.1 may not send mail as user@closed.example: closed.example explains:"
          + " 127.0.0.1 is not of closed.example, says mx.example.org [SPF_FAIL"), "\(reply)")
    let line = try front.gateway.waitForLog { $0["code"] == "SPF_FAIL" }
    #expect(line.event == "reject" && line["stage"] == "recipient" && line["found"] == "mail")
    #expect(line.raw.contains("SPF_FAIL(closed.example -all;closed.example explains: "), "\(line.raw)")
    // What DNS does not tell refuses nobody.
    _ = try client.command("RSET")
    #expect(try client.command("MAIL FROM:<user@sick.example>").code == 250)
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
  }

  @Test func dmarcRefusesWhatNothingProves() throws {
    let front = try front(["checks.dmarc.action": "\"reject\""])
    let client = try front.session()
    try client.beginData(from: "user@open.example")
    let reply = try client.command("From: The Bank <service@bank.example>\r\nSubject: x\r\n\r\nx\r\n.")
      .description
    #expect(
      reply.hasPrefix(
        "550 5.7.26 Neither SPF nor DKIM proves the domain in From, whose DMARC policy is reject: bank.example"
          + " [DMARC_REJECT"), "\(reply)")
    let line = try front.gateway.waitForLog { $0["code"] == "DMARC_REJECT" }
    #expect(
      line["stage"] == "message" && line["found"] == "message" && line.raw.contains("SPF_PASS(open.example"))
    // The same client, under the name that it may use.
    try client.beginData(from: "user@open.example")
    let taken = try client.command("From: User <user@open.example>\r\nSubject: x\r\n\r\nx\r\n.")
    #expect(taken.code == 250, "\(taken)")
  }

  @Test(arguments: [
    "\"boss@bank.example\"", "boss@bank.example..", "=?utf-8?q?boss=40bank.example?=",
    "boss@=?utf-8?q?bank.example?=",
    "boss@bank.example, " + (0..<11).map { "a@x\($0).example" }.joined(separator: ", "),
  ])
  func noFormOfFromEvadesDMARC(_ from: String) throws {
    let front = try front()
    let client = try front.session()
    try client.beginData(from: "user@open.example")
    let reply = try client.command("From: \(from)\r\nSubject: x\r\n\r\nx\r\n.")
    #expect(reply.code == 550, "\(reply)")
    let line = try front.gateway.waitForLog { $0["code"] == "DMARC_REJECT" }
    #expect(line.raw.contains("DMARC_REJECT(bank.example "), "\(line.raw)")
  }

  /// Each parenthesis was the beginning of a comment whose end was looked for up to the last octet: seven seconds.
  @Test func aFromOfParenthesesHoldsUpNobody() throws {
    let front = try front()
    let client = try front.session()
    try client.beginData(from: "user@open.example")
    let lines = Array(repeating: String(repeating: "(", count: 900), count: 100).joined(separator: "\r\n ")
    let begun = ContinuousClock.now
    let reply = try client.command("From: \(lines)\r\nSubject: x\r\n\r\nx\r\n.")
    #expect(begun.duration(to: .now) < .seconds(3), "\(reply)")
    let line = try front.gateway.waitForLog { $0.raw.contains("FROM_EXCESSIVE(") }
    #expect(line.raw.contains("FROM_UNREADABLE(no list of addresses;4.0)"), "\(line.raw)")
  }
}
