import Bytes
public import Filtering
public import NetAddress
import SMTPProtocol
public import Storage
import Synchronization
public import TransportSecurity

/// What all sessions of the gateway share.
public final class GatewayContext: Sendable {
  public let events: any EventSink
  public let admission: Admission
  public let intake: IntakeStore
  public let descriptors: DescriptorBudget
  /// The defence against the guessing of passwords.
  public let logins: LoginGuard
  /// How much each user sends.
  public let users: UserRates
  /// How often clients write to recipients of policies that bound it.
  let arrivals = UserRates(UserRates.Limits())
  /// Whom nobody makes wait for a greeting.
  public let known: KnownClients
  /// Messages that were taken while their clients went without having read so.
  let taken: DigestStore<TakenMessage>
  /// After how long a client is asked about again of whom somebody could not tell.
  let askAgainAfter: Duration
  /// Whom a connection is to be judged as, for `weir relay-test --as`.
  public let impersonations = Impersonations()
  /// Waits that failed logins are given, of all sessions together.
  let tarpit = Tarpit()
  private let snapshot: Mutex<Policy>
  private let keeper: Mutex<(any WaitingMail)?>
  private let store: Mutex<CertificateStore?>
  private let drain = Atomic<Bool>(false)
  private let delay = Atomic<Int>(0)
  private let counter = Atomic<UInt64>(0)
  private let connections = Atomic<UInt64>(0)

  public init(
    policy: Policy, events: any EventSink, admission: Admission, intake: IntakeStore,
    descriptors: DescriptorBudget, certificates: CertificateStore? = nil,
    logins: LoginGuard = LoginGuard(LoginGuard.Limits()), users: UserRates = UserRates(UserRates.Limits()),
    known: KnownClients = KnownClients(), askAgainAfter: Duration = .seconds(30),
    waiting: (any WaitingMail)? = nil, retries: RetryBounds = RetryBounds()
  ) {
    taken = DigestStore(capacity: retries.entries, lifetime: retries.lifetime)
    keeper = Mutex(waiting)
    self.askAgainAfter = askAgainAfter
    self.known = known
    self.snapshot = Mutex(policy)
    self.store = Mutex(certificates)
    self.events = events
    self.admission = admission
    self.intake = intake
    self.descriptors = descriptors
    self.logins = logins
    self.users = users
  }

  /// The policy for sessions that begin now.
  public var policy: Policy { snapshot.withLock { $0 } }

  public func adopt(_ policy: Policy) { snapshot.withLock { $0 = policy } }

  /// Where mail is put that waits; nil where there is no such place.
  public var waiting: (any WaitingMail)? { keeper.withLock { $0 } }

  public func adopt(_ waiting: any WaitingMail) { keeper.withLock { $0 = waiting } }

  /// From now on so much is remembered of messages whose clients may send them again.
  public func adopt(_ retries: RetryBounds) {
    taken.adopt(capacity: retries.entries, lifetime: retries.lifetime)
  }

  /// The certificates for handshakes that begin now; nil without `[tls]`.
  public var certificates: CertificateStore? { store.withLock { $0 } }

  public func adopt(_ certificates: CertificateStore?) { store.withLock { $0 = certificates } }

  /// Whether the gateway is stopping.
  public var isDraining: Bool { drain.load(ordering: .relaxed) }

  public func beginDraining() { drain.store(true, ordering: .relaxed) }

  /// How late the event loops are with their work, in milliseconds, the worst of them.
  public var loopDelay: Int { delay.load(ordering: .relaxed) }

  /// Why no new connection is taken for the gateway's own sake; nil while it can work.
  func overload() -> ReasonCode? {
    let bound = policy.loopDelay
    if bound > 0, loopDelay > bound { return .overload }
    if descriptors.isExhausted(connections: admission.connections) { return .limitDescriptors }
    return nil
  }

  /// A loop reports its delay; the worst of late reports fades by itself with the next ones.
  func report(loopDelay milliseconds: Int) {
    let known = delay.load(ordering: .relaxed)
    delay.store(milliseconds >= known ? milliseconds : (known + milliseconds) / 2, ordering: .relaxed)
  }

  /// The next connection's number.
  func newNumber() -> UInt64 { connections.wrappingAdd(1, ordering: .relaxed).newValue }

  /// A name for a session or transaction: 13 characters that sort by time and are not given twice.
  func newID() -> String {
    let count = counter.wrappingAdd(1, ordering: .relaxed).newValue
    var value = UInt64(truncatingIfNeeded: Clock.now.milliseconds) << 22 | count & 0x3f_ffff
    var characters = [UInt8](repeating: 0, count: 13)
    let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    for index in stride(from: 12, through: 0, by: -1) {
      characters[index] = alphabet.utf8Start[Int(value & 31)]
      value >>= 5
    }
    return String(decoding: characters, as: UTF8.self)
  }
}

/// How much is remembered of messages that were taken while their clients went without having read so.
public struct RetryBounds: Hashable, Sendable {
  /// Most messages; one that had a reply for each recipient counts as so many.
  public var entries: Int
  public var lifetime: Duration

  public init(entries: Int = 100_000, lifetime: Duration = .seconds(4 * 3600)) {
    self.entries = entries
    self.lifetime = lifetime
  }
}

/// The file descriptors that the system grants, and those that connections cannot have.
public struct DescriptorBudget: Hashable, Sendable {
  /// RLIMIT_NOFILE.
  public let limit: Int
  /// Backend sessions, spool files, log, listeners, and some in reserve.
  public let others: Int

  public init(limit: Int, others: Int) {
    self.limit = limit
    self.others = others
  }

  func isExhausted(connections: Int) -> Bool { connections + others >= limit }
}

/// One-shot orders from the control socket: judge the connection from this very address and port as if it came
/// from elsewhere. Only the operator can give them, so no peer gains by it.
public final class Impersonations: Sendable {
  public struct Peer: Hashable, Sendable {
    public let address: IPAddress
    public let port: UInt16
    public init(address: IPAddress, port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  private let isEmpty = Atomic<Bool>(true)
  private let orders = Mutex<[Peer: IPAddress]>([:])

  /// Bound: orders that nobody used are dropped when there are more than this.
  private static let most = 256

  public func order(_ peer: Peer, as address: IPAddress) {
    orders.withLock {
      if $0.count >= Self.most { $0.removeAll() }
      $0[peer] = address
    }
    isEmpty.store(false, ordering: .releasing)
  }

  func take(_ peer: Peer) -> IPAddress? {
    guard !isEmpty.load(ordering: .acquiring) else { return nil }
    return orders.withLock {
      let found = $0.removeValue(forKey: peer)
      if $0.isEmpty { isEmpty.store(true, ordering: .releasing) }
      return found
    }
  }
}
