import Testing

@testable import RuleLanguage

/// Conditions on expressions of PCRE2.
@Suite struct PerlConditionTests {
  private func file(_ text: String) -> RuleFile { RuleParser.parse(name: "a.rc", octets: text.utf8) }
  private func plan(_ text: String) -> RulePlan { RulePlan(files: [file(text)]) }

  private func run(_ plan: RulePlan, _ mail: inout TestMail) throws -> RuleReport {
    var options = RuleRunOptions()
    options.keepsTrace = true
    var run = RuleRun(plan, options: options)
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else {
      throw RuleFault.tooManySteps
    }
    return report
  }

  @Test func theExpressionStandsAsItIsWritten() throws {
    let text = """
      :0
      * PCRE ?? (?m)^Subject: .*\\bfoo\\b$
      * ! PCRE ?? B ?? \\d{3}
      * 3^0 SUBJECT ?? PCRE ?? A??b
      * PCRE ?? HB ?? $ <x
      * PCRE ?? V ?? ! y
      tag
      :0 D
      * PCRE ?? (?m)^Subject: .*\\bfoo\\b$
      tag
      """
    #expect(file(text).isSound)
    let patterns = plan(text).patterns
    #expect(
      patterns.map(\.text) == [
        #"(?m)^Subject: .*\bfoo\b$"#, #"\d{3}"#, "A??b", "$ <x", "! y", #"(?m)^Subject: .*\bfoo\b$"#,
      ])
    #expect(
      patterns.map(\.view) == [
        .area(.header, decoded: false), .area(.body, decoded: false), .variable(.subject),
        .area(.whole, decoded: false), .own, .area(.header, decoded: false),
      ])
    #expect(patterns.allSatisfy { $0.syntax == .perl && $0.automaton == nil && $0.perl == nil })
    #expect(patterns.map(\.isCaseless) == [true, true, true, true, true, false])
    #expect(patterns.map(\.isText) == [false, false, true, false, false, false])
    #expect(plan("# weir: decoded\n" + text).patterns.allSatisfy { $0.isText })
  }

  @Test func groupsSetTheVariablesOfTheirNames() throws {
    let expression = "(?<M1>a+)(?<t1_1>b)\\k<t1_1>(?<NONE>x)?[(?<NO>](?:c)\\((?<OK>d)\\Q(?<NOT>\\E(?<=e)"
    let text = "M1=before\nNONE=kept\n:0\n* PCRE ?? H ?? \(expression)\nreject \"$M1 $NONE $t1_1\"\n"
    let plan = plan(text)
    #expect(plan.patterns.map(\.groups) == [["M1", "NONE", "OK"]])
    var mail = TestMail()
    mail.matches[expression] = .known(
      RuleCaptures(range: 0..<9, groups: ["M1": 0..<7, "OK": 2..<3, "t1_1": 0..<2]))
    mail.answers[expression] = .known(true)
    let report = try run(plan, &mail)
    #expect(report.verdict == .reject(RefusalReply(code: nil, enhanced: nil, text: "Subject kept ")))
    #expect(report.trace[0].conditions[0].matched == Array("Subject: ".utf8))
    mail.matches[expression] = .known(RuleCaptures(range: 0..<1 << 20, groups: ["M1": 5..<1 << 20]))
    #expect(try run(plan, &mail).verdict != nil, "an engine that is wrong does no harm")
    mail.answers[expression] = .known(false)
    mail.matches = [:]
    #expect(try run(plan, &mail).verdict == nil, "nothing else is asked")
  }

  @Test func theEnvironmentIsAskedWhereTheScanDidNotAnswer() throws {
    let plan = plan(
      "V=own\nSUBJECT=hidden\n:0\n* PCRE ?? V ?? o\n* PCRE ?? SUBJECT ?? h\n* ! PCRE ?? B ?? no\n* PCRE ?? B ?? late\ntag\n"
    )
    var mail = TestMail()
    let found = RuleAnswer<RuleCaptures?>.known(RuleCaptures(range: 0..<1))
    mail.matches = ["o": found, "h": found, "no": .known(nil), "late": .unknown("over its budget")]
    mail.answers = ["h": .known(false), "late": .unknown("over its budget")]
    let report = try run(plan, &mail)
    #expect(
      mail.asked == ["o in own", "h in hidden", "body", "no in body of it\n"],
      "a rule's own value hides the gateway's, and so does the answer for it: \(mail.asked)")
    #expect(report.unknowns.map(\.reason) == ["over its budget"] && report.effects.isEmpty)
  }

  @Test func aWeightIsAddedOnce() throws {
    let plan = plan(
      ":0\n* 3^0 PCRE ?? a\n* 2^1 ! PCRE ?? b\n* 5^0 PCRE ?? c\n* 7^2 ! PCRE ?? a\n{ LOG=$= }\n")
    var mail = TestMail()
    mail.answers = ["a": .known(true), "b": .known(false), "c": .known(false)]
    mail.matches = ["a": .known(RuleCaptures(range: 0..<1))]
    #expect(try run(plan, &mail).effects.map(\.kind) == [.log([UInt8(ascii: "5")])])
  }

  @Test func whatIsWrongIsToldWithItsPlace() throws {
    func said(_ condition: String) -> String? {
      file(":0\n* \(condition)\ntag\n").problems.first.map {
        "\($0.place.line):\($0.place.column) \($0.message)"
      }
    }
    #expect(said("PCRE ?? 2x") == nil && said("! PCRE ?? SENDER ?? x") == nil)
    #expect(said("3^1 PCRE ?? x") == "2:3 the matches of an expression of PCRE2 are not counted")
    #expect(said("3^0 PCRE ?? x") == nil && said("3^1 ! PCRE ?? x") == nil)
    #expect(said("PCRE ??") == "2:3 no expression" && said("PCRE ?? H ??") == "2:3 no expression")
    #expect(
      said("PCRE ?? a(?<Own>b)")
        == "2:15 a group sets the variable of its name, and 'Own' is none that it can set")
    #expect(said("PCRE ?? (?P<HOST>b)")?.hasPrefix("2:15 a group sets") == true)
    #expect(said("$ PCRE ?? $X") == "2:3 an expression of PCRE2 cannot be made at run time")
    #expect(said("PCRE ?? ! x") == "2:11 this is part of the expression")
    #expect(said("PCRE ?? H?? x") == "2:11 this is part of the expression")
    #expect(
      said("PCRE ?? x # why")
        == "2:13 a comment cannot stand behind a condition: it is part of the expression")
    #expect(said("PCRE ?? (?x) x # why") == nil)
  }

  @Test func whatPCRE2SaysIsToldInItsPlace() throws {
    let pattern = plan(":0\n* PCRE ?? H ?? 发票a(b\\\n    c)(d\ntag\n").patterns[0]
    #expect(pattern.text == "发票a(bc)(d")
    func place(_ octet: Int) -> String { pattern.problem("no", atOctet: octet)?.place.description ?? "" }
    #expect(place(0) == "a.rc:2:16" && place(6) == "a.rc:2:18" && place(8) == "a.rc:2:20")
    #expect(place(9) == "a.rc:3:5" && place(12) == "a.rc:3:8" && place(13) == "a.rc:3:9")
    #expect(pattern.problem("missing )", atOctet: 0)?.description.contains("missing )") == true)
    #expect(plan(":0\n* a\ntag\n").patterns[0].problem("no", atOctet: 0) == nil)
  }

  @Test func aRecipeWaitsForWhatAGroupMayHaveSet() {
    func stages(_ text: String) -> String {
      plan(text).recipes.map { $0.stage == .recipient ? "r" : "m" }.joined()
    }
    #expect(stages(":0\n* PCRE ?? SENDER ?? x\ntag\n:0\n* PCRE ?? x\ntag\n") == "rm")
    #expect(stages(":0\n* PCRE ?? H ?? (?<M1>x)\ntag\n:0\n* M1 ?? x\ntag\n") == "mm")
    #expect(stages(":0\n* PCRE ?? HELO ?? (?<M1>x)\n{\n:0\n* M1 ?? x\ntag\n}\n") == "rr")
    #expect(
      stages(
        ":0\n* PCRE ?? H ?? (?<M1>x)\ntag\n:0\n* PCRE ?? HELO ?? (?<M1>x)?y\n{\n:0\n* M1 ?? x\ntag\n}\n")
        == "mrm",
      "a group that took no part leaves what the message has set")
  }

  @Test func aFileOfRunTimeHasNone() throws {
    var mail = TestMail()
    mail.files = ["x1": ":0\n* PCRE ?? .\ntag\n"]
    let report = try run(plan("V=1\nINCLUDERC=x$V\n"), &mail)
    #expect(report.unknowns.map(\.reason) == ["an expression of PCRE2 in a file named at run time"])
  }
}
