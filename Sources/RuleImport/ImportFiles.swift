import Bytes

/// Writes the files from what lies on the desk, and knows where each line of the source went.
struct ImportFiles {
  struct Written {
    var file: ImportedFile
    /// Source line (its number on the desk) and line of the file.
    var places: [(ImportDesk.Line, Int)]
  }

  private let desk: ImportDesk

  init(_ desk: ImportDesk) { self.desk = desk }

  func all() -> [Written] {
    let names = desk.lists.keys.sorted { ($0.verdict, $0.kind) < ($1.verdict, $1.kind) }
    return names.map(list) + rules() + [configuration()].compactMap { $0 }
  }

  private var origin: String {
    "# Brought over from \(desk.source.name.printable(limit: 120)) by weir import."
  }

  private func list(_ name: ImportDesk.ListName) -> Written {
    var lines = [origin]
    var places: [(ImportDesk.Line, Int)] = []
    // The same entry twice would be a warning each time the list is read; the first one counts.
    var seen: [String: Int] = [:]
    for row in desk.lists[name] ?? [] {
      let key = row.entry.lowercasedASCII
      if let place = seen[key] {
        places.append((row.line, place))
        continue
      }
      let from = "(\(desk.place(row.line)))"
      let reason = row.reason.map { Self.reason($0) + " " } ?? ""
      lines.append(row.entry + (row.isTrap ? " trap" : "") + "  " + reason + from)
      seen[key] = lines.count
      places.append((row.line, lines.count))
    }
    let file = ImportedFile(
      role: .list, name: "\(name.verdict)-\(desk.name).\(name.kind)",
      text: lines.joined(separator: "\n") + "\n")
    return Written(file: file, places: places)
  }

  /// Bounded, on one line, and without a word that would be read as something else.
  private static func reason(_ text: String) -> String {
    var words: [Substring] = []
    var count = 0
    for word in text.printable(limit: 240).replacing("…", with: "...").split(separator: " ") {
      guard count + word.utf8.count <= 240 else { break }
      count += word.utf8.count + 1
      let isForeign =
        word.lowercasedASCII.hasPrefix("until=") || words.isEmpty && word.lowercasedASCII == "trap"
      words.append(isForeign ? "“\(word)”" : word)
    }
    return words.joined(separator: " ")
  }

  /// Bounds of a rule file, with room to spare.
  private static let mostRecipes = 8000
  private static let mostOctets = 900_000

  private func rules() -> [Written] {
    guard !desk.rules.isEmpty || !desk.verbatim.isEmpty else { return [] }
    var written: [Written] = []
    var lines = [origin, ""]
    var places: [(ImportDesk.Line, Int)] = []
    var recipes = 0
    var octets = 0
    func close() {
      while lines.last?.isEmpty ?? false { lines.removeLast() }
      let number = written.isEmpty ? "" : "-\(written.count + 1)"
      let file = ImportedFile(
        role: .rules, name: "50-\(desk.name)\(number).rc", text: lines.joined(separator: "\n") + "\n")
      written.append(Written(file: file, places: places))
    }
    for row in desk.verbatim {
      lines.append(row.text)
      if let line = row.line { places.append((line, lines.count)) }
    }
    for rule in desk.rules {
      let size = rule.text.reduce(0) { $0 + $1.utf8.count + 1 } + 300
      if recipes == Self.mostRecipes || recipes > 0 && octets + size > Self.mostOctets {
        close()
        (lines, places, recipes, octets) = ([origin, ""], [], 0, 0)
      }
      recipes += 1
      octets += size
      for line in rule.lines {
        lines.append("# \(Self.comment("\(desk.place(line)): \(desk.sourceText(line))"))")
      }
      if let comment = rule.comment { lines.append("# \(Self.comment(comment))") }
      let head = rule.text.firstIndex { !$0.hasPrefix("#") } ?? 0
      for line in rule.lines { places.append((line, lines.count + 1 + head)) }
      lines += rule.text
      lines.append("")
    }
    close()
    return written
  }

  /// A comment that is none of the language's directives, and does not go on in the next line.
  static func comment(_ text: String) -> String {
    let text = (text.lowercasedASCII.hasPrefix("weir:") ? "from " : "") + text.printable(limit: 300)
    return text.hasSuffix("\\") ? text + " " : text
  }

  private func configuration() -> Written? {
    guard !desk.snippets.isEmpty else { return nil }
    var lines = ["\(origin) Nothing of this is in force: copy into weir.toml what you mean."]
    var places: [(ImportDesk.Line, Int)] = []
    var tables: [String] = []
    for snippet in desk.snippets where !tables.contains(snippet.table) { tables.append(snippet.table) }
    for table in tables {
      lines += ["", table]
      let here = desk.snippets.filter { $0.table == table }
      var keys: [String] = []
      for snippet in here where snippet.isElement && !keys.contains(snippet.key) { keys.append(snippet.key) }
      for snippet in here where !snippet.isElement {
        lines.append("\(snippet.key) = \(snippet.value)   # \(desk.place(snippet.line))")
        places.append((snippet.line, lines.count))
      }
      for key in keys {
        lines.append("\(key) = [")
        var seen: [String: Int] = [:]
        for snippet in here where snippet.isElement && snippet.key == key {
          if seen[snippet.value] == nil {
            lines.append("  \(snippet.value),   # \(desk.place(snippet.line))")
            seen[snippet.value] = lines.count
          }
          places.append((snippet.line, seen[snippet.value] ?? lines.count))
        }
        lines.append("]")
      }
    }
    let file = ImportedFile(
      role: .configuration, name: "\(desk.name).toml", text: lines.joined(separator: "\n") + "\n")
    return Written(file: file, places: places)
  }
}
