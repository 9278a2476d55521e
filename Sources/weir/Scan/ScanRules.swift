import Bytes
import Filtering
import RuleLanguage

/// A rule as a scan tells of it: that it fired, what it does, and which conditions held on which words.
struct JudgedRule {
  let reference: RuleReference
  /// As it stands in the file; empty where the rule did not fire.
  let action: String
  let isShadow: Bool
  /// nil where nobody kept it.
  let trace: RuleTrace?

  var hasFired: Bool { !action.isEmpty }

  /// Those that fired, in their order.
  static func fired(_ scan: Scan) -> [JudgedRule] {
    scan.outcome.rules.flatMap { outcome in
      let traces = Dictionary(
        outcome.traces.filter { $0.outcome == .matched }.map { ($0.rule, $0) },
        uniquingKeysWith: { first, _ in first })
      return outcome.hits.map { hit in
        JudgedRule(
          reference: hit.rule, action: hit.action, isShadow: hit.isShadow, trace: traces[hit.rule])
      }
    }
  }

  /// Those that were judged and did not fire.
  static func silent(_ scan: Scan) -> [JudgedRule] {
    scan.outcome.rules.flatMap { outcome in
      outcome.traces.filter { $0.outcome != .matched }.map {
        JudgedRule(reference: $0.rule, action: "", isShadow: $0.isShadow, trace: $0)
      }
    }
  }
}

extension RuleTrace.Condition {
  /// `holds`, `fails`, `unknown`, `scored`.
  var word: String {
    switch outcome {
    case .holds: "holds"
    case .fails: "fails"
    case .unknown: "unknown"
    case .scored: "scored"
    }
  }

  /// The words on which it held; nil where there are none to be shown.
  var matchedText: String? {
    guard let matched, !matched.isEmpty else { return nil }
    return String(decoding: matched, as: UTF8.self)
  }
}

extension RuleTrace.Outcome {
  /// Why it was not judged, for people; nil where it was.
  var note: String? {
    switch self {
    case .skipped: "not its turn"
    case .off(byConfiguration: true): "off by [rules]"
    case .off(byConfiguration: false): "its mode is off"
    case .optedOut: "the recipient opted out of it"
    case .switched(to: nil): "SWITCHRC: the rest of this file is passed over"
    case .switched(let file?): "SWITCHRC: \(SafeText.line(file)) in place of the rest of this file"
    case .matched, .failed: nil
    }
  }
}

extension ScanReport {
  /// The rules that fired, each with the words on which its conditions held; with `--why` those that did not, too.
  func rules(_ page: inout ReportPage) {
    let fired = JudgedRule.fired(scan)
    if !fired.isEmpty {
      page.title("Rules that fired")
      for rule in fired { show(rule, &page) }
    }
    guard tellsWhy else { return }
    let silent = JudgedRule.silent(scan)
    if !silent.isEmpty {
      page.title("Rules that did not")
      for rule in silent { show(rule, &page) }
    }
    if fired.isEmpty, silent.isEmpty { page.title("No rule was judged") }
  }

  private func show(_ rule: JudgedRule, _ page: inout ReportPage) {
    let place = rule.reference.place.fileAndLine
    let name = rule.reference.id == place ? "" : "\(rule.reference.id)  "
    let shadow = rule.isShadow ? "  (in shadow: without effect)" : ""
    let state = rule.trace?.outcome.note.map { "  \($0)" } ?? ""
    page.item(
      SafeText.line("\(name)\(place)  \(rule.action)", most: 300) + shadow + (rule.hasFired ? "" : state),
      rule.hasFired && !rule.isShadow ? .strong : .faint)
    for condition in rule.trace?.conditions ?? [] {
      // What neither held nor failed is passed over.
      if case .scored(0) = condition.outcome, !tellsWhy { continue }
      let mark =
        switch condition.outcome {
        case .holds: "✓"
        case .fails: "✗"
        case .unknown: "?"
        case .scored: "±"
        }
      var words = "    \(mark) "
      if let matched = condition.matchedText { words += "“\(SafeText.line(matched, most: 120))”  " }
      words += SafeText.line(condition.text, most: isFull || tellsWhy ? 1000 : 100)
      switch condition.outcome {
      case .unknown(let why): words += "  (\(SafeText.line(why, most: 160)))"
      case .scored(let score): words += "  (\(Score.text(score)))"
      case .holds, .fails: break
      }
      page.item(words, rule.hasFired ? .plain : .faint)
    }
  }
}

extension ScanOutput {
  struct RuleOutput: Encodable {
    let file: String
    let line: Int
    let action: String
    /// Its name, else file:line.
    let id: String
    /// `enforce` or `shadow`.
    let mode: String
    let conditions: [ConditionOutput]

    struct ConditionOutput: Encodable {
      let text: String
      /// `holds`, `fails`, `unknown`, `scored`.
      let outcome: String
      /// What the expression matched, cut; null where nothing was searched or found.
      let matched: String?
    }

    init(_ rule: JudgedRule) {
      file = rule.reference.place.file
      line = rule.reference.place.line
      action = rule.action
      id = rule.reference.id
      mode = rule.isShadow ? "shadow" : "enforce"
      conditions = (rule.trace?.conditions ?? []).map {
        ConditionOutput(text: $0.text, outcome: $0.word, matched: $0.matchedText)
      }
    }
  }
}
