import RuleImport
import Testing

/// Rc files: what throws away stays, what sorts goes on to the backend.
@Suite struct ProcmailTests {
  private func rules(_ text: String) -> (ImportResult, [String]) {
    let result = imported(.procmailrc, text, name: ".procmailrc")
    let lines = result.files.first?.text.split(separator: "\n").map(String.init) ?? []
    return (result, lines.filter { !$0.hasPrefix("# ") && !$0.contains("  # .procmailrc:") })
  }

  @Test func aFolderIsTheBackendsMatter() {
    let (result, lines) = rules(
      ":0:\n* ^List-Id:.*swift\nlists/swift\n\n:0\n* ^Subject:.*viagra\n/dev/null\n")
    #expect(
      lines == [
        ":0", "* ^List-Id:.*swift", "{", "  # was: lists/swift", "  SWITCHRC=", "}", ":0",
        "* ^Subject:.*viagra", "/dev/null",
      ])
    #expect(result.isComplete && result.count(.changed) == 2)
    #expect(result.notes.contains { $0.contains("Rules/users/") })
  }

  @Test func spamFoldersAreHeld() {
    let (_, lines) = rules(":0\n* ^X-Spam-Flag: YES\n$MAILDIR/Spam/\n")
    #expect(lines.last == "quarantine spam")
  }

  /// Whether such a program takes the mail its exit status says: what stands behind must go on, what hangs on it not.
  @Test(arguments: [":0 Wh: msgid.lock", ":0 Whc: msgid.lock", ":0 h", ":0 w"])
  func whoAsksWhetherItCameBeforeEndsNothing(head: String) {
    let (result, lines) = rules(
      "\(head)\n| formail -D 8192 msgid.cache\n\n:0 a:\ndups\n\n:0\n* ^Subject:.*viagra\n/dev/null\n")
    #expect(lines.suffix(3) == [":0", "* ^Subject:.*viagra", "/dev/null"])
    #expect(
      Array(lines.dropFirst().prefix(4)) == ["* ! ()", "{", "  # was: | formail -D 8192 msgid.cache", "}"])
    #expect(result.count(.left) == 1)
  }

  @Test func programsAreNotRun() {
    let (result, lines) = rules(
      ":0fw\n| spamc\n\n:0 c\n| vacation\n\n:0 a\n* ^X\n/dev/null\n\n:0\n* ? test -f x\n/dev/null\n\nX=`date`\n"
    )
    #expect(
      lines == [
        ":0", "{", "  # was: | spamc", "}", ":0", "{", "  # was: | vacation", "}", ":0 a", "* ^X",
        "/dev/null",
      ])
    #expect(result.count(.left) == 4)
  }

  @Test func formailsEditsAreActions() {
    let (result, lines) = rules(
      ":0 fhw\n* ^X: a\n| formail -A \"X-Seen: ${MATCH}\"\n\n:0fhw\n| formail -I 'X-Bad:'\n\n:0fhw\n| formail -I 'Subject: $x'\n"
    )
    #expect(
      lines == [
        ":0", "* ^X: a", "header add X-Seen: ${MATCH}", ":0", "header remove X-Bad", ":0",
        "header replace Subject: \\$x",
      ])
    #expect(result.isComplete)
  }

  @Test func blocksAndSeveralStatementsOnALine() {
    let (result, lines) = rules(
      "A=1 B=\"two\nlines\" C\n:0\n* ^Subject: x\n{ LOG=\"x\" :0\n  { EXITCODE=77\n  :0\n  /dev/null\n  } }\n"
    )
    #expect(result.count(.wrong) == 0)
    #expect(
      lines == [
        "A=1", "B=\"two", "lines\"", "C", ":0", "* ^Subject: x", "{", "  LOG=\"x\"", "  :0", "  {",
        "    EXITCODE=77", "    :0", "    /dev/null", "  }", "}",
      ])
  }

  @Test func trapsOfTheLanguageAreWrittenOut() {
    let (result, lines) = rules(
      ":0\n* \\<word\\>\n* a{3} # b\n/dev/null\n\n:2\n^From: x\n^To: y\n/dev/null\n")
    #expect(
      lines == [
        ":0", "* ()<word\\>", "* a[{]3} [#] b", "/dev/null", ":0", "* ^From: x", "* ^To: y", "/dev/null",
      ])
    #expect(result.outcome(1) == .changed)
  }

  @Test func forwardsAreShown() throws {
    let (result, lines) = rules(":0 c\n! a@example.org\n\n:0\n! b@example.org\n")
    #expect(lines.filter { $0 == "  SWITCHRC=" }.count == 1)
    #expect(try #require(result.line(4)?.outcome.message).contains("redirect ADDRESS"))
  }

  @Test func whatProcmailSkipsIsTold() {
    let (result, _) = rules("* ^x\n}\nINCLUDERC=other.rc\nHOST=bye\nX=\"open\n")
    #expect(result.outcome(1) == .wrong && result.outcome(2) == .wrong)
    #expect(result.outcome(3) == .left && result.outcome(4) == .left && result.outcome(5) == .wrong)
    #expect(rules(":0\n* ^x\n").0.outcome(1) == .wrong)
  }

  @Test func nestingIsBounded() {
    let (result, _) = rules(String(repeating: ":0\n{\n", count: 500))
    #expect(result.count(.wrong) > 0)
  }

  /// A comment of the source is no directive.
  @Test func commentsDoNotSteer() {
    let (result, _) = rules("# weir: mode off\n#weir: decoded\n:0\n/dev/null\n")
    #expect(result.files.first?.text.contains("\n# weir:") == false)
    #expect(result.files.first?.text.contains("\n#weir:") == false)
  }
}
