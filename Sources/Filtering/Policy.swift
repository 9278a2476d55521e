public import DNS
public import NetAddress
public import SMTPProtocol

/// Everything that the configuration, the lists and the checks come to: one immutable snapshot. A session keeps
/// the policy it began with; a reload swaps the reference.
public final class Policy: Sendable {
  /// Counts the snapshots since the start.
  public let generation: Int
  public let hostname: String
  public let catalogue: ReasonCatalogue
  /// Terms by network, the longest prefix first; the last entry is for everybody else.
  private let terms: [NetworkTerms]
  /// By whom it concerns: strangers, and those who are none.
  private let plan: (strangers: CheckPlan, others: CheckPlan)
  private let wantsBody: (strangers: Bool, others: Bool)
  public let scores: ScoreTable
  /// Who goes by which thresholds, modes and marks.
  public let recipients: RecipientPolicies
  public let rules: any RuleBook
  public let relay: RelayControl
  /// The way to the backends.
  public let backends: any Relay
  public let routes: RouteTable
  public let bounds: MessageBounds
  public let timeouts: SessionTimeouts
  /// The admin's word on bare LF: take it as CRLF.
  public let normalizesBareLineFeed: Bool
  /// Past this lateness of an event loop, in milliseconds, no new connection is taken; 0: no bound.
  public let loopDelay: Int
  /// By the listener's address as the configuration writes it.
  public let listeners: [String: ListenerTerms]
  /// Who knows the users; nil where nobody can log in.
  public let authenticator: (any Authenticator)?
  /// Who answers questions about names; nil where nobody is to be asked: checks that need it are not in the plan.
  public let resolver: (any Resolver)?
  /// How long the questions of one stage may take together.
  public let lookupBudget: Duration
  /// How strangers are greeted.
  public let greeting: GreetingTerms
  /// What is completed in the header of one's own users' mail.
  public let completion: HeaderCompletion.Terms
  /// How long mail waits.
  public let waiting: WaitingTerms

  public init(
    generation: Int, hostname: String, catalogue: ReasonCatalogue, terms: [NetworkTerms], plan: CheckPlan,
    scores: ScoreTable, relay: RelayControl, backends: any Relay, routes: RouteTable,
    bounds: MessageBounds,
    timeouts: SessionTimeouts, normalizesBareLineFeed: Bool, loopDelay: Int,
    listeners: [String: ListenerTerms] = [:], authenticator: (any Authenticator)? = nil,
    completion: HeaderCompletion.Terms = .none, resolver: (any Resolver)? = nil,
    lookupBudget: Duration = .seconds(5), greeting: GreetingTerms = .none,
    recipients: RecipientPolicies, rules: any RuleBook = NoRules(),
    waiting: WaitingTerms = WaitingTerms()
  ) {
    self.recipients = recipients
    self.rules = rules
    self.waiting = waiting
    self.greeting = greeting
    self.resolver = resolver
    self.lookupBudget = lookupBudget
    self.generation = generation
    self.hostname = hostname
    self.catalogue = catalogue
    self.terms = terms
    self.plan = (plan, plan.concerning(.network))
    wantsBody = (plan.wantsBody, self.plan.others.wantsBody)
    self.scores = scores
    self.relay = relay
    self.backends = backends
    self.routes = routes
    self.bounds = bounds
    self.timeouts = timeouts
    self.normalizesBareLineFeed = normalizesBareLineFeed
    self.loopDelay = loopDelay
    self.listeners = listeners
    self.authenticator = authenticator
    self.completion = completion
  }

  /// Whether a reply for each recipient is offered (PRDR): recipients of one message may be told different things.
  public var repliesEach: Bool { rules.mayDiffer || !recipients.isUniform }

  /// What a score does to the mail of everybody whom no `[[policy]]` names.
  public var thresholds: Thresholds { recipients.standard.thresholds }

  /// What a stage that begins now may ask; without a resolver every answer is that there is none to be had.
  public func lookups(from now: ContinuousClock.Instant) -> Lookups {
    Lookups(resolver ?? NoResolver(), until: now + lookupBudget)
  }

  /// The checks that a client of that trust meets.
  public func plan(for trust: Trust) -> CheckPlan { trust == .none ? plan.strangers : plan.others }

  /// Whether a check on the messages of such a client needs digests of the body.
  public func wantsBody(of trust: Trust) -> Bool { trust == .none ? wantsBody.strangers : wantsBody.others }

  /// The terms of a client: those of the smallest network it stands in; everybody's where its address is not known.
  public func terms(for address: IPAddress?) -> NetworkTerms {
    terms.first { terms in
      guard let network = terms.network else { return true }
      return address.map { network.contains($0) } ?? false
    } ?? NetworkTerms(network: nil)
  }
}

/// The bounds of a session that may differ by network (`[[limits.network]]`).
public struct NetworkTerms: Sendable {
  /// nil: everybody.
  public let network: IPPrefix?
  public let session: ServerSession.Terms
  /// Octets of a message; nil for no limit.
  public let messageSize: UInt64?

  public init(
    network: IPPrefix?, session: ServerSession.Terms = ServerSession.Terms(), messageSize: UInt64? = nil
  ) {
    self.network = network
    self.session = session
    self.messageSize = messageSize
  }
}

/// Bounds of one message, in octets unless said otherwise.
public struct MessageBounds: Hashable, Sendable {
  public var header: Int
  /// Received lines.
  public var hops: Int
  /// Octets kept in memory before the rest goes to a spool file; more than `header`.
  public var memory: Int
  /// Octets of a line of a message, its CRLF included; nil for no bound but that of the message.
  public var line: Int?
  /// Octets of a command line, its CRLF included.
  public var commandLine: Int
  /// Octets that checks of the content look at.
  public var content: Int

  public init(
    header: Int, hops: Int, memory: Int, line: Int? = nil, commandLine: Int = 2048, content: Int = 8 << 20
  ) {
    self.content = content
    self.header = header
    self.hops = hops
    // One octet more, so that a header past its bound is seen to be.
    self.memory = max(memory, header + 1)
    self.line = line
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
  /// Judging alone, with all that is asked for it.
  public var judging: Duration
  /// Octets a second of message content, on average once `dataRateGrace` has passed; 0 for no least rate.
  public var leastDataRate: Int
  public var dataRateGrace: Duration

  public init(
    greeting: Duration, command: Duration, data: Duration, message: Duration, verdict: Duration,
    judging: Duration? = nil, leastDataRate: Int, dataRateGrace: Duration = .seconds(30)
  ) {
    self.judging = judging ?? verdict / 2
    self.greeting = greeting
    self.command = command
    self.data = data
    self.message = message
    self.verdict = verdict
    self.leastDataRate = leastDataRate
    self.dataRateGrace = dataRateGrace
  }
}

/// What a tagged message gets.
public struct Tagging: Hashable, Sendable {
  /// Put in front of the Subject; empty: the Subject stays as it is.
  public var subjectPrefix: String
  /// Whether it gets the X-Spam-* headers.
  public var addsHeaders: Bool

  public init(subjectPrefix: String = "", addsHeaders: Bool = true) {
    self.subjectPrefix = subjectPrefix
    self.addsHeaders = addsHeaders
  }
}
