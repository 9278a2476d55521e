import Bytes
import Filtering
import MailSyntax
import Testing

@Suite struct HeaderCompletionTests {
  private static let terms = HeaderCompletion.Terms(domain: "example.org")
  private static let date = "Sat, 21 Nov 2026 02:00:00 +0000"

  /// The message as it goes on, the trace aside.
  private func sent(_ message: String, completing: Bool = true, terms: HeaderCompletion.Terms = terms)
    -> String
  {
    let octets = Array(message.utf8)
    let completion = HeaderCompletion(terms, id: "ID1", hostname: "mx.example.org", date: Self.date)
    let edit = HeaderEdit(
      message: octets, header: MessageHeader(octets), isFromOutside: false, tag: nil, findings: [],
      tagging: Tagging(), thresholds: Thresholds(), completion: completing ? completion : nil)
    return String(decoding: edit.bytes + octets[edit.bodyStart...], as: UTF8.self)
  }

  private static let both = "Date: x\r\nMessage-ID: <y@z>\r\n"

  @Test func whatIsMissingIsAdded() {
    #expect(
      sent("Subject: s\r\n\r\nbody")
        == "Date: \(Self.date)\r\nMessage-ID: <ID1@mx.example.org>\r\nSubject: s\r\n\r\nbody")
    #expect(sent("date: x\r\n\r\n") == "Message-ID: <ID1@mx.example.org>\r\ndate: x\r\n\r\n")
    #expect(sent("MESSAGE-id: <y@z>\r\n\r\n") == "Date: \(Self.date)\r\nMESSAGE-id: <y@z>\r\n\r\n")
  }

  @Test func nothingOfAStrangersMailIsTouched() {
    #expect(sent("From: ann\r\n\r\nb", completing: false) == "From: ann\r\n\r\nb")
    #expect(!Self.terms.concern(.none) && !Self.terms.concern(.network) && !Self.terms.concern(.certificate))
    #expect(Self.terms.concern(.user(AuthenticatedUser(name: "ann", mechanism: "PLAIN"))))
    let wide = HeaderCompletion.Terms(domain: nil, includesRelayNetworks: true)
    #expect(!wide.concern(.none) && wide.concern(.network) && wide.concern(.certificate))
  }

  @Test(arguments: [
    ("From: ann\r\n", "From: ann@example.org\r\n"),
    (
      "To: Ann <ann>, bob@x.example,\r\n\tcarl (C. Carl) ,  \"d e\"\r\n",
      "To: Ann <ann@example.org>, bob@x.example,\r\n\tcarl@example.org (C. Carl) ,  \"d e\"@example.org\r\n"
    ),
    (
      "CC: Team: ann, <bob>;, , carl\r\n",
      "CC: Team: ann@example.org, <bob@example.org>;, , carl@example.org\r\n"
    ),
    ("reply-to :\r\n  ann\r\n", "reply-to :\r\n  ann@example.org\r\n"),
    ("Cc: a . b\r\n", "Cc: a . b@example.org\r\n"), ("To: jörg\r\n", "To: jörg@example.org\r\n"),
    // Not these, and nothing that cannot be read.
    ("Sender: ann\r\n", "Sender: ann\r\n"), ("Bcc: ann\r\n", "Bcc: ann\r\n"),
    ("To: Ann Bob, carl\r\n", "To: Ann Bob, carl\r\n"), ("To: \"ann\r\n", "To: \"ann\r\n"),
    ("To: undisclosed-recipients:;\r\n", "To: undisclosed-recipients:;\r\n"),
    ("To: <@a.example:ann>\r\n", "To: <@a.example:ann>\r\n"), ("To:\r\n", "To:\r\n"),
    ("Subject: ann\r\n", "Subject: ann\r\n"),
  ])
  func bareNames(_ field: String, _ completed: String) {
    #expect(sent(Self.both + field + "\r\nFrom: ann\r\n") == Self.both + completed + "\r\nFrom: ann\r\n")
  }

  @Test func withoutADomainNamesStayBare() {
    #expect(sent(Self.both + "From: ann\r\n\r\n", terms: .none) == Self.both + "From: ann\r\n\r\n")
  }

  @Test func aFieldWithoutALineEndIsCompletedToo() {
    #expect(sent(Self.both + "From: ann") == Self.both + "From: ann@example.org")
  }

  @Test func noLineGrowsPastItsBound() {
    let long = "To: " + String(repeating: "a@b.example, ", count: 76) + "ann\r\n"
    #expect(long.utf8.count <= 1000)
    #expect(sent(Self.both + long + "\r\n") == Self.both + long + "\r\n")
    let folded = "To: " + String(repeating: "a@b.example, ", count: 76) + "\r\n ann\r\n"
    #expect(sent(Self.both + folded + "\r\n").hasSuffix("\r\n ann@example.org\r\n\r\n"))
  }

  @Test func whatASignatureCoversStays() {
    let signature = "DKIM-Signature: v=1; d=x; h=From:To\r\n :\r\n  date; b=abc\r\n"
    let message = signature + "From: ann\r\nTo: bob\r\nCc: carl\r\n\r\n"
    #expect(
      sent(message) == "Message-ID: <ID1@mx.example.org>\r\n" + signature
        + "From: ann\r\nTo: bob\r\nCc: carl@example.org\r\n\r\n")
  }

  @Test func markingAndCompletingGoTogether() {
    let octets = Array((Self.both + "Subject: s\r\nFrom: ann\r\n\r\nbody").utf8)
    let edit = HeaderEdit(
      message: octets, header: MessageHeader(octets), isFromOutside: false,
      tag: Decision(verdict: .tag, score: 6), findings: [],
      tagging: Tagging(subjectPrefix: "[SPAM]", addsHeaders: false), thresholds: Thresholds(),
      completion: HeaderCompletion(Self.terms, id: "I", hostname: "h", date: "d"))
    #expect(
      String(decoding: edit.bytes + octets[edit.bodyStart...], as: UTF8.self)
        == Self.both + "Subject: [SPAM] s\r\nFrom: ann@example.org\r\n\r\nbody")
  }
}
