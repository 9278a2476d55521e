public import Bytes
public import NetAddress

/// What one Received line says (RFC 5321 §4.4), whoever wrote it and however.
///
/// Nothing here is proved: a line is worth what the server is worth that wrote it.
public struct ReceivedLine: Hashable, Sendable {
  /// What a line is about.
  public enum Kind: String, Hashable, Sendable {
    /// A host handed the message to another.
    case handover
    /// Somebody fetched it from a mailbox (POP3, IMAP).
    case fetched
    /// A program on the host itself, or a step within it: no host before it is named.
    case local
  }

  public struct TLS: Hashable, Sendable {
    /// As written: `TLSv1.3`, `TLS1_2`; empty where only the cipher is told.
    public var version: String
    /// As written; nil where it is not told.
    public var cipher: String?

    public init(version: String, cipher: String? = nil) {
      self.version = version
      self.cipher = cipher
    }
  }

  /// That the client logged in, as the server says.
  public struct Login: Hashable, Sendable {
    /// What says so: `ESMTPSA`, `HTTP`, `authenticated bits=0`.
    public var manner: String
    /// nil where the line does not tell.
    public var user: String?

    public init(manner: String, user: String? = nil) {
      self.manner = manner
      self.user = user
    }
  }

  public var kind = Kind.local
  /// What stands behind `from`, as written.
  public var from: String?
  /// How the client greeted; with brackets where it is an address.
  public var helo: String?
  /// The client's name that the server itself looked up.
  public var reverseName: String?
  /// The address that the server saw the client at.
  public var address: IPAddress?
  /// What an ident server of the client told, or a user name in its place.
  public var ident: String?
  /// The server that wrote the line.
  public var by: String?
  public var byAddress: IPAddress?
  /// The server's software, where it names it.
  public var product: String?
  /// The protocol, as written: `ESMTPSA`, `Microsoft SMTP Server`.
  public var with: String?
  public var via: String?
  public var id: String?
  /// The recipient.
  public var recipient: String?
  /// The envelope sender; empty for the null one.
  public var sender: String?
  public var tls: TLS?
  public var login: Login?
  /// The server's own doubt about the client's name: `may be forged`, `unverified`.
  public var doubt: String?
  /// nil where there is none that could be read; then `dateFault` says why.
  public var date: MailDate?
  public var dateFault: MailDate.Fault?
  /// What of it could not be understood; empty where all was.
  public var unread: [String] = []
  /// Whether the line can be read in two ways, for who wrote its greeting wrote like a server.
  public var isAmbiguous = false
  /// Whether it is longer than is looked at.
  public var isCut = false
  /// Whether nobody has written it yet: the hop of who is handing the message over now.
  public private(set) var isPending = false

  /// A line that says nothing.
  public init() {}

  /// `SMTP`, `ESMTPSA`, `HTTP`, … where `with`, or else `via`, names a protocol; in capitals.
  public var protocolName: String? { Protocols.named(with) ?? Protocols.named(via) }

  /// What the server is known by: its name, else its address.
  public var byText: String? { by ?? byAddress.map(\.description) }
}

extension ReceivedLine {
  /// The hop of a client whose message is being taken.
  ///
  /// - Parameter address: nil where nobody knows it.
  public static func pending(
    from address: IPAddress?, helo: String, reverseName: String?, isLoggedIn: Bool, at time: Timestamp
  ) -> ReceivedLine {
    var line = ReceivedLine()
    line.kind = .handover
    line.from = helo
    line.helo = HostText.address(helo).map { "[\($0)]" } ?? helo
    line.reverseName = reverseName
    line.address = address
    line.date = MailDate(moment: time, zone: 0, oddities: [])
    if isLoggedIn { line.login = Login(manner: "AUTH") }
    line.isPending = true
    return line
  }
}
