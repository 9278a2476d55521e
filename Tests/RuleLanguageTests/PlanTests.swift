import Testing

@testable import RuleLanguage

/// What a plan says of itself to those who run it: what it asks for, who may opt out, what it costs.
@Suite struct PlanTests {
  private func plan(_ text: String, programs: Set<String> = []) -> RulePlan {
    var options = RuleParserOptions()
    options.programs = programs
    return RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8, options: options)])
  }

  private func report(
    _ plan: RulePlan, _ mail: TestMail = TestMail(), _ change: (inout RuleRunOptions) -> Void = { _ in }
  ) throws -> RuleReport {
    var options = RuleRunOptions()
    change(&options)
    var mail = mail
    var run = RuleRun(plan, options: options)
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else {
      throw RuleFault.tooManySteps
    }
    return report
  }

  // MARK: - Opting out

  @Test func whoOptsOutIsSpared() throws {
    let plan = plan(
      """
      # weir: name A, optional
      :0
      tag
      # weir: optional, name B
      :0
      {
        :0
        score 1 X
        :0
        { V=1 }
      }
      :0 E
      score 2 Y
      """)
    #expect(plan.recipes.map(\.isOptional) == [true, true, true, true, false])
    #expect(try report(plan).effects.map(\.kind) == [.tag, .score(1, "X")])
    #expect(try report(plan) { $0.skipped = [1] }.effects.map(\.kind) == [.tag, .score(2, "Y")])
    #expect(try report(plan) { $0.skipped = [0, 2] }.effects.isEmpty)
    let wrong = RuleParser.parse(name: "a.rc", octets: "# weir: optional now\n:0\ntag\n".utf8)
    #expect(wrong.problems.map(\.message) == ["'optional' is followed by nothing"])
  }

  @Test func aRecipeTellsWhatItDoes() {
    let plan = plan(
      ":0\n* ^Subject\n  score   3.0  INVOICE_CN\n:0\n{\n:0 c\n! a@b \\\n   c@d\n}\n:0\nreject 550 \"no  way\"   # why\n:0\n* ^To\nspam/$LOGNAME\n"
    )
    #expect(
      plan.recipes.map(\.actionText) == [
        "score 3.0 INVOICE_CN", "{", "! a@b c@d", "reject 550 \"no way\" # why", "spam/$LOGNAME",
      ])
    #expect(plan.recipes.map(\.place.line) == [1, 4, 6, 10, 12])
  }

  // MARK: - What is asked

  @Test func aPlanKnowsWhatItAsksFor() {
    let plan = plan(
      ":0\n* SENDER ?? a\n* ! IN(x) ?? CLIENT_IP\nreject \"$HELO\"\n# weir: decoded\n:0 B\n* a\n* SUBJECT ?? $ ^$TLS\n* H ?? b\n* < 100\ntag\n"
    )
    #expect(plan.asked(at: .recipient) == [.sender, .clientIP, .helo])
    #expect(plan.asked(at: .message) == [.subject, .tls])
    #expect(
      plan.askedAreas == [
        AskedArea(area: .body, isDecoded: false), AskedArea(area: .header, isDecoded: false),
      ])
    #expect(self.plan(":0\n* < 100\n* SUBJECT ?? a\ntag\n").askedAreas.isEmpty)
    #expect(
      self.plan("# weir: decoded\n:0 HB\n* a\ntag\n:0\n* B ?? PCRE ?? x\ntag\n").askedAreas == [
        AskedArea(area: .whole, isDecoded: true), AskedArea(area: .body, isDecoded: true),
      ])
    let open = self.plan("INCLUDERC=$SENDER.rc\n")
    #expect(open.asked(at: .message) == Set(GatewayVariable.allCases) && open.askedAreas.count == 6)
  }

  @Test(arguments: [
    ("* ^Subject", "tag", false), ("* RECIPIENT ?? a\n* ^Subject", "tag", true),
    ("* ^Subject", "reject \"$RECIPIENT\"", true),
    ("* $ ^Subject:.*$SENDER", "tag", false), ("* $ $SENDER", "tag", true), ("* $ REC$SENDER", "tag", true),
    ("* $ RECIPIENT ?? x\n* ^a", "tag", true), ("* $ 1^$SENDER", "tag", true),
    ("* $ ! ()$SENDER", "tag", false),
    ("* ^a\n* IN(x) ?? $RECIPIENT", "tag", true), ("* ^a\n* PCRE ?? RECIPIENT ?? x", "tag", true),
    ("* ^a", "copy $RECIPIENTS", false),
    ("* RECIPIENT ?? a", "tag", false), ("* $ SUBJECT ?? ^$SENDER", "tag", false),
    ("* $ IN(a$SENDER) ?? x", "tag", true),
  ])
  func aPlanKnowsWhetherRecipientsDiffer(_ conditions: String, _ action: String, _ asks: Bool) {
    #expect(plan(":0\n\(conditions)\n\(action)\n:0\n* HELO ?? x\ntag\n").asksForRecipient == asks)
  }

  @Test func withoutAFirstPassAnAssignmentCounts() {
    #expect(plan("X=$RECIPIENT\n:0\n* ^a\n* X ?? b\ntag\n").asksForRecipient)
    #expect(!plan("X=$RECIPIENT\n:0\n* X ?? b\n* HELO ?? x\ntag\n:0\n* ^a\n* X ?? b\ntag\n").asksForRecipient)
  }

  @Test func aPlanNamesItsPrograms() {
    let text =
      "X=`date -u`\n:0\n* ? /usr/bin/test -f x\n* $ ^`whoami`\n| formail -c\n:0 c\n| $PROGRAM\nINCLUDERC=`ls`\n"
    #expect(
      plan(text).programs.map { "\($0.place.line) \($0.name ?? "-")" } == [
        "1 date", "3 /usr/bin/test", "4 whoami", "5 formail", "7 -", "8 ls",
      ])
    let file = RuleParser.parse(name: "a.rc", octets: text.utf8)
    #expect(file.problems.filter { $0.message == "programs are off" }.count == 5)
    #expect(file.problems.first?.cure == "allow 'date' by its name in [rules] programs, or do without it")
    var options = RuleParserOptions()
    options.programs = ["spam"]
    let partly = RuleParser.parse(name: "a.rc", octets: ":0\n| spam$X\n".utf8, options: options)
    #expect(
      partly.problems.filter(\.isError).map(\.message) == ["a program's name cannot come from a variable"])
  }

  // MARK: - Sharing

  @Test func runsThatDidTheSameAreAlike() throws {
    let plan = plan(
      "X=${RECIPIENT:+one}\n:0\n* RECIPIENT ?? ^^(a|b)@\\/.*\n{ Y=$MATCH }\n:0\n* RECIPIENT ?? d@\nscore 1 D\n:0\n* ^Subject\n* Y ?? x\ntag\n"
    )
    func run(_ recipient: String, _ change: (inout RuleRunOptions) -> Void = { _ in }) -> RuleRun {
      var options = RuleRunOptions()
      change(&options)
      var run = RuleRun(plan, options: options)
      var mail = TestMail()
      mail.set(.recipient, recipient)
      _ = run.proceed(.recipient, asking: &mail)
      return run
    }
    #expect(!plan.asksForRecipient)
    #expect(run("a@x").isLike(run("b@x")))
    #expect(!run("a@x").isLike(run("a@y")), "another MATCH")
    #expect(!run("a@x").isLike(run("c@x")), "a match more")
    #expect(run("c@x").isLike(run("e@y")))
    #expect(!run("c@x").isLike(run("d@x")), "a score more")
    #expect(!run("c@x").isLike(run("e@x") { $0.skipped = [2] }))
    #expect(RuleRun(plan).isLike(RuleRun(plan)) && !RuleRun(plan).isLike(run("c@x")))
  }

  // MARK: - Costs and bounds

  @Test func searchesAreChargedToTheirRecipes() throws {
    let plan = plan(
      ":0\n* ^Subject: scanned\ntag\n:0\n* ^Subject\n* 1^1 .\ntag\n:0\n* HELO ?? > 1\ntag\n:0\n* PCRE ?? x\ntag\n"
    )
    var mail = TestMail()
    mail.tick = 5
    mail.answers = ["^Subject: scanned": .known(true)]
    mail.matches = ["x": .known(nil)]
    let report = try report(plan, mail)
    #expect(report.costs == [RuleCost(recipe: 1, nanoseconds: 10), RuleCost(recipe: 3, nanoseconds: 5)])
    mail.tick = 0
    #expect(try self.report(plan, mail).costs.isEmpty)
  }

  /// Weights of `w^0` are answered by the scan as plain conditions are: the shipped rules are made of them.
  @Test func aWeightThatCountsOnceIsNotSearchedFor() throws {
    let plan = plan(":0\n* 2^0 ^Subject: here\n* 3^0 ^Subject: not\n* -1^0 ! ^Subject: not\nscore 1 A\n")
    var mail = TestMail()
    mail.tick = 5
    mail.answers = [
      "^Subject: here": .known(true), "^Subject: not": .known(false),
    ]
    let report = try report(plan, mail)
    #expect(report.costs.isEmpty)
    #expect(report.effects.map(\.kind) == [.score(1, "A")])
    // Who wants to know on which words it held is told.
    var options = RuleRunOptions()
    options.keepsTrace = true
    var told = TestMail()
    told.areas = MailAreas("Subject: here\n\n".utf8)
    told.answers = mail.answers
    var run = RuleRun(plan, options: options)
    guard case .finished(let traced) = run.proceed(.message, asking: &told) else { return }
    let matched = traced.trace.first?.conditions.first?.matched.map { String(decoding: $0, as: UTF8.self) }
    #expect(matched?.contains("Subject: here") == true && traced.trace.first?.score == 1)
  }

  @Test func costsOutliveAProgramThatHasToRunFirst() throws {
    let plan = plan(":0\n* ^Subject\n* ? true\n* ^To\ntag\n:0\n* ^X\ntag\n", programs: ["true"])
    var mail = TestMail()
    mail.tick = 1
    var run = RuleRun(plan)
    guard case .program = run.proceed(.message, asking: &mail) else {
      Issue.record("no program")
      return
    }
    run.answered(ProgramOutcome(status: 0))
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else { return }
    #expect(report.costs == [RuleCost(recipe: 0, nanoseconds: 3), RuleCost(recipe: 1, nanoseconds: 1)])
    #expect(report.effects.map(\.kind) == [.tag])
  }

  /// Negated it would hold for all mail as soon as the program is missing.
  @Test(arguments: ["? true", "! ? true"])
  func aProgramThatDidNotRunIsNoAnswer(condition: String) {
    let plan = plan(":0\n* \(condition)\ntag\n", programs: ["true"])
    var mail = TestMail()
    var run = RuleRun(plan)
    _ = run.proceed(.message, asking: &mail)
    run.answered(ProgramOutcome(status: nil))
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else { return }
    #expect(report.effects.isEmpty && report.unknowns.count == 1)
  }

  @Test func aDeadlineEndsTheRun() throws {
    var mail = TestMail()
    mail.tick = 10
    let searches = plan(String(repeating: ":0\n* ^Subject\nscore 1 A\n", count: 10))
    let report = try report(searches, mail) { $0.deadline = 45 }
    #expect(
      report.fault == .tooLong && report.effects.count == 2 && report.hits.count == 2, "the third is too late"
    )
    let last = try self.report(plan(":0\n* ^Subject\ndiscard\n"), mail) { $0.deadline = 20 }
    #expect(last.fault == .tooLong && last.verdict == nil, "an answer that came too late is none")
    let statements = plan(String(repeating: "A=1\n", count: 2000))
    #expect(try self.report(statements, mail) { $0.deadline = 20 }.fault == .tooLong)
    #expect(
      try self.report(statements, mail) { $0.deadline = 1000 }.fault == nil, "the clock is not asked often")
  }
}
