public import NetAddress

/// The keys that belong to one check, read by the check itself.
///
/// Each question names a key and its default, and remembers what is wrong; when all have been asked,
/// ``problems`` names these and every key that nobody asked for.
///
/// ```swift
/// var keys = settings.keys
/// let exceptions = keys.strings("exceptions", default: [])
/// guard keys.problems.isEmpty else { … }
/// ```
public struct CheckKeys: Sendable {
  private let path: String
  private let values: [String: SettingValue]
  private let document: SettingsDocument
  /// Keys that somebody else reads.
  private let others: Set<String>
  private var asked: Set<String> = []
  private var found: [SettingsProblem] = []

  /// The keys of a check whose table is not in the file.
  public static let none = CheckKeys(path: "checks", values: [:], document: .empty)

  init(
    path: String, values: [String: SettingValue], document: SettingsDocument,
    others: Set<String> = ["mode", "enforce_at", "weights"]
  ) {
    self.path = path
    self.values = values
    self.document = document
    self.others = others
  }

  /// Keys that stand in the file and were not asked for, sorted.
  public var unreadKeys: [String] { values.keys.filter { !asked.contains($0) }.sorted() }

  /// What is wrong with the keys asked for so far, and that the unread ones are unknown.
  public var problems: [SettingsProblem] {
    let unknown = unreadKeys.map { key in
      let known = asked.union(others)
      let clause = Suggestion.clause(for: key, in: known)
      return problem(
        SettingPath.child(path, key), at: .key, "unknown key '\(printable(key))' in [\(path)]\(clause)")
    }
    return (found + unknown).inFileOrder()
  }

  /// The value as it stands in the file, of any type; nil if it is not there or empty.
  public mutating func value(_ key: String) -> SettingValue? {
    asked.insert(key)
    return values[key].flatMap { $0.isBlank ? nil : $0 }
  }

  /// A text.
  public mutating func string(_ key: String, default standard: String) -> String {
    read(key, .text, standard) { (value, _) throws(ValueError) in
      guard case .string(let text) = value else { throw .form }
      return text
    }
  }

  /// A list of texts.
  public mutating func strings(_ key: String, default standard: [String]) -> [String] {
    read(key, .texts, standard, Convert.texts)
  }

  /// One of some words.
  public mutating func word(_ key: String, of words: [String], default standard: String) -> String {
    read(key, .choice(words), standard) { (value, _) throws(ValueError) in
      guard case .string(let text) = value, words.contains(text) else { throw .form }
      return text
    }
  }

  /// A whole number.
  public mutating func count(_ key: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
    read(key, .count(range), standard, Convert.count)
  }

  /// A number, whole or not.
  public mutating func number(_ key: String, default standard: Double) -> Double {
    read(key, .score, standard, Convert.score)
  }

  /// A duration.
  public mutating func duration(
    _ key: String, in range: ClosedRange<Duration> = .zero...(.seconds(365 * 86_400)),
    default standard: Duration
  ) -> Duration {
    read(key, .duration(range), standard, Convert.duration)
  }

  /// A number of bytes.
  public mutating func size(
    _ key: String, in range: ClosedRange<Int> = 0...(1 << 40), default standard: Int
  ) -> Int {
    read(key, .size(range), standard, Convert.size)
  }

  /// `true` or `false`.
  public mutating func flag(_ key: String, default standard: Bool) -> Bool {
    read(key, .flag, standard) { (value, _) throws(ValueError) in
      guard case .boolean(let flag) = value else { throw .form }
      return flag
    }
  }

  /// A list of networks.
  public mutating func networks(_ key: String, default standard: [IPPrefix]) -> [IPPrefix] {
    read(key, .networks, standard, Convert.networks)
  }

  /// A list of domains; a leading dot means the sub-domains.
  public mutating func domains(_ key: String) -> DomainSet {
    var domains = DomainSet()
    for (index, text) in strings(key, default: []).enumerated() {
      do throws(DomainFault) {
        try domains.insert(text)
      } catch {
        report(key, element: index, "\(quoted(text)) \(error.reason)")
      }
    }
    return domains
  }

  /// The entries of a table whose names the operator chose, in the order of the file.
  public mutating func entries(_ key: String) -> [(name: String, value: SettingValue)] {
    guard let written = value(key) else { return [] }
    guard case .table(let table) = written else {
      report(key, "expected a table; found \(written.found)")
      return []
    }
    let whole = SettingPath.child(path, key)
    return table.map { ($0.key, $0.value) }.sorted { left, right in
      let one = document.place(of: SettingPath.child(whole, left.0)).key
      let other = document.place(of: SettingPath.child(whole, right.0)).key
      return one == other ? left.0 < right.0 : one < other
    }
  }

  /// A warning, which keeps nothing from being used, about the value of a key, or about an entry of a table.
  public func warning(_ key: String, entry: String? = nil, _ reason: String) -> SettingsProblem {
    let whole = SettingPath.child(path, key)
    let place = document.place(of: entry.map { SettingPath.child(whole, $0) } ?? whole)
    return SettingsProblem(
      file: document.file, position: entry == nil ? place.value : place.key, severity: .warning,
      message: "\(whole): \(reason)")
  }

  /// Says that an entry of such a table makes no sense: its name, or what stands behind it.
  public mutating func report(_ key: String, entry: String, _ reason: String) {
    let whole = SettingPath.child(SettingPath.child(path, key), entry)
    found.append(problem(whole, at: .key, "\(whole): \(reason)"))
  }

  /// Says that a value makes no sense to the check; `element` is the one meant of a list.
  public mutating func report(_ key: String, element: Int? = nil, _ reason: String) {
    let whole = SettingPath.child(path, key)
    let path = element.map { SettingPath.element(whole, $0) } ?? whole
    found.append(problem(path, at: .value, "\(whole): \(reason)"))
  }

  private mutating func read<T>(
    _ key: String, _ type: KeyType, _ standard: T, _ convert: (SettingValue, KeyType) throws(ValueError) -> T
  ) -> T {
    guard let written = value(key) else { return standard }
    do throws(ValueError) {
      return try convert(written, type)
    } catch {
      switch error {
      case .form: report(key, "expected \(type.form); found \(written.found)")
      case .reason(let reason, let element): report(key, element: element, reason)
      }
      return standard
    }
  }

  private func problem(_ path: String, at spot: Reading.Spot, _ message: String) -> SettingsProblem {
    let place = document.place(of: path)
    return SettingsProblem(
      file: document.file, position: spot == .key ? place.key : place.value, message: message)
  }
}

extension CheckKeys: Hashable {
  /// Two are the same when they hold the same values, wherever these stand.
  public static func == (left: CheckKeys, right: CheckKeys) -> Bool {
    left.path == right.path && left.values == right.values
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(path)
    hasher.combine(values)
  }
}
