/// A stage of a session at which checks look and findings take effect.
public enum StageName: String, WordEnum {
  case connect
  case hello
  case mail
  case recipient
  case message
}

/// What a message's total score does (`[actions]`). A threshold that is nil is never reached. The thresholds rise
/// from tag over defer and quarantine to reject: defaults give way to what is written.
public struct ActionSettings: Sendable, Hashable {
  public let tag: Double?
  public let `defer`: Double?
  public let quarantine: Double?
  public let reject: Double?
  /// The stage at which what was found earlier takes effect; never `message`.
  public let enforceAt: StageName
  /// Put before the Subject of a marked message; nil: nothing is. Without spaces at its
  /// end: one is put between the two.
  public let subjectPrefix: String?
  /// Whether a marked message gets the `X-Spam-*` headers.
  public let addsTagHeaders: Bool
}

extension ActionSettings {
  init(_ section: Section) {
    let tag = section.threshold("tag")
    let reject = section.threshold("reject")
    `defer` = section.threshold("defer")
    quarantine = section.threshold("quarantine")
    let between = [self.defer, quarantine].compactMap { $0 }
    // A default gives way to what the operator wrote.
    let written = between + (section.has("reject") ? [reject].compactMap { $0 } : [])
    self.tag = section.has("tag") ? tag : ([tag].compactMap { $0 } + written).min()
    let lower = between + [self.tag].compactMap { $0 }
    self.reject = section.has("reject") ? reject : ([reject].compactMap { $0 } + lower).max()
    enforceAt = Self.stage(section)
    subjectPrefix = Self.prefix(section)
    addsTagHeaders = section.flag("tag_headers")
    checkOrder(section)
  }

  /// Thresholds and marks of a `[[policy]]`: what is not written there is as in `[actions]`.
  init(_ section: Section, over common: ActionSettings) {
    func threshold(_ key: String, _ inherited: Double?) -> Double? {
      section.has(key) ? section.threshold(key) : inherited
    }
    self.defer = threshold("defer", common.defer)
    quarantine = threshold("quarantine", common.quarantine)
    let tag = threshold("tag", common.tag)
    let reject = threshold("reject", common.reject)
    // What is inherited gives way to what is written.
    let written = ["defer", "quarantine", "reject"].filter { section.has($0) }
      .compactMap { section.threshold($0) }
    self.tag = section.has("tag") ? tag : ([tag].compactMap { $0 } + written).min()
    let lower = [tag, self.defer, quarantine].compactMap { $0 }
    self.reject = section.has("reject") ? reject : reject.map { ([$0] + lower).max() ?? $0 }
    enforceAt = common.enforceAt
    subjectPrefix = section.has("subject_prefix") ? Self.prefix(section) : common.subjectPrefix
    addsTagHeaders = section.optionalFlag("tag_headers") ?? common.addsTagHeaders
    checkOrder(section)
  }

  /// The space between the prefix and the Subject is the gateway's own.
  private static func prefix(_ section: Section) -> String? {
    var prefix = section.text("subject_prefix")
    while prefix?.hasSuffix(" ") == true { prefix?.removeLast() }
    return prefix?.isEmpty == true ? nil : prefix
  }

  private static func stage(_ section: Section) -> StageName {
    let stage = section.defaultedWord("enforce_at", of: StageName.self)
    if stage == .message {
      section.report(
        "enforce_at",
        "actions.enforce_at: expected one of \"connect\", \"hello\", \"mail\", \"recipient\"; only a check's own"
          + " enforce_at can be \"message\"")
    }
    return stage
  }

  private func checkOrder(_ section: Section) {
    let steps = [("tag", tag), ("defer", self.defer), ("quarantine", quarantine), ("reject", reject)]
    var lower: (key: String, score: Double)?
    let name = section.pattern.replacing("[]", with: "")
    for (key, score) in steps {
      guard let score else { continue }
      if let lower, lower.score > score {
        section.report(
          key,
          "\(name).\(lower.key) = \(lower.score) is above \(name).\(key) = \(score): the order is"
            + " tag, defer, quarantine, reject")
      }
      lower = (key, score)
    }
  }
}

/// How strictly SMTP is spoken (`[smtp]`).
public struct SMTPSettings: Sendable, Hashable {
  /// What becomes of a message with a bare LF.
  public enum BareLF: String, WordEnum {
    /// 550 5.6.11.
    case refuse
    /// Each becomes a CRLF.
    case normalise
  }

  public let bareLF: BareLF
}

extension SMTPSettings {
  init(_ section: Section) { bareLF = section.defaultedWord("bare_lf") }
}

/// What is remembered of messages that clients may send again (`[delivery]`).
public struct DeliverySettings: Sendable, Hashable {
  /// How long a message is remembered by its digest.
  public let digestLifetime: Duration
  /// Most messages remembered.
  public let digestEntries: Int
}

extension DeliverySettings {
  init(_ section: Section) {
    digestLifetime = section.duration("digest_lifetime")
    digestEntries = section.count("digest_entries")
  }
}

/// The event log (`[log]`).
public struct LogSettings: Sendable, Hashable {
  public enum Level: String, WordEnum {
    case error
    case warning
    case info
    case debug
  }

  public enum Format: String, WordEnum {
    case text
    case json
  }

  /// The least severity that is written.
  public let level: Level
  public let format: Format
  /// The path as written, for ``Settings/resolve(_:)``; nil: standard output.
  public let file: String?
}

extension LogSettings {
  init(_ section: Section) {
    level = section.defaultedWord("level")
    format = section.defaultedWord("format")
    let file = section.defaultedText("file")
    self.file = file == "-" ? nil : file
  }
}
