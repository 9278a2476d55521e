public import MailSyntax

/// One command of a client, read from its line (RFC 5321 §4.1.1, RFC 821 §4.1.1, and the extensions offered).
public enum Command: Hashable, Sendable {
  case helo(String)
  case ehlo(String)
  /// LMTP's greeting (RFC 2033 §4.1), spoken to an SMTP port by mistake.
  case lhlo(String)
  case mail(Path, MailParameters)
  case recipient(Path, RecipientParameters)
  case data
  /// A chunk of `size` octets follows the line (RFC 3030 §2).
  case chunk(size: UInt64, isLast: Bool)
  case reset
  case noop
  case quit
  case help(String)
  case verify(String)
  case expand(String)
  case startTLS
  /// AUTH (RFC 4954 §4): the mechanism in capitals, and the initial response with its base64 undone; nil where
  /// there is none.
  case authenticate(mechanism: String, initial: [UInt8]?)
  /// XCLIENT: the client speaks for another from here on (Postfix, XCLIENT_README).
  case client(ClientAttributes)
  /// XFORWARD: the next message is another's (Postfix, XFORWARD_README).
  case forward(ClientAttributes)
  /// SEND, SOML, SAML and TURN of RFC 821, and ATRN and ETRN: known, never served.
  case obsolete(String)
  case unknown(String)
}

/// Why a line is no command that can be carried out, whatever state the session is in.
public enum CommandFault: Error, Hashable, Sendable {
  /// Parameters or argument not of the command's grammar.
  case syntax(String)
  /// Deviation: the argument is missing or surplus, e.g. `DATA now`.
  case argument(String)
  case senderPath(PathFault)
  case recipientPath(PathFault)
  /// A MAIL or RCPT parameter not known or not offered (RFC 5321 §4.1.1.11).
  case parameterUnknown(String)
  case parameterValue(String)
  /// What follows AUTH is not of its grammar (RFC 4954 §4). It is told to nobody: it may be a password.
  case authentication
}

/// BODY of MAIL (RFC 6152, RFC 3030).
public enum BodyKind: String, Hashable, Sendable {
  case sevenBit = "7BIT"
  case eightBit = "8BITMIME"
  case binary = "BINARYMIME"
}

/// The parameters of MAIL that the gateway knows.
public struct MailParameters: Hashable, Sendable {
  /// Octets that the client says the message has (RFC 1870).
  public var size: UInt64?
  public var body: BodyKind?
  public var isInternationalized = false
  /// REQUIRETLS: to be handed on under TLS alone (RFC 8689 §2).
  public var requireTLS = false
  /// PRDR: a reply for each recipient is wanted behind the content (draft-hall-prdr-00).
  public var repliesEach = false
  /// `FULL` or `HDRS` (RFC 3461 §4.3).
  public var returnKind: String?
  /// xtext as it came (RFC 3461 §4.4).
  public var envelopeID: String?
  /// xtext as it came (RFC 4954 §5).
  public var authenticatedSender: String?

  public init() {}
  public static let none = MailParameters()
}

/// The parameters of RCPT that the gateway knows (RFC 3461 §4.1, §4.2).
public struct RecipientParameters: Hashable, Sendable {
  public var notify: String?
  public var originalRecipient: String?

  public init() {}
  public static let none = RecipientParameters()
}

extension Command {
  /// What is told and logged of a word that is no command: at most 12 letters of it or nothing, since what
  /// follows a refused AUTH or DATA is a password or somebody's mail.
  static func echo(ofUnknown word: String) -> String {
    let isWord =
      word.utf8.count <= 12
      && word.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
    return isWord ? word : ""
  }
}
