import RuleImport
import Testing

/// header_checks, body_checks and their kin.
@Suite struct ChecksTests {
  private func checks(_ text: String, name: String = "header_checks") -> ImportResult {
    imported(.postfixChecks, text, name: name)
  }

  @Test func actionsBecomeActions() {
    let result = checks(
      """
      /^Subject: a/ REJECT
      /^Subject: b/ REJECT 5.6.0 no "b" for $$5
      /^Subject: c/ REJECT 4.7.1 later
      /^Subject: d/ DISCARD
      /^Subject: e/ HOLD
      /^Subject: f/ REDIRECT spam@example.org

      """)
    #expect(
      result.recipes.map { $0[2] } == [
        "reject 550 5.7.1", "reject 550 5.6.0 \"no \\\"b\\\" for \\$5\"", "defer 450 4.7.1 \"later\"",
        "discard",
        "quarantine hold", "redirect spam@example.org",
      ])
    #expect(result.isComplete)
  }

  @Test func whatOnlyLogsIsLogged() {
    let result = checks("/^Subject: a/ WARN seen $$ it\n/^From:/ INFO\n")
    #expect(
      result.recipes[0] == [
        ":0", "* ^Subject: a", "{", "  LOG=\"warning: header_checks:1: seen \\$ it\"", "}",
      ])
    #expect(result.recipes[1] == [":0", "* ^From:", "{", "  LOG=\"info: header_checks:2\"", "}"])
  }

  @Test func headersAreEdited() {
    let result = checks(
      """
      /^X-Secret:/ IGNORE
      /^Received: from inside/ IGNORE
      /^Subject: (.*)/ REPLACE Subject: [x] $1
      /^User-Agent: (.*)/ REPLACE X-Agent: $1
      /^List-Id:/ PREPEND X-List: yes
      /foo/ STRIP

      """)
    #expect(result.recipes[0] == [":0", "* ^X-Secret:", "header remove X-Secret"])
    #expect(result.outcome(2) == .left)
    #expect(
      result.recipes[1] == [
        ":0", "* ^Subject: \\/.*", "header replace Subject: [x] ${MATCH}",
      ])
    #expect(result.recipes[2].contains("  header add X-Agent: ${MATCH}"))
    #expect(result.outcome(5) == .changed)
    #expect(result.outcome(6) == .left)
    #expect(!result.isComplete)
  }

  @Test func whatMatchedIsPutIn() {
    let result = checks(
      """
      /^Subject: (.*)$/ WARN saw $1
      /^From: (a+)(b+)x/ REJECT no $1 and $2
      /^Subject: (a+) (b+)/ REPLACE Subject: $2 $1

      """)
    #expect(
      result.recipes[0][1...] == [
        "* ^Subject: \\/.*", "{", "  LOG=\"warning: header_checks:1: saw ${MATCH}\"", "}",
      ])
    #expect(result.recipes[1][1...] == ["* ^From: (a+)(b+)x", "reject 550 5.7.1 \"no ... and ...\""])
    #expect(result.outcome(2) == .changed)
    // What the first line took is not seen by the third.
    #expect(
      result.recipes[2][1...] == [
        "* PCRE ?? H ?? (?m-i)^(?!(?i:^Subject: (?:.*)$))(?i:^Subject: (?<M1>a+) (?<M2>b+))",
        "header replace Subject: ${M2} ${M1}",
      ])
  }

  @Test func theFirstLineOfTheTableTakesTheHeader() {
    let result = checks("/good/ OK\n/^Subject: bad/ REJECT\n/^From: bad/ REJECT\n")
    #expect(result.line(1)?.targets.isEmpty == true && result.outcome(1) == .carried)
    #expect(result.recipes[0][1] == "* PCRE ?? H ?? (?m-i)^(?!.*?(?i:good))(?i:^Subject: bad)")
    // A header of another name is none of its business.
    let named = checks("/^Subject: good/ DUNNO\n/^From: bad/ REJECT\n/^Subject: bad/ REJECT\n")
    #expect(named.recipes[0][1] == "* ^From: bad")
    #expect(named.recipes[1][1] == "* PCRE ?? H ?? (?m-i)^(?!(?i:^Subject: good))(?i:^Subject: bad)")
    // What ends the rules needs no exception.
    #expect(checks("/a/ REJECT\n/b/ REJECT\n").recipes[1][1] == "* b")
  }

  @Test func conditionsOnOneLineAreOneCondition() {
    let result = checks("if /^Subject:/\nif !/offer/\n/win(ner)?/ REJECT\nendif\n!/ok/ REJECT\nendif\n")
    #expect(
      result.recipes[0][1]
        == "* PCRE ?? H ?? (?m-i)^(?=(?i:^Subject:))(?!.*?(?i:offer)).*?(?i:win(?:ner)?)")
    #expect(result.recipes[1][1] == "* PCRE ?? H ?? (?m-i)^(?=.)(?=(?i:^Subject:))(?!.*?(?i:ok))")
    #expect(result.isComplete)
    #expect(checks("endif\n").outcome(1) == .wrong)
    #expect(checks("if /a/\n/b/ REJECT\n").outcome(1) == .changed)
  }

  @Test func partsAreSearchedWhereTheyAreMeant() {
    let mime = checks("/name=\"?.*\\.exe\"?$/ REJECT no\n", name: "mime_header_checks")
    #expect(
      mime.recipes[0] == [
        ":0 B", "* ^[^\t :]+:(.|$[ \t])*name=\"?(.|$[ \t])*\\.exe\"?$([^ \t]|$)", "reject 550 5.7.1 \"no\"",
      ])
    let header = checks("/^Content-Type:.*name=.*\\.exe/ REJECT no\n")
    #expect(header.recipes[0][0] == ":0 HB")
    #expect(header.recipes[0][1] == "* ^Content-Type:(.|$[ \t])*name=(.|$[ \t])*\\.exe")
    let look = checks("/^Content-Type:(?!.*ok)/ REJECT no\n")
    #expect(look.recipes[0][1].hasPrefix("* PCRE ?? HB ?? (?m-i)^(?![ \\t])(?=[!-9;-~]+:)"))
    // A header that begins with blanks is none.
    #expect(checks("/^\\s*Content-X: a/ REJECT\n").recipes[0][1] == "* ^Content-X: a")
    let body = checks("/^buy/ REJECT\n", name: "body_checks")
    #expect(body.recipes == [[":0 B", "* ^buy", "reject 550 5.7.1"]])
  }

  @Test func continuedLinesAreOne() {
    let result = checks("# c\n/a/\n# in between\n  REJECT yes\n\n\tno\n/b/ REJECT\n")
    #expect(result.line(2)?.lines == 2...6)
    #expect(result.recipes[0].last == "reject 550 5.7.1 \"yes no\"")
    #expect(result.recipes.count == 2)
  }

  @Test func passEndsTheFile() {
    let result = checks("/^X-Ok:/ PASS\n/^Subject: bad/ REJECT\n")
    #expect(result.recipes[0] == [":0", "* ^X-Ok:", "{", "  HEADER_CHECKS_PASSED=yes", "}"])
    #expect(result.recipes[1][1] == "* ! HEADER_CHECKS_PASSED ?? yes")
  }

  @Test func tooManyExceptionsAreNotPassedOver() {
    let many = (1...60).map { "/ok\($0)/ DUNNO\n" }.joined() + "/bad/ REJECT\n"
    let result = checks(many)
    #expect(result.recipes == [["# weir: mode shadow", ":0", "* bad", "reject 550 5.7.1"]])
    #expect(result.outcome(61) == .changed)
  }

  @Test func whatIsNoTableIsTold() {
    let result = checks("plain text\n/a/q REJECT\n/b\n/c/ FROB\n/d/ REJECT $9\n/e/ REJECT $x\n/f/\n")
    #expect(result.count(.wrong) == 7)
    #expect(result.files.isEmpty)
  }
}
