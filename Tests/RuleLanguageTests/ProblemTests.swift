import Foundation
@testable import RuleLanguage
import TestSupport
import Testing

/// What is wrong in a rule file is told with its place, the line, and the cure.
@Suite struct ProblemTests {
  struct Case: CustomTestStringConvertible {
    let title: String
    let file: String
    let expected: String
    var testDescription: String { title }
  }

  static func cases() throws -> [Case] {
    let path = Repository.root + "/Tests/RuleCases/problems.txt"
    let text = String(decoding: try readBytes(atPath: path), as: UTF8.self)
    return text.components(separatedBy: "\n=== ").dropFirst().map { block in
      let halves = block.components(separatedBy: "\n---\n")
      let lines = halves[0].split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return Case(
        title: String(lines[0]), file: lines.dropFirst().joined() + "\n",
        expected: halves.dropFirst().joined().trimmingCharacters(in: .newlines))
    }
  }

  private func said(_ text: String) -> String {
    RuleParser.parse(name: "", octets: text.utf8).problems
      .map { String($0.description.dropFirst()) }.joined(separator: "\n")
  }

  @Test func eachIsToldWordByWord() throws {
    let cases = try Self.cases()
    #expect(cases.count >= 80)
    for one in cases {
      #expect(said(one.file) == one.expected, "\(one.title)")
      #expect(!one.expected.isEmpty, "\(one.title): nothing is said")
    }
  }

  @Test func aTabIsOneColumnAndAWideCharacterTwoCells() {
    #expect(
      said(":0\n*\t发票代开 {2}\nspam\n")
        .hasPrefix(
          "2:8: error: '{2}' is not a quantifier here: it stands for itself\n    * 发票代开 {2}\n               ^~~"
        ))
  }

  @Test func linesOfWindowsAreReadAndReported() {
    let file = RuleParser.parse(name: "a.rc", octets: ":0\r\n* ^Subject: a\r\nspam\r\n".utf8)
    #expect(file.problems.map(\.message) == ["lines end in CR LF"])
    #expect(file.isSound && file.statements.count == 1)
  }

  @Test func aByteOrderMarkIsNoPartOfTheFirstLine() {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    let file = RuleParser.parse(
      name: "a.rc", octets: mark + "# weir: decoded\n:0\n* ^Subject: a\nspam\n".utf8)
    #expect(file.problems.isEmpty && file.isDecoded && file.statements.count == 1)
    let wrong = RuleParser.parse(name: "a.rc", octets: mark + ":0 Z\nspam\n".utf8)
    #expect(wrong.problems.first?.place.column == 4)
    #expect(!RuleParser.parse(name: "a.rc", octets: mark + mark + ":0\nspam\n".utf8).isSound)
  }

  @Test func longAndHostileLinesAreShownWithinBounds() {
    let long = String(repeating: "x", count: 5000) + "a{2}" + String(repeating: "y", count: 5000)
    let file = RuleParser.parse(name: "a.rc", octets: ":0\n* \(long)\u{202e}\u{1b}2J\nspam\n".utf8)
    #expect(file.problems.map(\.place.column) == [5004])
    #expect(file.problems.allSatisfy { $0.line.unicodeScalars.count <= 122 && $0.line.contains("a{2}") })
    #expect(file.problems.allSatisfy { $0.line.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
  }

  @Test func filesBeyondTheirBoundsAreRefused() {
    func messages(_ text: String, _ change: (inout RuleParserOptions) -> Void = { _ in }) -> [String] {
      var options = RuleParserOptions()
      change(&options)
      return RuleParser.parse(name: "a.rc", octets: text.utf8, options: options).problems.map(\.message)
    }
    #expect(messages(String(repeating: "#\n", count: 1 << 19)) == [])
    #expect(
      messages(String(repeating: "#\n", count: 1 << 19) + "#") == [
        "the file has 1048577 octets; 1048576 are the most"
      ])
    let recipes = String(repeating: ":0\n* a\nb\n", count: 10_000)
    #expect(messages(recipes) == [])
    #expect(messages(recipes + ":0\n* a\nb\n") == ["more than 10000 recipes"])
    func nested(_ depth: Int) -> String {
      String(repeating: ":0\n* a\n{\n", count: depth) + String(repeating: "}\n", count: depth)
    }
    #expect(messages(nested(64)) == [])
    #expect(messages(nested(65)).contains("blocks are nested deeper than 64"))
    #expect(messages(nested(20_000)) { $0.recipes = 1 << 20 }.contains("blocks are nested deeper than 64"))
    #expect(messages("X=\0") == ["a NUL stands here: this is no text"])
    #expect(
      messages(":0\n* " + String(repeating: "(", count: 100_000) + "\nb\n").contains(
        "brackets are nested deeper than 200"))
    #expect(messages("X=" + String(repeating: "${a-", count: 100_000)).count <= 1000)
  }
}
