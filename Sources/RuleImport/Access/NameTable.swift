import Bytes

/// Keys of one subject, and what a table says of them: the most specific one counts.
struct NameTable {
  /// Bound: exceptions that one rule names.
  static let mostExceptions = 60

  private struct Entry {
    var key: NameKey
    var verdict: TableVerdict
    var line: ImportDesk.Line
  }

  let subject: NameSubject
  /// Whether the first line that holds a name counts, not the most specific one.
  private let isOrdered: Bool
  private var entries: [Entry] = []
  private var places: [NameKey: Int] = [:]
  /// Domain keys by name.
  private var domains: [String: [Int]] = [:]

  init(_ subject: NameSubject, isOrdered: Bool = false) {
    self.subject = subject
    self.isOrdered = isOrdered
  }

  mutating func add(
    _ key: NameKey, _ verdict: TableVerdict, for line: ImportDesk.Line, _ desk: inout ImportDesk
  ) {
    if let earlier = places[key] {
      desk.changed(line, "never asked: \(desk.place(entries[earlier].line)) has the same key")
      return
    }
    if isOrdered, let earlier = covering(key).first {
      desk.changed(line, "never reached: \(desk.place(entries[earlier].line)) is asked first")
      return
    }
    places[key] = entries.count
    if case .domain(let name, _, _) = key { domains[name, default: []].append(entries.count) }
    entries.append(Entry(key: key, verdict: verdict, line: line))
    desk.carried(line)
  }

  func write(_ desk: inout ImportDesk) {
    let inside = coverings()
    var isRule = entries.map { needsRule($0) }
    // Lists are asked before rules: a block around something that only a rule can say becomes a rule as well.
    for (index, inner) in inside.enumerated() where !isRule[index] {
      guard case .block = entries[index].verdict else { continue }
      if inner.contains(where: { needsRule(entries[$0]) }) { isRule[index] = true }
    }
    var around = [[Int]](repeating: [], count: entries.count)
    for (index, inner) in inside.enumerated() {
      for place in inner { around[place].append(index) }
    }
    for (index, entry) in entries.enumerated() {
      if entry.verdict == .hole {
        let isInList = around[index].contains { place in
          guard case .block = entries[place].verdict else { return false }
          return !isRule[place]
        }
        if isInList { writeHole(entry, &desk) }
      } else if isRule[index] {
        writeRule(entry, exceptions: inside[index].map { entries[$0].key }, &desk)
      } else {
        writeList(entry, &desk)
      }
    }
  }

  private func needsRule(_ entry: Entry) -> Bool {
    switch entry.verdict {
    case .rule: true
    case .allow, .block: subject.kind == nil || entry.key.entries(subject) == nil
    case .hole: false
    }
  }

  /// The entries that cover a key.
  private func covering(_ key: NameKey) -> [Int] {
    guard var name = key.domainName?[...] else { return [] }
    var found: [Int] = []
    while true {
      found += (domains[String(name)] ?? []).filter { entries[$0].key.covers(key) }
      guard let dot = name.utf8.firstIndex(of: .dot) else { return found }
      name = name[name.utf8.index(after: dot)...]
    }
  }

  /// For each entry those that it covers.
  private func coverings() -> [[Int]] {
    var inside = [[Int]](repeating: [], count: entries.count)
    for (index, entry) in entries.enumerated() {
      for place in covering(entry.key) { inside[place].append(index) }
    }
    return inside
  }

  private func writeList(_ entry: Entry, _ desk: inout ImportDesk) {
    guard let kind = subject.kind, let texts = entry.key.entries(subject) else { return }
    if let difference = entry.verdict.difference { desk.changed(entry.line, difference) }
    if subject == .domain {
      desk.changed(entry.line, "asked with the client's name, the sender's domain and the domain of From")
    }
    for text in texts {
      desk.list(
        entry.verdict == .allow ? "allow" : "block", kind, text, reason: entry.verdict.reason, for: entry.line
      )
    }
  }

  private func writeRule(_ entry: Entry, exceptions: [NameKey], _ desk: inout ImportDesk) {
    guard exceptions.count <= Self.mostExceptions else {
      desk.left(entry.line, "more than \(Self.mostExceptions) narrower keys are exceptions to it")
      return
    }
    if entry.verdict == .allow {
      desk.changed(entry.line, "as a rule, which lists that block come before")
    }
    for variable in subject.variables {
      let conditions =
        ["* \(variable) ?? \(entry.key.expression(variable))"]
        + exceptions.map { "* ! \(variable) ?? \($0.expression(variable))" }
      desk.rule([":0"] + conditions + entry.verdict.action, for: [entry.line])
    }
  }

  /// A key that says nothing, inside of one that a list blocks.
  private func writeHole(_ entry: Entry, _ desk: inout ImportDesk) {
    guard let kind = subject.kind, let texts = entry.key.entries(subject) else {
      desk.left(entry.line, "an exception that no list can say")
      return
    }
    desk.changed(entry.line, "an exception to a list is an allowed entry")
    for text in texts { desk.list("allow", kind, text, reason: "exception", for: entry.line) }
  }
}
