import Foundation
import TestSupport
import Testing

@testable import RuleLanguage

/// Each example of the page on the language is what it says.
@Suite struct DocumentationTests {
  private func examples(_ kind: String) throws -> [String] {
    let page = String(
      decoding: try readBytes(atPath: Repository.root + "/Sources/weir/Weir.docc/RuleLanguage.md"),
      as: UTF8.self)
    return page.components(separatedBy: "\n```\(kind)\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0] + "\n"
    }
  }

  @Test func theExamplesAreRules() throws {
    let examples = try examples("rc")
    #expect(examples.count >= 8)
    for example in examples {
      let file = RuleParser.parse(name: "example.rc", octets: example.utf8)
      #expect(file.problems.map(\.description) == [], "\(example)")
      #expect(!RulePlan(files: [file]).recipes.isEmpty)
    }
    for example in try self.examples("rc-wrong") {
      #expect(!RuleParser.parse(name: "example.rc", octets: example.utf8).isSound, "\(example)")
    }
  }

  @Test func theTablesAreComplete() throws {
    let page = String(
      decoding: try readBytes(atPath: Repository.root + "/Sources/weir/Weir.docc/RuleLanguage.md"),
      as: UTF8.self)
    for variable in GatewayVariable.allCases { #expect(page.contains("`\(variable.rawValue)`")) }
    for word in WeirAction.words { #expect(page.contains("`\(word)")) }
    for letter in RecipeFlags.letters { #expect(page.contains("`\(String(Unicode.Scalar(letter)))`")) }
    let left = GatewayVariable.allCases.filter { $0.stage == .recipient }.map(\.rawValue)
    let rows = page.components(separatedBy: "| At RCPT |")[1].components(separatedBy: "\n\n")[0]
    let first = rows.split(separator: "\n").dropFirst().compactMap { $0.split(separator: "|").first }.joined()
    #expect(left.allSatisfy { first.contains("`\($0)`") })
    #expect(GatewayVariable.allCases.filter { first.contains("`\($0.rawValue)`") }.count == left.count)
  }
}
