public import Filtering

/// What is found out about a document, of whatever kind.
public struct DocumentFindings: Hashable, Sendable {
  /// Empty where what is known already is all.
  public var type = ""
  public var words = ""
  public var hasMacros = false
  public var isEncrypted = false
  public var isExecutable = false
  public var isDamaged = false
  public var traits: Set<FileInspection.Trait> = []

  public init() {}
}
