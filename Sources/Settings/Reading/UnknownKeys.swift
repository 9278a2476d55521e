/// Holds the keys of a document against the reference: names what is unknown, and what is a table where a
/// value belongs or the other way round.
struct UnknownKeys {
  private let reading: Reading
  /// Table pattern → the keys it has.
  private static let keysByTable: [String: [String]] = Dictionary(
    grouping: Settings.reference.map(\.path), by: { parent(of: $0) }
  ).mapValues { $0.map(lastName) }

  static func report(_ reading: Reading) {
    UnknownKeys(reading: reading).walk(reading.document.values, path: "", pattern: "")
  }

  private func walk(_ values: [String: SettingValue], path: String, pattern: String) {
    for (key, value) in values {
      let childPath = SettingPath.child(path, key)
      let childPattern = pattern.isEmpty ? key : "\(pattern).\(key)"
      let reference =
        (key == "*" ? nil : Settings.referenceByPath[childPattern])
        ?? Settings.referenceByPath[pattern + ".*"]
      guard let reference else {
        reading.report(childPath, at: .key, unknown(key, value, pattern: pattern))
        continue
      }
      switch (reference.type, value) {
      case (.table, .table(let values)): walk(values, path: childPath, pattern: reference.path)
      case (.tables, .array(let elements)):
        for (index, element) in elements.enumerated() {
          let path = SettingPath.element(childPath, index)
          if case .table(let values) = element {
            walk(values, path: path, pattern: reference.path + "[]")
          } else {
            reading.report(path, "[[\(reference.name)]] is a table: expected keys; found \(element.found)")
          }
        }
      case (.tables, .table):
        reading.report(
          childPath, at: .key, "[\(reference.name)] can be there more than once: write [[\(reference.name)]]")
      case (.table, _), (.tables, _):
        let name = Self.title(reference.path, isList: reference.type == .tables)
        reading.report(
          childPath, "'\(key)' is a table: write \(name) on a line of its own; found \(value.found)")
      default: break
      }
    }
  }

  private func unknown(_ key: String, _ value: SettingValue, pattern: String) -> String {
    let siblings = (Self.keysByTable[pattern] ?? []).filter { $0 != "*" }
    let isTable =
      switch value {
      case .table: true
      case .array(let elements):
        !elements.isEmpty && elements.allSatisfy { if case .table = $0 { true } else { false } }
      default: false
      }
    let kind = isTable ? "table" : "key"
    let place = pattern.isEmpty ? "" : " in \(Self.title(pattern))"
    let start = "unknown \(kind) '\(printable(key))'\(place)"
    if let near = Suggestion.nearest(to: key, in: siblings) { return "\(start); did you mean '\(near)'?" }
    // The right key in the wrong table.
    if let elsewhere = Settings.reference.first(where: { Self.lastName($0.path) == key && !isTable }) {
      return "\(start); it belongs in \(Self.title(Self.parent(of: elsewhere.path)))"
    }
    return start
  }

  /// `[limits]`, `[[listener]]`, `[checks.NAME]`; the top of the file for "".
  private static func title(_ pattern: String, isList: Bool = false) -> String {
    if pattern.isEmpty { return "the top of the file, before the first table" }
    let name = pattern.replacing("[]", with: "").replacing("*", with: "NAME")
    return isList || pattern.hasSuffix("[]") ? "[[\(name)]]" : "[\(name)]"
  }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
  }

  private static func lastName(_ path: String) -> String {
    path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
