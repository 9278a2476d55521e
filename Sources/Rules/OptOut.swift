internal import Bytes
internal import RuleLanguage

/// A file `opt-out`: rules of the admin's that do not count for a domain or a recipient, a rule's id or a file's name a
/// line, `#` before comments.
struct OptOut {
  static let name = "opt-out"

  /// Their places in the admin's plan.
  private(set) var skipped: Set<Int> = []
  private(set) var problems: [RuleBookProblem] = []

  init(_ text: [UInt8], file: String, of plan: RulePlan?) {
    let recipes = plan?.recipes ?? []
    for (index, line) in text.split(separator: .lineFeed, omittingEmptySubsequences: false).enumerated() {
      let entry = line.prefix { $0 != UInt8(ascii: "#") }.trimmed
      guard !entry.isEmpty else { continue }
      let name = String(decoding: entry, as: UTF8.self)
      let meant = recipes.indices.filter {
        recipes[$0].id == name || recipes[$0].reference.place.file == name
      }
      let free = meant.filter { recipes[$0].isOptional }
      skipped.formUnion(free)
      guard free.isEmpty else { continue }
      let column = entry.startIndex - line.startIndex + 1
      let (message, cure) =
        meant.isEmpty
        ? (
          "there is no rule and no file '\(name.printable(limit: 60))'",
          "weir rules list tells the ids; a file is named as in the folder of rules: 20-lottery.rc"
        )
        : (
          "nobody may opt out of '\(name.printable(limit: 60))'",
          "whoever owns the rule allows it by '# weir: optional' before the recipe"
        )
      let shown = String(decoding: line, as: UTF8.self).printable(limit: 120)
      let under =
        String(repeating: " ", count: column - 1) + "^" + String(repeating: "~", count: name.count - 1)
      problems.append(
        RuleBookProblem(
          isError: true,
          description:
            "\(file):\(index + 1):\(column): error: \(message)\n    \(shown)\n    \(under)\n  \(cure)"))
    }
  }
}
