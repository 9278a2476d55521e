import DNS
import MailAuthentication
import NetAddress
import Testing

@Suite struct AuthenticationResultsTests {
  private static func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

  private static func read(_ header: [UInt8]) throws -> AuthenticationResults {
    let body = Array(header[("Authentication-Results:".utf8.count)...].dropLast(2))
    return try #require(AuthenticationResults(body[...]), "\(text(header))")
  }

  @Test func allOfIt() throws {
    let author = DNSName("author.example")
    let header = AuthenticationResults.header(
      servid: "mx.reader.example",
      spf: SPFOutcome(.pass, identity: .mailFrom, domain: author, mechanism: "mx"),
      helo: SPFOutcome(
        .permerror, identity: .helo, domain: DNSName("out.author.example"), problem: "too many; look-ups"),
      sender: "anna@author.example",
      dkim: [
        DKIMVerification(
          .pass, domain: author, selector: "s1", identity: "@author.example", algorithm: "rsa-sha256",
          signaturePrefix: "ab/d+f=="),
        DKIMVerification(
          .fail, domain: author, identity: "l@author.example", reason: "signature does not match"),
      ],
      dmarc: DMARCOutcome(.pass, fromDomain: author, policyDomain: author, policy: .reject, aligned: ["spf"]),
      arc: ARCOutcome(.pass, oldestPass: 0),
      iprev: ReverseNameResult(
        .pass, address: try #require(IPAddress("2001:db8::1")), name: "out.author.example"))
    #expect(
      Self.text(header) == """
        Authentication-Results: mx.reader.example;\r
        \tiprev=pass policy.iprev="2001:db8::1";\r
        \tspf=pass smtp.mailfrom=anna@author.example;\r
        \tspf=permerror reason="too many; look-ups"\r
        \tsmtp.helo=out.author.example;\r
        \tdkim=pass header.d=author.example header.s=s1 header.a=rsa-sha256\r
        \theader.b="ab/d+f==";\r
        \tdkim=fail reason="signature does not match" header.d=author.example\r
        \theader.i=l@author.example;\r
        \tdmarc=pass header.from=author.example policy.dmarc=reject;\r
        \tarc=pass header.oldest-pass=0\r

        """)
    let read = try Self.read(header)
    #expect(read.servid == "mx.reader.example")
    #expect(read.results.map(\.method) == ["iprev", "spf", "spf", "dkim", "dkim", "dmarc", "arc"])
    #expect(read.results[0].value("policy", "iprev") == "2001:db8::1")
    #expect(read.results[2].reason == "too many; look-ups")
    #expect(read.results[3].value("header", "b") == "ab/d+f==")
  }

  @Test func onlyWhatWasEvaluated() throws {
    #expect(
      Self.text(AuthenticationResults.header(servid: "mx.example"))
        == "Authentication-Results: mx.example; none\r\n")
    #expect(
      Self.text(AuthenticationResults.header(servid: "mx.example", dkim: []))
        == "Authentication-Results: mx.example;\r\n\tdkim=none\r\n")
    #expect(
      Self.text(
        AuthenticationResults.header(servid: "mx.example", arc: ARCOutcome(.none, isUnavailable: true)))
        == "Authentication-Results: mx.example; none\r\n")
    // A null sender has SPF of the greeting, said once.
    let helo = SPFOutcome(.fail, identity: .helo, domain: DNSName("h.example"))
    #expect(
      Self.text(AuthenticationResults.header(servid: "mx.example", spf: helo, helo: helo, sender: ""))
        == "Authentication-Results: mx.example;\r\n\tspf=fail smtp.helo=h.example\r\n")
  }

  @Test(arguments: [
    "a b@x.example", "\"a;b\"@x.example", "a\r\nX-Spam: no\r\n@x.example", "a;dkim=pass@x.example",
    "a(b)@x.example",
    "a\\@x.example", "@", "", "a@", "é@x.example", ".a@x.example", "a\u{0}b@x.example",
    String(repeating: "a", count: 5000) + "@x.example",
  ])
  func nothingBreaksOut(sender: String) throws {
    let header = AuthenticationResults.header(
      servid: "mx.example",
      spf: SPFOutcome(.pass, identity: .mailFrom, domain: DNSName("x.example"), problem: sender),
      sender: sender,
      dkim: [DKIMVerification(.pass, selector: sender, identity: sender, algorithm: sender, reason: sender)],
      user: sender)
    #expect(header.allSatisfy { $0 < 0x80 })
    let text = Self.text(header)
    for line in text.dropLast(2).split(separator: "\r\n", omittingEmptySubsequences: false).dropFirst() {
      #expect(line.hasPrefix("\t") && line.utf8.count < 998 && !line.contains("\n"))
    }
    let read = try Self.read(header)
    #expect(read.results.map(\.method) == ["auth", "spf", "dkim"])
    #expect(read.results.allSatisfy { $0.result == "pass" })
  }

  @Test(arguments: [
    (" mx.example; none", true), (" MX.Example; spf=pass", true),
    (" (c (d) \\) ) mx.example(x) 1; none", true),
    ("\r\n\tmx.example\r\n\t; none", true), (" \"mx.example\"; none", true), (" mx.example", true),
    (" mx.example.; none", true), (" other.example; spf=pass smtp.helo=mx.example", false),
    (" mx.example.org; none", false), (" a.mx.example; none", false),
    // What cannot be read is ours if it says our name.
    (" (mx.example; none", true), (" \"mx.example; none", true), (" =?; dkim=pass by MX.EXAMPLE", true),
    (" mx.example junk junk; none", true), (" =?; none", false), ("", false),
    // One that somebody takes for ours who finds our name before the results.
    (" foo mx.example; dmarc=pass", true), (" \"\" MX.example.; dmarc=pass", true),
    (" foo \"mx.example\"; dmarc=pass", true), (" \"a;b\" mx.example; dmarc=pass", true),
    (" foo (bar; mx.example); dmarc=pass", true), (" foo/mx.example; dmarc=pass", true),
    (" foo \"mx.ex\\ample\"; dmarc=pass", true), (" foo\r\n\tmx.example\r\n\t; dmarc=pass", true),
    (" foo mx.example", true), (" \"\"", false),
    (" foo a.mx.example; dmarc=pass", false), (" foo mx.example.org; dmarc=pass", false),
    (" foo mx-mx.example_; dmarc=pass", false), (" foo; dkim=pass (mx.example) header.d=mx.example", false),
  ])
  func forgedOnes(body: String, isOurs: Bool) {
    #expect(AuthenticationResults.isOurs(Array(body.utf8)[...], servid: "mx.example") == isOurs)
  }

  @Test func fieldsFromTheWild() throws {
    let gmail = """
       i=2; mx.google.com;
             dkim=pass header.i=@list.example header.s=google header.b=ab/cd+e;
             arc=pass (i=1 spf=pass spfdomain=author.example dkim=pass dkdomain=author.example);
             spf=pass (google.com: domain of a@list.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@list.example;
             dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=author.example
      """
    let read = try #require(AuthenticationResults(Array(gmail.utf8)[...], isSealed: true))
    #expect(read.instance == 2 && read.servid == "mx.google.com")
    #expect(read.results.map(\.method) == ["dkim", "arc", "spf", "dmarc"])
    #expect(read.results[0].value("header", "b") == "ab/cd+e")
    #expect(read.results[3].value("header", "from") == "author.example")
    let microsoft =
      " i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=author.example; dmarc=pass action=none header.from=author.example; dkim=pass header.d=author.example; arc=none"
    let other = try #require(AuthenticationResults(Array(microsoft.utf8)[...], isSealed: true))
    #expect(other.results.map(\.result) == ["pass", "pass", "pass", "none"])
    #expect(other.results[1].value("header", "from") == "author.example")
    // RFC 8601 §2.2: version, reason, a quoted value; appendix B.7.
    let rfc =
      #" example.com 1; dkim/1=pass reason="good \"signature\"" header.i=@mail-router.example.net; spf=pass smtp.mailfrom="j d"@example.net"#
    let third = try #require(AuthenticationResults(Array(rfc.utf8)[...]))
    #expect(third.results[0].reason == "good \"signature\"")
    #expect(third.results[1].value("smtp", "mailfrom") == "j d@example.net")
    #expect(AuthenticationResults(Array(" example.com; none".utf8)[...])?.results == [])
  }

  @Test(arguments: [
    "", " ", ";", " mx 2; none", " mx; spf", " mx; spf=", " mx; =pass", " mx; spf=pass smtp",
    " mx; spf=pass smtp.=x",
    " mx; spf=pass smtp.helo=", " mx; spf=pass (open", " mx; spf=pass smtp.helo=\"open",
    " mx; none; spf=pass junk",
  ])
  func malformed(body: String) {
    #expect(AuthenticationResults(Array(body.utf8)[...]) == nil)
  }

  @Test func bounds() {
    let many = " mx" + String(repeating: "; spf=pass", count: AuthenticationResults.most + 1)
    #expect(AuthenticationResults(Array(many.utf8)[...]) == nil)
    let wide = " mx; spf=pass" + String(repeating: " smtp.helo=x", count: AuthenticationResults.most + 1)
    #expect(AuthenticationResults(Array(wide.utf8)[...]) == nil)
    let deep = String(repeating: "(", count: 100_000) + " mx"
    #expect(AuthenticationResults(Array(deep.utf8)[...]) == nil)
    for digits in ["0", "51", "01", "100", "-1", "x"] {
      #expect(AuthenticationResults(Array(" i=\(digits); mx; none".utf8)[...], isSealed: true) == nil)
    }
  }
}
