internal import Filtering
internal import NIOCore
internal import SMTPProtocol

/// Walks the backends of a route until one has answered: what deliveries and probes have in common.
///
/// Until content was sent everything may be tried again: once on a fresh session where one that had rested
/// died, then on the next backend. Lives on its event loop.
class RouteJob: SessionUser {
  /// Why the last backend did not serve; what the client's 451 is made of if none does.
  struct Trouble: Sendable {
    let code: ReasonCode
    let detail: String
    let backend: String?
  }

  let relay: LoopRelay
  let deadline: NIODeadline
  private let kind: SessionPool.Kind
  private let backends: [Int]
  private var position = 0
  private var hasRetried = false
  private var trouble: Trouble?

  init(relay: LoopRelay, kind: SessionPool.Kind, route: Route, budget: Duration) {
    self.relay = relay
    self.kind = kind
    self.backends = relay.core.indices(of: route)
    self.deadline = .now() + TimeAmount(max(budget, .zero))
  }

  // MARK: What the job itself says

  /// What is to be spoken on `session`.
  func transaction(on session: ClientSession, identity: BackendConfiguration.Identity) -> ClientTransaction {
    preconditionFailure("a route job without a transaction")
  }
  var delivery: Delivery? { nil }
  /// A backend has answered, or has the content and did not.
  func concluded(_ result: ClientResult, _ backend: BackendState) {
    preconditionFailure("a route job without an end")
  }
  /// No backend served.
  func gaveUp(_ trouble: Trouble) { preconditionFailure("a route job without an end") }

  // MARK: The walk

  private var backend: BackendState { relay.core.backends[backends[position]] }

  /// Begins with the first backend that may be tried.
  final func start() { tryNext(from: 0) }

  private func tryNext(from first: Int) {
    position = first
    let now = NIODeadline.now()
    guard now < deadline else { return giveUp(.backendTimeout, "the time for it was up") }
    while position < backends.count {
      let backend = backend
      if kind == .delivery ? backend.mayBeTried(now) : backend.mayBeAsked {
        hasRetried = false
        return acquire(isFresh: false)
      }
      if trouble == nil || trouble?.code == Self.noRequireTLS {
        let why = backend.capabilities == nil ? "it was never heard" : "it is down"
        trouble = Trouble(code: .backendDown, detail: "\(backend.name): \(why)", backend: backend.name)
      }
      position += 1
    }
    gaveUp(trouble ?? Trouble(code: .backendDown, detail: "the route names no backend", backend: nil))
  }

  private func acquire(isFresh: Bool) {
    guard let pool = relay.pool(backends[position], kind) else { return foundNone(.closing) }
    pool.acquire(self, isFresh: isFresh)
  }

  private func giveUp(_ code: ReasonCode, _ detail: String) {
    let name = position < backends.count ? backend.name : nil
    gaveUp(Trouble(code: code, detail: name.map { "\($0): \(detail)" } ?? detail, backend: name))
  }

  /// The trouble of a route none of whose backends can be given a message that asks for TLS all the way.
  static let noRequireTLS: ReasonCode = "REQUIRETLS"

  private func goOn(after code: ReasonCode, _ detail: String) {
    // One that may serve when it is back makes it a matter of time.
    if code == Self.noRequireTLS, let trouble, trouble.code != code { return tryNext(from: position + 1) }
    trouble = Trouble(code: code, detail: "\(backend.name): \(detail)", backend: backend.name)
    tryNext(from: position + 1)
  }

  // MARK: SessionUser

  final func took(_ session: BackendSession) {
    let identity = backend.configuration.identity
    let transaction = transaction(on: session.machine, identity: identity)
    var missing = session.machine.missing(for: transaction)
    if identity == .xforward, session.machine.capabilities.forwardAttributes.isEmpty {
      missing.append("XFORWARD")
    }
    if transaction.parameters.requireTLS, !session.isVerified, !missing.contains("REQUIRETLS") {
      missing.append("REQUIRETLS")
    }
    guard missing.isEmpty else { return lacks(missing, session) }
    session.begin(transaction, for: self)
  }

  private func lacks(_ missing: [String], _ session: BackendSession) {
    let isOld = session.offered != nil && session.offered != backend.capabilities
    if isOld {
      // What was offered when it was opened is no longer what is offered.
      session.quit()
      if !hasRetried {
        hasRetried = true
        return acquire(isFresh: true)
      }
    } else {
      session.giveBack()
    }
    let place = backends[position]
    let code: ReasonCode
    if missing.contains("REQUIRETLS") {
      code = Self.noRequireTLS
    } else {
      code = missing == ["XFORWARD"] ? .backendIdentity : .backendLacksExtension
    }
    goOn(after: code, "lacks \(missing.joined(separator: ", "))")
    relay.look(at: place, until: .now() + TimeAmount(relay.core.configuration.learnBudget)) {}
  }

  final func foundNone(_ fault: NoSession) {
    switch fault {
    case .unreachable(let words): goOn(after: .backendDown, words)
    case .insecure(let words): goOn(after: .backendTLS, words)
    case .identity(let words): goOn(after: .backendIdentity, words)
    case .tooManyWaiting: goOn(after: .backendBusy, "too many wait for a session")
    case .busy: giveUp(.backendBusy, "no session became free in time")
    case .closing: giveUp(.backendDown, "the gateway is closing")
    }
  }

  final func reported(_ result: ClientResult, isReused: Bool) {
    switch result {
    case .lost(let fault, .envelope): lost(fault, isReused: isReused)
    case .identityRefused(let reply): goOn(after: .backendIdentity, "XFORWARD was refused: \(reply.summary)")
    default: concluded(result, backend)
    }
  }

  /// A session that stood is gone: it is replaced, and says nothing of the backend. Whether that is down shows
  /// when the next session is opened.
  private func lost(_ fault: ClientFault, isReused: Bool) {
    if isReused, !hasRetried, fault != .timedOut, fault != .ended {
      hasRetried = true
      return acquire(isFresh: true)
    }
    if NIODeadline.now() >= deadline { return giveUp(.backendTimeout, fault.description) }
    goOn(after: fault == .timedOut ? .backendTimeout : .backendDown, fault.description)
  }
}
