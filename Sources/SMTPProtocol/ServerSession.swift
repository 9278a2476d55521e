internal import Bytes

/// The dialogue of a server with one client (RFC 5321 §4.1.4), without a socket, a clock or an opinion.
///
/// A line or an answer goes in, one action comes out. Each command is taken in three steps: is it legal here,
/// what do the checks say (`.ask`, then `answered`), do it. While a question is open the driver feeds nothing.
public struct ServerSession: Sendable {
  /// What the configuration says about the dialogue itself.
  public struct Terms: Sendable {
    /// Bound on mistakes a session; nil for none.
    public var mostErrors: Int?
    public var mostCommands: Int?
    public var mostTransactions: Int?
    public var mostRecipients: Int?
    /// Completes a bare local part; nil: such addresses are refused, but for `postmaster`.
    public var completingDomain: String?
    /// Whether VRFY may ask whether a mailbox is known.
    public var verifies: Bool
    /// Nothing but EHLO, STARTTLS, NOOP and QUIT in the clear (RFC 3207 §4).
    public var requiresEncryption: Bool
    /// No MAIL before a login (RFC 6409 §4.3).
    public var requiresAuthentication: Bool

    public init(
      mostErrors: Int? = 10, mostCommands: Int? = 1000, mostTransactions: Int? = nil,
      mostRecipients: Int? = 100,
      completingDomain: String? = nil, verifies: Bool = false, requiresEncryption: Bool = false,
      requiresAuthentication: Bool = false
    ) {
      self.mostErrors = mostErrors
      self.mostCommands = mostCommands
      self.mostTransactions = mostTransactions
      self.mostRecipients = mostRecipients
      self.completingDomain = completingDomain
      self.verifies = verifies
      self.requiresEncryption = requiresEncryption
      self.requiresAuthentication = requiresAuthentication
    }
  }

  enum State: Sendable {
    /// The banner is not out yet.
    case opening
    case greeted
    case ready(Hello)
    case envelope(Hello, Envelope)
    /// DATA's content is on its way.
    case receivingData(Hello, Envelope)
    /// A chunk is on its way; `isLast` as BDAT said.
    case receivingChunk(Hello, Envelope, size: UInt64, isLast: Bool)
    /// Between two chunks.
    case betweenChunks(Hello, Envelope)
    /// Octets of a chunk that nobody wants; the reply follows them.
    case drainingChunk(Response, from: ReturnState)
    case asking(Question, from: ReturnState)
    /// A challenge is out.
    case challenged(Hello)
    /// 220 is said to STARTTLS.
    case handshaking
    /// XCLIENT was taken; who the client is now is not known yet.
    case restarting
    case closed
  }

  /// Where a refused question leads back to.
  enum ReturnState: Sendable {
    case opening
    case greeted
    case ready(Hello)
    case envelope(Hello, Envelope)
    case betweenChunks(Hello, Envelope)

    var hello: Hello? {
      switch self {
      case .opening, .greeted: nil
      case .ready(let hello), .envelope(let hello, _), .betweenChunks(let hello, _): hello
      }
    }

    var envelope: Envelope? {
      switch self {
      case .opening, .greeted, .ready: nil
      case .envelope(_, let envelope), .betweenChunks(_, let envelope): envelope
      }
    }

    var state: State {
      switch self {
      case .opening: .opening
      case .greeted: .greeted
      case .ready(let hello): .ready(hello)
      case .envelope(let hello, let envelope): .envelope(hello, envelope)
      case .betweenChunks(let hello, let envelope): .betweenChunks(hello, envelope)
      }
    }
  }

  public internal(set) var terms: Terms
  /// What EHLO answered last; parameters of other extensions are refused.
  var offer: Offer
  var state = State.opening
  var pendingChunk: PendingChunk?
  /// Octets of the chunks of this transaction.
  var chunkedOctets: UInt64 = 0
  /// What was said to a chunk that failed: the chunks sent behind it, up to LAST, hear the same.
  var failedChunk: Response?
  /// A chunk larger than this and than the message limit is not read to its end.
  static let mostDrained: UInt64 = 64 << 20
  /// Octets of all chunks together where SIZE sets no limit: what no message is, and no sum overflows.
  static let mostChunked: UInt64 = 1 << 48
  public internal(set) var errors = 0
  public internal(set) var commands = 0
  public internal(set) var transactions = 0
  public internal(set) var isEncrypted: Bool
  /// Whether the client has logged in.
  public internal(set) var isAuthenticated = false
  /// What XFORWARD told of the next message or the one under way; nil where nothing was. What its commands left
  /// out is nil: the session's own facts are not to be mixed with it (XFORWARD_README, note 4).
  public internal(set) var forwarded: ClientAttributes?
  /// Whether a login was begun or tried: what then comes at the wrong place may be a password.
  var hasSeenAuthentication = false

  /// - Parameter isEncrypted: whether TLS stood before the greeting, the gateway's own or, for it is believed,
  ///   the balancer's in front.
  public init(terms: Terms, offer: Offer, isEncrypted: Bool = false) {
    self.terms = terms
    self.offer = offer
    self.isEncrypted = isEncrypted
  }

  /// Replaces the offer; the next EHLO tells it.
  public mutating func learned(_ offer: Offer) { self.offer = offer }

  /// Octets a message may have as the client was told; nil for no limit.
  public var sizeLimit: UInt64? { offer.size }

  public var hello: Hello? {
    switch state {
    case .opening, .greeted, .handshaking, .restarting, .closed: nil
    case .challenged(let hello): hello
    case .ready(let hello), .envelope(let hello, _), .receivingData(let hello, _),
      .receivingChunk(let hello, _, _, _), .betweenChunks(let hello, _):
      hello
    case .asking(_, let from), .drainingChunk(_, let from): from.hello
    }
  }

  /// The transaction under way; nil between transactions.
  public var envelope: Envelope? {
    switch state {
    case .envelope(_, let envelope), .receivingData(_, let envelope), .receivingChunk(_, let envelope, _, _),
      .betweenChunks(_, let envelope):
      envelope
    case .asking(_, let from), .drainingChunk(_, let from): from.envelope
    case .opening, .greeted, .ready, .challenged, .handshaking, .restarting, .closed: nil
    }
  }

  /// Whether there is an envelope, without a copy of it.
  public var isInTransaction: Bool {
    switch state {
    case .envelope, .receivingData, .receivingChunk, .betweenChunks: true
    case .asking(_, let from), .drainingChunk(_, let from):
      switch from {
      case .envelope, .betweenChunks: true
      case .opening, .greeted, .ready: false
      }
    case .opening, .greeted, .ready, .challenged, .handshaking, .restarting, .closed: false
    }
  }

  /// Whether a login is under way: the driver forgets its exchange as soon as it is not.
  public var isAuthenticating: Bool {
    switch state {
    case .challenged, .asking(.authenticate, _), .asking(.authenticationResponse, _): true
    default: false
    }
  }

  /// What the driver has to feed next.
  public var need: Need {
    switch state {
    case .opening, .asking: .answer
    case .greeted, .ready, .envelope, .betweenChunks: .line
    case .receivingData: .data
    case .receivingChunk(_, _, let size, _): .chunk(size)
    case .drainingChunk: .drain
    case .challenged: .response
    case .handshaking: .handshake
    case .restarting: .identity
    case .closed: .nothing
    }
  }

  public enum Need: Hashable, Sendable {
    case line
    case data
    case chunk(UInt64)
    /// The rest of a chunk that is dropped.
    case drain
    /// Nothing before `answered`.
    case answer
    /// The line that answers a challenge, framed as `CommandFraming.Line.response`: the driver goes on reading
    /// until that many octets have come, and calls `received(response:)` or `receivedMalformedLine`.
    case response
    /// The TLS handshake, then `encrypted`.
    case handshake
    /// Who the client is after XCLIENT, by `reidentified`.
    case identity
    case nothing
  }

  /// The connection stands; asks whether it is welcome.
  public mutating func opened() -> ServerAction {
    state = .asking(.connect, from: .opening)
    return .ask(.connect)
  }

  /// A command line arrived, without its CRLF.
  public mutating func received(line: [UInt8]) -> ServerAction {
    commands += 1
    if let most = terms.mostCommands, commands > most { return close(.limitCommands) }
    let verb = CommandParser.verb(of: line)
    if let refusal = refusalOfPrivacy(verb, line) ?? refusalOfOrder(verb, line) { return refusal }
    switch CommandParser.parse(line, verb) {
    case .success(let command): return perform(command)
    case .failure(let fault):
      // A message begun lacks the chunk that could not be read: it must not end as if it were whole.
      if case .betweenChunks(let hello, _) = state, verb == "BDAT" {
        fail(hello, fault.response, isLast: false)
      }
      return refuse(fault.response)
    }
  }

  /// A line that is no command line: too long, or not ended by CRLF. The driver has skipped it.
  public mutating func receivedMalformedLine(_ reason: ReasonCode) -> ServerAction {
    commands += 1
    if let most = terms.mostCommands, commands > most { return close(.limitCommands) }
    if reason == .authTooLong { hasSeenAuthentication = true }
    // A login whose line could not be read is over.
    if case .challenged(let hello) = state { state = .ready(hello) }
    return refuse(Response(reason))
  }

  /// The driver ends the session for a reason of its own: a time-out, a limit, the end of the gateway.
  public mutating func ended(_ reason: ReasonCode) -> ServerAction { close(reason) }

  /// The socket is gone.
  public mutating func disconnected() { state = .closed }

  mutating func close(_ reason: ReasonCode) -> ServerAction {
    state = .closed
    return .close(Response(reason))
  }

  /// Ends the transaction at a chunk that failed (RFC 3030 §2).
  mutating func fail(_ hello: Hello, _ response: Response, isLast: Bool) {
    failedChunk = isLast ? nil : response
    forwarded = nil
    state = .ready(hello)
  }

  /// Refuses for a mistake in the dialogue; the mistakes are counted.
  mutating func refuse(_ response: Response) -> ServerAction {
    errors += 1
    if let most = terms.mostErrors, errors >= most { return close(.limitErrors) }
    return .reply(response)
  }
}
