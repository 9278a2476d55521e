import Bytes
@testable import RuleLanguage
import Testing

/// The parts of a rule file, typed and placed.
@Suite struct ParserTests {
  private func parse(_ text: String, programs: Set<String> = []) -> RuleFile {
    var options = RuleParserOptions()
    options.programs = programs
    return RuleParser.parse(name: "a.rc", octets: text.utf8, options: options)
  }

  private func recipes(_ text: String) -> [Recipe] {
    parse(text).statements.compactMap { if case .recipe(let recipe) = $0 { recipe } else { nil } }
  }

  private func body(_ condition: String) throws -> ConditionBody {
    try #require(recipes(":0\n* \(condition)\nfolder\n").first?.conditions.first?.body)
  }

  private func expression(_ condition: String) throws -> String {
    guard case .expression(let text) = try body(condition).test else { return "no expression" }
    return String(decoding: text.octets, as: UTF8.self)
  }

  @Test func aHeadHasANumberAndFlags() {
    #expect(recipes(":0 HBD\nx\n").first?.flags == [.header, .body, .distinguishCase])
    #expect(recipes(":0Bc:\nx\n").first?.flags == [.body, .copy])
    #expect(recipes(":0 W c : my.lock # why\nx\n").first?.lockFile == "my.lock")
    #expect(recipes(":0 A\n a E e\nx\n").first?.flags == .also)
  }

  @Test(arguments: [
    (":2\n^From: a\n^To: b\nx\n", ["^From: a", "^To: b"]), (":\n^From: a\nx\n", ["^From: a"]),
    (": A\nx\n", []), (":1\n* ^From: a\n* ^To: b\nx\n", ["^From: a", "^To: b"]),
  ])
  func theOldFormCountsItsConditions(_ text: String, _ expected: [String]) {
    let recipe = recipes(text).first
    #expect(recipe?.conditions.map(\.text) == expected)
    if case .mailbox(let name)? = recipe?.action {
      #expect(name == Template(text: "x"))
    } else {
      Issue.record("no mailbox")
    }
  }

  @Test func prefixesComeInAnyOrderAndRepeat() throws {
    #expect(try body("! ! ^a").isNegated == false)
    #expect(try body("!!! ^a").isNegated)
    let body = try body("-2.5^.5 ! SUBJECT ?? B ?? ! 7^1 ^x")
    #expect(body.weight == ConditionBody.Weight(weight: 7, exponent: 1))
    #expect(body.subject == .area(.body))
    #expect(!body.isNegated)
    #expect(try self.body("1 ^ 0 a").weight == ConditionBody.Weight(weight: 1, exponent: 0))
    #expect(try self.body("1e2^0 a").weight?.weight == 100)
    #expect(try self.body("BH ?? a").subject == .area(.whole))
    #expect(try self.body("H??a").subject == .area(.header))
    #expect(try self.body("MATCH ?? a").subject == .variable("MATCH"))
  }

  @Test(arguments: [
    ("^Subject: a", "^Subject: a"), ("1,5^0 a", "1,5^0 a"), (".*a", ".*a"), ("-x", "-x"),
    ("VAR ? a", "VAR ? a"),
    (#"\!a"#, "!a"), ("SUBJECT ?? 1^1", ""), ("!  a  ", "a"), ("IN(a) ? b", "IN(a) ? b"),
  ])
  func whatIsNoPrefixIsAnExpression(_ condition: String, _ expected: String) throws {
    #expect(try expression(condition) == expected)
  }

  @Test func continuedConditionsLoseTheBlanksOfTheNextLine() throws {
    #expect(try expression("^Subject:.*(a|\\\n \t b)") == "^Subject:.*(a|b)")
    #expect(recipes(":0\n* ^a\n\n  # between\n* ^b\nx\n").first?.conditions.map(\.text) == ["^a", "^b"])
  }

  @Test func listsAskForAVariableOrAText() throws {
    guard case .list("friends", .variable("SENDER")) = try body("! IN(friends) ?? SENDER").test else {
      Issue.record("no list")
      return
    }
    guard case .list("friends", .template(let text)) = try body("IN(friends) ?? ${A:-b}@c").test else {
      Issue.record("no list of a text")
      return
    }
    #expect(text.names == [.variable("A")])
  }

  @Test func actionsAreProcmailsAndWeirs() {
    func action(_ line: String) -> String {
      let file = parse(":0\n* a\n\(line)\n", programs: ["formail"])
      guard file.isSound, case .recipe(let recipe)? = file.statements.first else {
        return "unsound: \(file.problems.map(\.message))"
      }
      switch recipe.action {
      case .mailbox(let name): return "mailbox \(text(name))"
      case .forward(let addresses): return "forward \(text(addresses))"
      case .program(let command, let name): return "program \(command.text) into \(name ?? "-")"
      case .block(let inner): return "block of \(inner.count)"
      case .weir(let action): return words(action)
      }
    }
    #expect(action("spam") == "mailbox spam")
    #expect(action("./reject") == "mailbox ./reject")
    #expect(action("/dev/null") == "mailbox /dev/null")
    #expect(action("! a@b c@d") == "forward a@b|c@d")
    #expect(action("| formail -I X:") == "program  formail -I X: into -")
    #expect(action("V=| formail") == "program  formail into V")
    #expect(action("V = | formail") == "program  formail into V")
    #expect(action("{ A=1 B=2\n:0\nx\n}") == "block of 3")
    #expect(action("reject") == "reject - - -")
    #expect(action("reject 554 5.7.1 \"no $SUBJECT here\" # why") == "reject 554 5.7.1 no $SUBJECT here")
    #expect(action("defer 451 4.7.1 later") == "defer 451 4.7.1 later")
    #expect(action("defer \"4 p.m.\"") == "defer - - 4 p.m.")
    #expect(action("quarantine spam/cn") == "quarantine spam/cn")
    #expect(action("quarantine") == "quarantine -")
    #expect(action("score +2.5 INVOICE_CN") == "score 2.5 INVOICE_CN")
    #expect(action("score -1 GOOD # why") == "score -1.0 GOOD")
    #expect(action("header add X-Spam: yes # $SCORE") == "add X-Spam yes # $SCORE")
    #expect(action("header replace Subject: \"[spam] $SUBJECT\"") == "replace Subject [spam] $SUBJECT")
    #expect(action("header remove X-Spam") == "remove X-Spam")
    #expect(action("redirect a@b") == "redirect a@b")
    #expect(action("copy $ADMIN") == "copy $ADMIN")
    #expect(["discard", "accept", "tag", "stop"].map(action) == ["discard", "accept", "tag", "stop"])
  }

  private func words(_ action: WeirAction) -> String {
    func refusal(_ one: Refusal) -> String {
      "\(one.code.map(String.init) ?? "-") \(one.enhanced ?? "-") \(one.text.map(text) ?? "-")"
    }
    return switch action {
    case .reject(let one): "reject \(refusal(one))"
    case .defer(let one): "defer \(refusal(one))"
    case .quarantine(let folder): "quarantine \(folder.map(text) ?? "-")"
    case .score(let number, let name): "score \(number) \(name)"
    case .addHeader(let name, let value): "add \(name) \(text(value))"
    case .replaceHeader(let name, let value): "replace \(name) \(text(value))"
    case .removeHeader(let name): "remove \(name)"
    case .redirect(let addresses): "redirect \(text(addresses))"
    case .copy(let addresses): "copy \(text(addresses))"
    case .discard: "discard"
    case .accept: "accept"
    case .tag: "tag"
    case .stop: "stop"
    }
  }

  private func text(_ template: Template) -> String {
    template.pieces.map { piece in
      switch piece {
      case .text(let octets): String(decoding: octets, as: UTF8.self)
      case .value(.variable(let name), _): "$" + name
      case .wordEnd: "|"
      case .wordMark: ""
      default: "?"
      }
    }.joined()
  }

  @Test func directivesBelongToTheNextRecipe() throws {
    let file = parse(
      "# weir: decoded\n# weir: name INVOICE_CN, mode shadow\n:0\n* a\nx\n:0\n* b\ny\n# weir: on message\n:0\n* c\nz\n"
    )
    #expect(file.isDecoded && file.isSound)
    let all = recipes(
      "# weir: name INVOICE_CN, mode shadow\n:0\n* a\nx\n:0\n* b\ny\n# weir: on message\n:0\n* c\nz\n")
    #expect(all.map(\.id) == ["INVOICE_CN", "a.rc:5", "a.rc:9"])
    #expect(all.map(\.mode) == [.shadow, .enforce, .enforce])
    #expect(all.map(\.stage) == [nil, nil, .message])
    #expect(all.map(\.place.description) == ["a.rc:2:1", "a.rc:5:1", "a.rc:9:1"])
  }

  /// A file cut anywhere, and one whose octets are changed, is read to its end.
  @Test func anyOctetsAreRead() {
    let text = Array(
      "# weir: decoded\nA=\"x ${B:-`c`}\" D\n:0 HBc: l\n* ! $ 1^1 V ?? ^a(b|[^c])*\\/d$\n* IN(l) ?? X\n{ :0 E\n reject 550 5.7.1 \"${Z+\"y\"}\"\n }\n:0\nheader add X: $\\Y\n"
        .utf8)
    for end in 0...text.count {
      let file = RuleParser.parse(name: "a.rc", octets: text[..<end])
      #expect(file.problems.allSatisfy { $0.place.line >= 1 && $0.place.column >= 1 })
      for octet: UInt8 in [0x00, 0x0a, 0x20, 0x22, 0x24, 0x27, 0x5c, 0x60, 0x7b, 0x7d, 0xff]
      where end < text.count {
        var changed = text
        changed[end] = octet
        _ = RuleParser.parse(name: "a.rc", octets: changed)
      }
    }
  }
}
