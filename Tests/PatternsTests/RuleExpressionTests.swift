import Foundation
import Patterns
import TestSupport
import Testing

/// Expressions of public rule sets, over real mail.
@Suite struct RuleExpressionTests {
  struct Expression: Decodable, Sendable {
    let pattern: String
    let flags: String

    var member: PatternSet.Member {
      var options: Pattern.Options = []
      if flags.contains("i") { options.insert(.caseless) }
      if flags.contains("m") { options.insert(.multiline) }
      if flags.contains("s") { options.insert(.dotAll) }
      return PatternSet.Member((flags.contains("x") ? "(?x)" : "") + pattern, options)
    }
  }

  struct RuleCase: Decodable, Sendable, CustomStringConvertible {
    let rule: String
    let expect: Bool
    let text: String
    let pattern: String
    let flags: String
    var description: String { rule }
  }

  @Test(needsMaterial("rules/rule-tests.json")) func aRuleFindsWhatItsTestSays() throws {
    let cases = try Material.decode([RuleCase].self, from: "rules/rule-tests.json")
    let short = try Material.judge("rules/rule-tests", cases) { one -> String? in
      let member = Expression(pattern: one.pattern, flags: one.flags).member
      let set = try PatternSet([member])
      if let database = ScanDatabase.make(of: [member]) { set.adopt(database) }
      // The blanks between the words of the line that the case was cut from are none of its text.
      var answers = PatternAnswers(set, text: one.text.trimmingCharacters(in: .whitespaces))
      let answer = answers.isFound(0)
      return answer == (one.expect ? .found : .notFound) ? nil : "\(one.text): \(answer)"
    }
    #expect(short.isEmpty)
  }

  /// One in sixteen, for the library takes a second for twenty.
  @Test(needsMaterial("rules/regexes.json"), .timeLimit(.minutes(5)))
  func aScanOfRealMailSaysWhatMatchesSay() throws {
    let expressions = try Material.decode([Expression].self, from: "rules/regexes.json")
    var members: [PatternSet.Member] = []
    var refused: [PatternError] = []
    for (place, expression) in expressions.enumerated() {
      do {
        try Pattern.validate(expression.member.text, expression.member.options)
        if place.isMultiple(of: 16) { members.append(expression.member) }
      } catch { refused.append(error) }
    }
    // Each with its reason; what a rule set's extraction cut in two, and what is longer than the bound.
    for error in refused { #expect(!error.message.isEmpty && error.offset >= 0) }
    #expect(refused.count * 100 < expressions.count)

    let alone = try PatternSet(members, areKnown: true)
    let scanned = try PatternSet(members, areKnown: true)
    if let database = ScanDatabase.make(of: members) { #expect(scanned.adopt(database)) }
    var compared = 0
    for octets in try Self.mail(most: 12) {
      var first = PatternAnswers(alone, octets: octets)
      var second = PatternAnswers(scanned, octets: octets)
      for place in members.indices {
        let expected = first.isFound(place)
        // What PCRE2 gave up within its bounds a scan may know.
        guard expected != .unfinished else { continue }
        #expect(second.isFound(place) == expected, "\(members[place])")
        compared += 1
      }
      if ScanDatabase.library != nil { #expect(second.matches * 4 < first.matches) }
    }
    #expect(compared > members.count)
  }

  /// Some messages of the corpus, the same each time.
  private static func mail(most: Int) throws -> [[UInt8]] {
    let folder = "\(Material.folder)/corpus"
    let names = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).sorted()
    var mail: [[UInt8]] = []
    for name in names where mail.count < most && name.utf8.reduce(0, { $0 &* 31 &+ Int($1) }) % 13 == 0 {
      guard let octets = FileManager.default.contents(atPath: "\(folder)/\(name)"),
        (1000...20_000).contains(octets.count)
      else { continue }
      mail.append([UInt8](octets))
    }
    return mail
  }
}
