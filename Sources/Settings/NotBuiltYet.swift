/// What the configuration knows and this release does not do yet. Whoever builds a feature deletes its row.
///
/// A row is a warning; it is an error where going on without the feature would leave the gateway weaker than the
/// operator wrote.
enum NotBuiltYet {
  struct Row {
    /// A reference path.
    let path: String
    let when: Condition
    let severity: SettingsProblem.Severity
    let message: String
  }

  enum Condition {
    case present
    /// A list with members.
    case notEmpty
    /// One of these words.
    case word([String])
  }

  static let rows: [Row] = []

  /// The checks that come later.
  static let checks: Set<String> = [
    "greylist", "greylisting", "reputation",
  ]

  /// Reports each row that the document meets.
  static func report(_ reading: Reading) {
    for row in rows {
      let names = row.path.split(separator: ".")
      meet(row, names[...], .table(reading.document.values), path: "", reading)
    }
    guard case .table(let written)? = reading.document.values["checks"] else { return }
    for name in checks {
      guard case .table(let keys)? = written[name] else { continue }
      let path = SettingPath.child("checks", name)
      if keys["mode"] == .string(CheckSettings.Mode.enforce.rawValue) {
        reading.report(
          path + ".mode", "the check \(name) is not built yet: it could not enforce anything; use \"off\"")
      } else {
        reading.report(path, at: .key, as: .warning, "the check \(name) is not built yet and has no effect")
      }
    }
  }

  private static func meet(
    _ row: Row, _ names: ArraySlice<Substring>, _ value: SettingValue, path: String, _ reading: Reading
  ) {
    guard let name = names.first else {
      if holds(row.when, value) {
        reading.report(path, at: row.when.spot, as: row.severity, row.message)
      }
      return
    }
    guard case .table(let values) = value else { return }
    let isList = name.hasSuffix("[]")
    let key = String(isList ? name.dropLast(2) : name)
    guard let child = values[key] else { return }
    let childPath = SettingPath.child(path, key)
    if !isList { return meet(row, names.dropFirst(), child, path: childPath, reading) }
    guard case .array(let elements) = child else { return }
    for (index, element) in elements.enumerated() {
      meet(row, names.dropFirst(), element, path: SettingPath.element(childPath, index), reading)
    }
  }

  private static func holds(_ condition: Condition, _ value: SettingValue) -> Bool {
    switch (condition, value) {
    case (.present, _): !value.isBlank
    case (.notEmpty, .array(let elements)): !elements.isEmpty
    case (.word(let words), .string(let word)): words.contains(word)
    default: false
    }
  }
}

extension NotBuiltYet.Condition {
  /// A table is pointed at where it begins, a value where it stands.
  fileprivate var spot: Reading.Spot {
    if case .present = self { .key } else { .value }
  }
}
