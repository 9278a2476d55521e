internal import Bytes
internal import Filtering
internal import Glibc
internal import NetAddress
internal import NIOCore
internal import NIOPosix
internal import SMTPProtocol

/// The sessions of one event loop with one backend, for deliveries or for probes, and who waits for one.
///
/// Used on its event loop alone. The key of a pool is the backend and the kind; TLS and the identity mode are the
/// backend's own. XFORWARD leaves each session fit for any client; XCLIENT and PROXY bind a delivery session to one
/// connection of one client, whose it is from the moment it is opened until it ends.
final class SessionPool {
  enum Kind: Sendable {
    case delivery
    case probe
  }

  let backend: BackendState
  let kind: Kind
  let hostname: String
  /// Whether each session serves one client connection.
  let isBound: Bool
  private let relay: LoopRelay
  private let slots: SlotLedger
  /// All sessions that hold a slot and have a connection.
  private var sessions: [BackendSession] = []
  /// The last used comes last, and is used first.
  private var idle: [BackendSession] = []
  private var waiting = Ring<any SessionUser>()
  /// Connections on their way, and sessions before the end of EHLO.
  private var opening = 0
  private var reportedDemand = 0
  private var isClosing = false

  init(backend: BackendState, kind: Kind, relay: LoopRelay) {
    self.backend = backend
    self.kind = kind
    self.relay = relay
    hostname = relay.core.configuration.hostname
    isBound = kind == .delivery && backend.configuration.identity.isBound
    slots = kind == .delivery ? backend.deliverySlots : backend.probeSlots
  }

  var isEmpty: Bool { sessions.isEmpty && opening == 0 }
  var files: NIOThreadPool { relay.core.files }
  /// Who waits and has no connection on its way. A bound session is for whoever had it opened, who then no longer
  /// stands among those who wait.
  private var unserved: Int { isBound ? waiting.count : waiting.count - opening }

  // MARK: Asking for a session

  /// Finds `user` a session: an idle one, a new one, or the next that becomes free.
  ///
  /// - Parameter isFresh: not one that was idle, since one just died.
  func acquire(_ user: any SessionUser, isFresh: Bool) {
    guard !isClosing else { return user.foundNone(.closing) }
    let now = NIODeadline.now()
    if isBound {
      if !isFresh, let client = user.delivery?.client, let session = takeIdle(of: client, now) {
        return user.took(session)
      }
    } else if !isFresh, waiting.isEmpty {
      while let session = idle.popLast() {
        slots.idleChanged(by: -1)
        session.leftIdle()
        if session.isFit(now) { return user.took(session) }
        session.quit()
      }
    }
    guard waiting.count < relay.core.configuration.mostWaiting else { return user.foundNone(.tooManyWaiting) }
    guard backend.mayOpenMore(now, kind) || !isEmpty else {
      return user.foundNone(.unreachable("it takes no further session now"))
    }
    waiting.append(user)
    openForWaiting()
  }

  /// The session that is bound to this connection of the client's and lies idle. One of the same connection in other
  /// words (another EHLO, a login since) is closed.
  private func takeIdle(of client: ClientIdentity, _ now: NIODeadline) -> BackendSession? {
    while let place = idle.lastIndex(where: { $0.owner?.connection == client.connection }) {
      let session = idle.remove(at: place)
      slots.idleChanged(by: -1)
      session.leftIdle()
      if session.owner == client, session.isFit(now) { return session }
      session.quit()
    }
    return nil
  }

  private func openForWaiting() {
    if unserved > 0, backend.mayOpenMore(.now(), kind), slots.reserve(relay.index) {
      open()
    } else {
      if isBound { closeForWaiting() }
      tellDemand()
    }
  }

  /// Clients wait for a slot: sessions that lie idle for others are closed for them, the oldest first.
  private func closeForWaiting() {
    var wanted = unserved - sessions.count(where: \.isLeaving)
    while wanted > 0, let session = idle.first {
      idle.removeFirst()
      slots.idleChanged(by: -1)
      session.quit()
      wanted -= 1
    }
  }

  /// Another loop's slot has become ours.
  func slotGranted() {
    // What the ledger holds of us has changed without us: it is told anew.
    reportedDemand = -1
    if !isClosing, unserved > 0, backend.mayOpenMore(.now(), kind) {
      open()
    } else {
      releaseSlot()
    }
  }

  /// Another loop waits: gives up an idle session for it.
  func yieldIdle() {
    guard let session = idle.first, slots.shouldYield(relay.index, isWantedHere: !waiting.isEmpty) else {
      return
    }
    idle.removeFirst()
    slots.idleChanged(by: -1)
    session.quit()
  }

  private func tellDemand() {
    let demand = isClosing || !backend.mayOpenMore(.now(), kind) ? 0 : max(0, unserved)
    guard demand != reportedDemand else { return }
    let grew = demand > reportedDemand
    reportedDemand = demand
    slots.setDemand(relay.index, demand)
    if grew, slots.idleSessions > 0 { relay.askOthersToYield(self) }
  }

  private func releaseSlot() {
    tellDemand()
    guard let heir = slots.release(relay.index) else { return }
    if heir == relay.index { slotGranted() } else { relay.grant(slotOf: self, to: heir) }
  }

  // MARK: Opening

  private func open() {
    opening += 1
    tellDemand()
    let configuration = backend.configuration
    let timeout = TimeAmount(configuration.connectTimeout)
    let now = NIODeadline.now()
    let user = isBound ? waiting.popFirst() : nil
    let session = BackendSession(
      pool: self, opening: opening(for: user, now), intended: user, deadline: now + timeout + timeout)
    add(session)
    Dialing.connect(to: configuration.endpoint, on: relay.loop, timeout: timeout).assumeIsolated()
      .whenComplete { result in
        do {
          // Nothing was read yet: this runs before the event loop looks at its sockets again.
          try result.get().pipeline.syncOperations.addHandler(session)
        } catch {
          guard self.has(session) else { return }
          session.couldNotConnect(Dialing.words(error))
        }
      }
  }

  private func opening(for user: (any SessionUser)?, _ now: NIODeadline) -> ClientOpening {
    ClientOpening(
      encryption: backend.encryption(now), client: user?.delivery?.client,
      tellsClient: backend.configuration.identity == .xclient)
  }

  /// The greeting is done.
  func opened(_ session: BackendSession) {
    opening -= 1
    if let refusal = session.machine.refusalOfTLS {
      relay.core.fellBack(backend, "STARTTLS was refused: \(refusal.summary)")
    }
    backend.stands(encryption: session.encryption.map { session.isVerified ? $0 + " verified" : $0 })
    if kind == .delivery { backend.established.add(1, ordering: .relaxed) }
    if relay.core.heard(backend, session.offered, kind) { relay.checkAcceptsAll(backend.index) }
  }

  /// A session ended that nobody used: it never stood, or it was idle.
  func ended(_ session: BackendSession, _ fault: ClientFault) {
    guard !session.isEstablished else { return }
    switch fault {
    case .unencrypted(let words):
      guard backend.configuration.encryption.mode == .optional else {
        return failed(session, .insecure(words))
      }
      relay.core.fellBack(backend, words)
      // The slot that becomes free now is for a session in the clear.
      if let user = session.intended { waiting.append(user) }
      session.intended = nil
    case .injected: failed(session, .insecure(fault.description))
    case .identity(let words): failed(session, .identity(words))
    default: failed(session, .unreachable(fault.description))
    }
  }

  /// A session could not be opened. Those who wait go elsewhere, unless other sessions here will become free.
  func failed(_ session: BackendSession, _ fault: NoSession) {
    let isLast = sessions.count <= 1
    switch fault {
    // Said of one client, not of the backend.
    case .identity: break
    case .unreachable(let words), .insecure(let words):
      switch kind {
      case .delivery: relay.core.failed(backend, words)
      case .probe: backend.failedProbe(now: .now())
      }
      if isLast { turnAway(fault) }
    case .busy, .tooManyWaiting, .closing: break
    }
    let user = session.intended
    session.intended = nil
    user?.foundNone(fault)
  }

  private func turnAway(_ fault: NoSession) {
    let users = waiting.removeAll { _ in true }
    tellDemand()
    for user in users { user.foundNone(fault) }
  }

  // MARK: Giving back

  /// Whether a session with that past may carry another transaction.
  func isFit(_ machine: ClientSession, openedAt: NIODeadline, _ now: NIODeadline) -> Bool {
    let configuration = backend.configuration
    switch kind {
    case .delivery:
      return machine.transactions < configuration.sessionMessages
        && machine.refusals < configuration.sessionRefusals
        && now - openedAt < TimeAmount(configuration.sessionAge)
    case .probe:
      return machine.transactions < configuration.probeSessionProbes
        && machine.refusals < configuration.probeSessionRefusals
        && now - openedAt < TimeAmount(configuration.sessionAge)
    }
  }

  /// Whether to close a session for another loop's sake; one opened just now serves somebody here first.
  private func shouldYield(_ session: BackendSession) -> Bool {
    if session.machine.transactions == 0, !waiting.isEmpty { return false }
    return slots.shouldYield(relay.index, isWantedHere: !waiting.isEmpty)
  }

  /// A session is at rest.
  func released(_ session: BackendSession) {
    if let user = session.intended {
      session.intended = nil
      return user.took(session)
    }
    let now = NIODeadline.now()
    guard !isClosing, session.isFit(now), !shouldYield(session) else { return session.quit() }
    if isBound {
      // Nobody's, or of a client that cannot be told from others, or in the way of one that waits.
      guard let owner = session.owner, owner.connection != 0, waiting.isEmpty else { return session.quit() }
    } else if let user = waiting.popFirst() {
      tellDemand()
      return user.took(session)
    }
    session.becameIdle(now)
    idle.append(session)
    slots.idleChanged(by: 1)
  }

  /// A connection is gone, and its slot with it.
  func closed(_ session: BackendSession) {
    guard has(session) else { return }
    remove(session)
    if !session.isEstablished {
      opening -= 1
    } else if kind == .delivery {
      backend.established.subtract(1, ordering: .relaxed)
    }
    if let index = idle.firstIndex(where: { $0 === session }) {
      idle.remove(at: index)
      slots.idleChanged(by: -1)
    }
    releaseSlot()
    if isEmpty, !waiting.isEmpty { openForWaiting() }
    if isEmpty, !waiting.isEmpty, !backend.mayOpenMore(.now(), kind) {
      turnAway(.unreachable("it takes no further session now"))
    }
    relay.sessionClosed()
  }

  // MARK: Time

  func tick(_ now: NIODeadline) {
    for session in sessions.filter({ $0.deadline <= now }) { session.timedOut() }
    if isBound { turnAwayLate(now) }
    let configuration = backend.configuration
    let idleTime = TimeAmount(
      isBound ? min(configuration.boundIdle, configuration.sessionIdle) : configuration.sessionIdle)
    let old = idle.filter { now - $0.idleSince >= idleTime || !$0.isFit(now) }
    if !old.isEmpty {
      idle.removeAll { session in old.contains { $0 === session } }
      slots.idleChanged(by: -old.count)
      for session in old { session.quit() }
    }
    guard !waiting.isEmpty else { return }
    let late = waiting.removeAll { $0.deadline <= now }
    for user in late { user.foundNone(.busy) }
    openForWaiting()
    // A session can come to rest elsewhere just as this loop looks for one: nobody was asked for it then.
    if unserved > 0, slots.idleSessions > 0 { relay.askOthersToYield(self) }
  }

  /// Whose session is still being opened when his time is up.
  private func turnAwayLate(_ now: NIODeadline) {
    for session in sessions {
      guard let user = session.intended, user.deadline <= now else { continue }
      session.intended = nil
      user.foundNone(.busy)
    }
  }

  /// No further use: idle sessions quit now, busy ones when they are done.
  func close() {
    isClosing = true
    turnAway(.closing)
    for session in sessions {
      let user = session.intended
      session.intended = nil
      user?.foundNone(.closing)
    }
    slots.idleChanged(by: -idle.count)
    let resting = idle
    idle = []
    for session in resting { session.quit() }
  }

  func abort() {
    for session in sessions { session.abort() }
  }

  // MARK: The list of sessions

  private func has(_ session: BackendSession) -> Bool {
    session.place < sessions.count && sessions[session.place] === session
  }

  private func add(_ session: BackendSession) {
    session.place = sessions.count
    sessions.append(session)
  }

  private func remove(_ session: BackendSession) {
    let last = sessions.count - 1
    sessions[session.place] = sessions[last]
    sessions[session.place].place = session.place
    sessions.removeLast()
  }
}
