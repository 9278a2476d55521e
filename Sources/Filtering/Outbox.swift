public import Bytes
public import MailSyntax
public import SMTPProtocol

/// Mail that Weir itself sends and that waits for its backend: redirects, copies, releases.
///
/// One leg is one recipient of one message. The caller claims what is due, says before it lets the last octet go that
/// it is being sent, and tells how that ended. A leg that was being sent when the process ended is `unsure` afterwards:
/// the backend may have it. It is never sent again by itself, and never dropped.
public protocol Outbox: WaitingMail {
  /// The legs whose time has come, longest due first, each given to one caller until `finish`. Those of one message may
  /// go in one transaction where sender and header are the same.
  func claim(dueAt time: Timestamp, most: Int) async throws(WaitingFault) -> [OutboxLeg]

  /// When the next leg that nobody has claimed is due; nil where none waits.
  func nextDue() async throws(WaitingFault) -> Timestamp?

  /// Writes down that these are about to be sent. Only what comes back may be: to be asked before the last octet of
  /// content can reach a backend.
  func beginSending(_ legs: [OutboxLeg.ID]) async throws(WaitingFault) -> Set<OutboxLeg.ID>

  /// Tells how it ended, all in one step. To be repeated where it fails: until then the legs stay claimed, and those
  /// that were being sent are unsure after a restart.
  func finish(_ endings: [OutboxLeg.ID: LegEnding], at time: Timestamp, _ terms: OutboxTerms)
    async throws(WaitingFault)

  /// Legs in the order in which they were made.
  ///
  /// - Parameters:
  ///   - state: nil for any.
  ///   - leg: where the page before ended; 0 for the first.
  ///   - most: on the page, 1,000 at most.
  func legs(in state: LegState?, after leg: OutboxLeg.ID, most: Int) async throws(WaitingFault) -> [OutboxLeg]

  /// How many legs are in each state, and since when the oldest of them is there; states without legs are left out.
  func standing() async throws(WaitingFault) -> [LegState: LegStanding]

  /// The operator's word on a leg that is unsure, or waits and is not claimed.
  ///
  /// - Throws: `.missing` where there is no such leg.
  func resolve(_ leg: OutboxLeg.ID, _ resolution: LegResolution, at time: Timestamp)
    async throws(WaitingFault)
}

/// What is to be sent, to whom.
public struct OutboxOrder: Hashable, Sendable {
  public var kind: LegKind
  public var sender: Path
  public var recipient: Envelope.Recipient
  /// Header lines to put before the message for this leg; CRLF-ended.
  public var header: [UInt8]
  /// How far the mail had come before: `WaitingMark.hops`.
  public var hops: Int
  /// When it is given up.
  public var expires: Timestamp

  public init(
    kind: LegKind, sender: Path, recipient: Envelope.Recipient, header: [UInt8] = [], hops: Int = 0,
    expires: Timestamp
  ) {
    self.kind = kind
    self.sender = sender
    self.recipient = recipient
    self.header = header
    self.hops = hops
    self.expires = expires
  }
}

public enum LegKind: String, Hashable, Sendable, CaseIterable {
  case redirect, copy, release
  /// To one of the message's own recipients, whose form of it differs from the others'.
  case delivery
}

public enum LegState: String, Hashable, Sendable, CaseIterable {
  /// For its next attempt.
  case waiting
  /// Its last octet may be on its way.
  case sending
  /// It was being sent when the process ended or the connection broke: the backend may have it.
  case unsure
  /// Somebody removed the file from the disk.
  case lost
}

/// The legs that are in one state.
public struct LegStanding: Hashable, Sendable {
  public let legs: Int
  /// When the oldest of them was made.
  public let oldest: Timestamp

  public init(legs: Int, oldest: Timestamp) {
    self.legs = legs
    self.oldest = oldest
  }
}

/// One recipient of one message on its way.
public struct OutboxLeg: Hashable, Sendable, Identifiable {
  public let id: Int64
  /// The id of the message, by which its content is opened.
  public let message: String
  public let order: OutboxOrder
  /// Of the message; `order.sender` is the leg's.
  public let parameters: MailParameters
  public let client: ClientIdentity
  public let isBinary: Bool
  public let octets: UInt64
  public let created: Timestamp
  public let state: LegState
  /// How often it was tried.
  public let attempts: Int
  public let next: Timestamp
  /// What the last attempt came to.
  public let detail: String

  public init(
    id: Int64, message: String, order: OutboxOrder, parameters: MailParameters, client: ClientIdentity,
    isBinary: Bool, octets: UInt64, created: Timestamp, state: LegState, attempts: Int, next: Timestamp,
    detail: String
  ) {
    self.id = id
    self.message = message
    self.order = order
    self.parameters = parameters
    self.client = client
    self.isBinary = isBinary
    self.octets = octets
    self.created = created
    self.state = state
    self.attempts = attempts
    self.next = next
    self.detail = detail
  }
}

/// How one attempt ended; each with words for the operator.
public enum LegEnding: Hashable, Sendable {
  /// The backend has it.
  case delivered(String)
  /// Not now: tried again after a while, or undeliverable where its time is over.
  case deferred(String)
  /// Not at all: undeliverable.
  case refused(String)
  /// The connection broke between the last octet and the answer.
  case unsure(String)
  /// It was not tried, and waits as before. Not for a leg whose content may have reached a backend.
  case untried
}

public enum LegResolution: Hashable, Sendable {
  case sendAgain
  /// It has arrived, or is not wanted any more.
  case drop
}

/// When the outbox tries again, and what becomes of what it cannot deliver.
public struct OutboxTerms: Hashable, Sendable {
  /// The wait after the first attempt, the second, …; the last for all that follow.
  public var intervals: [Duration]
  /// How long what cannot be delivered lies in the quarantine.
  public var undeliverableFor: Duration

  public init(
    intervals: [Duration] = [
      .seconds(60), .seconds(300), .seconds(900), .seconds(1800), .seconds(3600), .seconds(7200),
    ], undeliverableFor: Duration = .seconds(30 * 86_400)
  ) {
    self.intervals = intervals
    self.undeliverableFor = undeliverableFor
  }

  /// - Parameter attempts: how often it was tried, this time counted.
  public func wait(after attempts: Int) -> Duration {
    guard let last = intervals.last else { return .seconds(3600) }
    return attempts <= intervals.count ? intervals[max(0, attempts - 1)] : last
  }
}
