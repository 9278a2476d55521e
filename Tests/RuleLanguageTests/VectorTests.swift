import Testing

@testable import RuleLanguage

/// What procmail 3.22-27 was seen to do, case by case.
@Suite struct VectorTests {
  private static let mail =
    "From a@b  Sat Nov 21 00:00:00 2026\nFrom: Someone <some@src.example>\nTo: user@dest.example\nSubject: one\n two Viagra\nX-Num: 7\n\nline1 viagra\nline2\nlast\n"

  /// Whether a recipe of these flags and conditions matches, its score, and MATCH.
  private func judge(_ flags: String, _ conditions: [String]) throws -> (Bool, Int, String?) {
    let text =
      "P=abcd\nQ=two\nS=100\n:0 \(flags)\n" + conditions.map { "* \($0)\n" }.joined()
      + "{ R=Y }\nLOG=\"${R-N} $= [${MATCH-none}]\"\n"
    let plan = RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8)])
    var run = RuleRun(plan)
    var mail = PlainMail(Self.mail.utf8)
    guard case .finished(let report) = run.proceed(.message, asking: &mail),
      case .log(let octets)? = report.effects.first?.kind
    else {
      Issue.record("no log")
      return (false, 0, nil)
    }
    let parts = String(decoding: octets, as: UTF8.self).split(separator: " ", maxSplits: 2)
    let match = String(parts[2].dropFirst().dropLast())
    return (parts[0] == "Y", try #require(Int(parts[1])), match == "none" ? nil : match)
  }

  @Test(arguments: [
    ("", "^subject:.*VIAGRA", true), ("D", "^subject:.*VIAGRA", false), ("D", "^Subject:.*Viagra", true),
    ("", "^Subject: one  two", true), ("", "^Subject: one two", false),
    ("HB", "X-Num: 7$$line1", true), ("B", "line1 viagra$line2", true), ("B", "line1.*line2", false),
    ("B", #"\<viagra\>"#, false), ("B", #"()\<viagra\>"#, true), ("B", #"\\<viagra\>"#, true),
    ("B", "line{1}", false), ("B", "[[:alpha:]]ine1", false), ("", "^TO_user@dest", true),
    ("", "^TO_ser@dest", false),
    ("", "^TO_dest", true), ("", "^TOuser", true), ("", "^TOser", false), ("", "NOPE ?? ^^^^", true),
    ("", "P ?? > 3", true),
    ("", "P ?? < 4", false), ("", "P ?? bcd^^", true), ("", "P ?? ^^abcd^^", true), ("", "P ?? ^^bcd", false),
    ("B", "last^^", false), ("B", "last$^^", true), ("B", "^^line1", true), ("B", "^^^line1", false),
    ("B", "a*^^", true), ("B", "xa*^^", false), ("", "! ! ^Subject", true), ("", "! ^Subject", false),
    ("", "1,5^0 ^Subject", false),
    ("", "$ ^Subject: one  $Q", true), ("", "> $S", true), ("", "< $S", false), ("", "B ?? line1", true),
    ("B", "H ?? ^X-Num", true), ("", "HB ?? 7$$line", true), ("", "BH ?? 7$$line", true),
    ("B", "[]x]|[^]a]ine", true),
    ("B", "(*|q)", false), ("B", "l*+|x", false), ("B", "foo$bar|", true), ("B", "()", true),
  ])
  func aConditionHoldsAsProcmailsDoes(_ flags: String, _ condition: String, _ expected: Bool) throws {
    #expect(try judge(flags, [condition]).0 == expected, "\(flags) \(condition)")
  }

  @Test(
    arguments: [
      (#"^X-Num: *\/[0-9]+"#, "7"), (#"^X-Num: \/.*$"#, "7\n"), (#"^Subject:.*\/[a-z]+"#, "one"),
      (#"P ?? b\/.*$"#, "cd"),
      (#"B ?? i\/ne.$.*"#, "ne2\nlast"), (#"! ^Su\/bject"#, "bject"), (#"^Nope\/x"#, nil),
      (#"P ?? ()\/b*"#, ""),
    ] as [(String, String?)])
  func matchIsWhatStandsBehindTheMark(_ condition: String, _ expected: String?) throws {
    #expect(try judge("", [condition]).2 == expected, "\(condition)")
  }

  @Test(
    arguments: [
      ("", ["0^0 ^Subject"], false, 0), ("B", ["1^1 ."], true, 21), ("B", ["100^.5 line"], true, 150),
      ("B", ["10^2 line"], true, 30),
      ("B", ["1^-1 line"], false, 0), ("", ["-5^0", "3^0 ^Subject"], false, -2),
      ("", ["5^0 ! nomatch"], true, 5),
      ("", ["! 5^0 nomatch"], true, 5), ("", [".5^0"], true, 1), ("", ["1.9^0"], true, 1),
      ("", ["2147483647^0", "-100^0"], true, 2_147_483_647),
      ("", ["-2147483647^0", "9999^0"], false, -2_147_483_647), ("B", ["2^.5 .*"], true, 4),
      ("B", ["1^1 ^.*$"], true, 4),
      ("B", ["1^1 ^"], true, 2_147_483_647), ("B", ["1^1 $"], true, 2_147_483_647),
      ("", ["5^0", "nomatch"], false, 5),
      ("", ["10^.5 > 37"], true, 20), ("", ["10^1.7 < 37"], true, 0 + 1), ("", ["1^1 P ?? > 2"], true, 2),
      ("", ["3^1 P ?? [ab]"], true, 6),
      ("", ["^Subject"], true, 0), ("", ["1e2^0 ^Subject"], true, 100), ("", ["1 ^ 0 ^Subject"], true, 1),
      ("B", ["6^0 line", "-6^0 last"], false, 0),
    ] as [(String, [String], Bool, Int)])
  func scoresAreProcmails(_ flags: String, _ conditions: [String], _ matches: Bool, _ score: Int) throws {
    let (matched, shown, _) = try judge(flags, conditions)
    #expect(matched == matches && shown == score, "\(flags) \(conditions): \(matched) \(shown)")
  }

  /// Which recipes of a chain run.
  private func ran(_ text: String, _ outcome: [String: Int] = [:]) throws -> String {
    var options = RuleParserOptions()
    options.programs = Set(outcome.keys)
    let plan = RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8, options: options)])
    var run = RuleRun(plan)
    var mail = PlainMail(Self.mail.utf8)
    while true {
      switch run.proceed(.message, asking: &mail) {
      case .program(let question):
        let name = String(decoding: try #require(question.arguments.first), as: UTF8.self)
        run.answered(ProgramOutcome(status: outcome[name], output: Array("\(name)!\n".utf8)))
      case .finished(let report):
        return report.effects.compactMap { effect -> String? in
          if case .log(let octets) = effect.kind { return String(decoding: octets, as: UTF8.self) }
          return nil
        }.joined(separator: " ")
      }
    }
  }

  private func recipe(_ flags: String, _ condition: String, _ name: String) -> String {
    ":0 \(flags)\n\(condition.isEmpty ? "" : "* \(condition)\n"){ LOG=\"\(name)\" }\n"
  }

  @Test func chainsRunAsProcmailsDo() throws {
    let yes = "^Subject"
    let no = "^Nope"
    #expect(try ran(recipe("", yes, "1") + recipe("A", no, "2") + recipe("A", "", "3")) == "1 3")
    #expect(
      try ran(recipe("", no, "1") + recipe("E", no, "2") + recipe("E", "", "3") + recipe("E", "", "4")) == "3"
    )
    #expect(try ran(recipe("", yes, "1") + recipe("E", "", "2") + recipe("A", "", "3")) == "1")
    #expect(
      try ran(":0\n* \(yes)\n{\n" + recipe("", no, "1") + recipe("E", "", "2") + "}\n" + recipe("A", "", "3"))
        == "2 3")
    #expect(
      try ran(recipe("", yes, "1") + recipe("a", "", "2") + recipe("a", no, "3") + recipe("a", "", "4"))
        == "1 2 4")
    #expect(try ran(":0 cw\n| false\n" + recipe("e", "", "1") + recipe("a", "", "2"), ["false": 1]) == "1 2")
    #expect(try ran(":0 cw\n| false\n" + recipe("a", "", "2"), ["false": 1]) == "")
    #expect(try ran(":0 c\n| false\n" + recipe("a", "", "2"), ["false": 1]) == "2")
    #expect(
      try ran(
        ":0\nV=| false\nLOG=$V\n:0 w\nV=| true\nLOG=$V\n:0 w\nV=| false\nLOG=$V", ["false": 1, "true": 0])
        == "false! true! true!")
    #expect(
      try ran(
        "A=x`true`y\nLOG=$A\n:0\n* 7^3 ? false\n{ }\nLOG=$=\n:0\n* 2^1 ! ? false\n{ }\nLOG=$=",
        ["false": 3, "true": 0]) == "xtrue!y 3 6")
  }

  @Test func onlyRecipesThatAreReadSetTheScore() throws {
    #expect(try ran(":0\n* 7^0\n{ }\nLOG=$=\n:0\n* ^Nope\n{ }\nLOG=$=") == "7 0")
    #expect(try ran(":0\n* 7^0\n{ }\n:0\n* ^Nope\n{\n:0\n* 3^0\n{ }\n}\nLOG=$=") == "0")
  }

  @Test func valuesAreExpandedAsInAShell() throws {
    let text = ##"""
      A=a b=c
      B='a b'  C=$B D="$B" E=x$B"y"'z'
      LOG="[$A][$b][${Z-x}][${Z:-y z}][${A+q}][${Z+q}][$A$A][${A}b]['$A'][\$A][\x]"
      LOG="[$B][$C][$D][$E]"
      G="a
      b" H=a\ b I=a\
      b J=\#x K=x#y L= # none
      LOG="[$G][$H][$I][$J][$K][$L][${L-u}][${L:-u}][${L+s}]"
      A
      LOG="[$A][${A-unset}]"
      T="a.b*(c)[d]^$\|e?f+\\g"
      LOG="[$\T]"
      """##
    #expect(
      try ran(text)
        == #"[a][c][x][y z][q][][aa][ab]['a'][$A][\x] [a b][a b][a b][xa byz] [a"# + "\n"
        + #"b][a b][ab][#x][x#y][][][u][s] [][unset] [()a\.b\*\(c\)\[d]\^\$\\\|e\?f\+\\g]"#)
  }
}
