import Bytes
import DNS
import Filtering
import MailAuthentication
import NetAddress
import RuleLanguage
import SMTPProtocol
import Testing

@testable import Rules

/// What the gateway knows, as rules see it.
@Suite struct VariableTests {
  /// An invoice spam in GB2312: subject and text in base64, the text as HTML.
  static let invoice = [
    "From: =?gb2312?B?wfXH5Q==?= <liu@outside.example>", "To: ada@example.org, bob@example.org",
    "Cc: carol@example.org", "Reply-To: other@elsewhere.example",
    "Subject: =?gb2312?B?tPq/qreixrE=?=", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b", "", "--b",
    "Content-Type: text/html; charset=gb2312", "Content-Transfer-Encoding: base64", "",
    "PHA+ztLLvr/JtPo8Yj6/qreixrE8L2I+o6zOyNPKPC9wPjxhIGhyZWY9Imh0dHA6Ly93d3cuYmFkLmV4YW1wbGUveCI+urA8L2E+",
    "--b", "Content-Type: application/zip; name=\"list.zip\"",
    "Content-Disposition: attachment; filename=\"list.zip\"", "Content-Transfer-Encoding: base64", "",
    "UEsDBA==", "--b--", "",
  ].joined(separator: "\r\n")

  @Test(arguments: [
    "SUBJECT ?? ^^代开发票^^", "TEXT ?? 代开发票", "FOLDED ?? 代开发票", "HTML_TEXT ?? 开发票",
    "CHARSETS ?? ^gb2312$", "LANG ?? ^^zh", "FROM ?? liu@outside\\.example", "FROM ?? ^^刘",
    "TO ?? bob@example\\.org", "CC ?? carol@", "REPLY_TO ?? elsewhere", "HOSTS ?? ^www\\.bad\\.example$",
    "URLS ?? http://www\\.bad\\.example/x", "ATTACHMENTS ?? ^list\\.zip$",
    "ATTACHMENT_TYPES ?? ^application/zip$", "H ?? ^Subject: =\\?gb2312\\?B\\?tPq",
    "B ?? ^PHA\\+ztLLvr", "HB ?? tPq(.|$)*PHA", "CLIENT_IP ?? ^^192\\.0\\.2\\.7^^",
    "HELO ?? ^^client\\.outside",
    "SENDER ?? ^^ann@outside\\.example^^", "RECIPIENT ?? ^^ada@example\\.org^^",
    "RECIPIENTS ?? ^ada@example\\.org$", "TLS ?? ^^^^", "AUTH_USER ?? ^^^^", "SCORE ?? ^^0\\.0^^",
    "HOPS ?? ^^0^^",
    "ORIGIN_IP ?? ^^192\\.0\\.2\\.7^^", "> 500", "SIZE ?? ^^[0-9]+^^",
  ])
  func aConditionHolds(_ condition: String) async throws {
    var mail = Rehearsed()
    mail.message = Self.invoice
    #expect(try await mail.holds(condition))
    #expect(try await !mail.holds("! " + condition))
  }

  @Test(arguments: ["H ?? ^Subject: 代开发票$", "B ?? 开发票</b>", "HB ?? ^From: 刘"])
  func decodedFilesSeeDecodedText(_ condition: String) async throws {
    var mail = Rehearsed()
    mail.message = Self.invoice
    #expect(try await mail.holds(condition, decoded: true))
    #expect(try await !mail.holds(condition))
  }

  @Test func dotsAreNotDoubled() async throws {
    var mail = Rehearsed()
    mail.message = "Subject: x\r\n\r\n..hidden\r\n"
    #expect(try await mail.holds("B ?? ^^\\.hidden$"))
  }

  /// Nobody knows whether white text on white is seen: words are looked for there too.
  @Test func doubtfulTextIsSearched() async throws {
    var mail = Rehearsed()
    mail.message =
      "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>hello</p><p style=\"font-size:2px\">lottery</p>\r\n"
    #expect(try await mail.holds("TEXT ?? lottery"))
    #expect(try await mail.holds("FOLDED ?? lottery"))
    #expect(try await mail.holds("HTML_TEXT ?? hello(.|$)*lottery"))
  }

  @Test func theNullSenderIsEmpty() async throws {
    var mail = Rehearsed()
    mail.sender = ""
    #expect(try await mail.holds("SENDER ?? ^^^^"))
  }

  @Test func resultsAreWords() async throws {
    var mail = Rehearsed()
    mail.spf = SPFOutcome(.softfail, identity: .mailFrom)
    mail.dkim = [DKIMVerification(.fail), DKIMVerification(.pass)]
    #expect(try await mail.holds("SPF ?? ^^softfail^^"))
    #expect(try await mail.holds("DKIM ?? ^pass$"))
    mail.dkim = []
    #expect(try await mail.holds("DKIM ?? ^^none^^"))
  }

  /// Unknown is not an answer: neither the condition nor its opposite holds, and that is told once.
  @Test func whatNobodyKnowsIsNoAnswer() async throws {
    var mail = Rehearsed()
    mail.spf = SPFOutcome(.temperror, identity: .mailFrom)
    let book = try Rehearsed.book([
      "a.rc": ":0\n* SPF ?? fail\nscore +1 A\n:0\n* ! SPF ?? pass\nscore +1 B\n:0\n* ! DMARC ?? pass\ntag\n"
    ])
    let outcome = try await mail.outcome(book)
    #expect(!outcome.isTagged)
    #expect(
      outcome.told == [
        "RULE_UNAVAILABLE a.rc:1 and 1 more: DNS gave no answer for SPF",
        "RULE_UNAVAILABLE a.rc:7: nobody asked for it",
      ])
    #expect(outcome.findings.allSatisfy { $0.weight.score == 0 })
  }

  @Test func listsOfDNSAreNamed() async throws {
    var mail = Rehearsed()
    func found(_ code: ReasonCode, _ list: String = "") -> WeighedFinding {
      WeighedFinding(
        Finding(code, list: list, weight: 3), weight: Weight(3), mode: .enforce, found: .connect,
        enforceAt: .recipient)
    }
    mail.findings = [found("DNSBL_LISTED", "zen"), found("DNSBL_UNAVAILABLE")]
    #expect(try await mail.holds("DNSBL ?? ^zen$"))
    #expect(try await mail.holds("SCORE ?? ^^6\\.0^^"))
    #expect(try await mail.holds("FINDINGS ?? ^DNSBL_LISTED$"))
    mail.findings = [found("DNSBL_UNAVAILABLE")]
    #expect(try await !mail.holds("! DNSBL ?? zen"))
    mail.findings = []
    #expect(try await mail.holds("! DNSBL ?? zen"))
    var terms = RuleTerms()
    terms.unasked = [.dnsbl: "checks.dnsbl is off"]
    #expect(try await !mail.holds("! DNSBL ?? zen", terms))
  }

  private struct Everywhere: LocationSource {
    func location(of address: IPAddress) -> Location { Location(country: "XX") }
  }

  @Test func theCountryIsKnownWhereAFileSaysIt() async throws {
    var terms = RuleTerms()
    #expect(try await !Rehearsed().holds("! COUNTRY ?? YY", terms))
    terms.locations = Everywhere()
    #expect(try await Rehearsed().holds("COUNTRY ?? ^^XX^^", terms))
  }

  /// What is past the bounds of what is looked at may hold anything.
  @Test func aCutMessageIsNotKnownToLackAnything() async throws {
    var mail = Rehearsed()
    mail.message = "Subject: x\r\n\r\nfirst\r\n" + String(repeating: "filler\r\n", count: 500)
    mail.contentLimit = 200
    #expect(try await mail.holds("B ?? first"))
    #expect(try await !mail.holds("! B ?? lottery"))
    #expect(try await mail.holds("! H ?? lottery"))
    mail.contentLimit = 8 << 20
    #expect(try await mail.holds("! B ?? lottery"))
  }
}
