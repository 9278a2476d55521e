public import Settings

/// Where something stands in a rule file: file, line, column, and how many characters it covers.
public struct RulePlace: Sendable, Hashable, CustomStringConvertible {
  /// The file as the operator names it.
  public let file: String
  public let position: SourcePosition
  /// Unicode scalars from `position` on; 0 where nothing stands there (the end of a line).
  public let length: Int

  public init(file: String, position: SourcePosition, length: Int) {
    self.file = file
    self.position = position
    self.length = length
  }

  /// Line from 1.
  public var line: Int { position.line }
  /// Column from 1, in Unicode scalars.
  public var column: Int { position.column }
  /// `file:line`, a rule's id where it has no name.
  public var fileAndLine: String { "\(file):\(position.line)" }
  /// `file:line:column`.
  public var description: String { "\(file):\(position)" }
}
