/// A place in a text: line and column, both from 1; a column counts Unicode scalars, as editors do.
public struct SourcePosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let line: Int
  public let column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The first character of a file.
  public static let start = SourcePosition(line: 1, column: 1)

  public var description: String { "\(line):\(column)" }

  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// One thing that is wrong, or that the operator should know, in a file that the operator wrote.
public struct SettingsProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// An error keeps the settings from being used; a warning does not.
  public enum Severity: String, Sendable, Hashable {
    case error
    case warning
  }

  /// The file as the operator named it.
  public let file: String
  public let position: SourcePosition
  public let severity: Severity
  /// What is wrong and what to do about it, one line.
  public let message: String

  public init(file: String, position: SourcePosition, severity: Severity = .error, message: String) {
    self.file = file
    self.position = position
    self.severity = severity
    self.message = message
  }

  /// Line from 1.
  public var line: Int { position.line }
  /// Column from 1, in Unicode scalars.
  public var column: Int { position.column }
  public var isError: Bool { severity == .error }

  /// `file:line:column: reason`; a warning says so before the reason.
  public var description: String {
    let prefix = severity == .warning ? "warning: " : ""
    return "\(file):\(position): \(prefix)\(message)"
  }
}

extension [SettingsProblem] {
  /// In the order of the file, errors before warnings at one place, each once.
  func inFileOrder() -> [SettingsProblem] {
    var seen = Set<SettingsProblem>()
    return self.filter { seen.insert($0).inserted }.sorted { left, right in
      if left.position != right.position { return left.position < right.position }
      if left.severity != right.severity { return left.isError }
      return left.message < right.message
    }
  }
}
