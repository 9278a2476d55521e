import Filtering
import Foundation
import RuleLanguage

/// What came of all cases, for people and as JSON.
struct RuleCaseReport {
  let folder: RuleCaseFolder
  let results: [(file: String, results: [RuleCaseResult])]

  /// Bound: rules without cases that are named.
  private static let mostNamed = 50

  private var all: [RuleCaseResult] { results.flatMap(\.results) }
  var failures: Int { all.count { !$0.holds } }
  private var skipped: Int { all.count { !$0.skippedFor.isEmpty } }

  /// Rules that no case wants to match, and that none wants not to, in the order of the rules; none where only some of
  /// the cases were run.
  private var uncovered: (either: [String], unmatched: [String], unspared: [String]) {
    if folder.isPartial { return ([], [], []) }
    var matched: Set<String> = []
    var spared: Set<String> = []
    for one in all.map(\.one) {
      switch one.expectation {
      case .matches(let names): matched.formUnion(names.map(\.text))
      case .spares(let names): spared.formUnion(names?.map(\.text) ?? [])
      case .verdict, .sends: break
      }
    }
    var ids: [String] = []
    for rule in folder.rules where !ids.contains(rule.id) { ids.append(rule.id) }
    return (
      ids.filter { !matched.contains($0) && !spared.contains($0) },
      ids.filter { !matched.contains($0) && spared.contains($0) },
      ids.filter { matched.contains($0) && !spared.contains($0) }
    )
  }

  // MARK: - Text

  func lines() -> [String] {
    var lines: [String] = []
    for (file, results) in results {
      let failed = results.filter { !$0.holds }
      let count = Self.count(results.count, "case")
      let off = Set(results.flatMap(\.skippedFor)).sorted()
      let skipped = results.count { !$0.skippedFor.isEmpty }
      let note = off.isEmpty ? "" : ", \(skipped) skipped: rules.off has \(off.joined(separator: ", "))"
      lines.append(
        "\(SafeText.line(file)): \(count), \(failed.isEmpty ? "all as they should be" : "\(failed.count) not as it should be")\(note)"
      )
      for result in failed { show(result, &lines) }
    }
    let uncovered = uncovered
    name(uncovered.either, "without a case", &lines)
    name(uncovered.unmatched, "without a case that must match", &lines)
    name(uncovered.unspared, "without a case that must not match", &lines)
    let rules = Self.count(Set(folder.rules.map(\.id)).count, "rule")
    lines.append(
      "\(rules), \(Self.count(all.count, "case")): \(failures == 0 ? "all hold" : "\(failures) fail")\(skipped == 0 ? "" : ", \(skipped) skipped")"
    )
    return lines
  }

  private static func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }

  private func name(_ ids: [String], _ words: String, _ lines: inout [String]) {
    guard !ids.isEmpty else { return }
    let named = ids.prefix(Self.mostNamed).joined(separator: ", ")
    let rest = ids.count > Self.mostNamed ? " and \(ids.count - Self.mostNamed) more" : ""
    lines.append("\(words): \(named)\(rest)")
  }

  private func show(_ result: RuleCaseResult, _ lines: inout [String]) {
    let one = result.one
    lines.append(
      "  \(SafeText.line(one.file)):\(one.line): \(SafeText.line(one.text)) : \(SafeText.line(one.title))")
    for complaint in result.complaints {
      lines.append("    \(SafeText.line(complaint.text))")
      for condition in complaint.trace?.conditions ?? [] { lines.append("      \(Self.text(condition))") }
    }
    let matched = result.matched.isEmpty ? "nothing" : result.matched.joined(separator: ", ")
    lines.append("    what matches: \(matched)")
  }

  /// `20-invoices.rc:14: fails: * SUBJECT ?? …`
  private static func text(_ condition: RuleTrace.Condition) -> String {
    var text = "\(condition.place.fileAndLine): "
    switch condition.outcome {
    case .holds, .fails: text += condition.word
    case .unknown(let why): text += "nobody knows (\(SafeText.line(why, most: 100)))"
    case .scored(let score): text += "adds \(Score.text(score))"
    }
    text += ": " + SafeText.line(condition.text, most: 120)
    if let matched = condition.matchedText { text += "  “\(SafeText.line(matched, most: 80))”" }
    return text
  }

  // MARK: - JSON

  struct Output: Encodable {
    struct File: Encodable {
      let file: String
      let cases: Int
      let failed: [Failed]
      let skipped: Int
    }

    struct Failed: Encodable {
      let line: Int
      let expected: String
      let title: String
      let matched: [String]
      let verdict: String
      let score: Double
      let complaints: [Complaint]
    }

    struct Complaint: Encodable {
      let text: String
      let conditions: [Condition]
    }

    struct Condition: Encodable {
      let file: String
      let line: Int
      let text: String
      let outcome: String
      let matched: String?
    }

    let rules: Int
    let cases: Int
    let failed: Int
    /// Not run: rules that the configuration switches off.
    let skipped: Int
    let files: [File]
    let without_case: [String]
    let without_match: [String]
    let without_spare: [String]
  }

  var output: Output {
    let uncovered = uncovered
    return Output(
      rules: Set(folder.rules.map(\.id)).count, cases: all.count, failed: failures,
      skipped: skipped,
      files: results.map { file, results in
        Output.File(
          file: file, cases: results.count, failed: results.filter { !$0.holds }.map(Self.failed),
          skipped: results.count { !$0.skippedFor.isEmpty })
      },
      without_case: uncovered.either, without_match: uncovered.unmatched, without_spare: uncovered.unspared)
  }

  private static func failed(_ result: RuleCaseResult) -> Output.Failed {
    Output.Failed(
      line: result.one.line, expected: result.one.text, title: result.one.title, matched: result.matched,
      verdict: result.verdict.rawValue, score: result.score,
      complaints: result.complaints.map { complaint in
        Output.Complaint(
          text: complaint.text,
          conditions: (complaint.trace?.conditions ?? []).map {
            Output.Condition(
              file: $0.place.file, line: $0.place.line, text: $0.text, outcome: $0.word,
              matched: $0.matchedText)
          })
      })
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(output), as: UTF8.self)
  }
}
