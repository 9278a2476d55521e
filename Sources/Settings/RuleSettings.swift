/// The rule files and what they may cost (`[rules]`).
public struct RuleSettings: Sendable, Hashable {
  /// The folder of the rule files, as written; see ``Settings/isWritten(_:)``.
  public let folder: String
  /// How long rules may look for their expressions in one message of up to 64 KiB; in a larger one as much longer as
  /// it is larger.
  public let time: Duration
}

extension RuleSettings {
  init(_ section: Section) {
    folder = section.defaultedText("folder")
    time = section.duration("time")
  }
}
