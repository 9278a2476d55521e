public import SMTPProtocol

/// Everything that the configuration, the lists and the checks come to: one immutable snapshot. A session keeps
/// the policy it began with; a reload swaps the reference.
public final class Policy: Sendable {
  /// Counts the snapshots since the start.
  public let generation: Int
  public let hostname: String
  public let catalogue: ReasonCatalogue
  public let terms: ServerSession.Terms
  public let plan: CheckPlan
  public let scores: ScoreTable
  public let thresholds: Thresholds
  public let relay: RelayControl
  public let routes: RouteTable
  public let bounds: MessageBounds
  public let timeouts: SessionTimeouts
  public let tagging: Tagging
  /// The admin's word on bare LF: take it as CRLF.
  public let normalizesBareLineFeed: Bool

  public init(
    generation: Int, hostname: String, catalogue: ReasonCatalogue, terms: ServerSession.Terms, plan: CheckPlan,
    scores: ScoreTable, thresholds: Thresholds, relay: RelayControl, routes: RouteTable, bounds: MessageBounds,
    timeouts: SessionTimeouts, tagging: Tagging, normalizesBareLineFeed: Bool
  ) {
    self.generation = generation
    self.hostname = hostname
    self.catalogue = catalogue
    self.terms = terms
    self.plan = plan
    self.scores = scores
    self.thresholds = thresholds
    self.relay = relay
    self.routes = routes
    self.bounds = bounds
    self.timeouts = timeouts
    self.tagging = tagging
    self.normalizesBareLineFeed = normalizesBareLineFeed
  }
}

/// Bounds of one message, in octets unless said otherwise; nil for none.
public struct MessageBounds: Hashable, Sendable {
  public var size: UInt64?
  public var header: Int
  /// Received lines.
  public var hops: Int
  /// Octets kept in memory before the rest goes to a spool file; at least `header`.
  public var memory: Int
  /// Octets of a command line, its CRLF included.
  public var commandLine: Int

  public init(size: UInt64?, header: Int, hops: Int, memory: Int, commandLine: Int = 2048) {
    self.size = size
    self.header = header
    self.hops = hops
    self.memory = max(memory, header)
    self.commandLine = commandLine
  }
}

/// How long each step may take (RFC 5321 §4.5.3.2).
public struct SessionTimeouts: Hashable, Sendable {
  /// From the connection to the first command.
  public var greeting: Duration
  /// Silence before a command.
  public var command: Duration
  /// Silence within message content.
  public var data: Duration
  /// A whole transaction, MAIL to the final reply.
  public var message: Duration
  /// Judging and handing over together.
  public var verdict: Duration
  /// A session without a transaction.
  public var idle: Duration
  /// Octets a second of message content, on average after 30 seconds; 0 for no least rate.
  public var leastDataRate: Int

  public init(
    greeting: Duration, command: Duration, data: Duration, message: Duration, verdict: Duration, idle: Duration,
    leastDataRate: Int
  ) {
    self.greeting = greeting
    self.command = command
    self.data = data
    self.message = message
    self.verdict = verdict
    self.idle = idle
    self.leastDataRate = leastDataRate
  }
}

/// What a tagged message gets.
public struct Tagging: Hashable, Sendable {
  /// Put in front of the Subject; empty: the Subject stays as it is.
  public var subjectPrefix: String

  public init(subjectPrefix: String = "") { self.subjectPrefix = subjectPrefix }
}
