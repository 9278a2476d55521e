import RuleImport

/// An import of lines, for tests.
func imported(
  _ kind: ImportKind, _ text: String, name: String = "table", role: String? = nil, syntax: String? = nil
) -> ImportResult {
  Import.read(
    kind, name: name, text: Array(text.utf8), options: ImportOptions(role: role, syntax: syntax))
}

extension ImportResult {
  /// The lines of the one file whose name ends so, without comments and blank lines; empty where there is none.
  func rows(_ suffix: String) -> [String] {
    guard let file = files.first(where: { $0.name.hasSuffix(suffix) }) else { return [] }
    return file.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  /// The entries of a list.
  func entries(_ suffix: String) -> [String] {
    rows(suffix).map { String($0.prefix { $0 != " " }) }
  }

  /// The recipes of the rule file, each as its lines.
  var recipes: [[String]] {
    guard let file = files.first(where: { $0.role == .rules }) else { return [] }
    var recipes: [[String]] = []
    for line in file.text.split(separator: "\n") where !line.hasPrefix("# ") || line.hasPrefix("# weir:") {
      if line.hasPrefix(":") || line.hasPrefix("# weir:") && recipes.last?.last?.hasPrefix("#") != true {
        if recipes.last?.count == 1, recipes.last?.first?.hasPrefix("# weir:") == true {
          recipes[recipes.count - 1].append(String(line))
          continue
        }
        recipes.append([String(line)])
      } else if !recipes.isEmpty {
        recipes[recipes.count - 1].append(String(line))
      }
    }
    return recipes
  }

  /// What became of the line that begins at `number`.
  func line(_ number: Int) -> ImportedLine? { lines.first { $0.lines.lowerBound == number } }

  func outcome(_ number: Int) -> ImportedLine.Outcome.Kind? { line(number)?.outcome.kind }
}
