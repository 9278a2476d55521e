public import MailSyntax
public import NetAddress

/// Who the client is, as the backend is told (XFORWARD) and the trace header shows it.
public struct ClientIdentity: Hashable, Sendable {
  public let address: IPAddress
  /// Whether `address` is the client's, and not that of a server in front that does not know it.
  public var isAddressKnown = true
  public let port: UInt16
  /// The confirmed name; nil where it is not known.
  public let name: String?
  /// The argument of HELO or EHLO.
  public let helo: String
  /// `SMTP` or `ESMTP`, as XFORWARD PROTO tells it.
  public let isExtended: Bool
  /// The login name; nil for who has not logged in.
  public var login: String?
  /// Version and cipher, `TLSv1.3` and `TLS_AES_256_GCM_SHA384`; nil in the clear.
  public var tls: TLS?
  /// Which of the gateway's connections this is; a backend session that is bound to a client serves only this one.
  public var connection: UInt64 = 0

  public struct TLS: Hashable, Sendable {
    public let version: String
    /// Empty where it is not known.
    public let cipher: String
    /// The subject of a verified client certificate; empty where there is none.
    public let subject: String

    public init(version: String, cipher: String, subject: String = "") {
      self.version = version
      self.cipher = cipher
      self.subject = subject
    }
  }

  public init(address: IPAddress, port: UInt16, name: String?, helo: String, isExtended: Bool) {
    self.address = address
    self.port = port
    self.name = name
    self.helo = helo
    self.isExtended = isExtended
  }
}

/// One transaction as it is to be spoken to a backend.
public struct ClientTransaction: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// DATA, then dot-stuffed lines and the final dot.
    case data
    /// `BDAT octets LAST`: binary content of exactly so many octets (RFC 3030).
    case chunk(octets: Int)
    /// None: RSET follows the recipients, which were only asked for.
    case probe
  }

  /// What XFORWARD tells; nil where nothing is told.
  public var client: ClientIdentity?
  public var sender: Path
  /// Said as far as the session offers it; see `ClientSession.missing(for:)`.
  public var parameters: MailParameters
  public var recipients: [Envelope.Recipient]
  public var content: Content
  /// Whether addresses and header are ASCII, so that SMTPUTF8 need not be said where it is not offered.
  public var isASCII: Bool

  public init(
    client: ClientIdentity? = nil, sender: Path, parameters: MailParameters = .none,
    recipients: [Envelope.Recipient], content: Content, isASCII: Bool = true
  ) {
    self.client = client
    self.sender = sender
    self.parameters = parameters
    self.recipients = recipients
    self.content = content
    self.isASCII = isASCII
  }
}

/// What a `ClientSession` wants done; the octets of `output` are to be written first, whatever the action.
public enum ClientAction: Sendable {
  /// Nothing but to wait for more.
  case wait
  /// The word to begin TLS: shake hands, then call `encrypted`, or `handshakeFailed`.
  case startTLS
  /// The session stands, its capabilities are known: the first transaction may begin.
  case open
  /// Send the content behind what is in `output`, then call `contentSent`.
  case sendContent
  /// Tell whoever began the transaction. The session is ready for the next one, about to be, or over: see
  /// `isReady` and `isOver`.
  case report(ClientResult)
  /// The reset is done: the next transaction may begin.
  case rest
  /// What came of `logIn`. Nothing further is to be said but QUIT.
  case loggedIn(LoginAnswer)
  /// The session is over, and no transaction was under way.
  case close(ClientFault)
}

/// How a transaction with a backend ended.
public enum ClientResult: Hashable, Sendable {
  /// The whole message was taken for every recipient; or the recipient of a probe is known.
  case taken(Reply)
  /// LMTP: one reply for each recipient, in their order, not all of them positive.
  case answered([Reply])
  /// XFORWARD was refused. The session is over.
  case identityRefused(Reply)
  case senderRefused(Reply)
  /// These recipients were refused (by index); nothing was delivered to any.
  case recipientsRefused([RecipientRefusal])
  /// The message was refused, at DATA or after its content.
  case refused(Reply)
  /// The session ended. `progress` says what the backend may have.
  case lost(ClientFault, Progress)

  public struct RecipientRefusal: Hashable, Sendable {
    public let index: Int
    public let reply: Reply
    public init(index: Int, reply: Reply) {
      self.index = index
      self.reply = reply
    }
  }

  /// How far a transaction had come when its session ended.
  public enum Progress: Hashable, Sendable {
    /// No content was sent: it can be tried elsewhere.
    case envelope
    /// Content was sent: the backend may have the message or not. `taken`: LMTP recipients, by index, that
    /// were already told that they have it.
    case content(taken: [Int])
  }
}

/// Why a session with a backend ended.
public enum ClientFault: Error, Hashable, Sendable {
  /// What came was no SMTP reply.
  case malformed(ReplyParser.Fault)
  /// A reply that does not fit the command, or that nobody asked for.
  case unexpected(Reply)
  /// The greeting or EHLO was refused.
  case refused(Reply)
  /// 421: the backend is closing.
  case closing(Reply)
  /// Something came where the content was due.
  case tooSoon
  /// TLS could not be had, in words.
  case unencrypted(String)
  /// Something stood behind the word to begin TLS: an answer that nobody may believe.
  case injected
  /// The backend will not be told who the client is, in words.
  case identity(String)
  case disconnected
  case timedOut
  /// The gateway itself ended it.
  case ended
}

extension ClientFault: CustomStringConvertible {
  /// In words for the operator.
  public var description: String {
    switch self {
    case .malformed(.lineTooLong): "a reply line without end"
    case .malformed(.tooManyLines): "a reply of too many lines"
    case .malformed(.notAReply): "an answer that is no SMTP reply"
    case .malformed(.codesDiffer): "a reply whose lines differ in their code"
    case .unexpected(let reply): "an unexpected reply: \(reply.summary)"
    case .refused(let reply): "the session was refused: \(reply.summary)"
    case .closing(let reply): "the session was closed: \(reply.summary)"
    case .tooSoon: "something was said before the content was sent"
    case .unencrypted(let words): words
    case .injected: "something was said in the clear behind the word to begin TLS"
    case .identity(let words): words
    case .disconnected: "the connection was lost"
    case .timedOut: "no reply in time"
    case .ended: "the session was ended"
    }
  }
}
