public import Bytes
public import MailAuthentication
public import MailSyntax
public import NetAddress
public import SMTPProtocol

/// When a check looks, and when its finding may act.
public enum Stage: Int, Comparable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case connect
  case hello
  case mail
  case recipient
  case message

  public init?(_ name: String) {
    guard let stage = Stage.allCases.first(where: { $0.description == name }) else { return nil }
    self = stage
  }

  public static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }

  public var description: String {
    switch self {
    case .connect: "connect"
    case .hello: "hello"
    case .mail: "mail"
    case .recipient: "recipient"
    case .message: "message"
    }
  }
}

/// What is known when a connection stands. Each later stage holds the one before, so that a check cannot name
/// what is not known yet.
public struct ConnectFacts: Sendable {
  /// The client's; where `isAddressKnown` is false that of the server in front, which connections are counted under.
  public var address: IPAddress
  /// Whether `address` is the client's: a server in front may stand for one that it does not know.
  public var isAddressKnown = true
  public var port: UInt16
  /// The listener's own address, as the configuration writes it.
  public let listener: String
  /// Whether the client stands in `relay.networks`.
  public var isRelayNetwork: Bool
  public let time: Timestamp
  public var profile = ListenerTerms.Profile.mx
  /// nil while the connection is in the clear.
  public var tls: TLSFacts?
  /// nil before AUTH.
  public var user: AuthenticatedUser?
  /// Whether its certificate is one of `relay.certificates`.
  public var isRelayCertificate = false
  /// The name that a trusted server in front told (XCLIENT, XFORWARD); nil where DNS has to be asked.
  public var toldName: String?
  /// What the client did against the protocol so far: it spoke before the greeting, or ahead of a reply.
  public var manners = ClientManners()
  /// What is found out about the client, once for the session.
  public var evidence = ClientEvidence()

  public init(address: IPAddress, port: UInt16, listener: String, isRelayNetwork: Bool, time: Timestamp) {
    self.address = address
    self.port = port
    self.listener = listener
    self.isRelayNetwork = isRelayNetwork
    self.time = time
  }

  /// Why it may do more than a stranger; a login says more than an address.
  public var trust: Trust {
    if let user { return .user(user) }
    if isRelayCertificate { return .certificate }
    return isRelayNetwork ? .network : .none
  }

  /// The client's own address; nil where nobody knows it, and then nothing follows from where it is.
  public var knownAddress: IPAddress? { isAddressKnown ? address : nil }

  /// Whether it is known to stand in some networks.
  public func stands(in networks: IPPrefixSet) -> Bool { isAddressKnown && networks.contains(address) }

  /// Whether the checks on strangers concern it.
  public var isStranger: Bool { trust == .none }
}

/// What a client did that no proper one does.
public struct ClientManners: Hashable, Sendable {
  /// It spoke before it was greeted (RFC 5321 §3.1).
  public var spokeEarly = false
  /// It sent commands ahead of a reply that it has to wait for (RFC 2920 §3.1), or in a group without PIPELINING.
  public var spokeOutOfTurn = false

  public init() {}
}

public struct HelloFacts: Sendable {
  public let connect: ConnectFacts
  public let hello: Hello

  public init(connect: ConnectFacts, hello: Hello) {
    self.connect = connect
    self.hello = hello
  }
}

public struct MailFacts: Sendable {
  public let connect: ConnectFacts
  public let hello: Hello
  public let sender: Path
  public let parameters: MailParameters
  /// The time of the MAIL command: lists expire while a session lasts.
  public let time: Timestamp
  /// What is found out about the sender, once for the transaction.
  public let evidence = SenderEvidence()

  public init(connect: ConnectFacts, hello: Hello, sender: Path, parameters: MailParameters, time: Timestamp)
  {
    self.connect = connect
    self.hello = hello
    self.sender = sender
    self.parameters = parameters
    self.time = time
  }
}

public struct RecipientFacts: Sendable {
  public let mail: MailFacts
  public let recipient: Path
  /// How many recipients of this transaction were taken before this one.
  public let taken: Int

  public init(mail: MailFacts, recipient: Path, taken: Int) {
    self.mail = mail
    self.recipient = recipient
    self.taken = taken
  }
}

public struct MessageFacts: Sendable {
  public let mail: MailFacts
  public let recipients: [Path]
  public let header: MessageHeader
  public let message: HeldMessage
  /// The digests of its body that its signatures are about; nil where none was computed on the way in.
  public let bodyDigests: BodyDigests?
  /// Octets that checks of the content look at.
  public let contentLimit: Int
  /// What is found out about the message, once.
  public let evidence = MessageEvidence()

  public init(
    mail: MailFacts, recipients: [Path], header: MessageHeader, message: HeldMessage,
    bodyDigests: BodyDigests? = nil, contentLimit: Int = 8 << 20
  ) {
    self.contentLimit = contentLimit
    self.bodyDigests = bodyDigests
    self.mail = mail
    self.recipients = recipients
    self.header = header
    self.message = message
  }
}
