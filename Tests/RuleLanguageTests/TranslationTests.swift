import Patterns
import Testing

@testable import RuleLanguage

/// What PCRE2 finds of an expression's translation is what procmail's own dialect finds.
@Suite struct TranslationTests {
  private func translation(_ text: String, isCaseless: Bool = true) throws -> PerlTranslation {
    PerlTranslation(try Expression(ExpressionText(Array(text.utf8)), isCaseless: isCaseless))
  }

  @Test(arguments: [
    ("^Subject: a", #"\nsubject: a"#, true), ("a$b", #"a\nb"#, true), ("a.b[^c]", #"a[^\n]b[^\nCc]"#, true),
    ("^^a", #"\A\na"#, true), ("a^^", #"a\n\z"#, true), ("a*^^", #"(?!\n\z)(?:a*(?:\n\z|\A\n))"#, false),
    (#"\<a\>"#, #"[^0-9A-Z_a-z]a[^0-9A-Z_a-z]"#, true), ("(a|bc)*d+", "(?:a|bc)*d+", true), ("a*", "", true),
    (#"a\/b"#, "ab", true), (#"\.\\"#, #"\.\\"#, true), ("发", #"\xe5\x8f\x91"#, true),
    ("a|b c", "a|b c", true),
  ])
  func theTextIsPlain(_ text: String, _ expected: String, _ isExact: Bool) throws {
    let translation = try translation(text)
    #expect(translation.text == expected, "\(text)")
    #expect(translation.isScanExact == isExact, "\(text)")
    #expect(translation.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
  }

  @Test func generatedExpressionsAreFoundInTheSameAreas() throws {
    var generator = RuleGenerator(seed: 5)
    let areas = (0..<40).flatMap { _ -> [[UInt8]] in
      let mail = MailAreas(generator.message())
      return MessageArea.allCases.map { mail.octets(of: $0) } + [Array("aab".utf8), []]
    }
    var asked = 0
    var found = 0
    var inexact = 0
    for index in 0..<300 {
      let text =
        index % 40 == 0
        ? generator.chance.one(["^TO_ab", "^TOab", "^FROM_DAEMON", "^FROM_MAILER"])
        : generator.expression(captures: index % 5 == 0)
      let isCaseless = generator.chance.happens(70)
      guard let expression = try? Expression(ExpressionText(Array(text.utf8)), isCaseless: isCaseless),
        let automaton = Automaton(expression)
      else { continue }
      let perl = PerlTranslation(expression)
      let options: Patterns.Pattern.Options = perl.isCaseless ? .caseless : []
      let pattern = try Pattern(perl.text, options)
      let scan = try Pattern(perl.scanText, options)
      if !perl.isScanExact { inexact += 1 }
      var search = AutomatonSearch(automaton)
      for _ in 0..<12 {
        let area = generator.chance.one(areas)
        var budget = StepBudget(10_000_000)
        let ours = search.search(area.span, budget: &budget)
        #expect(ours != .unfinished)
        let theirs = pattern.firstMatch(in: PerlTranslation.framed(area).span)
        guard theirs != .unfinished else { continue }
        asked += 1
        if ours != .notFound { found += 1 }
        #expect(
          theirs.isFound == (ours != .notFound),
          "\(text.debugDescription) in \(String(decoding: area, as: UTF8.self).debugDescription): \(perl.text)"
        )
        let scanned = scan.firstMatch(in: PerlTranslation.framed(area).span)
        #expect(scanned.isFound || !theirs.isFound, "a scan misses \(text.debugDescription)")
        #expect(!perl.isScanExact || scanned.isFound == theirs.isFound)
      }
    }
    #expect(asked > 3000 && found > 500 && asked - found > 500 && inexact > 0, "\(asked) \(found) \(inexact)")
  }

  @Test func aSearchTakesTimeInProportion() throws {
    // Expressions with which engines that go back take for ever.
    for text in ["(a*)*b", "(a|a)*b", "(a+)+$^x", "((a?)(a?)(a?)(a?)(a?))*b", "(.*a)(.*a)(.*a)(.*a)c"] {
      let expression = try Expression(ExpressionText(Array(text.utf8)), isCaseless: true)
      let automaton = try #require(Automaton(expression))
      var search = AutomatonSearch(automaton)
      var budget = StepBudget(1 << 40)
      #expect(
        search.search([UInt8](repeating: UInt8(ascii: "a"), count: 3000).span, budget: &budget) == .notFound)
      let spent = 1 << 40 - budget.left
      #expect(spent <= 3100 * automaton.stateCount * 3, "\(text): \(spent)")
    }
  }

  @Test func expressionsHaveBounds() throws {
    let long = Array(String(repeating: "a", count: 16_385).utf8)
    #expect(throws: ExpressionError.self) { try Expression(ExpressionText(long), isCaseless: true) }
    let deep = Array((String(repeating: "(", count: 201) + String(repeating: ")", count: 201)).utf8)
    #expect(throws: ExpressionError.self) { try Expression(ExpressionText(deep), isCaseless: true) }
    let many = Array(String(repeating: "^FROM_DAEMON", count: 300).utf8)
    #expect(throws: ExpressionError.self) { try Expression(ExpressionText(many), isCaseless: true) }
  }

  @Test func macrosArePutInUnlessTheyAreEscaped() throws {
    func expanded(_ text: String, isQuoted: Bool = false) -> Bool {
      ExpressionMacros.expanded(ExpressionText(Array(text.utf8), isQuoted: isQuoted)).octets
        != Array(text.utf8)
    }
    #expect(expanded("^TO_a") && expanded("x(^TOa)") && expanded("^FROM_DAEMON") && expanded("^FROM_MAILER"))
    #expect(!expanded(#"\^TO_a"#) && !expanded("^FROM_") && !expanded("^TO_a", isQuoted: true))
    #expect(try translation("^FROM_DAEMON", isCaseless: false).isCaseless)
    #expect(try !translation("^FROM_MAILER", isCaseless: false).isCaseless)
  }
}
