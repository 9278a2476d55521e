/// One pass over a document: gathers every problem, and which keys were asked for.
final class Reading {
  let document: SettingsDocument
  private(set) var problems: [SettingsProblem] = []
  /// The reference paths of all keys that were asked for; a test holds them against the reference.
  var keysRead: Set<String> = []

  init(_ document: SettingsDocument) {
    self.document = document
  }

  /// The file's top table.
  var root: Section {
    Section(path: "", pattern: "", values: document.values, isWritten: true, reading: self)
  }

  /// Where a problem points.
  enum Spot {
    /// The key itself, for what is wrong with its being there.
    case key
    /// Its value, for what is wrong with that.
    case value
  }

  func report(
    _ path: String, at spot: Spot = .value, as severity: SettingsProblem.Severity = .error, _ message: String
  ) {
    let place = document.place(of: path)
    let position = spot == .key ? place.key : place.value
    problems.append(
      SettingsProblem(file: document.file, position: position, severity: severity, message: message))
  }
}

/// Why a value is not what its key takes.
enum ValueError: Error {
  /// Not of the accepted form at all: the message names the form.
  case form
  /// Of the form, but wrong for this reason; `at` is the element of a list that is meant.
  case reason(String, element: Int? = nil)
}
