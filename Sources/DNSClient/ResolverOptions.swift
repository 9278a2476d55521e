public import DNS
public import NetAddress

/// How names are resolved.
public struct ResolverOptions: Sendable, Hashable {
  /// Where a name server listens.
  public struct Server: Sendable, Hashable, CustomStringConvertible {
    public let address: IPAddress
    public let port: UInt16

    public init(_ address: IPAddress, port: UInt16 = 53) {
      self.address = address
      self.port = port
    }

    /// As libunbound takes it.
    public var description: String { "\(address)@\(port)" }
  }

  /// A zone that is asked of one server; the same zone twice: of either.
  public struct Stub: Sendable, Hashable {
    public let zone: DNSName
    public let server: Server

    public init(zone: DNSName, server: Server) {
      self.zone = zone
      self.server = server
    }
  }

  /// Servers that know all; empty: full recursion from the root.
  public var servers: [Server] = []
  public var stubs: [Stub] = []
  /// Octets for answers, ours and libunbound's together.
  public var cache = 64 << 20
  /// Bound: questions under way or waiting to be asked; one more fails at once.
  public var queue = 10_000
  /// Bound: sockets of questions on their way.
  public var outgoing = 900
  /// A file with the root's keys, which libunbound keeps up to date (RFC 5011); nil: nothing is validated.
  public var trustAnchorFile: String?
  /// Keys of zones, as DS or DNSKEY records in text; with one of them answers are validated as well.
  public var trustAnchors: [String] = []
  /// How long a question goes on that nobody waits for any more.
  public var patience = Duration.seconds(30)
  /// Bound: a time-out is remembered only where it was waited for so long.
  public var leastWait = Duration.seconds(2)
  public var lifetimes = AnswerCache.Lifetimes()
  public var health = ResolverHealth.Terms()

  public init() {}

  /// File descriptors that it may take: sockets, pipes, its own.
  public var descriptors: Int { outgoing + 32 }

  var validates: Bool { trustAnchorFile != nil || !trustAnchors.isEmpty }

  /// Questions that libunbound has at once: each may need more than one socket.
  var mostOutstanding: Int { max(8, outgoing / 2) }
}

/// Why there is no resolver, in words for the operator.
public struct ResolverError: Error, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// What a resolver has done since it began, and what it is at.
public struct ResolverStatus: Sendable, Hashable {
  /// What came of a question that was asked out there.
  public enum Outcome: String, Sendable, CaseIterable {
    case records
    case noData = "no_data"
    case noName = "no_name"
    /// SERVFAIL and its like.
    case server
    case bogus
    /// Nobody answered while somebody waited.
    case timeout
    /// The queue was full, or the network known to be gone.
    case unavailable
    /// Whoever asked went away.
    case cancelled
  }

  /// By their outcome.
  public var questions: [Outcome: Int] = [:]
  /// Answers from memory.
  public var hits = 0
  /// Questions that joined an equal one under way.
  public var merged = 0
  /// Questions under way, those that wait to be asked included.
  public var waiting = 0
  public var queue = 0
  /// Answers in memory, and the octets that they take.
  public var remembered = 0
  public var octets = 0
  /// Whether the world is known not to answer.
  public var isLost = false

  public init() {}
}

/// What a resolver tells about the network, each once.
public enum ResolverNews: Sendable, Hashable {
  /// Nobody answers: questions fail at once until somebody does.
  case lost
  case back(after: Duration)
}
