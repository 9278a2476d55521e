public import Bytes
public import NetAddress
public import SMTPProtocol

/// One thing that happened, with all that its log line says. Stable names; see the log line in the manual.
public struct Event: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// A message the backend has.
    case accept
    /// A message that is held on disk.
    case quarantine
    /// A message that a rule threw away in so many words.
    case discard
    /// A command or message refused for good.
    case reject
    /// A command or message refused for now.
    case `defer`
    /// A connection, message or recipient past a limit.
    case limit
    /// A mistake in the dialogue, a time-out, a lost connection.
    case session
    /// A user logged in.
    case login
    /// A list entry, check or rule in shadow mode would have refused.
    case shadow
    /// The gateway's own state: started, reloaded, a backend down or back.
    case system
  }

  public var kind: Kind
  public var severity: Severity
  public var time: Timestamp
  /// The transaction's or the session's id; empty for `system`.
  public var id = ""
  /// Where it was enforced.
  public var stage: Stage?
  /// Where the deciding observation was made.
  public var found: Stage?
  public var code: ReasonCode?
  public var client: IPAddress?
  /// The server in front, where it speaks for a client that it does not know; then there is no `client`.
  public var via: IPAddress?
  public var clientName: String?
  public var helo = ""
  /// nil in the clear.
  public var tls: TLSFacts?
  /// Who logged in, or the name that was tried.
  public var user: String?
  /// The SASL mechanism of a login.
  public var mechanism: String?
  /// nil where no sender was told yet; empty for the null sender.
  public var sender: String?
  public var recipients: [String] = []
  public var score: Double?
  public var findings: [WeighedFinding] = []
  /// The rule that decided, by its id; empty where none did.
  public var rule = ""
  /// The rules that matched, in order, by their ids; those in shadow say so.
  public var rules: [String] = []
  /// The quarantine's folder, where the message is held.
  public var folder = ""
  /// To whom else it goes: redirected or copied.
  public var redirected: [String] = []
  /// The checks that were still asking when it was decided without them, in the order of the catalogue.
  public var unfinished: [String] = []
  public var backend: String?
  /// Octets of the message.
  public var octets: UInt64?
  public var reply: Reply?
  /// What else the operator needs: the fault's words, file and line of a list entry.
  public var detail = ""
  public var took: Duration?

  public enum Severity: Int, Comparable, Sendable {
    case error, warning, info, debug
    public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
  }

  public init(_ kind: Kind, _ severity: Severity = .info, at time: Timestamp) {
    self.kind = kind
    self.severity = severity
    self.time = time
  }

  /// A `system` event in words.
  public static func system(_ severity: Severity, _ code: ReasonCode, _ detail: String, at time: Timestamp)
    -> Event
  {
    var event = Event(.system, severity, at: time)
    event.code = code
    event.detail = detail
    return event
  }
}
