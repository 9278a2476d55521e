import Bytes

/// A file of the folder of lists, as read.
public struct ListSource: Sendable {
  /// The name that matches and problems show; its last path component tells kind and verdict.
  public var file: String
  /// The file's bytes; the snapshot keeps them as its store.
  public var text: [UInt8]

  public init(file: String, text: [UInt8]) {
    self.file = file
    self.text = text
  }
}

/// Something wrong in a list, in words for the admin.
public struct ListProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// Counted from 1.
  public var line: Int
  /// In characters, counted from 1.
  public var column: Int
  /// What is wrong and what to do.
  public var message: String
  /// False for a warning: the lists can go live with it.
  public var isError: Bool

  public init(file: String, line: Int, column: Int, message: String, isError: Bool) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.isError = isError
  }

  /// `file:line:column: message`, the form of `weir check`.
  public var description: String {
    "\(file):\(line):\(column): \(isError ? "" : "warning: ")\(message)"
  }
}

/// The problems found so far, bounded for each file.
struct ListProblems {
  /// Bound: so many errors, and as many warnings, are told of one file; the rest is counted.
  static let limitPerFile = 50

  private var errors = Tally()
  private var warnings = Tally()
  let file: String

  init(file: String) {
    self.file = file
  }

  private struct Tally {
    var kept: [ListProblem] = []
    var dropped = 0
  }

  mutating func report(line: Int, column: Int, isError: Bool, _ message: @autoclosure () -> String) {
    func add(to tally: inout Tally) {
      guard tally.kept.count < Self.limitPerFile else { return tally.dropped += 1 }
      tally.kept.append(
        ListProblem(file: file, line: line, column: column, message: message(), isError: isError))
    }
    if isError { add(to: &errors) } else { add(to: &warnings) }
  }

  /// All of them by line, and how many more there were.
  var all: [ListProblem] {
    var result = (errors.kept + warnings.kept).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    for (tally, what, isError) in [(errors, "errors", true), (warnings, "warnings", false)]
    where tally.dropped > 0 {
      result.append(
        ListProblem(
          file: file, line: tally.kept.last?.line ?? 1, column: 1,
          message: "and \(tally.dropped) more \(what) in this file", isError: isError))
    }
    return result
  }
}
