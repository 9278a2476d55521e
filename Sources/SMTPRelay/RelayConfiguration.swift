public import Bytes
public import NetAddress
public import SMTPProtocol

/// One mail server behind the gateway, as the relay needs to know it.
public struct BackendConfiguration: Sendable {
  /// How the backend is told who the client is.
  public enum Identity: Hashable, Sendable {
    /// By the trace header alone.
    case header
    /// By XFORWARD; a session that does not offer it carries no mail.
    case xforward
    /// By XFORWARD where it is offered.
    case auto
    /// By XCLIENT, on a session for this one connection of the client's.
    case xclient
    /// By the PROXY protocol, version 2, alike.
    case proxy

    /// Whether a session serves one client connection and no other.
    var isBound: Bool { self == .xclient || self == .proxy }
    /// Whether XFORWARD may be said.
    var forwards: Bool { self == .xforward || self == .auto }
  }

  /// How the gateway knows which recipients there are.
  public enum Recipients: Sendable {
    /// It asks the backend.
    case probe
    /// It asks a list: whether there is this local part, unquoted, at this domain.
    case file(@Sendable (_ localPart: String, _ domain: String) -> Bool)
    /// Every recipient is taken.
    case any
  }

  public var name: String
  public var endpoint: Endpoint
  public var isLMTP = false
  public var identity = Identity.auto
  public var encryption = BackendEncryption()
  public var recipients = Recipients.probe
  /// A domain of its own, to find out whether it accepts every made-up address; nil: that is not asked.
  public var probeDomain: String?
  /// Most delivery sessions at once, on all event loops together.
  public var connections = 100
  /// Most probe sessions at once.
  public var probeSessions = 4
  /// A session older than this carries no further message.
  public var sessionAge = Duration.seconds(300)
  /// A session not used for so long is closed.
  public var sessionIdle = Duration.seconds(60)
  /// A session for one client connection is closed when that has had no use for it for so long.
  public var boundIdle = Duration.seconds(5)
  /// A session that carried so many messages carries no further one.
  public var sessionMessages = 1000
  /// A delivery session that was refused so many commands is closed, before the backend slows it down.
  public var sessionRefusals = 5
  /// A probe session closes after so many refusals.
  public var probeSessionRefusals = 5
  /// A probe session closes after so many probes.
  public var probeSessionProbes = 50
  /// For the connection, and for the greeting and the answer to EHLO together once more.
  public var connectTimeout = Duration.seconds(30)
  /// For each reply.
  public var replyTimeout = Duration.seconds(300)
  /// A backend that failed is tried again after a second, then after growing pauses, at most this.
  public var longestPause = Duration.seconds(30)

  public init(name: String, endpoint: Endpoint) {
    self.name = name
    self.endpoint = endpoint
  }
}

/// Whether sessions with a backend are encrypted (STARTTLS, RFC 3207), and what its certificate has to be.
public struct BackendEncryption: Hashable, Sendable {
  public enum Mode: Hashable, Sendable {
    case off
    /// Where it is offered, whatever the certificate; in the clear for a while where the handshake fails.
    case optional
    /// No session without, whatever the certificate.
    case required
    /// No session without, and with no other certificate than the right one.
    case verify
  }

  public var mode: Mode
  /// The name that is asked for (SNI), and that the certificate has to be for; nil: that of the endpoint, of which an
  /// address is looked for in the certificate and not asked for.
  public var name: String?
  /// A file of certificates of authorities, in PEM; nil: the system's.
  public var authorities: String?
  /// SHA-256 of the SubjectPublicKeyInfo; where there are any, one of them is what makes a certificate right, in
  /// place of name and authority.
  public var pins: [[UInt8]]
  /// How long `optional` goes in the clear after a handshake failed.
  public var clearLifetime = Duration.seconds(600)

  public init(
    _ mode: Mode = .off, name: String? = nil, authorities: String? = nil, pins: [[UInt8]] = []
  ) {
    self.mode = mode
    self.name = name
    self.authorities = authorities
    self.pins = pins
  }
}

/// What holds for all backends.
public struct RelayConfiguration: Sendable {
  /// Said in EHLO.
  public var hostname: String
  /// How long an accepted recipient is known without asking again.
  public var knownLifetime = Duration.seconds(3600)
  /// How long a refused one is refused without asking again.
  public var unknownLifetime = Duration.seconds(600)
  /// How long a recipient that was refused only at delivery stays refused.
  public var refusedLifetime = Duration.seconds(3600)
  /// How long a recipient that was refused for now at delivery stays so for that sender; twice as long each time
  /// that the backend says it again, at most `longestDeferral`.
  public var deferredLifetime = Duration.seconds(900)
  public var longestDeferral = Duration.seconds(4 * 3600)
  /// Most answers about recipients kept.
  public var cacheEntries = 100_000
  /// How long a message is remembered of which a backend has a part, while its client was told to come again.
  public var digestLifetime = Duration.seconds(4 * 3600)
  /// Most such messages kept.
  public var digestEntries = 10_000
  /// How long a probe may take, waits included.
  public var probeBudget = Duration.seconds(30)
  /// Most probes of one backend under way or waiting; past it the recipient is told to come again.
  public var mostProbes = 500
  /// How long `learn` may take.
  public var learnBudget = Duration.seconds(10)
  /// Most deliveries that wait for a session of one backend, on each event loop.
  public var mostWaiting = 2000
  /// How often deadlines are looked at.
  public var tick = Duration.milliseconds(250)
  /// What a recipient is told whom a recipients file does not know.
  public var unknownRecipient = Reply(550, 1, 1, "No such user here")

  public init(hostname: String) { self.hostname = hostname }
}

/// Where what the backends offer is kept between two runs of the gateway.
public protocol CapabilityMemory: Sendable {
  /// What was saved last, by backend name; empty where nothing was.
  func load() -> [String: String]
  /// Keeps all of it. Called off the event loops.
  func save(_ capabilities: [String: String])
}

/// One backend as `weir status` shows it.
public struct BackendStatus: Hashable, Sendable {
  public enum Health: String, Hashable, Sendable {
    /// Never spoken to, in this run or an earlier one: nothing is routed there.
    case unheard
    case up
    case down
  }

  public let name: String
  public let health: Health
  public let since: Timestamp
  /// Why it is not up; empty where it is.
  public let fault: String
  public let idleSessions: Int
  public let busySessions: Int
  /// Messages it took, messages it refused, and deliveries that failed without its word.
  public let deliveries: Int
  public let refusals: Int
  public let failures: Int
  /// Questions about recipients.
  public let probes: Int
  /// What it offers, in the stored form of `Capabilities`.
  public let capabilities: String
  /// How the last session was encrypted: `TLSv1.3 TLS_AES_256_GCM_SHA384 verified`; `clear`; empty where none stood.
  public let encryption: String
}
