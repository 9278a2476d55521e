internal import Bytes

/// The gateway's side of a session with a backend, as a machine: replies go in, octets and actions come out
/// (RFC 5321, RFC 2033, RFC 2920, RFC 3030 §2, and Postfix's XFORWARD).
///
/// It knows no socket and no clock. The driver frames lines, calls an event, writes `output` and takes the
/// action; the order of commands, pipelined where that is offered, and the meaning of each reply are decided
/// here. Content is never sent when the identity, the sender or any recipient was refused: where a pipelined
/// DATA has its 354 already, the session ends without the dot.
public struct ClientSession: Sendable {
  public enum Dialect: Hashable, Sendable {
    case smtp
    case lmtp
  }

  enum State: Sendable {
    case greeting
    case hello
    /// EHLO was not known to the backend: HELO was sent.
    case plainHello
    /// STARTTLS was sent.
    case startingTLS
    /// The driver is to shake hands, or does.
    case handshaking
    /// XCLIENT was sent.
    case identifying
    case loggingIn(ClientLogin)
    case ready
    case transacting(ClientTransactionState)
    case resetting
    case quitting
    case over
  }

  public let dialect: Dialect
  /// Said in EHLO, HELO or LHLO.
  public let hostname: String
  /// What comes between the greeting and the first transaction.
  public let opening: ClientOpening
  /// What the backend offered last; empty before `open` and for a backend that knows no EHLO.
  public internal(set) var capabilities = Capabilities()
  /// The same before the client was named: what it offers to the gateway itself.
  public internal(set) var ownCapabilities = Capabilities()
  public internal(set) var isEncrypted = false
  /// Whether XCLIENT was said and taken.
  public internal(set) var isIdentified = false
  /// What STARTTLS was answered where that was not to begin.
  public internal(set) var refusalOfTLS: Reply?
  /// Octets to be written; the driver takes them away with `takeOutput` after each event.
  public internal(set) var output: [UInt8] = []
  /// How many commands of transactions the backend refused.
  public internal(set) var refusals = 0
  /// How many transactions were begun.
  public internal(set) var transactions = 0
  var state = State.greeting
  var parser = ReplyParser()

  public init(dialect: Dialect, hostname: String, opening: ClientOpening = ClientOpening()) {
    self.dialect = dialect
    self.hostname = hostname
    self.opening = opening
  }

  /// Whether a transaction may begin.
  public var isReady: Bool { if case .ready = state { true } else { false } }
  /// Whether the driver is to shake hands, or does.
  public var isHandshaking: Bool { if case .handshaking = state { true } else { false } }
  /// Whether nothing more will be said: the connection is to be closed.
  public var isOver: Bool { if case .over = state { true } else { false } }
  /// Whether the greeting is done.
  public var isOpen: Bool {
    switch state {
    case .greeting, .hello, .plainHello, .startingTLS, .handshaking, .identifying, .over: false
    case .ready, .transacting, .resetting, .loggingIn, .quitting: true
    }
  }

  /// Empties `output`, its storage kept.
  public mutating func outputTaken() { output.removeAll(keepingCapacity: true) }

  /// The extensions that `transaction` needs and this session lacks; empty where it can be carried here.
  public func missing(for transaction: ClientTransaction) -> [String] {
    ClientCommands(capabilities: capabilities).missing(for: transaction)
  }

  /// The octets that `MAIL FROM` and so on may take without another allocation.
  public mutating func reserveOutput(_ octets: Int) { output.reserveCapacity(octets) }

  // MARK: Events

  /// A transaction begins. The session is ready, and `missing(for:)` is empty.
  public mutating func begin(_ transaction: ClientTransaction) {
    guard case .ready = state else { preconditionFailure("a transaction in a session that is not ready") }
    transactions += 1
    var next = ClientTransactionState(transaction, capabilities: capabilities, dialect: dialect)
    next.sendFirst(into: &output)
    state = .transacting(next)
  }

  /// A line came, without its LF.
  public mutating func received(line: borrowing RawSpan) -> ClientAction {
    if parser.isBetweenReplies, let code = Self.plainCode(line), acceptsUnread(code) {
      return received(code: code, reply: nil)
    }
    let bytes = line.withUnsafeBytes { [UInt8]($0) }
    do throws(ReplyParser.Fault) {
      guard let reply = try parser.received(line: bytes) else { return .wait }
      return received(code: reply.code, reply: isGreeted ? reply.bounded : reply)
    } catch {
      return end(.malformed(error))
    }
  }

  /// A line grew past `ReplyParser.longestLine` without an end.
  public mutating func lineOverflowed() -> ClientAction { end(.malformed(.lineTooLong)) }

  /// All of the content was written.
  public mutating func contentSent() {
    guard case .transacting(var transaction) = state else { return }
    state = .over
    transaction.isContentSent = true
    state = .transacting(transaction)
  }

  /// Octets came behind the word to send the content, before any of it was written: they answer nothing, and the
  /// content is not to be sent.
  public mutating func spokeBeforeContent() -> ClientAction { end(.tooSoon) }

  /// The session is no longer wanted: QUIT, unless a transaction is under way, which then is lost.
  public mutating func quit() -> ClientAction {
    switch state {
    case .ready, .resetting:
      output.append(contentsOf: "QUIT\r\n".utf8)
      state = .quitting
      return .wait
    case .quitting, .over: return .wait
    case .greeting, .hello, .plainHello, .startingTLS, .handshaking, .identifying, .transacting, .loggingIn:
      return end(.ended)
    }
  }

  /// No reply came in time.
  public mutating func timedOut() -> ClientAction { end(.timedOut) }

  /// The connection is gone.
  public mutating func disconnected() -> ClientAction { end(.disconnected) }

  // MARK: Replies

  /// The code of a reply that is one line; nil for a line of several, or what is no reply.
  private static func plainCode(_ line: borrowing RawSpan) -> Int? {
    line.withUnsafeBytes { bytes in
      guard bytes.count > 3, bytes.count <= ReplyParser.longestLine, bytes[3] == .space,
        bytes[0].isASCIIDigit, bytes[1].isASCIIDigit, bytes[2].isASCIIDigit
      else { return nil }
      return Int(bytes[0] & 15) * 100 + Int(bytes[1] & 15) * 10 + Int(bytes[2] & 15)
    }
  }

  /// Whether a reply with `code` can be taken here without its text: the answers to a pipelined envelope,
  /// which is nearly all that a backend says, cost no allocation so.
  private func acceptsUnread(_ code: Int) -> Bool {
    switch state {
    case .transacting(let transaction): transaction.acceptsUnread(code)
    case .resetting: code / 100 == 2
    default: false
    }
  }

  /// Whether what is said from now on is for people: EHLO's lines are read whole.
  private var isGreeted: Bool { if case .hello = state { false } else { true } }

  /// `reply` is nil only where `acceptsUnread` said so.
  private mutating func received(code: Int, reply: Reply?) -> ClientAction {
    switch state {
    case .transacting(var transaction):
      state = .over
      let step = transaction.received(code: code, reply: reply, into: &output)
      return take(step, transaction)
    case .resetting:
      guard code / 100 == 2 else { return end(reply.map(ClientFault.unexpected) ?? .disconnected) }
      state = .ready
      return .rest
    case .loggingIn(var login):
      guard let reply else { return end(.disconnected) }
      state = .over
      if let answer = login.received(reply, into: &output) {
        state = reply.code == 421 ? .over : .ready
        return .loggedIn(answer)
      }
      state = .loggingIn(login)
      return .wait
    case .greeting, .hello, .plainHello, .startingTLS, .handshaking, .identifying, .ready, .quitting, .over:
      guard let reply else { return end(.disconnected) }
      return received(opening: reply)
    }
  }

  private mutating func take(_ step: ClientTransactionState.Step, _ transaction: ClientTransactionState)
    -> ClientAction
  {
    refusals += step.isRefusal ? 1 : 0
    switch step.outcome {
    case .goOn:
      state = .transacting(transaction)
      return .wait
    case .sendContent:
      state = .transacting(transaction)
      return .sendContent
    case .finished(let result, let next):
      switch next {
      case .ready: state = .ready
      case .awaitReset: state = .resetting
      case .sendReset:
        output.append(contentsOf: "RSET\r\n".utf8)
        state = .resetting
      case .close: state = .over
      }
      return .report(result)
    case .fault(let fault):
      state = .over
      return .report(.lost(fault, transaction.progress))
    }
  }

  mutating func end(_ fault: ClientFault) -> ClientAction {
    let last = state
    state = .over
    switch last {
    case .transacting(let transaction): return .report(.lost(fault, transaction.progress))
    case .loggingIn: return .loggedIn(.unavailable(fault.description))
    case .handshaking where fault == .disconnected || fault == .timedOut:
      return .close(.unencrypted("the TLS handshake failed: \(fault)"))
    case .over: return .wait
    default: return .close(fault)
    }
  }
}
