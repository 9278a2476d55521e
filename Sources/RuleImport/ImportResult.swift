/// What became of a file.
public struct ImportResult: Hashable, Sendable {
  /// The files to write, and the piece of configuration to read and copy, in this order.
  public var files: [ImportedFile] = []
  /// What became of each line that is not a comment, by line.
  public var lines: [ImportedLine] = []
  /// What holds of the file as a whole.
  public var notes: [String] = []
  /// Lines that are blank or a comment.
  public var comments = 0

  /// How many lines (continued ones counted as one) ended so.
  public func count(_ outcome: ImportedLine.Outcome.Kind) -> Int {
    lines.count { $0.outcome.kind == outcome }
  }

  /// Whether all came over, with differences perhaps.
  public var isComplete: Bool { count(.left) == 0 && count(.wrong) == 0 }
}

/// A file that an import writes.
public struct ImportedFile: Hashable, Sendable {
  public enum Role: String, Hashable, Sendable {
    /// Into the folder of lists.
    case list
    /// Into the folder of rules.
    case rules
    /// For the configuration, by the admin's own hand.
    case configuration
  }

  public var role: Role
  /// `block-access.cidr`, `50-access.rc`.
  public var name: String
  public var text: String

  /// Where it goes below the folder that is written to; nil for what is only shown.
  public var path: String? {
    switch role {
    case .list: "Blocklists/\(name)"
    case .rules: "Rules/\(name)"
    case .configuration: nil
    }
  }
}

/// A place in a written file.
public struct ImportTarget: Hashable, Sendable, CustomStringConvertible {
  public var file: String
  public var line: Int
  public var description: String { "\(file):\(line)" }
}

/// What became of a line.
public struct ImportedLine: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case carried
    /// With a difference, which is told.
    case changed(String)
    /// Not carried over, and why.
    case left(String)
    /// Not to be read at that column.
    case wrong(String, column: Int)

    public enum Kind: String, Hashable, Sendable, CaseIterable { case carried, changed, left, wrong }

    public var kind: Kind {
      switch self {
      case .carried: .carried
      case .changed: .changed
      case .left: .left
      case .wrong: .wrong
      }
    }

    /// What is told; nil where nothing is.
    public var message: String? {
      switch self {
      case .carried: nil
      case .changed(let text), .left(let text), .wrong(let text, _): text
      }
    }
  }

  /// The lines of the source that it is made of.
  public var lines: ClosedRange<Int>
  /// As it stands there, fit for a terminal.
  public var text: String
  public var outcome: Outcome
  /// Where it went.
  public var targets: [ImportTarget]
}
