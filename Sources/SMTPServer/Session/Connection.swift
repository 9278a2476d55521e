import Bytes
import EventLoops
import Filtering
import MailSyntax
import NIOCore
import NetAddress
import SMTPProtocol
import Storage

/// One client's connection: feeds the machine from the socket, finds the answers to its questions, and carries
/// out its actions. Isolated to the channel's own event loop: no lock, no hop.
actor Connection {
  nonisolated let loop: any EventLoop
  nonisolated let channel: any Channel
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  let context: GatewayContext
  let policy: Policy
  /// Which of the gateway's connections this is.
  let number: UInt64
  /// What is known of the client.
  var facts: ConnectFacts
  /// What holds on the listener that it came to.
  let listener: ListenerTerms
  /// Its place in the counts; nil only where there is no gateway around it.
  let ticket: AdmissionTicket?
  /// Whether it may say for whom it speaks: by the address that it came with, never by one that it told.
  let isTrustedClient: Bool
  /// What a server in front told of the client that it speaks for; nil for nearly everybody.
  var told: ToldClient?
  /// AUTH under way.
  var login: LoginAttempt?
  /// `tls-server-end-point` of our own TLS.
  var channelBinding: [UInt8]?
  var session: ServerSession
  let id: String

  var inbound = ByteBuffer()
  var outbound: [UInt8] = []
  /// What was found about the client, and about its greeting: it weighs in every transaction.
  var aboutClient = Found.nothing
  var aboutHello = Found.nothing
  /// Monotonic milliseconds at which the checks on the client, and those on its greeting, began last.
  var began: (aboutClient: Int64, aboutHello: Int64) = (0, 0)
  /// Whether somebody was ever asked: a session that needs nobody has nothing to look after.
  var hasAsked = false
  /// Whether the client has been greeted, or refused in place of it.
  var isGreeted = false
  /// Whether the first line of its greeting is out, and the last is not.
  var hasTeased = false
  /// Whether the client has said anything.
  private var hasSpoken = false
  /// Ends the wait for the greeting.
  var greetingDelay: Scheduled<Void>?
  /// Whether the client has to wait for the reply that is being sought.
  private var isOutOfTurn = false
  /// What the open question waits for.
  var waiting: Wait?
  /// For how long the stage that is being decided was waited for, in milliseconds.
  var waited: Int64?
  /// Where the tasks of the checks run.
  lazy var executor = LoopTaskExecutor(loop)
  var transaction: Transaction?
  /// Among the connections of its keeper.
  var place = 0
  /// Whether the connection itself is; the client that XCLIENT told may have come in the clear.
  var isEncrypted: Bool
  /// Where the client stands with its time.
  var clock: StepClock
  var phase = Phase.open
  var framing: CommandFraming

  enum Phase {
    case open
    /// TLS is being agreed on: nothing is said or taken in the clear.
    case handshaking
    /// An answer is being sought; nothing is read meanwhile.
    case waiting
    /// The last reply is out; what still comes is dropped until the peer closes or this moment passes.
    case lingering(until: Int64)
    case gone
  }

  init(
    channel: any Channel, context: GatewayContext, policy: Policy, facts: ConnectFacts,
    listener: ListenerTerms = ListenerTerms(), ticket: AdmissionTicket? = nil
  ) {
    self.loop = channel.eventLoop
    self.channel = channel
    self.context = context
    self.policy = policy
    self.facts = facts
    self.listener = listener
    self.ticket = ticket
    self.number = context.newNumber()
    // Abuse: what a balancer does not know the client of comes from the balancer's own address.
    self.isTrustedClient =
      facts.isAddressKnown && !listener.trustedClients.isEmpty
      && listener.trustedClients.contains(facts.address)
    self.isEncrypted = facts.tls != nil
    let terms = SessionTerms(
      facts, listener, policy, context, isEncrypted: facts.tls != nil, isTrustedClient: isTrustedClient)
    self.session = ServerSession(terms: terms.session, offer: terms.offer, isEncrypted: facts.tls != nil)
    self.framing = CommandFraming(
      longest: policy.bounds.commandLine, acceptsBareLineFeed: policy.normalizesBareLineFeed)
    self.id = context.newID()
    self.clock = StepClock(now: Clock.monotonic)
  }

  /// Whether the client closed its side.
  var isInputClosed = false
  private var isReading = true
  var isDiskBusy = false
  var unread: [UnreadReply] = []
  /// What came ahead of its time and was reserved for; gives it back when it goes.
  private var ahead: AheadReservation?
  /// How the client introduced itself last; the machine forgets it with the session.
  var lastHello: Hello?
  /// Greetings since the last transaction began.
  var greetings = 0

  func opened() {
    if listener.tls == .implicit, facts.tls == nil { return beginTLS() }
    perform(session.opened(), isLogged: true)
    pump()
  }

  func received(_ buffer: ByteBuffer) {
    clock.touched(Clock.monotonic)
    switch phase {
    case .lingering, .gone: return
    case .handshaking: return injected(octets: buffer.readableBytes)
    case .open, .waiting: break
    }
    // Who speaks on has read what was said before, unless he spoke before he could.
    if !unread.isEmpty { unread.removeAll { !$0.isAhead } }
    if inbound.readableBytes == 0 {
      inbound = buffer
    } else {
      inbound.writeImmutableBuffer(buffer)
    }
    if !hasSpoken {
      hasSpoken = true
      spokeFirst()
    }
    if case .open = phase {
      pump()
    } else {
      if isOutOfTurn { facts.manners.spokeOutOfTurn = true }
      reserveAhead()
    }
    adjustReading()
  }

  /// Bound: what a client sends while it is not its turn counts against the memory for messages.
  private func reserveAhead() {
    guard inbound.readableBytes > Self.mostAhead else { return }
    guard inbound.readableBytes > ahead?.octets ?? 0 else { return }
    guard context.admission.reserveMemory(inbound.readableBytes) else {
      inbound = ByteBuffer()
      ahead = nil
      return cutOff(.limitMemory)
    }
    // The one it replaces gives its own back.
    ahead = AheadReservation(context.admission, octets: inbound.readableBytes)
  }

  /// Feeds the machine for as long as there is something to feed and nothing to wait for; then flushes.
  func pump() {
    defer { adjustReading() }
    var fed = 0
    feeding: while case .open = phase {
      // Abuse: a flood of commands in one piece does not keep the others of this loop waiting.
      fed += 1
      if fed > Self.mostAtOnce {
        loop.execute { self.assumeIsolated { $0.pump() } }
        flush()
        return
      }
      // Abuse: who does not read his replies gets no more of them.
      if outbound.count > Self.mostUnsent {
        flush()
        if !channel.isWritable { return }
      }
      switch session.need {
      case .line, .response: guard takeLine() else { break feeding }
      case .data: guard takeData() else { break feeding }
      case .chunk: guard takeChunk() else { break feeding }
      case .drain: guard drainChunk() else { break feeding }
      case .answer, .handshake, .identity, .nothing: break feeding
      }
    }
    flush()
    if inbound.readableBytes == 0 { inbound = ByteBuffer() }
    if inbound.readableBytes <= Self.mostAhead { ahead = nil }
    if isInputClosed, case .open = phase {
      if unread.isEmpty { finishForClosedInput() } else { close(lingering: true) }
    }
  }

  // MARK: Lines

  /// Takes one command line from what has come; false where it is not there yet.
  private func takeLine() -> Bool {
    guard inbound.readableBytes > 0 else { return false }
    let isResponse = session.need == .response
    let (taken, event) = framing.next(inbound.readableBytesSpan, as: isResponse ? .response : .command)
    inbound.moveReaderIndex(forwardBy: taken)
    switch event {
    case .line(let line):
      if !isResponse, inbound.readableBytes > 0 { noteTurn(behind: line) }
      perform(
        isResponse ? session.received(response: line) : session.received(line: line), isLogged: false)
    case .malformed(let reason): perform(session.receivedMalformedLine(reason), isLogged: false)
    case .endless: perform(session.ended(.limitErrors), isLogged: false)
    case nil: return taken > 0
    }
    if case .waiting = phase, !isResponse, case .line(let line) = event {
      isOutOfTurn = told == nil && !isTrustedClient && mayNotBeFollowed(line)
    } else {
      isOutOfTurn = false
    }
    clock.answered(Clock.monotonic)
    return true
  }

  /// Bound: steps of one session before the loop's other work has its turn.
  private static let mostAtOnce = 64
  /// Bound: octets of replies written ahead of a client that does not read.
  static let mostUnsent = 32 * 1024
  /// Bound: octets of commands taken in while an answer is being sought. More than the longest line of a login, of
  /// which the rest would never be read.
  private static let mostAhead = 16 * 1024

  /// Bound: octets of commands taken in at all; the longest line of a login has to be among them.
  private static let mostRead = max(16 * 1024, CommandFraming.longestResponse)

  /// Reading stops while the client does not take its replies, while the disk does not take its message, and
  /// while more has come than can be dealt with now.
  func adjustReading() {
    let isWanted: Bool
    switch phase {
    case .gone: return
    case .lingering: isWanted = true
    case .handshaking: isWanted = true
    case .open, .waiting:
      isWanted = !isDiskBusy && channel.isWritable && inbound.readableBytes <= Self.mostRead
    }
    guard isWanted != isReading else { return }
    isReading = isWanted
    try? channel.syncOptions?.setOption(.autoRead, value: isWanted)
  }

  func writabilityChanged() {
    if channel.isWritable, case .open = phase { pump() }
    adjustReading()
  }
}

/// Octets that a client sent ahead of its time, counted with the messages in flight until they are dealt with.
private final class AheadReservation: Sendable {
  let octets: Int
  private let admission: Admission

  /// Takes over what was reserved already.
  init(_ admission: Admission, octets: Int) {
    self.admission = admission
    self.octets = octets
  }

  deinit { admission.releaseMemory(octets) }
}
