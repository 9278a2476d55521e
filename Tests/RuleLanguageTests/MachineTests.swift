import Testing

@testable import RuleLanguage

/// Knows what a test tells it, and remembers what it was asked.
struct TestMail: RuleEnvironment {
  var areas = MailAreas("Subject: invoice 77\nTo: a@b\n\nbody of it\n".utf8)
  var values: [GatewayVariable: RuleAnswer<[UInt8]?>] = [:]
  var lists: [String: Set<String>] = [:]
  var files: [String: String] = [:]
  var answers: [String: RuleAnswer<Bool>] = [:]
  /// What expressions of PCRE2 match, by their text.
  var matches: [String: RuleAnswer<RuleCaptures?>] = [:]
  var asked: [String] = []
  /// Goes on by so much each time it is looked at.
  var tick: UInt64 = 0
  private var clock: UInt64 = 0
  var now: UInt64 {
    mutating get {
      clock += tick
      return clock
    }
  }

  mutating func octets(of area: MessageArea, decoded: Bool) -> RuleAnswer<[UInt8]> {
    asked.append("\(area)\(decoded ? " decoded" : "")")
    return .known(areas.octets(of: area))
  }
  var messageSize: Int { areas.octets.count }
  mutating func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?> {
    asked.append(variable.rawValue)
    return values[variable] ?? .known(nil)
  }
  mutating func isFound(_ pattern: RulePattern) -> RuleAnswer<Bool>? { answers[pattern.text] }
  mutating func captures(of pattern: RulePattern, in octets: [UInt8]) -> RuleAnswer<RuleCaptures?> {
    asked.append("\(pattern.text) in \(String(decoding: octets, as: UTF8.self))")
    return matches[pattern.text] ?? .unknown("nobody said")
  }
  mutating func list(_ name: String, contains value: [UInt8]) -> RuleAnswer<Bool> {
    guard let list = lists[name] else { return .unknown("no list \(name)") }
    return .known(list.contains(String(decoding: value, as: UTF8.self)))
  }
  mutating func file(named name: [UInt8]) -> RuleFile? {
    files[String(decoding: name, as: UTF8.self)].map { RuleParser.parse(name: "dynamic", octets: $0.utf8) }
  }

  mutating func set(_ variable: GatewayVariable, _ text: String) {
    values[variable] = .known(Array(text.utf8))
  }
}

@Suite struct MachineTests {
  private func plan(_ text: String, _ others: [String: String] = [:]) -> RulePlan {
    RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8)]) { name in
      others[name].map { RuleParser.parse(name: name, octets: $0.utf8) }
    }
  }

  private func report(
    _ text: String, _ mail: TestMail = TestMail(), others: [String: String] = [:],
    _ change: (inout RuleRunOptions) -> Void = { _ in }
  ) throws -> RuleReport {
    var options = RuleRunOptions()
    change(&options)
    var mail = mail
    var run = RuleRun(plan(text, others), options: options)
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else {
      throw RuleFault.tooManySteps
    }
    return report
  }

  private func kinds(_ report: RuleReport) -> [RuleEffect.Kind] { report.effects.map(\.kind) }

  private func reply(_ code: Int?, _ enhanced: String?, _ text: String?) -> RefusalReply {
    RefusalReply(code: code, enhanced: enhanced, text: text)
  }

  // MARK: - Actions

  @Test func whatIsFinalEndsTheRules() throws {
    func verdict(_ action: String, _ flags: String = "") throws -> RuleVerdict? {
      try report(":0\(flags)\n* ^Subject: .*\\/77\n\(action)\n:0\nreject \"no more\"\n").verdict
    }
    let last = RuleVerdict.reject(reply(nil, nil, "no more"))
    #expect(try verdict("reject 554 5.7.1 \"no $MATCH here\"") == .reject(reply(554, "5.7.1", "no 77 here")))
    #expect(try verdict("defer") == .defer(reply(nil, nil, nil)))
    #expect(try verdict("discard") == .discard)
    #expect(try verdict("/dev/null") == .discard)
    #expect(try verdict("accept") == .accept)
    #expect(try verdict("stop") == .stop)
    #expect(try verdict("quarantine spam/$MATCH") == .quarantine(folder: "spam/77"))
    #expect(try verdict("quarantine") == .quarantine(folder: nil))
    #expect(try verdict("$HOME/mail/../spam/") == .quarantine(folder: "spam"))
    #expect(try verdict("/var/mail/spam") == .quarantine(folder: "spam"))
    #expect(try verdict("redirect a@b c@d") == .redirect(["a@b", "c@d"]))
    #expect(try verdict("! a@b") == .redirect(["a@b"]))
    for action in ["tag", "score +1 A", "header remove X", "copy a@b", "$NOTHING", "! $NOTHING"] {
      #expect(try verdict(action) == last, "\(action)")
    }
    for action in ["discard", "spam", "! a@b", "reject", "quarantine"] {
      #expect(try verdict(action, "c") == last, "\(action) with c")
    }
  }

  /// What a sender writes may choose a folder, and none of the gateway's own nor one of an odd name: it is held all the same.
  @Test(
    arguments: [
      ("lists", "lists"), ("lists/announce-2.a_b", "lists/announce-2.a_b"), ("Spam2", "Spam2"),
      ("/var/mail/lists", "lists"), ("a/../b", "a/b"), ("", nil), ("spam", nil), ("SPAM/x", nil),
      ("rules", nil), ("refused", nil), ("Refused/a", nil), ("undeliverable", nil), ("/x/undeliverable", nil),
      ("../../undeliverable", nil), ("a:b", nil), (".hidden", nil), ("a//.b", nil), ("\u{202e}x", nil),
      ("über", nil),
      (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
      (String(repeating: "x", count: 65), nil),
      ((1...4).map { _ in String(repeating: "x", count: 40) }.joined(separator: "/"), nil),
      ("a b", "a"),
    ] as [(String, String?)])
  func aSenderChoosesNoFolderOfTheGateways(_ value: String, _ expected: String?) throws {
    var mail = TestMail()
    mail.set(.helo, value)
    for action in ["quarantine $HELO", "quarantine \"$HELO\"", "$HELO"] {
      // Without quotes a blank divides words; with them it is part of the name, and no name has one.
      if value == "a b", action != "quarantine $HELO" { continue }
      if value.isEmpty, action == "$HELO" { continue }
      let report = try report(":0\n\(action)\n", mail)
      #expect(report.verdict == .quarantine(folder: expected), "\(action)")
      #expect(report.strayFolders.count == (expected == nil ? 1 : 0), "\(action): \(report.strayFolders)")
    }
    let copied = try report(":0 c\nquarantine $HELO\n", mail)
    #expect(kinds(copied) == [.quarantineCopy(folder: expected)])
  }

  /// What the rule itself writes out is the admin's own choice.
  @Test func whatIsWrittenOutIsTheAdminsChoice() throws {
    var mail = TestMail()
    mail.set(.helo, "refused")
    func folder(_ action: String) throws -> RuleVerdict? { try report(":0\n\(action)\n", mail).verdict }
    #expect(try folder("quarantine spam") == .quarantine(folder: "spam"))
    #expect(try folder("quarantine spam/$HELO") == .quarantine(folder: "spam/refused"))
    #expect(try folder("$HOME/Mail/spam/") == .quarantine(folder: "spam"))
    #expect(try folder("quarantine spam$NONE") == .quarantine(folder: nil))
    #expect(try folder("quarantine re$NONE/fused") == .quarantine(folder: "re/fused"))
    #expect(try folder("refused/$HELO") == .quarantine(folder: nil))
    #expect(try folder("$HOME/undeliverable") == .quarantine(folder: nil))
    #expect(RuleParser.parse(name: "a.rc", octets: ":0\nrules\n".utf8).isSound)
  }

  @Test func whatGoesOnLeavesItsEffects() throws {
    let report = try report(
      "LOG=\"one$NL\"\n:0\n* ^Subject: *\\/[a-z].*\n{\n:0\nscore +2.5 INVOICE\n:0\ntag\n:0\nheader add X-Why: $MATCH\r\n"
        + ":0\nheader replace Subject: \"[spam] $MATCH\"\n:0\nheader remove X-A\n:0\ncopy a@b\n:0 c\nspam/x\n:0 c\n! c@d\n}\n"
    )
    #expect(
      kinds(report) == [
        .log(Array("one".utf8)), .score(2.5, "INVOICE"), .tag, .addHeader("X-Why", "invoice 77"),
        .replaceHeader("Subject", "[spam] invoice 77"), .removeHeader("X-A"), .copy(["a@b"]),
        .quarantineCopy(folder: "spam/x"), .copy(["c@d"]),
      ])
    #expect(report.effects.dropFirst().allSatisfy { $0.rule != nil && !$0.isShadow })
    #expect(report.verdict == nil && report.hits.count == 9)
  }

  @Test func aHeaderOrAReplyTakesNoLineOfItsOwn() throws {
    let text = "A=\"x\ny\"\n:0\n* ^Subject\n{\n:0\nheader add X-A: $A\n:0\nreject \"a $A\"\n}\n"
    let report = try report(text)
    #expect(
      kinds(report) == [.addHeader("X-A", "x y")] && report.verdict == .reject(reply(nil, nil, "a x y")))
  }

  @Test func anExitCodeTurnsADeliveryIntoAReply() throws {
    func verdict(_ text: String) throws -> RuleVerdict? { try report(text).verdict }
    #expect(try verdict("EXITCODE=67\n:0\n/dev/null\n") == .reject(reply(550, "5.1.1", nil)))
    #expect(try verdict("EXITCODE=77\nHOST=none\n:0\naccept\n") == .reject(reply(550, "5.7.1", nil)))
    #expect(try verdict("EXITCODE=75\n:0\n/dev/null\n") == .defer(reply(451, "4.3.0", nil)))
    #expect(try verdict("EXITCODE=1\n:0\n/dev/null\n") == .defer(reply(451, "4.3.0", nil)))
    #expect(try verdict("EXITCODE=0\n:0\n/dev/null\n") == .discard)
    #expect(try verdict("EXITCODE=67\n:0\naccept\n") == .accept)
    let kept = try report("EXITCODE=77\n:0\nspam\n")
    #expect(
      kept.verdict == .reject(reply(550, "5.7.1", nil)) && kinds(kept) == [.quarantineCopy(folder: "spam")])
    #expect(try verdict("HOST=mx\n:0\naccept\n") == .discard)
    #expect(try report("HOST=mx\n:0\naccept\n") { $0.hostName = "mx" }.verdict == .accept)
  }

  // MARK: - Modes and clones

  @Test func aRuleInShadowIsOnlyTold() throws {
    let report = try report(
      "# weir: name A, mode shadow\n:0\n* ^Subject\nreject \"no\"\n# weir: name B, mode shadow\n:0\n* ^Subject\nscore 5 X\n"
        + "# weir: name C, mode shadow\n:0\n* ^Subject\n{\nV=1\n:0\nscore 1 Y\n:0\ndiscard\n:0\ntag\n}\n"
        + "# weir: name D, mode off\n:0\ndiscard\n:0 E\nscore 7 Z\n:0\n* V ?? 1\ndiscard\n")
    #expect(
      report.effects.map { "\($0.rule?.id ?? "-") \($0.isShadow)" } == [
        "A true", "B true", "a.rc:14 true", "a.rc:16 true", "a.rc:24 false",
      ])
    #expect(
      kinds(report) == [
        .verdict(.reject(reply(nil, nil, "no"))), .score(5, "X"), .score(1, "Y"), .verdict(.discard),
        .score(7, "Z"),
      ])
    #expect(report.verdict == nil)
    #expect(report.hits.map(\.isShadow) == [true, true, true, true, true, false])
  }

  @Test func aCloneHasCopiesToMakeAndNothingElse() throws {
    let report = try report(
      "V=1\n:0 c\n* ^Subject\n{\nV=2\n:0\nscore 1 A\n:0\n* V ?? 2\nspam\n}\nLOG=$V\n:0 A\naccept\n")
    #expect(kinds(report) == [.quarantineCopy(folder: "spam"), .log([UInt8(ascii: "1")])])
    #expect(report.verdict == .accept)
    // A clone that delivers nowhere runs on behind its block, as its parent does.
    let second = try self.report(":0 c\n{\nLOG=in\n}\nLOG=out\n")
    #expect(kinds(second) == [.log(Array("in".utf8)), .log(Array("out".utf8)), .log(Array("out".utf8))])
  }

  // MARK: - What is asked

  @Test func whatNobodyKnowsFails() throws {
    var mail = TestMail()
    mail.values[.spf] = .unknown("DNS did not answer")
    for condition in [
      "SPF ?? fail", "! SPF ?? fail", "IN(none) ?? SENDER", "! IN(none) ?? $HELO", "SPF ?? > 1",
    ] {
      mail.set(.sender, "a@b")
      mail.set(.helo, "h")
      let report = try report(":0\n* \(condition)\ndiscard\n", mail)
      #expect(report.verdict == nil, "\(condition)")
      #expect(report.unknowns.map(\.place.line) == [2], "\(condition)")
    }
    let scored = try report(":0\n* 5^0 SPF ?? fail\n* 1^0\n{ LOG=$= }\n", mail)
    #expect(
      kinds(scored) == [.log([UInt8(ascii: "1")])] && scored.unknowns.map(\.reason) == ["DNS did not answer"])
  }

  @Test func gatewayVariablesAreHiddenByAssignments() throws {
    var mail = TestMail()
    mail.set(.subject, "decoded")
    #expect(try report(":0\n* SUBJECT ?? decoded\ndiscard\n", mail).verdict == .discard)
    #expect(try report("SUBJECT=own\n:0\n* SUBJECT ?? ^^own^^\ndiscard\n", mail).verdict == .discard)
    #expect(try report("SUBJECT\n:0\n* SUBJECT ?? ^^^^\ndiscard\n", mail).verdict == .discard)
    #expect(
      kinds(try report("LOG=\"$SUBJECT ${SUBJECT:+s} ${CC-none}\"\n", mail)) == [
        .log(Array("decoded s none".utf8))
      ])
  }

  @Test func listsAreAskedLineByLine() throws {
    var mail = TestMail()
    mail.lists = ["bad": ["x.example", "y.example"]]
    mail.set(.hosts, "a.example\ny.example\n")
    mail.set(.helo, "y.example")
    #expect(try report(":0\n* IN(bad) ?? HOSTS\ndiscard\n", mail).verdict == .discard)
    #expect(try report(":0\n* ! IN(bad) ?? HOSTS\ndiscard\n", mail).verdict == nil)
    #expect(try report(":0\n* IN(bad) ?? ${HELO}\ndiscard\n", mail).verdict == .discard)
    #expect(try report(":0\n* IN(bad) ?? x.$HELO\ndiscard\n", mail).verdict == nil)
    #expect(try report(":0\n* 3^0 IN(bad) ?? HELO\n{ LOG=$= }\n", mail).effects.count == 1)
  }

  @Test func anEngineAnswersForThePlansPatterns() throws {
    let text =
      "# weir: decoded\n:0\n* ^Subject: never\n* B ?? ! no\n* TEXT ?? ^^a\n* ^TO_a@b\n* ^Subject: *\\/.*\ndiscard\n:0\n* ^Subject: never\ntag\n"
    let plan = plan(text)
    #expect(plan.patterns.map(\.text) == ["^Subject: never", "no", "^^a", "^TO_a@b", "^Subject: *\\/.*"])
    #expect(plan.patterns.map(\.id) == [0, 1, 2, 3, 4])
    #expect(
      plan.patterns[0].view == .area(.header, decoded: true) && plan.patterns[2].view == .variable(.text))
    var mail = TestMail()
    mail.answers = [
      "^Subject: never": .known(true), "no": .known(false), "^^a": .known(true), "^TO_a@b": .known(true),
    ]
    var run = RuleRun(plan)
    guard case .finished(let report) = run.proceed(.message, asking: &mail) else { return }
    #expect(report.verdict == .discard)
    #expect(mail.asked == ["header decoded"], "only MATCH needs the octets: \(mail.asked)")
    mail.answers["^TO_a@b"] = .unknown("over its budget")
    #expect(try self.report(text, mail).unknowns.map(\.reason) == ["over its budget"])
  }

  // MARK: - Files

  @Test func filesAreIncludedInPlace() throws {
    let others = [
      "b": "LOG=b\n:0\n* ^Subject\n{ V=2 }\n", "c": "LOG=c\n:0\nstop\n", "self": "LOG=s\nINCLUDERC=self\n",
    ]
    let report = try report(
      "LOG=a\nINCLUDERC=b\n:0 A\n{ LOG=$V }\nINCLUDERC=none\nSWITCHRC=c\nLOG=never\n", others: others)
    #expect(kinds(report) == ["a", "b", "2", "c"].map { .log(Array($0.utf8)) } && report.verdict == .stop)
    let plan = plan("INCLUDERC=none\n")
    #expect(plan.problems.map(\.message) == ["there is no file 'none'"])
    let circle = self.plan("INCLUDERC=self\n", others)
    #expect(circle.problems.map(\.severity) == [.error])
    #expect(circle.problems.first?.message.contains("include itself") == true)
    #expect(try self.report("INCLUDERC=self\n", others: others).effects.count == 1)
    let chain = Dictionary(
      uniqueKeysWithValues: (0..<20).map { ("d\($0)", "LOG=s\nINCLUDERC=d\($0 + 1)\n") })
    let deep = try self.report("INCLUDERC=d0\n", others: chain)
    #expect(deep.fault == .includedTooDeep && deep.effects.count == 16)
    #expect(kinds(try self.report("SWITCHRC\nLOG=a\nSWITCHRC=\nLOG=b\n")) == [.log(Array("a".utf8))])
    // And what was passed over is told where somebody asks why.
    func switched(_ text: String, _ mail: TestMail = TestMail()) throws -> [String] {
      try self.report(text, mail, others: others) { $0.keepsTrace = true }.trace.compactMap { trace in
        guard case .switched(let file) = trace.outcome else { return nil }
        return "\(trace.rule.id) \(file ?? "-")"
      }
    }
    #expect(try switched("LOG=a\n:0\n* ^Subject\n{\nSWITCHRC=\n}\nLOG=b\n") == ["a.rc:5 -"])
    #expect(try switched("SWITCHRC=c\n") == ["a.rc:1 c"])
    #expect(try switched("LOG=a\nX=\nSWITCHRC=$X\n") == ["a.rc:3 -"])
    #expect(try switched("SWITCHRC=none\nSWITCHRC\n") == [])
  }

  @Test func filesAreNamedAtRunTimeToo() throws {
    var mail = TestMail()
    mail.files = ["x-a@b": "LOG=\"in $V\"\nW=3\n:0\n* NEW ?? ^^^^\n{ LOG=n }\n"]
    mail.set(.recipient, "a@b")
    let report = try report(
      "V=1\nINCLUDERC=x-$RECIPIENT\nLOG=$W\nINCLUDERC=y$V\nSWITCHRC=x-$RECIPIENT\nLOG=never\n", mail)
    #expect(kinds(report) == ["in 1", "n", "3", "in 1", "n"].map { .log(Array($0.utf8)) })
  }

  // MARK: - Bounds and traces

  @Test func aRunHasBounds() throws {
    let long = try report("A=xxxxxxxxxxxxxxxx\nA=$A$A$A$A\nA=$A$A$A$A\nLOG=$PROCMAIL_OVERFLOW\n") {
      $0.valueLength = 100
    }
    #expect(kinds(long).last == .log(Array("yes".utf8)))
    let slow = try report(":0\n* B ?? (b|o|d|y)*x\ndiscard\n:0\nstop\n") { $0.steps = 10 }
    #expect(slow.unknowns.map(\.reason) == ["more work than a message is worth"] && slow.verdict == .stop)
    let short = try report(String(repeating: "A=1\n", count: 50)) { $0.statements = 20 }
    #expect(short.fault == .tooManySteps)
  }

  @Test func aTraceTellsWhy() throws {
    let report = try report(
      "# weir: name INVOICE\n:0\n* ^Subject:.*invoice\n* B ?? ! money\n* 2^1 77\nreject \"no\"\n"
    ) { $0.keepsTrace = true }
    let trace = try #require(report.trace.first)
    #expect(trace.rule.id == "INVOICE" && trace.outcome == .matched && trace.score == 2)
    #expect(trace.conditions.map(\.text) == ["^Subject:.*invoice", "B ?? ! money", "2^1 77"])
    #expect(trace.conditions.map(\.outcome) == [.holds, .holds, .scored(2)])
    #expect(trace.conditions[0].matched == Array("Subject: invoice".utf8))
    #expect(report.decidedBy?.place.description == "a.rc:2:1")
  }

  @Test func powersAreExactEnough() {
    #expect(Score.power(3, 4) == 81 && Score.power(2, -1) == 0.5 && Score.power(9, 0.5) == 3)
    #expect(Score.power(0, 0) == 1 && Score.power(0, 2) == 0 && Score.power(-2, 3) == -8)
    #expect(Score.power(-2, 0.5).isNaN && Score.power(2, 5000) == .infinity && Score.power(0.5, 5000) == 0)
    #expect(abs(Score.power(10, 0.3) - 1.995_262_314_968_879_5) < 1e-13)
    #expect(abs(Score.power(7.25, 1.7) - 29.004_8) < 0.01)
  }
}
