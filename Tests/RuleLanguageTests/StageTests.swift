import Testing

@testable import RuleLanguage

/// What is decided at RCPT, and what waits for the message.
@Suite struct StageTests {
  private func plan(_ text: String) -> RulePlan {
    RulePlan(files: [RuleParser.parse(name: "a.rc", octets: text.utf8)])
  }

  @Test(arguments: [
    ("* SENDER ?? @bad", "discard", true), ("* IN(friends) ?? CLIENT_IP", "accept", true),
    ("* SPF ?? fail", "reject \"$SENDER\"", true),
    ("* 3^0 HELO ?? x", "score 1 A", true), ("* RECIPIENT ?? > 3", "discard", true), ("", "{ V=1 }", true),
    ("* SENDER ?? $ ^$HELO", "discard", true), ("* SENDER ?? ()\\/a", "reject \"$MATCH\"", true),
    ("* ^Subject", "discard", false), ("* < 1000", "discard", false), ("* B ?? x", "discard", false),
    ("* SUBJECT ?? x", "discard", false),
    ("* RECIPIENTS ?? x", "discard", false), ("* SCORE ?? 5", "discard", false),
    ("* SENDER ?? x", "reject \"$SUBJECT\"", false),
    ("* DKIM ?? fail", "discard", false), ("* $ ^$SENDER", "discard", false),
    ("* SENDER ?? $ ^$SUBJECT", "discard", false),
    ("* ? true", "discard", false), ("* IN(friends) ?? $TO", "discard", false),
    ("* SENDER ?? x\n* B ?? y", "discard", false),
    ("* 2^0", "discard", false),
  ])
  func aRecipeWaitsForWhatItAsks(_ conditions: String, _ action: String, _ isEarly: Bool) {
    let text = ":0\n\(conditions.isEmpty ? "" : conditions + "\n")\(action)\n"
    #expect(plan(text).recipes.map(\.stage) == [isEarly ? .recipient : .message], "\(text)")
  }

  /// Who asks at RCPT though nothing is decided there has the same at the end of the message.
  @Test func whatWaitsAltogetherRunsAtTheMessage() {
    let text = "A=1\n:0\n* ^Subject\n{ V=$A }\n:0\n* V ?? 1\ntag\n"
    #expect(!plan("X=$SUBJECT\n:0\n* ^Subject\ntag\n").hasRecipientStage)
    for text in [text, "X=$SUBJECT\n:0\n* ^Subject\ntag\n", ":0\n* ^Subject\ntag\n", "\n"] {
      let (early, late) = both(text, TestMail())
      #expect(early?.effects.isEmpty == true, "\(text)")
      #expect(late?.effects.map(\.kind) == (text == "\n" ? [] : [.tag]), "\(text)")
    }
  }

  @Test func aRecipeWaitsForWhatItHangsOn() {
    func stages(_ text: String) -> String {
      plan(text).recipes.map { $0.stage == .recipient ? "r" : "m" }.joined()
    }
    let early = "* SENDER ?? a\n"
    let late = "* ^Subject\n"
    #expect(stages(":0\n\(late){ }\n:0 A\n\(early)discard\n") == "mm")
    #expect(stages(":0\n\(late){ }\n:0 E\n\(early)discard\n") == "mm")
    #expect(
      stages(":0\n\(early){ }\n:0 E\n\(late)discard\n:0 E\ntag\n:0\n\(early)tag\n:0 A\ntag\n") == "rmmrr")
    #expect(stages(":0\n\(late){\n:0\n\(early)discard\n}\n:0\n\(early)discard\n") == "mmr")
    #expect(stages(":0\n\(early){\n:0\n\(late)discard\n:0\n\(early)tag\n}\n:0 A\ntag\n") == "rmrr")
    #expect(stages("A=$SUBJECT\n:0\n* A ?? x\ndiscard\nA=$SENDER\n:0\n* A ?? x\ndiscard\n") == "mr")
    #expect(stages(":0\n\(late){ A=1 }\n:0\n* A ?? 1\ndiscard\n") == "mm")
    #expect(stages(":0\n\(early){ A=$SUBJECT }\n:0\n* A ?? 1\ndiscard\n") == "rm")
    #expect(
      stages(
        ":0\n* ^Subject: \\/.*\n{ }\n:0\n* MATCH ?? x\ntag\n:0\n* SENDER ?? @\\/.*\n{\n:0\n* MATCH ?? b\ntag\n}\n:0\n* MATCH ?? b\ntag\n"
      ) == "mmrrm")
    #expect(stages("INCLUDERC=$RECIPIENT.rc\n:0\n\(early)discard\n") == "m")
    #expect(stages("# weir: on message\n:0\n\(early)discard\n:0\n\(early)discard\n") == "mr")
    #expect(stages(":0 c\n\(early){\n:0\n\(early)spam\n}\n") == "mm")
    #expect(plan("# weir: on recipient\n:0\n\(late)discard\n").problems.map(\.line) == [":0"])
  }

  /// Runs both passes, and says what each of them left.
  private func both(_ text: String, _ mail: TestMail) -> (early: RuleReport?, late: RuleReport?) {
    var run = RuleRun(plan(text))
    var mail = mail
    guard case .finished(let early) = run.proceed(.recipient, asking: &mail) else { return (nil, nil) }
    #expect(!mail.asked.contains("header") && !mail.asked.contains("body"), "nobody has the message yet")
    guard case .finished(let late) = run.proceed(.message, asking: &mail) else { return (early, nil) }
    return (early, late)
  }

  private func logs(_ report: RuleReport?) -> [String] {
    (report?.effects ?? []).compactMap {
      if case .log(let octets) = $0.kind { String(decoding: octets, as: UTF8.self) } else { nil }
    }
  }

  @Test func anEnvelopeRuleDecidesBeforeTheMessage() {
    var mail = TestMail()
    mail.set(.sender, "a@bad")
    let text = ":0\n* ^Subject\naccept\n:0\n* SENDER ?? bad\nreject \"no\"\n"
    let (early, late) = both(text, mail)
    #expect(early?.verdict == .reject(RefusalReply(code: nil, enhanced: nil, text: "no")))
    #expect(late?.verdict == early?.verdict, "what is decided stays decided")
    mail.set(.sender, "a@good")
    let other = both(text, mail)
    #expect(other.early?.verdict == nil && other.late?.verdict == .accept)
  }

  @Test func theSecondPassSeesVariablesAsTheirPlaceHasThem() {
    var mail = TestMail()
    mail.set(.sender, "a@b")
    let text = """
      X=1
      LOG="e1 $X"
      :0
      * ^Subject
      { LOG="m1 $X" Y=late }
      X=2
      LOG="e2 $X"
      :0
      * SENDER ?? @\\/.*
      { Z=$MATCH LOG="e3 $Z"
        :0
        * ^Subject
        { LOG="m2 $X $Z" }
        :0 E
        { LOG="never" }
      }
      :0 A
      { LOG="e4" }
      :0 A
      * Y ?? late
      { LOG="m3 $Y $MATCH" }
      :0 E
      { LOG="never" }
      LOG="m4 $Y"
      """
    let (early, late) = both(text, mail)
    #expect(logs(early) == ["e1 1", "e2 2", "e3 b", "e4"])
    #expect(logs(late) == ["e1 1", "e2 2", "e3 b", "e4", "m1 1", "m2 2 b", "m3 late b", "m4 late"])
  }

  /// In one pass or in two, the same rules say the same, where nothing ends them.
  @Test func onePassAndTwoSayTheSame() {
    var generator = RuleGenerator(seed: 77)
    var mail = TestMail()
    mail.set(.sender, "aab@a.b")
    mail.set(.helo, "a.b c")
    for _ in 0..<150 {
      var text = "V=aab\nW=\"a.b\"\n"
      for index in 0..<12 {
        switch generator.chance.number(0...3) {
        case 0: text += generator.assignment("a\(index)")
        case 1: text += generator.probe("p\(index)")
        case 2:
          text += ":0\(generator.chance.one(["", "A", "E", "a", "e"]))\n"
          text +=
            "* \(generator.chance.one(["SENDER ?? ", "HELO ?? ", "! SENDER ??", "V ?? "]))\(generator.written(captures: true))\n"
          text += "{ \(RuleGenerator.log("s\(index) $MATCH"))R=Y }\n"
        default:
          text +=
            generator.chain("c\(index)").split(separator: "\n").filter { !$0.contains("|") }.joined(
              separator: "\n") + "\n"
        }
      }
      var whole = RuleRun(plan(text))
      var same = mail
      guard case .finished(let once) = whole.proceed(.message, asking: &same) else { continue }
      let (_, twice) = both(text, mail)
      guard once.verdict == nil, twice?.verdict == nil else { continue }
      #expect(
        Set(logs(once)) == Set(logs(twice)) && logs(once).count == logs(twice).count,
        "\(Set(logs(once)).symmetricDifference(logs(twice)))\n\(text)")
    }
  }
}
