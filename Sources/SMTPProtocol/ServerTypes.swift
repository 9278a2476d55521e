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
  /// May the handshake begin? The answer is `.encrypt`, or a refusal.
  case startTLS
  /// A login begins (RFC 4954 §4), with a mechanism that was offered; the initial response with its base64 undone,
  /// nil where there is none, empty where it is `=`. The answer is `.challenge`, `.proceed` where the client is who
  /// it says it is, or a refusal. Once `isAuthenticating` is false the exchange is over, however it ended.
  case authenticate(mechanism: String, initial: [UInt8]?)
  /// The client answers the last challenge.
  case authenticationResponse([UInt8])
  /// XCLIENT: may the session begin again as that client's? With `.proceed` comes `ServerAction.restart`.
  case client(ClientAttributes)
  /// XFORWARD: is this to be believed of the next message? With `.proceed` it stands in `forwarded`.
  case forward(ClientAttributes)
}

extension Question: CustomStringConvertible, CustomDebugStringConvertible {
  /// The question's name and nothing of what was said: that may be a password.
  public var description: String {
    switch self {
    case .connect: "connect"
    case .hello: "hello"
    case .mail: "mail"
    case .recipient: "recipient"
    case .content: "content"
    case .message: "message"
    case .verify: "verify"
    case .startTLS: "startTLS"
    case .authenticate: "authenticate"
    case .authenticationResponse: "authenticationResponse"
    case .client: "client"
    case .forward: "forward"
    }
  }

  public var debugDescription: String { description }
}

/// The answer to a question.
public enum Answer: Sendable {
  case proceed
  /// Goes on and says this instead of the usual: the backend's 250, VRFY's findings.
  case proceedSaying(Response)
  /// To `.message` alone, of a transaction that asked for it (PRDR): a reply for each recipient in their order, and
  /// then one for the message.
  case proceedEach([Response], Response)
  case refuse(Response)
  /// Refuses this command, and with it the whole transaction: DATA will be refused too.
  case refuseTransaction(Response)
  /// Says this and closes the connection.
  case close(Response)
  /// To `.startTLS` alone: yes. `octetsBehind` are those that have come in the clear behind the command and are
  /// not dealt with: with any the connection is closed, for whoever put them there meant them to be taken for
  /// the encrypted session's (RFC 3207 §4.2, and the injections of 2011 and 2021).
  case encrypt(octetsBehind: Int)
  /// To `.authenticate` and `.authenticationResponse` alone: 334 with these octets, which are put into base64.
  case challenge([UInt8])
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
  /// Say all of these, one after the other.
  case replies([Response])
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
  /// Send these octets, 334 and its challenge, and read a line of the bound `CommandFraming.Line.response`; then
  /// call `received(response:)`.
  case challenge([UInt8])
  /// Say this (220), and let the next octet from the client be the handshake's; then call `encrypted`.
  case startTLS(Response)
  /// The client speaks for another, as its XCLIENT said: take on that one's identity, then call `reidentified`.
  case restart
}
