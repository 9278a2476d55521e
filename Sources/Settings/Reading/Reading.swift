/// One pass over a document: gathers every problem, and which keys were asked for.
final class Reading {
  let document: SettingsDocument
  // Bound: whoever names a wrong file reads this many problems, not a hundred thousand.
  private static let maximumProblems = 500

  private var found: [SettingsProblem] = []
  private var seen: Set<SettingsProblem> = []
  private var left = 0
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

  /// Adds a problem, once.
  func report(
    _ path: String, at spot: Spot = .value, as severity: SettingsProblem.Severity = .error,
    _ message: @autoclosure () -> String
  ) {
    guard found.count < Self.maximumProblems else {
      left += 1
      return
    }
    let place = document.place(of: path)
    let problem = SettingsProblem(
      file: document.file, position: spot == .key ? place.key : place.value, severity: severity,
      message: message())
    if seen.insert(problem).inserted { found.append(problem) }
  }

  /// Everything that was reported, in the order of the file.
  var problems: [SettingsProblem] {
    let sorted = found.inFileOrder()
    guard left > 0, let last = sorted.last else { return sorted }
    let more = SettingsProblem(
      file: last.file, position: last.position, message: "and more problems like these")
    return sorted + [more]
  }
}

/// Why a value is not what its key takes.
enum ValueError: Error {
  /// Not of the accepted form at all: the message names the form.
  case form
  /// Of the form, but wrong for this reason; `at` is the element of a list that is meant.
  case reason(String, element: Int? = nil)
}
