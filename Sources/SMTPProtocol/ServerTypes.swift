public import MailSyntax

/// How the client introduced itself.
public struct Hello: Hashable, Sendable {
  /// The argument of HELO or EHLO as it came.
  public let name: String
  /// Whether it was EHLO.
  public let isExtended: Bool

  public init(name: String, isExtended: Bool) {
    self.name = name
    self.isExtended = isExtended
  }
}

/// One transaction as far as it has come (RFC 5321 §3.3).
public struct Envelope: Hashable, Sendable {
  public struct Recipient: Hashable, Sendable {
    public let path: Path
    public let parameters: RecipientParameters
    public init(path: Path, parameters: RecipientParameters = .none) {
      self.path = path
      self.parameters = parameters
    }
  }

  public let sender: Path
  public let parameters: MailParameters
  /// Those that were told 250, in the order told.
  public internal(set) var recipients: [Recipient] = []
  /// How many RCPT were refused.
  public internal(set) var refusals = 0
  /// Why nothing of this transaction will be delivered; DATA is refused with it.
  public internal(set) var spoiled: ReasonCode?

  public init(sender: Path, parameters: MailParameters = .none, recipients: [Recipient] = []) {
    self.sender = sender
    self.parameters = parameters
    self.recipients = recipients
  }
}

/// What the machine wants to be told before it goes on.
public enum Question: Hashable, Sendable {
  /// May this client speak here at all?
  case connect
  case hello(Hello)
  case mail(Path, MailParameters)
  case recipient(Envelope.Recipient)
  /// May content be sent now? Asked before 354 and before the first chunk.
  case content
  /// The message is complete: what becomes of it?
  case message
  /// VRFY, where it is switched on.
  case verify(Path)
}

/// The answer to a question.
public enum Answer: Sendable {
  case proceed
  /// Goes on and says this instead of the usual: the backend's 250, VRFY's findings.
  case proceedSaying(Response)
  case refuse(Response)
  /// Refuses this command, and with it the whole transaction: DATA will be refused too.
  case refuseTransaction(Response)
  /// Says this and closes the connection.
  case close(Response)
}

/// What is said to the client: a text of the catalogue, or a reply made elsewhere (the backend's).
public struct Response: Hashable, Sendable {
  public let reason: ReasonCode
  /// What nearly no response has, in one object: a response passes through many hands.
  private let made: Made?

  private final class Made: Hashable, Sendable {
    let variables: ReplyVariables
    let reply: Reply?

    init(_ variables: ReplyVariables, _ reply: Reply?) {
      self.variables = variables
      self.reply = reply
    }

    static func == (left: Made, right: Made) -> Bool {
      left.variables == right.variables && left.reply == right.reply
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(variables)
      hasher.combine(reply)
    }
  }

  public var variables: ReplyVariables { made?.variables ?? ReplyVariables() }
  /// Stands for the catalogue's text where set.
  public var reply: Reply? { made?.reply }

  public init(_ reason: ReasonCode, _ variables: ReplyVariables, reply: Reply? = nil) {
    self.reason = reason
    made = reply == nil && variables == ReplyVariables() ? nil : Made(variables, reply)
  }

  public init(_ reason: ReasonCode, reply: Reply? = nil) {
    self.reason = reason
    made = reply.map { Made(ReplyVariables(), $0) }
  }

  /// A catalogue text whose `{reason}` is `text`.
  public init(_ reason: ReasonCode, because text: String) {
    var variables = ReplyVariables()
    variables.reason = text
    self.init(reason, variables)
  }
}

/// What the driver is to do.
public enum ServerAction: Sendable {
  case reply(Response)
  /// Answer EHLO: the catalogue's greeting line, then these keywords; or HELO with none.
  case greet(keywords: [String])
  /// Find the answer, then call `answered`.
  case ask(Question)
  /// Say this (354), then read content.
  case receiveData(Response)
  /// Read so many octets of content; then call `receivedChunk`.
  case receiveChunk(UInt64)
  /// Read so many octets and forget them; then call `drainedChunk`.
  case drainChunk(UInt64)
  /// Say this and close.
  case close(Response)
}
