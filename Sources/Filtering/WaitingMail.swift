public import Bytes
public import MailSyntax
public import SMTPProtocol

/// A message that is to lie on disk: for people to look at it, for another try to send it, or for both.
public struct WaitingMessage: Sendable {
  /// The transaction's id, as in the log and in `Received:`. It names the file: letters, digits, `-` and `_`, 64 at most.
  public let id: String
  public let received: Timestamp
  public let sender: Path
  public let parameters: MailParameters
  public let client: ClientIdentity
  public let content: HeldMessage
  /// Header lines to put first (trace, and the edited header where `bodyStart` is not 0), stuffed, CRLF-ended.
  public let header: [UInt8]
  /// Offset in `content.memory` from which the message follows untouched.
  public let bodyStart: Int
  /// The subject, decoded, for listing; cut at 1,024 octets, as is `from`.
  public let subject: String
  /// The From field, decoded, for listing.
  public let from: String

  public init(
    id: String, received: Timestamp, sender: Path, parameters: MailParameters = .none, client: ClientIdentity,
    content: HeldMessage, header: [UInt8] = [], bodyStart: Int = 0, subject: String = "", from: String = ""
  ) {
    self.id = id
    self.received = received
    self.sender = sender
    self.parameters = parameters
    self.client = client
    self.content = content
    self.header = header
    self.bodyStart = bodyStart
    self.subject = subject
    self.from = from
  }

  /// The same mail as it would have gone to a backend.
  ///
  /// - Parameter id: nil: the transaction's.
  public init(
    _ delivery: Delivery, id: String? = nil, received: Timestamp, subject: String = "", from: String = ""
  ) {
    self.init(
      id: id ?? delivery.id, received: received, sender: delivery.sender, parameters: delivery.parameters,
      client: delivery.client, content: delivery.message, header: delivery.header,
      bodyStart: delivery.bodyStart,
      subject: subject, from: from)
  }
}

/// Why mail could not be put away, or what waits not be changed. Nothing has changed then.
public enum WaitingFault: Error, Hashable, Sendable {
  /// No room, by the bounds or on the disk, in words for the operator: the client reads 452.
  case full(String)
  /// The message alone is more than all of the room there may be, in words for the operator: it can never be kept, and
  /// the client reads 552.
  case tooLarge(String)
  /// The disk or the index refuses, in words for the operator: the client reads 451.
  case unavailable(String)
  /// Nothing of that name waits.
  case missing
  /// The mail has been handed on too often.
  case tooManyHops

  public var reason: ReasonCode {
    switch self {
    case .full: .waitingMailFull
    case .tooLarge: .waitingMailTooLarge
    case .unavailable, .missing: .waitingMailUnavailable
    case .tooManyHops: .loopDetected
    }
  }

  /// Words for the operator.
  public var detail: String {
    switch self {
    case .full(let detail), .tooLarge(let detail), .unavailable(let detail): detail
    case .missing: "nothing of that name waits"
    case .tooManyHops: "handed on too often"
    }
  }
}

/// One form of a message, and all who wait for it: held for some recipients, to be sent to others, or both.
public struct WaitingPart: Sendable {
  public let message: WaitingMessage
  /// For the quarantine.
  public let held: QuarantineOrder?
  /// For the outbox; due at once.
  public let legs: [OutboxOrder]

  public init(message: WaitingMessage, held: QuarantineOrder?, legs: [OutboxOrder] = []) {
    self.message = message
    self.held = held
    self.legs = legs
  }
}

/// Where mail is put that waits.
///
/// What `keep` has told to be kept lies flushed on disk, files and index, and survives the end of the process at any
/// moment. Called from anywhere; nothing of it blocks the caller.
public protocol WaitingMail: Sendable {
  /// Puts the parts of one mail away, each once for all who wait for it. All of them are kept or nothing.
  ///
  /// - Parameters:
  ///   - parts: at least one; the ids of their messages differ.
  ///   - isProvisional: whether `confirm` or `withdraw` follows, for what is to count only if the message is also
  ///     delivered elsewhere. Until then it is neither shown nor sent, and a process that ends takes it along: the
  ///     client, who was told nothing, comes again.
  ///   - answer: called once, on a thread of the store's own or before this returns: it hops to where it belongs and
  ///     does nothing else.
  func keep(
    _ parts: [WaitingPart], isProvisional: Bool,
    then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void)

  /// What was kept provisionally is to stay, all of it or nothing. `.missing` where one of the ids is not provisional.
  func confirm(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void)

  /// What was kept provisionally is not wanted, all of it. `.missing`, and nothing changed, where one of the ids is not
  /// provisional.
  func withdraw(_ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void)

  /// Opens the content of a kept message. It stays readable when the message is deleted meanwhile.
  ///
  /// - Parameter message: a message's id, as in `QuarantineEntry.message` and `OutboxLeg.message`.
  /// - Throws: `.missing` where it is gone.
  func content(of message: String) async throws(WaitingFault) -> any WaitingContent

  /// What lies there.
  func use() -> WaitingUse
}

extension WaitingMail {
  /// As the other, for those who can wait.
  public func keep(_ parts: [WaitingPart], isProvisional: Bool = false) async throws(WaitingFault) {
    let kept = await withCheckedContinuation { continuation in
      keep(parts, isProvisional: isProvisional) { continuation.resume(returning: $0) }
    }
    try kept.get()
  }

  /// As the other, for a message of one form.
  public func keep(
    _ message: WaitingMessage, held: QuarantineOrder?, legs: [OutboxOrder] = [], isProvisional: Bool = false
  ) async throws(WaitingFault) {
    try await keep(
      [WaitingPart(message: message, held: held, legs: legs)], isProvisional: isProvisional)
  }

  /// As the other, for those who can wait.
  public func confirm(_ messages: String...) async throws(WaitingFault) {
    let confirmed = await withCheckedContinuation { continuation in
      confirm(messages) { continuation.resume(returning: $0) }
    }
    try confirmed.get()
  }

  /// As the other, for those who can wait.
  public func withdraw(_ messages: String...) async throws(WaitingFault) {
    let withdrawn = await withCheckedContinuation { continuation in
      withdraw(messages) { continuation.resume(returning: $0) }
    }
    try withdrawn.get()
  }
}

/// The octets of a message that waits: first the lines that the gateway added, then the message as it came, lines
/// CRLF-ended and not dot-stuffed.
public protocol WaitingContent: Sendable {
  var octets: Int { get }

  /// - Returns: fewer octets than `most` at the end alone; none behind it.
  func read(from offset: Int, most: Int) async throws(WaitingFault) -> [UInt8]

  /// The form in which it goes on, dot-stuffed unless it is binary.
  ///
  /// - Parameters:
  ///   - memoryLimit: octets that are held in memory; what follows lies in a file without a name.
  ///   - grant: what that memory was counted with.
  func held(memoryLimit: Int, grant: (any MemoryGrant)?) async throws(WaitingFault) -> HeldMessage
}

/// How much waits, of how much that may.
public struct WaitingUse: Hashable, Sendable {
  public struct Part: Hashable, Sendable {
    public var messages: Int
    public var octets: Int

    public init(messages: Int = 0, octets: Int = 0) {
      self.messages = messages
      self.octets = octets
    }
  }

  /// Messages somebody is to look at, those that could not be delivered among them.
  public var quarantine: Part
  /// Messages that are there to be sent only.
  public var outbox: Part

  public init(quarantine: Part = Part(), outbox: Part = Part()) {
    self.quarantine = quarantine
    self.outbox = outbox
  }
}

extension ReasonCode {
  public static let waitingMailFull: ReasonCode = "WAITING_MAIL_FULL"
  public static let waitingMailTooLarge: ReasonCode = "WAITING_MAIL_TOO_LARGE"
  public static let waitingMailUnavailable: ReasonCode = "WAITING_MAIL_UNAVAILABLE"
  public static let outboxExpired: ReasonCode = "OUTBOX_EXPIRED"
  public static let outboxRefused: ReasonCode = "OUTBOX_REFUSED"
  public static let outboxUnsure: ReasonCode = "OUTBOX_UNSURE"
}

/// The texts of mail that waits.
public enum WaitingReasons {
  public static let all: [Reason] = [
    Reason(
      .waitingMailFull, Reply(452, 3, 1, "No room to keep the message now, please try again ({id})"), .alarm,
      cause: "The quarantine or the outbox has as many messages or octets as it may, or the disk is full.",
      effect: "The client is asked to come again; nothing that was kept is given up for it.",
      remedy: "Release or delete held messages (weir quarantine), raise the bounds, or make room on the disk."
    ),
    Reason(
      .waitingMailTooLarge, Reply(552, 3, 4, "Message too large to be kept here ({id})"), .alarm,
      cause:
        "A message that is to be held or handed on is larger than quarantine.size, or outbox.size: it can never be kept.",
      effect: "The message is refused for good: its sender is told, and nobody waits for what cannot come.",
      remedy: "Raise quarantine.size or outbox.size above limits.message_size, or lower that."),
    Reason(
      .waitingMailUnavailable, Reply(451, 3, 0, "The message cannot be kept now, please try again ({id})"),
      .alarm, cause: "The file or the index of mail that waits could not be written; detail= says why.",
      effect: "The client is asked to come again.",
      remedy: "See to the disk under the state folder, and who else has messages/index.sqlite open."),
    Reason(
      .outboxExpired, nil, .warning,
      cause: "A redirect, copy or release failed for now until its time was over.",
      effect: "It lies in the quarantine's folder undeliverable; nobody is sent a bounce.",
      remedy: "Mend the way to the recipient and release it, or delete it."),
    Reason(
      .outboxRefused, nil, .warning, cause: "The backend refused a redirect, copy or release for good.",
      effect: "It lies in the quarantine's folder undeliverable; nobody is sent a bounce.",
      remedy: "The backend's words stand beside the recipient; release it again, or delete it."),
    Reason(
      .outboxUnsure, nil, .warning,
      cause:
        "The gateway ended, or the connection broke, between the end of a message and the backend's answer.",
      effect: "The backend may have it or not; it is not sent again by itself and not dropped.",
      remedy: "Look in the mailbox, then have it sent again or dropped."),
  ]
}
