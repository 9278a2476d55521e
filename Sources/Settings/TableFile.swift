internal import Bytes

/// A file beside the configuration that is a row of tables of one kind: `[[zone]]` of `zones.toml`.
public struct TableFile: Sendable {
  /// The tables in their order. Each is read by who knows its keys, and then says what was wrong with them.
  public let tables: [CheckKeys]
  /// What is wrong with the file outside of the tables.
  public let problems: [SettingsProblem]

  /// Reads a TOML text of at most 1 MiB whose only content is `[[NAME]]`.
  public static func read(text: String, file: String, table name: String) -> TableFile {
    switch SettingsDocument.read(text: text, file: file) {
    case .failure(let problem): return TableFile(tables: [], problems: [problem])
    case .success(let document):
      var tables: [CheckKeys] = []
      var problems: [SettingsProblem] = []
      func report(_ path: String, _ message: String) {
        problems.append(
          SettingsProblem(file: file, position: document.place(of: path).key, message: message))
      }
      for key in document.values.keys.sorted() where key != name {
        let clause = Suggestion.clause(for: key, in: [name])
        report(
          SettingPath.child("", key),
          "unknown key '\(printable(key))': the file is a row of [[\(name)]] tables\(clause)")
      }
      if let value = document.values[name] {
        if case .array(let elements) = value {
          for (index, element) in elements.enumerated() {
            let path = SettingPath.element(name, index)
            if case .table(let values) = element {
              tables.append(CheckKeys(path: path, values: values, document: document, others: []))
            } else {
              report(path, "[[\(name)]] is a table: expected keys; found \(element.found)")
            }
          }
        } else {
          report(name, "there can be more than one: write [[\(name)]]")
        }
      }
      return TableFile(tables: tables, problems: problems.inFileOrder())
    }
  }
}
