import Patterns
import Testing

@testable import RuleLanguage

/// Where text is looked at, a character is one to an expression.
@Suite struct TextExpressionTests {
  private func match(_ text: String, in area: String, isText: Bool = true) throws -> String? {
    let expression = try Expression(
      ExpressionText(Array(("()\\/" + text).utf8)), isCaseless: true, isText: isText)
    var search = AutomatonSearch(try #require(Automaton(expression)))
    var budget = StepBudget(1 << 30)
    let octets = Array(area.utf8)
    guard case .found(_, let match?) = search.search(octets.span, budget: &budget) else { return nil }
    return String(decoding: octets[match], as: UTF8.self)
  }

  @Test(arguments: [
    ("发票?x", "a发x", "发x"), ("代.?开", "代一开", "代一开"), ("代.?开", "代开", "代开"), ("代.?开", "代一二开", nil),
    ("票+x", "票票票x", "票票票x"), ("[发票]+", "a发票发b", "发票发"), ("[发票]", "叕", nil), ("^^.^^", "é", "é"),
    ("^^..^^", "é", nil), ("^^.^^", "\u{10ffff}", "\u{10ffff}"), ("^^..^^", "a😀", "a😀"),
    ("[^发]x", "发x票x", "票x"),
    ("[^a]x", "axéx", "éx"), ("[^a]+b", "é票cab", nil), ("[一-龥]+", "ab发票cd", "发票"),
    ("[а-я]+", "ABприветCD", "привет"),
    ("[a-я]+", "!Zпz!", "Zпz"), ("\\<票\\>", "发票x", "\u{0}"), ("\\<x\\>", "票x发", "票x发"),
    ("a.*b", "a发票b", "a发票b"),
    ("\\票?y", "票y", "票y"), ("[]票]+", "]票]", "]票]"), ("É", "é", nil), ("é", "É", nil), ("(发|票)+", "发票", "发票"),
    ("[^\u{80}-\u{10ffff}]+", "发ab", "ab"), ("(a.)*b", "a发a票b", "a发a票b"),
  ])
  func charactersAreOneEach(_ text: String, _ area: String, _ expected: String?) throws {
    if expected == "\u{0}" {
      #expect(try match(text, in: area) == nil)
      return
    }
    #expect(try match(text, in: area) == expected)
  }

  @Test func octetsStayOctetsInWhatCame() throws {
    #expect(try match("发票?x", in: "发x", isText: false) == nil)
    #expect(try match("^^...^^", in: "发", isText: false) == "发")
  }

  @Test func conditionsSeeTextWhereTheFileDoesAndInVariables() throws {
    func verdict(_ rules: String, _ message: String) throws -> RuleVerdict? {
      var mail = TestMail()
      mail.areas = MailAreas(message.utf8)
      mail.set(.subject, "代一开")
      var run = RuleRun(RulePlan(files: [RuleParser.parse(name: "a.rc", octets: rules.utf8)]))
      guard case .finished(let report) = run.proceed(.message, asking: &mail) else { return nil }
      return report.verdict
    }
    let message = "Subject: 发a\n\n票\n"
    #expect(try verdict("# weir: decoded\n:0\n* ^Subject: .a$\ndiscard\n", message) == .discard)
    #expect(try verdict(":0\n* ^Subject: .a$\ndiscard\n", message) == nil)
    #expect(try verdict(":0\n* ^Subject: ...a$\ndiscard\n", message) == .discard)
    #expect(try verdict(":0\n* SUBJECT ?? ^^...^^\ndiscard\n", message) == .discard)
    #expect(try verdict("V=$SUBJECT\n:0\n* V ?? ^^.........^^\ndiscard\n", message) == .discard)
    #expect(try verdict("# weir: decoded\nV=$SUBJECT\n:0\n* V ?? ^^...^^\ndiscard\n", message) == .discard)
    #expect(try verdict("P=代.\n:0\n* SUBJECT ?? $ ^^$P.^^\ndiscard\n", message) == .discard)
    #expect(try verdict("# weir: decoded\n:0 B\n* 1^1 .\n* -1^0\ndiscard\n", message) == nil, "one character")
  }

  /// What all agree on: the automaton, PCRE2 with the translation, and PCRE2 with the expression as it stands.
  @Test func generatedExpressionsAreFoundInTheSameTexts() throws {
    var chance = SeededChance(12)
    let letters = ["a", "b", "B", " ", "é", "ß", "发", "票", "代", "😀", "\n"]
    func area(_ chance: inout SeededChance) -> String {
      (0..<chance.number(0...12)).map { _ in chance.one(letters) }.joined()
    }
    func element(_ depth: Int, _ chance: inout SeededChance) -> String {
      var text: String
      switch chance.number(0...9) {
      case 0...4: text = chance.one(letters.dropLast())
      case 5: text = "."
      case 6:
        text = chance.one(["[^a]", "[^发]", "[发票]", "[a-é]", "[^b-票]", "[代é]", "[一-龥]", "[^\u{7f}-\u{800}]"])
      case 7: text = chance.one(["$", "^"])
      default:
        text =
          depth > 0
          ? "(" + element(depth - 1, &chance) + element(depth - 1, &chance) + "|"
            + element(depth - 1, &chance) + ")" : "票"
      }
      return text + chance.one(["", "", "", "?", "+", "*"])
    }
    var found = 0
    var asked = 0
    for _ in 0..<400 {
      let text = (0..<chance.number(1...4)).map { _ in element(2, &chance) }.joined()
      let expression = try Expression(ExpressionText(Array(text.utf8)), isCaseless: true, isText: true)
      let perl = PerlTranslation(expression)
      let octets = try Pattern(perl.text, .caseless)
      let scan = try Pattern(perl.scanText, .caseless)
      let plain = text.replacing("^", with: "\n").replacing("[\n", with: "[^\n").replacing("$", with: "\n")
      // Octets alone fold A to Z alone.
      let characters = try Pattern("(?i)" + plain, .characters)
      var search = AutomatonSearch(try #require(Automaton(expression)))
      for _ in 0..<12 {
        let area = Array(area(&chance).utf8)
        let framed = PerlTranslation.framed(area)
        var budget = StepBudget(1 << 30)
        let ours = search.search(area.span, budget: &budget) != .notFound
        let theirs = octets.firstMatch(in: framed.span)
        guard theirs != .unfinished else { continue }
        asked += 1
        if ours { found += 1 }
        let shown = "\(text.debugDescription) in \(String(decoding: area, as: UTF8.self).debugDescription)"
        #expect(theirs.isFound == ours, "\(shown): \(perl.text)")
        #expect(scan.firstMatch(in: framed.span).isFound == ours || !perl.isScanExact, "\(shown)")
        // The line feed behind the area begins no match, and PCRE2 knows nothing of it.
        let whole = characters.firstMatch(in: framed.span)
        if case .found(let range) = whole, range.lowerBound == framed.count - 1 { continue }
        guard whole != .unfinished, !expression.isAlwaysFound, !text.contains("^^") else { continue }
        #expect(whole.isFound == ours, "\(shown) by character")
      }
    }
    #expect(asked > 3000 && found > 600 && asked - found > 600, "\(asked) \(found)")
  }
}
