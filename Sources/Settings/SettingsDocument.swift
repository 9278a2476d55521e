private import Synchronization
internal import TOMLKit

/// A configuration file read as TOML: its values and where each of them stands.
struct SettingsDocument: Sendable, Hashable {
  let file: String
  let values: [String: SettingValue]
  let places: [String: KeyScanner.Place]

  static let empty = SettingsDocument(file: "", values: [:], places: [:])

  // Bound: a configuration that is larger is not one.
  static let maximumSize = 1 << 20

  // What was read last. TOMLKit keeps the tables of each text it reads for good (50 KiB for ours), and a reload, as
  // after each edit of a blocklist, mostly reads what it read before.
  private static let known = Mutex<[(text: String, document: SettingsDocument)]>([])
  private static let mostKnown = 4

  /// The document, or the one problem that keeps it from being read.
  static func read(text: String, file: String) -> Result<SettingsDocument, SettingsProblem> {
    if let document = known.withLock({ $0.first { $0.document.file == file && $0.text == text }?.document }) {
      return .success(document)
    }
    let result = parse(text: text, file: file)
    if case .success(let document) = result {
      known.withLock {
        $0.removeAll { $0.document.file == file }
        $0.append((text, document))
        if $0.count > mostKnown { $0.removeFirst() }
      }
    }
    return result
  }

  private static func parse(text: String, file: String) -> Result<SettingsDocument, SettingsProblem> {
    func problem(_ position: SourcePosition, _ message: String) -> SettingsProblem {
      SettingsProblem(file: file, position: position, message: message)
    }
    guard text.utf8.count <= maximumSize else {
      return .failure(problem(.start, "larger than 1 MiB: this is not a configuration of Weir"))
    }
    if let position = firstNUL(in: text) {
      return .failure(problem(position, "a NUL byte: a configuration is plain text in UTF-8"))
    }
    let (places, stop) = KeyScanner.scan(text)
    if let stop { return .failure(problem(stop.position, "this is not TOML: \(stop.reason)")) }
    do {
      let values = table(try TOMLTable(string: text))
      return .success(SettingsDocument(file: file, values: values, places: places))
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      let position = SourcePosition(line: Swift.max(1, begin.line), column: Swift.max(1, begin.column))
      return .failure(problem(position, "this is not TOML: \(printable(error.description))"))
    } catch {
      return .failure(problem(.start, "this is not TOML"))
    }
  }

  /// The place of a key path; of the nearest table around it if it is not written.
  func place(of path: String) -> KeyScanner.Place {
    var path = path
    while !path.isEmpty {
      if let place = places[path] { return place }
      path = SettingPath.parent(of: path)
    }
    return KeyScanner.Place(key: .start, value: .start)
  }

  private static func firstNUL(in text: String) -> SourcePosition? {
    guard text.utf8.contains(0) else { return nil }
    var line = 1
    var column = 1
    for scalar in text.unicodeScalars {
      if scalar.value == 0 { break }
      column += 1
      if scalar == "\n" { (line, column) = (line + 1, 1) }
    }
    return SourcePosition(line: line, column: column)
  }

  private static func table(_ table: TOMLTable) -> [String: SettingValue] {
    var values: [String: SettingValue] = [:]
    for key in table.keys {
      if let node = table[key] { values[key] = value(node) }
    }
    return values
  }

  private static func value(_ node: any TOMLValueConvertible) -> SettingValue? {
    switch node.type {
    case .string: node.string.map { .string($0) }
    case .int: node.int.map { .integer($0) }
    case .double: node.double.map { .number($0) }
    case .bool: node.bool.map { .boolean($0) }
    case .array: .array(node.array?.compactMap { value($0) } ?? [])
    case .table: .table(node.table.map { table($0) } ?? [:])
    // The scan lets none pass.
    case .date, .time, .dateTime: nil
    }
  }
}
