public import Bytes
public import MailSyntax
public import NetAddress
internal import RuleLanguage
public import SMTPProtocol

/// Messages that were taken and not delivered, until somebody says what becomes of them or their time is over.
public protocol Quarantine: WaitingMail {
  /// What lies there, newest first.
  ///
  /// - Parameters:
  ///   - cursor: where the page before ended; nil for the first.
  ///   - most: entries on the page, 1,000 at most.
  func list(_ filter: QuarantineFilter, after cursor: QuarantineCursor?, most: Int)
    async throws(WaitingFault) -> QuarantinePage

  /// One entry; nil where there is none.
  func entry(_ id: String) async throws(WaitingFault) -> QuarantineEntry?

  /// Each folder in which something is held, with the number of its entries, by name.
  func folders() async throws(WaitingFault) -> [(folder: QuarantineFolder, entries: Int)]

  /// Hands a message to the outbox for recipients for whom it is held, in one step: they are released, and their legs
  /// wait, or neither.
  ///
  /// - Parameter recipients: the addresses as the entry tells them; nil for all.
  /// - Returns: the legs made; none where all of them had been released or deleted before.
  /// - Throws: `.missing` where there is no such entry.
  func release(_ id: String, to recipients: [String]?, _ terms: ReleaseTerms)
    async throws(WaitingFault) -> [OutboxLeg]

  /// Gives up a message for recipients for whom it is held.
  ///
  /// - Parameter recipients: the addresses as the entry tells them; nil for all.
  /// - Returns: for how many.
  /// - Throws: `.missing` where there is no such entry.
  func delete(_ id: String, for recipients: [String]?, at time: Timestamp) async throws(WaitingFault) -> Int

  /// Removes what has outlived its time, as announced when it was held, and by nothing but its age: a few hundred entries
  /// at a time.
  func expire(at time: Timestamp) async throws(WaitingFault) -> Expiry
}

/// What was removed for its age.
public struct Expiry: Hashable, Sendable {
  /// The entries that were still held for somebody.
  public let entries: [QuarantineEntry]
  /// Whether that was all; else there is more to be done at once.
  public let isComplete: Bool

  public init(entries: [QuarantineEntry], isComplete: Bool) {
    self.entries = entries
    self.isComplete = isComplete
  }
}

/// What is to be held, for whom and why.
public struct QuarantineOrder: Hashable, Sendable {
  public var folder: QuarantineFolder
  public var recipients: [Envelope.Recipient]
  public var expires: Timestamp
  public var score: Double?
  public var code: ReasonCode
  /// The id of the rule that held it; empty where none did. Cut at 1,024 octets.
  public var rule: String
  /// The findings as the log tells them; cut at 16 KiB.
  public var findings: String

  public init(
    folder: QuarantineFolder, recipients: [Envelope.Recipient], expires: Timestamp, score: Double? = nil,
    code: ReasonCode, rule: String = "", findings: String = ""
  ) {
    self.folder = folder
    self.recipients = recipients
    self.expires = expires
    self.score = score
    self.code = code
    self.rule = rule
    self.findings = findings
  }
}

/// A folder of the quarantine: names of letters, digits, `-`, `_` and `.`, nested by `/`. No path of any disk.
public struct QuarantineFolder: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// Where a leg of the outbox ends that could not be delivered.
  public static let undeliverable = QuarantineFolder(known: FolderName.undeliverable)

  init(known: String) { description = known }

  /// - Returns: nil unless each name begins with a letter, a digit, `-` or `_` (so `..` is none), no name is longer than
  ///   64 octets, and there are at most eight.
  public init?(_ text: String) {
    guard FolderName.isName(text) else { return nil }
    description = text
  }
}

/// What somebody who looks through the quarantine wants to see; nil asks nothing.
public struct QuarantineFilter: Hashable, Sendable {
  public var folder: QuarantineFolder?
  /// Whether the folders below that one count too.
  public var isNested = false
  /// Only entries with a recipient in this state.
  public var state: QuarantineState? = .held
  /// Part of the envelope sender, ASCII letters in any case; the next three alike.
  public var sender: String?
  public var recipient: String?
  /// Part of the subject or of the From field.
  public var text: String?
  public var rule: String?
  public var client: IPAddress?
  public var code: ReasonCode?
  /// Held at or after.
  public var since: Timestamp?
  /// Held before.
  public var until: Timestamp?

  public init() {}
}

/// Where a page ended.
public struct QuarantineCursor: Hashable, Sendable, LosslessStringConvertible {
  public let since: Int64
  public let key: Int64

  public init(since: Int64, key: Int64) {
    self.since = since
    self.key = key
  }

  public init?(_ description: String) {
    let parts = description.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let since = Int64(parts[0]), let key = Int64(parts[1]) else { return nil }
    self.init(since: since, key: key)
  }

  public var description: String { "\(since)-\(key)" }
}

public struct QuarantinePage: Sendable {
  public let entries: [QuarantineEntry]
  /// nil where this is the last page.
  public let next: QuarantineCursor?

  public init(entries: [QuarantineEntry], next: QuarantineCursor?) {
    self.entries = entries
    self.next = next
  }
}

/// What became of a message for one recipient.
public enum QuarantineState: String, Hashable, Sendable, CaseIterable {
  case held, released, deleted
  /// Somebody removed the file from the disk.
  case lost
}

/// A message in one folder of the quarantine.
public struct QuarantineEntry: Hashable, Sendable {
  public struct Recipient: Hashable, Sendable {
    public let recipient: Envelope.Recipient
    public let state: QuarantineState
    /// Since when it is in that state.
    public let changed: Timestamp
    /// What became of a released one, or why it could not be delivered.
    public let detail: String

    public init(
      _ recipient: Envelope.Recipient, state: QuarantineState, changed: Timestamp, detail: String = ""
    ) {
      self.recipient = recipient
      self.state = state
      self.changed = changed
      self.detail = detail
    }
  }

  /// By which it is shown, released and deleted: the message's own id, with a number behind it where the message
  /// came into a second folder.
  public let id: String
  /// The id of the message, by which its content is opened.
  public let message: String
  public let since: Timestamp
  public let sender: Path
  public let subject: String
  public let from: String
  public let client: ClientIdentity
  /// Octets of the file.
  public let octets: UInt64
  /// What it was held with, the recipients among it as they were named then.
  public let order: QuarantineOrder
  public let recipients: [Recipient]

  public init(
    id: String, message: String, since: Timestamp, sender: Path, subject: String, from: String,
    client: ClientIdentity, octets: UInt64, order: QuarantineOrder, recipients: [Recipient]
  ) {
    self.id = id
    self.message = message
    self.since = since
    self.sender = sender
    self.subject = subject
    self.from = from
    self.client = client
    self.octets = octets
    self.order = order
    self.recipients = recipients
  }
}

/// How released mail goes out.
public struct ReleaseTerms: Hashable, Sendable {
  public var time: Timestamp
  /// When the outbox gives it up.
  public var expires: Timestamp
  /// Header lines to put first, by which it is known as released; CRLF-ended.
  public var header: [UInt8]
  /// Who is told to have sent it; nil for the message's own sender.
  public var sender: Path?

  public init(time: Timestamp, expires: Timestamp, header: [UInt8] = [], sender: Path? = nil) {
    self.time = time
    self.expires = expires
    self.header = header
    self.sender = sender
  }
}
