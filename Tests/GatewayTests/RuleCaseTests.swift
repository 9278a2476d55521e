import Foundation
import RuleLanguage
import TestSupport
import Testing

@testable import weir

/// The shipped rules on their cases, and `weir test-rules` as it is built.
@Suite struct RuleCaseTests {
  private static let rules = Repository.root + "/Rules"

  private static let configuration = """
    hostname = "mx.example.org"
    [relay]
    domains = ["example.org"]
    [[backend]]
    address = "127.0.0.1:10025"
    recipients = "any"
    """

  private struct Output: Decodable {
    struct File: Decodable {
      struct Failed: Decodable {
        struct Complaint: Decodable {
          struct Condition: Decodable {
            let file: String
            let line: Int
            let outcome: String
            let matched: String?
          }
          let text: String
          let conditions: [Condition]
        }
        let line: Int
        let expected: String
        let matched: [String]
        let complaints: [Complaint]
      }
      let file: String
      let cases: Int
      let failed: [Failed]
      let skipped: Int
    }
    let rules: Int
    let cases: Int
    let failed: Int
    let skipped: Int
    let files: [File]
    let without_case: [String]
    let without_match: [String]
    let without_spare: [String]
  }

  private func run(
    _ folder: String, _ more: [String] = [], in scratch: ScratchFolder, settings: String = ""
  ) throws -> CommandResult {
    try scratch.write("weir.toml", settings + Self.configuration)
    return try TestSupport.run(
      Gateway.binary(), ["test-rules", folder, "--config", scratch.path + "/weir.toml"] + more)
  }

  private func output(_ folder: String, _ more: [String] = [], in scratch: ScratchFolder) throws -> Output {
    let result = try run(folder, ["--json"] + more, in: scratch)
    return try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
  }

  // MARK: - What is shipped

  @Test func allShippedCasesHold() throws {
    let result = try run(Self.rules, in: try ScratchFolder("rule-cases"))
    #expect(result.succeeded, "\(result.output)\(result.errors)")
    let output = try output(Self.rules, in: try ScratchFolder("rule-cases"))
    #expect(output.failed == 0)
    #expect(output.cases > 200 && output.rules > 40)
    #expect(output.without_case + output.without_match + output.without_spare == [])
    #expect(output.files.count == output.files.filter { $0.cases > 0 }.count)
  }

  /// Two that must match and two that must not, for each rule.
  @Test func eachShippedRuleHasCasesBothWays() throws {
    var matched: [String: Int] = [:]
    var spared: [String: Int] = [:]
    var names: [String] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.rules).sorted() {
      let octets = name.hasSuffix(".md") ? [] : try readBytes(atPath: "\(Self.rules)/\(name)")
      if name.hasSuffix(".rc") {
        names += RulePlan(files: [RuleParser.parse(name: name, octets: octets)]).recipes.map(\.id)
      }
      guard name.hasSuffix(".case") else { continue }
      let (cases, problems) = RuleCaseParser.parse(file: name, octets: octets)
      #expect(problems.isEmpty)
      for one in cases {
        for rule in one.names.map(\.text) {
          if case .matches = one.expectation { matched[rule, default: 0] += 1 }
          if case .spares = one.expectation { spared[rule, default: 0] += 1 }
        }
        #expect(!one.title.isEmpty, "\(name):\(one.line)")
      }
    }
    #expect(names.count > 40)
    for name in names {
      #expect(matched[name] ?? 0 >= 2, "\(name) has too few cases that it must match")
      #expect(spared[name] ?? 0 >= 2, "\(name) has too few cases that it must not match")
    }
  }

  /// Each has a name and a comment, may be opted out of, and does nothing but add to the score, below the threshold of
  /// marking.
  @Test func noShippedRuleDecidesAlone() throws {
    var seen: Set<String> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.rules).sorted()
    where name.hasSuffix(".rc") {
      let octets = try readBytes(atPath: "\(Self.rules)/\(name)")
      let file = RuleParser.parse(name: name, octets: octets)
      #expect(file.problems.map(\.description) == [])
      let lines = String(decoding: octets, as: UTF8.self).components(separatedBy: "\n")
      for statement in file.statements {
        guard case .recipe(let recipe) = statement else { continue }
        let rule = try #require(recipe.name, "\(recipe.place)")
        #expect(seen.insert(rule).inserted, "\(rule) is there twice")
        #expect(recipe.isOptional && recipe.mode == .enforce, "\(rule)")
        #expect(!recipe.conditions.isEmpty, "\(rule)")
        let directive = lines[recipe.place.line - 2]
        #expect(directive.hasPrefix("# weir: name \(rule)"))
        let comment = lines[recipe.place.line - 3]
        #expect(comment.hasPrefix("# ") && !comment.hasPrefix("# weir:"), "\(rule) has no comment")
        guard case .weir(.score(let score, let label)) = recipe.action else {
          Issue.record("\(rule) does something else than to add to the score")
          continue
        }
        #expect(label == rule)
        #expect(score > 0 && score < 5, "\(rule): \(score)")
      }
    }
    #expect(seen.count > 40)
  }

  // MARK: - The command

  private static let own = """
    # weir: name LOTTERY_OWN
    :0
    * SUBJECT ?? lottery
    * ! FROM ?? @school\\.example
    score +2 LOTTERY_OWN

    # weir: name PASSED
    :0
    * SPF ?? pass
    score -1 PASSED

    :0
    * SUBJECT ?? unwatched
    tag
    """

  @Test func aCaseThatDoesNotHoldIsExplained() throws {
    let scratch = try ScratchFolder("rule-cases")
    try scratch.write("Rules/90-own.rc", Self.own)
    try scratch.write(
      "Rules/90-own.case",
      """
      --- matches LOTTERY_OWN : from the school
      from a@school.example

      From: A <a@school.example>
      Subject: Our lottery

      text
      --- spares LOTTERY_OWN : from somebody
      from a@b.example

      From: A <a@b.example>
      Subject: =?UTF-8?B?TG90dGVyeQ==?=

      text
      --- matches PASSED : SPF passes
      client 192.0.2.7
      from a@b.example
      dns b.example TXT "v=spf1 ip4:192.0.2.7 -all"

      From: A <a@b.example>
      Subject: hello

      text
      --- spares * : nobody is asked
      client 192.0.2.7
      from a@b.example

      From: A <a@b.example>
      Subject: hello

      text
      """)
    let output = try output("\(scratch.path)/Rules", in: scratch)
    #expect(output.cases == 4 && output.failed == 2 && output.rules == 3)
    let failed = try #require(output.files.first).failed
    #expect(failed.map(\.line) == [1, 8])
    let first = try #require(failed.first?.complaints.first)
    #expect(first.text == "LOTTERY_OWN does not match")
    #expect(first.conditions.map(\.outcome) == ["holds", "fails"])
    #expect(first.conditions.map(\.line) == [3, 4])
    #expect(first.conditions.first?.matched == "lottery")
    #expect(first.conditions.allSatisfy { $0.file == "90-own.rc" })
    #expect(failed.last?.matched == ["LOTTERY_OWN"])
    #expect(output.without_case == ["90-own.rc:12"])
    #expect(output.without_match == [])
    #expect(output.without_spare == ["PASSED"])

    let text = try run("\(scratch.path)/Rules", in: scratch)
    #expect(text.ending == .exited(1))
    #expect(text.output.contains("90-own.rc:4: fails: ! FROM ?? @school\\.example"))
    #expect(
      text.output.contains("90-own.case:8: spares LOTTERY_OWN : from somebody\n    LOTTERY_OWN matches"))
    #expect(text.output.hasSuffix("3 rules, 4 cases: 2 fail\n"))
  }

  @Test func whereItIsSentIsTold() throws {
    let scratch = try ScratchFolder("rule-cases")
    let message = "\n\nFrom: A <a@b.example>\nSubject: away\n\ntext\n"
    try scratch.write(
      "Rules/90-own.rc",
      ":0\n* SUBJECT ?? away\ncopy c@example.net\n\n:0\n* SUBJECT ?? away\nredirect x@example.net y@example.net\n"
    )
    try scratch.write(
      "Rules/90-own.case",
      "--- verdict redirect : anywhere\(message)--- verdict redirect Y@example.net, x@example.net : there\(message)"
        + "--- verdict copy c@example.net : a copy\(message)--- verdict accept : as weir scan says\(message)"
        + "--- verdict copy x@example.net : no copy\(message)"
        + "--- verdict redirect x@example.net extra junk : too many\(message)"
        + "--- verdict redirect : not this\n\nFrom: A <a@b.example>\nSubject: stays\n\ntext\n")
    let output = try output("\(scratch.path)/Rules", in: scratch)
    let failed = output.files.flatMap(\.failed)
    #expect(
      failed.map(\.expected) == [
        "verdict copy x@example.net", "verdict redirect x@example.net extra junk", "verdict redirect",
      ])
    #expect(
      failed.flatMap(\.complaints).map(\.text) == [
        "it is not copied to x@example.net: it is copied to c@example.net, the verdict is accept",
        "it is not redirected to extra, junk: it is redirected to x@example.net, y@example.net, the verdict is accept",
        "it is redirected to nobody, the verdict is accept",
      ])
  }

  @Test func aRuleThatIsOffSaysSo() throws {
    let scratch = try ScratchFolder("rule-cases")
    let message = "\n\nFrom: A <a@b.example>\nSubject: hello\n\ntext\n"
    try scratch.write(
      "Rules/90-own.rc",
      "# weir: name ONE, mode off\n:0\n* SUBJECT ?? hello\ntag\n# weir: name TWO\n:0\n* SUBJECT ?? hello\ntag\n"
    )
    try scratch.write(
      "Rules/90-own.case",
      "--- matches ONE : off\(message)--- matches TWO : on\(message)--- spares TWO : not\(message)"
        + "--- spares ONE, TWO : neither\(message)")
    let rules = "\(scratch.path)/Rules"
    let plain = try output(rules, in: scratch)
    let failed = plain.files.flatMap(\.failed)
    #expect(failed.map(\.line) == [1, 13, 19] && plain.skipped == 0)
    #expect(failed.first?.complaints.map(\.text) == ["ONE does not match: its mode is off"])
    // What the configuration switches off is not tried.
    let off = try run(rules, in: scratch, settings: "rules.off = [\"TWO\"]\n")
    #expect(off.ending == .exited(1))
    #expect(
      off.output.contains("90-own.case: 4 cases, 1 not as it should be, 2 skipped: rules.off has TWO"),
      "\(off)")
    #expect(off.output.hasSuffix("2 rules, 4 cases: 1 fail, 2 skipped\n"), "\(off)")
    // Another folder's rules are none that the configuration speaks of.
    let other = try run(rules, in: scratch, settings: "rules.off = [\"TWO\", \"ELSEWHERE\"]\n")
    #expect(other.ending == .exited(1), "\(other)")
  }

  @Test func casesOfUsersAndDomainsAreToThem() throws {
    let scratch = try ScratchFolder("rule-cases")
    let message = "\n\nFrom: A <a@b.example>\nSubject: hello\n\ntext\n"
    try scratch.write("Rules/50-all.rc", "# weir: name ALL, optional\n:0\n* SUBJECT ?? hello\nscore +1 ALL\n")
    try scratch.write("Rules/90-mine.rc", "# weir: name MINE\n:0\n* SUBJECT ?? hello\nscore +1 MINE\n")
    try scratch.write("Rules/50-all.case", "--- matches ALL : all\(message)")
    try scratch.write(
      "Rules/users/ada@example.org/a.rc", "# weir: name ADA\n:0\n* SUBJECT ?? hello\nscore +1 ADA\n")
    try scratch.write("Rules/users/ada@example.org/opt-out", "ALL\n")
    try scratch.write(
      "Rules/users/ada@example.org/a.case",
      "--- matches ADA : hers\(message)--- spares ALL : she opted out\(message)"
        + "--- matches ALL : another's\nto bob@example.org\(message)--- spares ADA : another's\nto bob@example.org\(message)"
    )
    try scratch.write("Rules/domains/example.net/d.rc", "# weir: name NET\n:0\n* SUBJECT ?? hello\ntag\n")
    try scratch.write(
      "Rules/domains/example.net/d.case",
      "--- matches NET : theirs\(message)--- verdict tag : marked\(message)--- verdict accept : another's\nto bob@example.org\(message)"
    )
    let all = try output("\(scratch.path)/Rules", in: scratch)
    #expect(all.failed == 0, "\(all.files)")
    #expect(all.cases == 8 && all.files.count == 3)
    // What is local is nothing that a shipped case speaks of.
    try scratch.write(
      "Rules/50-all.case", "--- spares * : none\n\nFrom: A <a@b.example>\nSubject: hello\n\ntext\n")
    let shipped = try output("\(scratch.path)/Rules", in: scratch)
    #expect(shipped.files.first?.failed.first?.complaints.map(\.text) == ["ALL matches"])
    let one = try output(
      "\(scratch.path)/Rules", ["--case", "\(scratch.path)/Rules/users/ada@example.org/a.case"], in: scratch)
    #expect(one.files.count == 1 && one.cases == 4 && one.failed == 0)
  }

  @Test(arguments: [
    (
      "--- matches LOTERY_OWN : x\n\na: b\n",
      "90-own.case:1:13: there is no rule 'LOTERY_OWN'; did you mean 'LOTTERY_OWN'?"
    ),
    (
      "--- spares * : x\nclient nowhere\n\na: b\n",
      "90-own.case:2:8: client takes an address such as 192.0.2.1"
    ),
    ("--- spares * : x\ndns a.example XYZ 1\n\na: b\n", "90-own.case:2:5: "),
    ("--- spares * : x\nnow yesterday\n\na: b\n", "90-own.case:2:5: now takes a time"),
    ("nothing\n", "90-own.case:1:1: no case begins here"),
  ])
  func aWrongCaseIsToldWithItsPlaceAndNothingIsRun(_ text: String, _ expected: String) throws {
    let scratch = try ScratchFolder("rule-cases")
    try scratch.write("Rules/90-own.rc", Self.own)
    try scratch.write("Rules/90-own.case", text)
    let result = try run("\(scratch.path)/Rules", in: scratch)
    #expect(result.ending == .exited(2))
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(expected), "\(result.errors)")
  }

  @Test func wrongRulesAreToldAndNothingIsRun() throws {
    let scratch = try ScratchFolder("rule-cases")
    try scratch.write("Rules/90-own.rc", ":0\nSUBJECT ?? x\ntag\n")
    let result = try run("\(scratch.path)/Rules", in: scratch)
    #expect(result.ending == .exited(2))
    #expect(result.errors.contains("90-own.rc:"), "\(result.errors)")
    #expect(try run("\(scratch.path)/nowhere", in: scratch).ending == .exited(2))
  }
}
