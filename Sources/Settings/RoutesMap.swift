internal import Bytes

/// The lines of a routes map: `domain-or-address  backend  [rewritten-address]`, `#` comments.
public struct RoutesMap: Sendable, Hashable {
  /// One line.
  public struct Entry: Sendable, Hashable {
    /// In small letters: `user@domain` without quotes, `domain`, or `.domain` for its sub-domains.
    public let key: String
    /// The name of a backend.
    public let backend: String
    /// The address that the recipient becomes, as written; nil: it stays.
    public let rewritten: String?
    /// Where the rewritten address, or else the key, stands.
    public let position: SourcePosition
  }

  /// In the order of the file, each key once.
  public let entries: [Entry]

  /// Reads a map and reports everything that is wrong with it.
  ///
  /// - Parameter backends: the names that there are.
  public static func read(
    text: String, file: String, backends: [String]
  ) -> (map: RoutesMap, problems: [SettingsProblem]) {
    var lines = LineFile(file: file)
    var entries: [Entry] = []
    var seen: [String: Int] = [:]
    lines.forEachLine(of: text) { lines, words in
      guard let entry = entry(words, backends, &lines) else { return }
      let line = words[0].position.line
      if let first = seen.updateValue(line, forKey: entry.key) {
        lines.report(
          words[0].position, "\(quoted(entry.key)) has a route in line \(first) already: remove one")
        return
      }
      entries.append(entry)
    }
    return (RoutesMap(entries: entries), lines.problems)
  }

  private static func entry(_ words: [LineFile.Word], _ backends: [String], _ lines: inout LineFile) -> Entry?
  {
    let count = lines.problems.count
    let key = words[0]
    guard words.count >= 2 else {
      lines.report(key.position, "no backend: write \"\(printable(String(key.text)))  BACKEND\"")
      return nil
    }
    if words.count > 3 {
      lines.report(
        words[3].position,
        "\(quoted(String(words[3].text))) is one word too many: a line is a domain or address, a backend, and maybe"
          + " a rewritten address")
    }
    let backend = String(words[1].text)
    if !backends.contains(backend) {
      let near = Suggestion.nearest(to: backend, in: backends).map { "; did you mean '\($0)'?" }
      let known = "; there are " + backends.map { "'\(printable($0))'" }.joined(separator: ", ")
      lines.report(words[1].position, "unknown backend '\(printable(backend))'\(near ?? known)")
    }
    if words.count > 2 {
      lines.check(words[2]) { (text) throws(DomainFault) in _ = try WrittenAddress.parse(text) }
    }
    var name = ""
    lines.check(key) { (text) throws(DomainFault) in name = try checkedKey(text) }
    guard lines.problems.count == count else { return nil }
    let rewritten = words.count > 2 ? words[2] : nil
    return Entry(
      key: name, backend: backend, rewritten: rewritten.map { String($0.text) },
      position: (rewritten ?? key).position)
  }

  private static func checkedKey(_ text: Substring) throws(DomainFault) -> String {
    if text.hasPrefix("@") {
      throw DomainFault(
        reason: "begins with an @: write the domain alone, \"\(printable(String(text.dropFirst())))\"")
    }
    if text.contains("@") {
      let (local, domain) = try WrittenAddress.parse(text)
      return "\(local)@\(domain)"
    }
    var domain = DomainSet()
    try domain.insert(String(text))
    return domain.written.joined()
  }
}

extension LineFile {
  /// Reports a word that is not what it should be.
  mutating func check(_ word: Word, _ body: (Substring) throws(DomainFault) -> Void) {
    do throws(DomainFault) {
      try body(word.text)
    } catch {
      report(word.position, "\(quoted(String(word.text))) \(error.reason)")
    }
  }
}
