import Filtering
import MailSyntax
import SMTPProtocol
import Testing

@Suite struct HeaderEditTests {
  private func edited(
    _ text: String, isFromOutside: Bool = true, score: Double? = nil, prefix: String = "",
    findings: [WeighedFinding] = [], thresholds: Thresholds = Thresholds()
  ) -> String {
    let message = Array(text.utf8)
    let edit = HeaderEdit(
      message: message, header: MessageHeader(message), isFromOutside: isFromOutside,
      tag: score.map { Decision(verdict: .tag, score: $0) }, findings: findings,
      tagging: Tagging(subjectPrefix: prefix), thresholds: thresholds)
    return String(decoding: edit.bytes + message[edit.bodyStart...], as: UTF8.self)
  }

  private func withoutMarks(_ text: String) -> String {
    guard let end = text.range(of: "required=5.0\r\n") else { return text }
    return String(text[end.upperBound...])
  }

  /// Some refuse mail with longer lines (RFC 5322 §2.1.1), so that a rule must not make any.
  @Test(arguments: [
    String(repeating: "word ", count: 180) + "end", String(repeating: "x", count: 2000), "short",
    String(repeating: "发票", count: 300), "a  b " + String(repeating: "y", count: 850),
  ])
  func whatRulesAddIsFolded(value: String) {
    let message = Array("Subject: x\r\n\r\n".utf8)
    let edit = HeaderEdit(
      message: message, header: MessageHeader(message), isFromOutside: true, tag: nil, findings: [],
      tagging: Tagging(), thresholds: Thresholds(), changes: [.add("X-Rule", Array(value.utf8))])
    let lines = String(decoding: edit.bytes, as: UTF8.self).split(separator: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 998 } && lines[0].hasPrefix("X-Rule: "))
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") && $0.contains { $0 != " " } })
    #expect(lines.allSatisfy { !$0.contains("=?") || $0.utf8.count <= 86 })
    guard value.allSatisfy(\.isASCII), !value.contains("xxxx") else { return }
    #expect(lines.joined() == "X-Rule: " + value)
  }

  @Test func aMessageWithNothingToChangeIsNotCopied() {
    let message = Array("Subject: x\r\n\r\nX-Spam-Flag: NO\r\n".utf8)
    for isFromOutside in [false, true] {
      let edit = HeaderEdit(
        message: message, header: MessageHeader(message), isFromOutside: isFromOutside, tag: nil,
        findings: [],
        tagging: Tagging(subjectPrefix: "[SPAM]"), thresholds: Thresholds())
      #expect(edit.bytes.isEmpty && edit.bodyStart == 0)
    }
  }

  @Test(arguments: [
    "X-Spam-Flag: NO\r\n", "x-spam-score: 0\r\n", "X-SPAM-STATUS: No,\r\n\tscore=0\r\n  tests=none\r\n",
    "X-Weir-Released: by mx.example.org id X;\r\n\tSat\r\n", "x-weir-released:\r\n", "X-Spam-Level:\r\n",
    "X-Spam: no\r\n", "X-Spam-Checker-Version: x\r\n", "X-Spam-Anything: x\r\n",
    "X-Spam-Flag : NO\r\n", "X-Spam-Flag\t:NO\r\n", "X-Spam-Flag\r\n : NO\r\n", "X-Spam-Flag:\r\n NO\r\n",
  ])
  func forgedMarksOfStrangersGo(_ mark: String) {
    for (before, after) in [
      ("", ""), ("From: a@b\r\n", ""), ("", "To: c@d\r\n"), ("From: a@b\r\n", "To: c@d\r\n"),
    ] {
      let text = before + mark + after + "\r\nbody\r\n" + mark
      #expect(edited(text) == before + after + "\r\nbody\r\n" + mark)
      #expect(edited(text, isFromOutside: false) == text)
      #expect(edited(before + mark + mark + after + "\r\n") == before + after + "\r\n")
    }
  }

  // MARK: Results of authentication

  private func edited(_ text: String, servid: String?, results: String = "", score: Double? = nil) -> String {
    let message = Array(text.utf8)
    let edit = HeaderEdit(
      message: message, header: MessageHeader(message), isFromOutside: true, servid: servid,
      results: Array(results.utf8), tag: score.map { Decision(verdict: .tag, score: $0) }, findings: [],
      tagging: Tagging(), thresholds: Thresholds())
    return String(decoding: edit.bytes + message[edit.bodyStart...], as: UTF8.self)
  }

  @Test(arguments: [
    "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@b.example\r\n",
    "authentication-results:MX.example.ORG 1;\r\n\tdkim=pass header.d=b.example\r\n",
    "Authentication-Results: (by us) mx.example.org; none\r\n",
    "Authentication-Results: \"mx.example.org\"; spf=pass\r\n",
  ])
  func resultsInOurNameGo(_ field: String) {
    let text = "From: a@b\r\n" + field + "To: c@d\r\n\r\nbody\r\n" + field
    #expect(edited(text, servid: "mx.example.org") == "From: a@b\r\nTo: c@d\r\n\r\nbody\r\n" + field)
    #expect(edited(text, servid: nil) == text)
    #expect(edited(text, servid: "mx2.example.org") == text)
  }

  @Test(arguments: [
    "Authentication-Results: mx.other.example; spf=fail smtp.mailfrom=mx.example.org\r\n",
    "ARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n",
    "X-Authentication-Results: mx.example.org; spf=pass\r\n",
  ])
  func resultsOfOthersStay(_ field: String) {
    let text = field + "From: a@b\r\n\r\n"
    #expect(edited(text, servid: "mx.example.org") == text)
  }

  @Test func ourResultsStandInFrontOfTheMarks() throws {
    let own = "Authentication-Results: mx.example.org; spf=pass\r\n"
    let text = edited("From: a@b\r\n\r\n", servid: "mx.example.org", results: own, score: 6)
    #expect(text.hasPrefix(own + "X-Spam-Flag: YES\r\n") && text.hasSuffix("From: a@b\r\n\r\n"))
  }

  @Test(arguments: [
    "X-Spammer: x\r\n", "X-Spa: x\r\n", "Y-X-Spam-Flag: x\r\n", "X-SpamFlag: x\r\n",
    "Subject: X-Spam-Flag: NO\r\n", "X-Weir-Handed-On: redirect\r\n", "X-Weir-Releaser: x\r\n",
  ])
  func otherFieldsStay(_ field: String) {
    #expect(edited(field + "X-Spam-Flag: NO\r\n\r\n") == field + "\r\n")
  }

  @Test func malformedLinesStayWhereTheyWere() {
    for line in [
      "no field at all\r\n", ": empty name\r\n", "From a@b Fri Nov 20\r\n", "ü: x\r\n", "a b: c\r\n",
    ] {
      #expect(
        edited("A: 1\r\n" + line + "X-Spam-Flag: NO\r\nB: 2\r\n\r\nbody\r\n") == "A: 1\r\n" + line
          + "B: 2\r\n\r\nbody\r\n")
      #expect(edited(line + "X-Spam-Flag: NO\r\n\r\n") == line + "\r\n")
    }
  }

  @Test func aHeaderWithoutABlankLineIsAHeader() {
    #expect(edited("A: 1\r\nX-Spam-Flag: NO\r\n") == "A: 1\r\n")
    #expect(edited("X-Spam-Flag: NO\r\n") == "")
    #expect(edited("") == "")
    #expect(withoutMarks(edited("A: 1\r\n", score: 6, prefix: "[SPAM]")) == "A: 1\r\nSubject: [SPAM]\r\n")
    // Binary content need not end its last line.
    #expect(withoutMarks(edited("A: 1", score: 6, prefix: "[SPAM]")) == "A: 1\r\nSubject: [SPAM]\r\n")
  }

  @Test func aTaggedMessageIsMarked() {
    let findings = [
      WeighedFinding(Finding("ONE"), weight: Weight(4), mode: .enforce, found: .mail, enforceAt: .mail),
      WeighedFinding(Finding("TWO"), weight: Weight(9), mode: .shadow, found: .mail, enforceAt: .mail),
      WeighedFinding(Finding("THREE"), weight: Weight(2.5), mode: .enforce, found: .mail, enforceAt: .mail),
    ]
    #expect(
      edited("A: 1\r\nX-Spam-Flag: NO\r\n\r\n", score: 6.5, findings: findings) == """
        X-Spam-Flag: YES\r
        X-Spam-Score: 6.5\r
        X-Spam-Level: ******\r
        X-Spam-Status: Yes, score=6.5 required=5.0\r
        \ttests=ONE=4.0,\r
        \tTHREE=2.5\r
        A: 1\r
        \r

        """)
  }

  @Test func noScoreIsTooLargeForTheMarks() {
    for score in [Double.infinity, -.infinity, .nan, 1e300, -1e300, 50.9] {
      #expect(edited("\r\n", score: score).contains("X-Spam-Flag: YES\r\n"))
    }
    #expect(edited("\r\n", score: 1e300).contains("X-Spam-Level: \(String(repeating: "*", count: 50))\r\n"))
    let many = (0..<500).map { index in
      WeighedFinding(
        Finding(ReasonCode("CODE_\(index)")), weight: Weight(1), mode: .enforce, found: .mail,
        enforceAt: .mail)
    }
    let text = edited("\r\n", score: 500, findings: many)
    #expect(text.split(separator: "\r\n").count <= 60 && text.utf8.count < 4096)
  }

  @Test func marksCanBeLeftOut() {
    let message = Array("Subject: x\r\n\r\n".utf8)
    let edit = HeaderEdit(
      message: message, header: MessageHeader(message), isFromOutside: true,
      tag: Decision(verdict: .tag, score: 6),
      findings: [], tagging: Tagging(subjectPrefix: "[SPAM]", addsHeaders: false), thresholds: Thresholds())
    #expect(
      String(decoding: edit.bytes + message[edit.bodyStart...], as: UTF8.self) == "Subject: [SPAM] x\r\n\r\n")
  }

  @Test(arguments: [
    ("Subject: hello\r\n", "[SPAM]", "Subject: [SPAM] hello\r\n"),
    ("SUBJECT:hello\r\n", "[SPAM]", "SUBJECT: [SPAM] hello\r\n"),
    ("Subject:   hello\r\n", "[SPAM]", "Subject: [SPAM] hello\r\n"),
    ("Subject:\r\n", "[SPAM]", "Subject: [SPAM]\r\n"),
    ("Subject:\r\n folded\r\n", "[SPAM]", "Subject: [SPAM] folded\r\n"),
    ("Subject: one\r\n two\r\n", "[SPAM]", "Subject: [SPAM] one\r\n two\r\n"),
    ("Subject: [SPAM] hello\r\n", "[SPAM]", "Subject: [SPAM] hello\r\n"),
    ("Subject:\r\n [SPAM] hello\r\n", "[SPAM]", "Subject:\r\n [SPAM] hello\r\n"),
    ("Subject: one\r\nSubject: two\r\n", "[SPAM]", "Subject: [SPAM] one\r\nSubject: [SPAM] two\r\n"),
    ("Subject: =?UTF-8?B?w7w=?=\r\n", "[SPAM]", "Subject: [SPAM] =?UTF-8?B?w7w=?=\r\n"),
    ("Subject: hello\r\n", "[ü]", "Subject: =?UTF-8?B?W8O8XQ==?= hello\r\n"),
    ("Subject: =?UTF-8?B?w7w=?=\r\n", "[ü]", "Subject: =?UTF-8?B?W8O8XSA=?= =?UTF-8?B?w7w=?=\r\n"),
    ("Subject: =?utf-8?q?=C3=BC?=\r\n", "[ü]", "Subject: =?UTF-8?Q?=5B=C3=BC=5D_?= =?utf-8?q?=C3=BC?=\r\n"),
    ("Subject: grün\r\n", "[ü]", "Subject: [ü] grün\r\n"),
    ("Subject: grün\r\n", "[SPAM]", "Subject: [SPAM] grün\r\n"),
    ("From: a@b\r\n", "[SPAM]", "From: a@b\r\nSubject: [SPAM]\r\n"),
    ("From: a@b\r\n", "[ü]", "From: a@b\r\nSubject: =?UTF-8?B?W8O8XQ==?=\r\n"),
    ("Subject: x\r\n", "[a\r\nBcc: evil@b]", "Subject: [aBcc: evil@b] x\r\n"),
  ])
  func theSubjectIsPrefixed(_ header: String, _ prefix: String, _ expected: String) {
    for rest in ["\r\n", "\r\nbody\r\n", "To: x@y\r\n\r\nbody\r\n"]
    where !expected.hasPrefix("From") || !rest.hasPrefix("To") {
      let once = withoutMarks(edited(header + rest, score: 6, prefix: prefix))
      #expect(once == expected + rest)
      // By whichever way it comes by again.
      let twice = withoutMarks(edited(once, score: 6, prefix: prefix))
      #expect(twice == once)
    }
  }

  @Test func aRawSubjectThatIsNoUTF8TakesAnEncodedPrefix() {
    let message = Array("Subject: ".utf8) + [0xc4, 0xe3] + Array("\r\n\r\n".utf8)
    let edit = HeaderEdit(
      message: message, header: MessageHeader(message), isFromOutside: true,
      tag: Decision(verdict: .tag, score: 6),
      findings: [], tagging: Tagging(subjectPrefix: "[ü]", addsHeaders: false), thresholds: Thresholds())
    #expect(edit.bytes == Array("Subject: =?UTF-8?B?W8O8XQ==?= ".utf8) + [0xc4, 0xe3, 13, 10])
  }

  @Test func linesStayWithinTheirBound() {
    let long = String(repeating: "x", count: 985)
    let text = withoutMarks(edited("Subject: \(long)\r\n\r\n", score: 6, prefix: "[SPAM]"))
    #expect(text == "Subject: [SPAM]\r\n \(long)\r\n\r\n")
    let wide = String(repeating: "例", count: 100)
    let lines = withoutMarks(edited("Subject: x\r\n\r\n", score: 6, prefix: wide)).split(separator: " ")
    #expect(lines.allSatisfy { $0.utf8.count <= 77 } && lines.count > 5)
  }

  /// White space at the beginning of a message would go on with the last line that we put in front.
  @Test func aMessageCannotGoOnWithOurHeader() {
    for message in [" evil\r\nA: b\r\n\r\n", "\tX-Spam-Flag: NO\r\n\r\n", " \r\n\r\n"] {
      #expect(edited(message) == "X-Stray-Continuation:\r\n" + message)
      #expect(edited(message, score: 6).contains("required=5.0\r\nX-Stray-Continuation:\r\n" + message))
    }
  }

  @Test func stuffedDotsAreNoPartOfNames() {
    // As held: the line `.X-Spam-Flag: NO` of the message, stuffed.
    #expect(edited("..X-Spam-Flag: NO\r\nX-Spam-Flag: NO\r\n\r\n") == "..X-Spam-Flag: NO\r\n\r\n")
  }
}
