import RuleImport
import Testing

/// Expressions of other programs, written in the two dialects of rule files.
@Suite struct ExpressionTests {
  /// The condition that a line of header_checks becomes.
  private func condition(_ expression: String, flags: String = "", syntax: String = "pcre") -> String? {
    let result = imported(
      .postfixChecks, "/\(expression)/\(flags) REJECT\n", name: "header_checks", syntax: syntax)
    return result.recipes.first?.first { $0.hasPrefix("* ") }
  }

  @Test(arguments: [
    ("^Subject: viagra", "* ^Subject: viagra"),
    ("^Subject:.*a\\.b", "* ^Subject:.*a\\.b"),
    ("foo\\/bar", "* foo/bar"),
    ("^X: [0-9]{3}$", "* ^X: [0-9][0-9][0-9]$"),
    ("^X: a{2,4}b", "* ^X: aaa?a?b"),
    ("^X: (?:ab)+?c", "* ^X: (ab)+c"),
    ("^X: \\d+", "* ^X: [0-9]+"),
    ("^X: [^>]+>", "* ^X: [^>]+>"),
    ("^X: [^\\]a]", "* ^X: [^]a]"),
    ("^X: [-a^]", "* ^X: [a^-]"),
    ("^X: a|^Y: b$", "* ^X: a|^Y: b$"),
    ("<b>", "* ()<b>"),
    ("\\$5", "* ()\\$5"),
    ("!wow", "* ()!wow"),
    ("5^0", "* PCRE ?? H ?? (?mi)5^0"),
    ("^TO: x", "* ^()TO: x"),
    ("^TO_x", "* ^()TO_x"),
    ("^FROM_DAEMON", "* ^()FROM_DAEMON"),
    (" x", "* [ ]x"),
    ("x ", "* x[ ]"),
    ("a #b", "* a [#]b"),
    ("a{b", "* a[{]b"),
    ("^X: é", "* ^X: é"),
    ("", "* ()"),
    ("^X: \\t", "* ^X: [\t]"),
    ("^X:\\s+\\S", "* ^X:[\t ]+[^\t ]"),
    ("\\bword\\b", "* ()\\<word\\>"),
    ("^X: word\\b", "* ^X: word\\>"),
  ])
  func procmail(_ expression: String, _ expected: String) {
    #expect(condition(expression) == expected)
  }

  @Test(arguments: [
    ("^X:(?=\\s)\\S", "* PCRE ?? H ?? (?mi)^X:(?=[^\\S\\n])\\S"),
    ("^X: \\bword\\b.", "* PCRE ?? H ?? (?mi)^X: \\bword\\b."),
    ("^X: (?=a)b", "* PCRE ?? H ?? (?mi)^X: (?=a)b"),
    ("^X: (a)\\1", "* PCRE ?? H ?? (?mi)^X: (?<t1_1>a)\\k<t1_1>"),
    ("^X: a++", "* PCRE ?? H ?? (?mi)^X: a++"),
    ("^X: [^a]\\xe9", "* PCRE ?? H ?? (?mi)^X: [^\\na]\\xE9"),
    ("^X: \\f", "* PCRE ?? H ?? (?mi)^X: \\x0C"),
    ("^X: x{20}", "* PCRE ?? H ?? (?mi)^X: x{20}"),
    ("^X: (?-i:A)b", "* PCRE ?? H ?? (?mi)^X: (?-i:A)b"),
  ])
  func pcre(_ expression: String, _ expected: String) {
    #expect(condition(expression) == expected)
  }

  @Test func caseCountsWithTheFlag() {
    let result = imported(.postfixChecks, "/^X: Abc/i REJECT\n", name: "header_checks")
    #expect(result.recipes == [[":0 D", "* ^X: Abc", "reject 550 5.7.1"]])
    #expect(condition("(?i)^X: a", flags: "i") == "* ^X: a")
    #expect(condition("^X:\\s", flags: "i") == "* ^X:[\t ]")
  }

  @Test func posixIsItsOwnDialect() {
    #expect(condition("^X: [\\d]", syntax: "regexp") == "* ^X: [\\d]")
    #expect(condition("^X: [[:digit:]]", syntax: "regexp") == "* ^X: [0-9]")
    #expect(condition("^X: \\<a\\>", syntax: "regexp")?.contains("\\b(?=\\w)a") == true)
  }

  @Test(arguments: [
    ("(a", 2), ("a)", 3), ("[a", 2), ("*a", 2), ("a{3,2}", 8), ("a**", 4), ("[z-a]", 4), ("[[:foo:]]", 3),
  ])
  func wrongOnesAreToldWithTheirPlace(_ expression: String, _ column: Int) {
    let result = imported(.postfixChecks, "/\(expression)/ REJECT\n", name: "header_checks")
    guard case .wrong(_, let found)? = result.lines.first?.outcome else {
      Issue.record("\(expression): \(String(describing: result.lines.first))")
      return
    }
    #expect(found == column, "\(expression)")
  }

  @Test func depthAndLengthAreBounded() {
    let deep = String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)
    #expect(imported(.postfixChecks, "/\(deep)/ REJECT\n", name: "header_checks").count(.carried) == 0)
    let long = String(repeating: "a", count: 60_000)
    #expect(imported(.postfixChecks, "/\(long)/ REJECT\n", name: "header_checks").count(.carried) == 0)
    let copies = "((((a{12}){12}){12}){12}){12}"
    let result = imported(.postfixChecks, "/\(copies)/ REJECT\n", name: "header_checks")
    #expect(result.files.allSatisfy { $0.text.utf8.count < 10_000 })
  }

  @Test func latin1PatternsKeepTheirOctets() {
    let text = Array("/^X: ".utf8) + [0xe9] + Array("/ REJECT caf".utf8) + [0xe9, 0x0a]
    let result = Import.read(.postfixChecks, name: "header_checks", text: text)
    #expect(result.recipes == [[":0", "* PCRE ?? H ?? (?mi)^X: \\xE9", "reject 550 5.7.1 \"café\""]])
    #expect(result.notes.contains("not UTF-8: read as Latin-1"))
  }
}
