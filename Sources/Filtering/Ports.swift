public import Bytes
public import MailSyntax
public import SMTPProtocol

/// Where a recipient's mail goes: the backends that may take it, in order of preference.
public struct Route: Hashable, Sendable {
  /// Names of `[[backend]]` tables; more than one: the next takes over where the first is down.
  public let backends: [String]

  public init(backends: [String]) { self.backends = backends }
}

/// A recipient with its way.
public struct RoutedRecipient: Hashable, Sendable {
  public let recipient: Envelope.Recipient
  public let route: Route
  /// The address the backend is told, where the routes map rewrites it; else the recipient's own.
  public let rewritten: Path?

  public init(_ recipient: Envelope.Recipient, route: Route, rewritten: Path? = nil) {
    self.recipient = recipient
    self.route = route
    self.rewritten = rewritten
  }

  /// What is said in RCPT TO.
  public var path: Path { rewritten ?? recipient.path }
}

/// Is this recipient known to the backend?
public struct RecipientQuery: Sendable {
  public let recipient: RoutedRecipient
  public let sender: Path
  public let parameters: MailParameters
  public let client: ClientIdentity
  /// Whether it is of none of our domains, sent by a relay network: then the backend is not asked, save where it
  /// refused that recipient before.
  public let isOutside: Bool

  public init(
    recipient: RoutedRecipient, sender: Path, parameters: MailParameters, client: ClientIdentity,
    isOutside: Bool = false
  ) {
    self.isOutside = isOutside
    self.recipient = recipient
    self.sender = sender
    self.parameters = parameters
    self.client = client
  }
}

public enum RecipientAnswer: Hashable, Sendable {
  case known
  /// The backend's own refusal, for now or for good; its text reaches the client. `isUnknown`: it says that
  /// there is no such mailbox (5.1.1 and its like, or 550, 551, 553 without an enhanced code), which counts
  /// towards harvesting.
  case refused(Reply, isUnknown: Bool)
  /// It could not be asked: unknown is not an answer, the client reads 451.
  case unavailable(String)
}

/// A message on its way to its backends.
public final class Delivery: Sendable {
  /// The transaction's id, as in the log and in `Received:`.
  public let id: String
  public let sender: Path
  public let parameters: MailParameters
  /// All of one route.
  public let recipients: [RoutedRecipient]
  public let client: ClientIdentity
  public let message: HeldMessage
  /// Header lines to send first (trace, and the edited header where `bodyStart` is not 0), stuffed, CRLF-ended.
  public let header: [UInt8]
  /// Offset in `message.memory` from which the message follows untouched.
  public let bodyStart: Int
  /// Whether header and addresses are ASCII, so that SMTPUTF8 may be dropped where the backend lacks it.
  public let isHeaderASCII: Bool
  /// Whether `Date` and `Message-ID` are both there, so that a retry of it can be told from a new message.
  public let isIdentifiable: Bool
  /// What is left of the client's patience.
  public let budget: Duration
  /// Asked each time before content goes to a backend, on its event loop; nothing of it is written before the answer,
  /// and nothing at all where that is false. nil: nobody is asked.
  public let beforeContent: ContentGate?

  /// Answers once, from anywhere.
  public typealias ContentGate = @Sendable (_ answer: @escaping @Sendable (Bool) -> Void) -> Void

  public init(
    id: String, sender: Path, parameters: MailParameters, recipients: [RoutedRecipient],
    client: ClientIdentity,
    message: HeldMessage, header: [UInt8], bodyStart: Int, isHeaderASCII: Bool, isIdentifiable: Bool,
    budget: Duration, beforeContent: ContentGate? = nil
  ) {
    self.beforeContent = beforeContent
    self.id = id
    self.sender = sender
    self.parameters = parameters
    self.recipients = recipients
    self.client = client
    self.message = message
    self.header = header
    self.bodyStart = bodyStart
    self.isHeaderASCII = isHeaderASCII
    self.isIdentifiable = isIdentifiable
    self.budget = budget
  }
}

public enum DeliveryOutcome: Sendable {
  /// The backend has it for every recipient; its reply is the client's. `isRepeat`: it had it already, from an
  /// earlier attempt of the client's, and nothing was sent again.
  case delivered(Reply, backend: String, isRepeat: Bool)
  /// The backend refused the message, or a recipient it had taken before; its reply, for now or for good.
  case refused(Reply, backend: String)
  /// It could not be handed over, or not to all (reason code and words for the operator): the client reads 451.
  case unavailable(ReasonCode, detail: String, backend: String?)
}

/// The way to the backends. Called on an event loop of the gateway, and answers there.
public protocol Relay: Sendable {
  /// What the backends that have been heard can do; one entry a backend. Cheap: asked once a session.
  func capabilities() -> [Capabilities]
  /// The answer from the cache or the recipients file; nil where the backend has to be asked.
  func remembered(_ query: RecipientQuery, at time: Timestamp) -> RecipientAnswer?
  func ask(_ query: RecipientQuery, at time: Timestamp) async -> RecipientAnswer
  func deliver(_ delivery: Delivery, at time: Timestamp) async -> DeliveryOutcome
  /// As the other, answering by a call, without a task: on the event loop it was called on, perhaps before it
  /// returns.
  func deliver(
    _ delivery: Delivery, at time: Timestamp, then answer: @escaping @Sendable (DeliveryOutcome) -> Void)
  /// The backend took `delivery`, and the client is told to come again all the same, for another part of the message: then
  /// this part is to be answered with `reply`, not delivered.
  func willComeAgain(_ delivery: Delivery, takenWith reply: Reply, at time: Timestamp) async
}

extension Relay {
  /// For those that only know how to wait: answers from wherever the task ends.
  public func deliver(
    _ delivery: Delivery, at time: Timestamp, then answer: @escaping @Sendable (DeliveryOutcome) -> Void
  ) {
    Task { answer(await deliver(delivery, at: time)) }
  }
}

/// Whoever listens to what happens: log, counters, console. Sinks listen; they never decide.
public protocol EventSink: Sendable {
  func record(_ event: Event)
}
