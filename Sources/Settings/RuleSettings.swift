/// The rule files and what they may cost (`[rules]`).
public struct RuleSettings: Sendable, Hashable {
  /// The folder of the rule files, as written; see ``Settings/isWritten(_:)``.
  public let folder: String
  /// Rules that are switched off, and rules that are judged and told but do nothing, by their ids; whether there are such
  /// is for whoever reads the rules to say.
  public let off: [String]
  public let shadow: [String]
  /// How long rules may look for their expressions in one message of up to 64 KiB; in a larger one as much longer as
  /// it is larger.
  public let time: Duration
  /// The programs that rules may run: absolute paths. None: programs are off.
  public let programs: [String]
  /// How long one of them may take.
  public let programTimeout: Duration
  /// Octets of memory that one of them may take.
  public let programMemory: Int
}

extension RuleSettings {
  init(_ section: Section) {
    folder = section.defaultedText("folder")
    off = section.texts("off")
    shadow = section.texts("shadow")
    for (index, id) in shadow.enumerated() where off.contains(id) {
      section.reading.report(
        SettingPath.element(section.path(of: "shadow"), index),
        "rules.shadow: \(quoted(id)) stands in rules.off, too: leave it in one of them")
    }
    time = section.duration("time")
    programs = section.texts("programs")
    for (index, path) in programs.enumerated() where !Self.isAbsolute(path) {
      section.reading.report(
        SettingPath.element(section.path(of: "programs"), index),
        "rules.programs: \(quoted(path)) is no absolute path, such as \"/usr/bin/spamc\"")
    }
    programTimeout = section.duration("program_timeout")
    programMemory = section.size("program_memory")
  }

  private static func isAbsolute(_ path: String) -> Bool {
    path.hasPrefix("/") && !path.hasSuffix("/")
      && !path.split(separator: "/").contains { $0 == "." || $0 == ".." }
  }
}
