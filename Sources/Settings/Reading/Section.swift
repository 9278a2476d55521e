/// A table of the document under the eyes of the reader: each question reports what is wrong with the answer
/// and falls back to the default that the reference names.
struct Section {
  /// Where it stands: `listener[0]`.
  let path: String
  /// Its reference path: `listener[]`.
  let pattern: String
  let values: [String: SettingValue]
  /// False for a table that is not in the file: every key has its default.
  let isWritten: Bool
  let reading: Reading

  /// The path of one of its keys.
  func path(of key: String) -> String { SettingPath.child(path, key) }

  func report(
    _ key: String, at spot: Reading.Spot = .value, as severity: SettingsProblem.Severity = .error,
    _ message: @autoclosure () -> String
  ) {
    reading.report(path(of: key), at: spot, as: severity, message())
  }

  /// True when the key stands in the file with a value that is not the empty text.
  func has(_ key: String) -> Bool { values[key].map { !$0.isBlank } ?? false }

  // MARK: Tables

  /// The table under a key, written or not.
  func section(_ key: String) -> Section {
    let values: [String: SettingValue]? =
      if case .table(let values)? = self.values[key] { values } else { nil }
    return Section(
      path: path(of: key), pattern: reference(key).path, values: values ?? [:], isWritten: values != nil,
      reading: reading)
  }

  /// The tables of an array of tables, in their order.
  func sections(_ key: String) -> [Section] {
    let pattern = reference(key).path + "[]"
    guard case .array(let elements)? = values[key] else { return [] }
    return elements.enumerated().compactMap { index, element in
      guard case .table(let values) = element else { return nil }
      return Section(
        path: SettingPath.element(path(of: key), index), pattern: pattern, values: values, isWritten: true,
        reading: reading)
    }
  }

  /// The tables under names of the operator's choosing, in the order of their names.
  func namedSections(_ key: String) -> [(name: String, section: Section)] {
    let parent = section(key)
    _ = parent.reference("*")
    return parent.values.sorted { $0.key < $1.key }.compactMap { name, value in
      guard case .table(let values) = value else { return nil }
      return (
        name,
        Section(
          path: parent.path(of: name), pattern: parent.pattern + ".*", values: values, isWritten: true,
          reading: reading)
      )
    }
  }

  // MARK: One value

  /// The reference of a key of this table, or that of a name of the operator's choosing. A key that is not in
  /// the reference is our own bug.
  func reference(_ key: String) -> KeyReference {
    let path = pattern.isEmpty ? key : "\(pattern).\(key)"
    guard let reference = Settings.referenceByPath[path] ?? Settings.referenceByPath[pattern + ".*"] else {
      preconditionFailure("\(path) is read, but is not in the reference")
    }
    reading.keysRead.insert(reference.path)
    return reference
  }

  /// The value of a key as `convert` reads it; the default where it is missing, empty or wrong.
  func value<T>(_ key: String, _ convert: (SettingValue, KeyType) throws(ValueError) -> T) -> T? {
    let reference = reference(key)
    if let written = values[key], !written.isBlank {
      do throws(ValueError) {
        return try convert(written, reference.type)
      } catch {
        complain(key, reference, written, error)
      }
    }
    return reference.defaultValue.flatMap { try? convert($0, reference.type) }
  }

  /// As `value`, for a key of which the reference names a default.
  func defaulted<T>(_ key: String, _ convert: (SettingValue, KeyType) throws(ValueError) -> T) -> T {
    guard let value = value(key, convert) else {
      preconditionFailure("\(pattern).\(key) has no default that can be read")
    }
    return value
  }

  /// Says that a key has to be there.
  func requireKey(_ key: String, _ advice: String) {
    let place = isWritten && !path.isEmpty ? path : ""
    reading.report(place, at: .key, "\(name(reference(key), key)) is missing: \(advice)")
  }

  private func complain(
    _ key: String, _ reference: KeyReference, _ written: SettingValue, _ error: ValueError
  ) {
    let name = name(reference, key)
    switch error {
    case .form: report(key, "\(name): expected \(reference.type.form); found \(written.found)")
    case .reason(let reason, let element):
      let whole = self.path(of: key)
      let path = element.map { SettingPath.element(whole, $0) } ?? whole
      reading.report(path, "\(name): \(reason)")
    }
  }

  /// What a message calls a key: `listener.address`, `checks.own_domain.mode`.
  private func name(_ reference: KeyReference, _ key: String) -> String {
    reference.path.contains("*") ? path(of: key) : reference.name
  }
}
