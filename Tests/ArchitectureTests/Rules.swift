/// The rules of the design that a machine can see, each a function from texts to the places that break it.
enum Rules {
  /// Imports that are not listed, and files of modules that are not.
  static func imports(_ sources: [SourceText], _ edges: Edges) -> [Breach] {
    sources.flatMap { source -> [Breach] in
      guard let module = source.module else { return [] }
      guard let allowed = edges.allowed[module] else {
        return [
          Breach(path: source.path, line: 0, reason: "the module \(module) is not listed in Edges.swift")
        ]
      }
      let general = edges.pure.contains(module) ? Edges.everywhere : Edges.everywhere.union(Edges.impure)
      return source.code.enumerated().compactMap { index, line in
        guard let imported = importedModule(line), !allowed.contains(imported), !general.contains(imported)
        else { return nil }
        return Breach(path: source.path, line: index + 1, reason: "\(module) may not import \(imported)")
      }
    }
  }

  /// The module that a line imports, whatever stands around the word; nil where it imports none.
  static func importedModule(_ line: Substring) -> String? {
    var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })[...]
    let before: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    while let word = words.first, word.hasPrefix("@") || before.contains(word) { words = words.dropFirst() }
    guard words.first == "import" else { return nil }
    words = words.dropFirst()
    let kinds: Set<Substring> = [
      "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]
    if let word = words.first, kinds.contains(word), words.count > 1 { words = words.dropFirst() }
    return words.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
  }

  /// Cycles and upward edges cannot hide in the list itself: following it never leads back.
  static func cycles(_ edges: Edges) -> [String] {
    edges.allowed.keys.sorted().filter { start in
      var seen: Set<String> = []
      var next = Array(edges.allowed[start] ?? [])
      while let module = next.popLast() {
        if module == start { return true }
        if seen.insert(module).inserted { next += edges.allowed[module] ?? [] }
      }
      return false
    }
  }

  /// Words by which the compiler is told to look away, or the process to die on a peer's word.
  static let forbiddenWords = ["@unchecked Sendable", "nonisolated(unsafe)", "try!", "as!", "fatalError("]

  /// Forbidden words in code.
  static func forbiddenWords(_ sources: [SourceText]) -> [Breach] {
    sources.flatMap { source in
      source.code.enumerated().flatMap { index, line in
        forbiddenWords.filter { holds(line, $0) }
          .map { Breach(path: source.path, line: index + 1, reason: "“\($0)” is not used in Sources") }
      }
    }
  }

  /// Clocks and chance in modules that are to be given them.
  static func clocks(_ sources: [SourceText], _ edges: Edges) -> [Breach] {
    let words = ["ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", ".random(in:"]
    return sources.filter { $0.module.map(edges.pure.contains) ?? false }.flatMap { source in
      source.code.enumerated().flatMap { index, line in
        // A moment is a value, which may be handed on; to look at the clock is another matter.
        words.filter { word in
          let text = Substring(
            String(line).replacing("ContinuousClock.Instant.now", with: "ContinuousClock.now"))
          return holds(Substring(text.replacing("ContinuousClock.Instant", with: "Moment")), word)
        }
        .map { Breach(path: source.path, line: index + 1, reason: "“\($0)” in a module that is pure") }
      }
    }
  }

  /// Whether `word` stands in `line` and not at the end of a longer word (`has!` is not `as!`).
  private static func holds(_ line: Substring, _ word: String) -> Bool {
    line.ranges(of: word).contains { range in
      guard range.lowerBound > line.startIndex, word.first?.isLetter == true else { return true }
      let before = line[line.index(before: range.lowerBound)]
      return !(before.isLetter || before.isNumber || before == "_")
    }
  }

  /// Source files that hold more than one idea, to go by their length.
  static func lengths(_ sources: [SourceText], most: Int = 400) -> [Breach] {
    sources.compactMap { source in
      let count = source.lines.count - (source.text.hasSuffix("\n") ? 1 : 0)
      guard count > most else { return nil }
      return Breach(path: source.path, line: 0, reason: "\(count) lines; \(most) are the most")
    }
  }

  /// One check is one file and one line of the catalogue: each `Checks/…Check.swift` is named on exactly one
  /// line of code of `Checks/Catalogue.swift`.
  static func checks(_ sources: [SourceText]) -> [Breach] {
    let files = sources.filter { $0.module == "Checks" && $0.name.hasSuffix("Check") }
    guard !files.isEmpty else { return [] }
    guard let catalogue = sources.first(where: { $0.path == "Sources/Checks/Catalogue.swift" }) else {
      return [
        Breach(path: "Sources/Checks/Catalogue.swift", line: 0, reason: "there are checks, but no catalogue")
      ]
    }
    return files.compactMap { file in
      let places = catalogue.code.filter { $0.ranges(of: file.name).contains { isWord($0, of: catalogue) } }
      guard places.count != 1 else { return nil }
      return Breach(
        path: file.path, line: 0, reason: "named on \(places.count) lines of Catalogue.swift, not on one")
    }
  }

  private static func isWord(_ range: Range<Substring.Index>, of source: SourceText) -> Bool {
    func isPart(_ character: Character?) -> Bool {
      character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }
    let before =
      range.lowerBound > source.text.startIndex
      ? source.text[source.text.index(before: range.lowerBound)] : nil
    let after = range.upperBound < source.text.endIndex ? source.text[range.upperBound] : nil
    return !isPart(before) && !isPart(after)
  }

  /// Paths of somebody's machine in shipped texts.
  static func machinePaths(_ texts: [SourceText]) -> [Breach] {
    let folders = ["work", "farm", "root", "home", "Users"].map { "/\($0)/" }
    return texts.flatMap { text in
      text.lines.enumerated().compactMap { index, line in
        for folder in folders {
          for range in line.ranges(of: folder) where startsPath(line, range.lowerBound) {
            return Breach(
              path: text.path, line: index + 1, reason: "names a path of somebody's machine: \(line[range])…")
          }
        }
        return nil
      }
    }
  }

  /// Whether a path begins here, rather than going on (`example.org/work/`, `../home/`).
  private static func startsPath(_ line: Substring, _ index: Substring.Index) -> Bool {
    guard index > line.startIndex else { return true }
    let before = line[line.index(before: index)]
    return !(before.isLetter || before.isNumber || "._-~})]$".contains(before))
  }
}
