public import MailSyntax
public import RuleLanguage
public import SMTPProtocol

/// The rules of one snapshot, as sessions and scans ask them.
///
/// Which rules concern whom is settled at RCPT: recipients with the same ``RuleSet`` are judged by the same rules. A
/// session asks at RCPT, where a set decides anything there, and again at the end of the message for all that it took.
public protocol RuleBook: Sendable {
  /// The rules that concern a recipient: the admin's, less what it opted out of, then its domain's, then its own.
  func set(for recipient: Path) -> RuleSet
  /// The admin's alone: where one policy holds for the whole message.
  var general: RuleSet { get }

  /// Whether recipients of one message may be told different things.
  var mayDiffer: Bool { get }

  /// What the rules on connection and envelope come to, for one recipient.
  ///
  /// - Parameter findings: all that was found so far, for SCORE and FINDINGS.
  func judge(_ set: RuleSet, _ facts: RecipientFacts, findings: [WeighedFinding], keepsTrace: Bool) async
    -> RuleOutcome

  /// What the rules come to at the end of a message.
  ///
  /// - Parameters:
  ///   - recipients: all that were taken.
  ///   - findings: for each of them what was found so far.
  /// - Returns: an outcome for each, in their order; one and the same object for those that the rules do not tell
  ///   apart. What was reported at RCPT stands in it too.
  func judge(_ facts: MessageFacts, for recipients: [RuledRecipient], keepsTrace: Bool) async -> [RuleOutcome]
}

extension RuleBook {
  public var mayDiffer: Bool { !general.isEmpty }
}

/// The rules that concern a recipient.
public struct RuleSet: Hashable, Sendable {
  /// Its number in the snapshot; the same number, the same rules.
  public let id: Int
  /// For people: `Rules`, `Rules, domains/example.org, users/ada@example.org`.
  public let name: String
  /// Whether anything is decided at RCPT.
  public let decidesAtRecipient: Bool
  /// Whether that asks for something that may still be under way then (SPF, the client's name, DNS lists).
  public let waitsAtRecipient: Bool
  /// Whether there is any rule.
  public let isEmpty: Bool
  /// Whether the end of the message asks for something that may still be under way (results, lists, score).
  public let waitsAtMessage: Bool

  public init(
    id: Int, name: String, decidesAtRecipient: Bool, waitsAtRecipient: Bool, isEmpty: Bool,
    waitsAtMessage: Bool
  ) {
    self.id = id
    self.name = name
    self.decidesAtRecipient = decidesAtRecipient
    self.waitsAtRecipient = waitsAtRecipient
    self.isEmpty = isEmpty
    self.waitsAtMessage = waitsAtMessage
  }

  /// No rules.
  public static let none = RuleSet(
    id: -1, name: "", decidesAtRecipient: false, waitsAtRecipient: false, isEmpty: true, waitsAtMessage: false
  )
}

/// A recipient on its way to the rules' verdict.
public struct RuledRecipient: Sendable {
  public let path: Path
  public let set: RuleSet
  /// What the rules said at RCPT; nil where they were not asked.
  public let early: RuleOutcome?
  /// What was found about the message, this recipient included.
  public let findings: [WeighedFinding]

  public init(path: Path, set: RuleSet, early: RuleOutcome?, findings: [WeighedFinding]) {
    self.path = path
    self.set = set
    self.early = early
    self.findings = findings
  }
}

/// What the rules said for one recipient, or for several alike.
public final class RuleOutcome: Sendable {
  /// What they end in; nil where the score decides. Never of a rule in shadow.
  public let verdict: RuleVerdict?
  /// The rule that gave the verdict.
  public let decidedBy: RuleReference?
  /// Scores (code RULE_SCORE), what could not be told, what took too long, and what rules in shadow would have done
  /// (`isShadow`, or mode shadow).
  public let findings: [WeighedFinding]
  /// Whether a rule marks the message, whatever its score.
  public let isTagged: Bool
  /// In the order in which they are to be done.
  public let headers: [HeaderChange]
  /// To whom the message goes too.
  public let copies: [String]
  /// Folders of the quarantine into which a copy goes, while the message goes on; nil: the folder of all.
  public let heldCopies: [String?]
  /// What LOG says, line by line.
  public let notes: [String]
  /// The rules that matched, in order.
  public let hits: [RuleHitLine]
  /// Why each rule that was judged matched or not; empty unless it was asked for.
  public let traces: [RuleTrace]
  /// What whoever judged it needs to go on with at the end of the message.
  public let progress: (any Sendable)?

  public init(
    verdict: RuleVerdict? = nil, decidedBy: RuleReference? = nil, findings: [WeighedFinding] = [],
    isTagged: Bool = false, headers: [HeaderChange] = [], copies: [String] = [],
    heldCopies: [String?] = [], notes: [String] = [], hits: [RuleHitLine] = [], traces: [RuleTrace] = [],
    progress: (any Sendable)? = nil
  ) {
    self.verdict = verdict
    self.decidedBy = decidedBy
    self.findings = findings
    self.isTagged = isTagged
    self.headers = headers
    self.copies = copies
    self.heldCopies = heldCopies
    self.notes = notes
    self.hits = hits
    self.traces = traces
    self.progress = progress
  }

  /// Of no rules.
  public static let none = RuleOutcome()
}

/// A rule that matched, as logs and scans tell it.
public struct RuleHitLine: Hashable, Sendable {
  public let rule: RuleReference
  /// What it does, as it stands in the file: `score 3.0 INVOICE_CN`.
  public let action: String
  public let isShadow: Bool

  public init(rule: RuleReference, action: String, isShadow: Bool) {
    self.rule = rule
    self.action = action
    self.isShadow = isShadow
  }
}

/// What a rule wants changed in the header.
public enum HeaderChange: Hashable, Sendable {
  /// Octets of the value: no CR or LF, 998 at most.
  case add(String, [UInt8])
  case remove(String)
  /// All fields of that name make way for one.
  case replace(String, [UInt8])
}

extension ReasonCode {
  public static let ruleScore: ReasonCode = "RULE_SCORE"
  public static let ruleReject: ReasonCode = "RULE_REJECT"
  public static let ruleDefer: ReasonCode = "RULE_DEFER"
  public static let ruleDiscard: ReasonCode = "RULE_DISCARD"
  public static let ruleQuarantine: ReasonCode = "RULE_QUARANTINE"
  public static let ruleAccept: ReasonCode = "RULE_ACCEPT"
  public static let ruleRedirect: ReasonCode = "RULE_REDIRECT"
  public static let ruleTag: ReasonCode = "RULE_TAG"
  /// A rule made a folder's name of values that none may be called.
  public static let ruleFolderRefused: ReasonCode = "RULE_FOLDER_REFUSED"
  /// A condition whose answer nobody knew.
  public static let ruleUnavailable: ReasonCode = "RULE_UNAVAILABLE"
  /// A rule took more work than a message is worth.
  public static let ruleOverBudget: ReasonCode = "RULE_OVER_BUDGET"
}

/// No rules at all.
public struct NoRules: RuleBook {
  public init() {}

  public var general: RuleSet { .none }
  public func set(for recipient: Path) -> RuleSet { .none }

  public func judge(
    _ set: RuleSet, _ facts: RecipientFacts, findings: [WeighedFinding], keepsTrace: Bool
  ) async -> RuleOutcome { .none }

  public func judge(_ facts: MessageFacts, for recipients: [RuledRecipient], keepsTrace: Bool) async
    -> [RuleOutcome]
  {
    recipients.map { _ in .none }
  }
}
