import Filtering
import MessageStore
import SMTPServer
import Settings
import Storage

/// Mail that waits: the store in the state folder, and who sends and removes what lies there.
struct WaitingRoom: Sendable {
  let store: MessageStore
  let outbox: OutboxKeeper
  let expiry: ExpiryKeeper

  /// Opens the store, says what the last process left behind, and has sessions use it. To be called as the user.
  static func open(in state: StateFolder, _ settings: Settings, _ context: GatewayContext) async throws
    -> WaitingRoom
  {
    let store: MessageStore
    do {
      store = try await opened(state.messages, Wiring.storeBounds(settings))
    } catch {
      throw StartFault(description: "\(error)")
    }
    for event in store.opening.events(at: Clock.now) { context.events.record(event) }
    let bell = Doorbell()
    context.adopt(WatchedMail(store: store, bell: bell))
    return WaitingRoom(
      store: store,
      outbox: OutboxKeeper(store, context, Wiring.outboxTerms(settings), bell: bell),
      expiry: ExpiryKeeper(store, events: context.events))
  }

  /// Reads an index that may be large.
  @concurrent private static func opened(_ folder: String, _ bounds: StoreBounds) async throws -> MessageStore
  {
    try MessageStore(folder: folder, bounds: bounds)
  }

  func begin() async {
    await outbox.begin()
    expiry.begin()
  }

  func adopt(_ settings: Settings) async {
    store.adopt(Wiring.storeBounds(settings))
    await outbox.adopt(Wiring.outboxTerms(settings))
  }

  /// Begins nothing more; what is being sent goes on.
  func beginStopping() {
    outbox.beginStopping()
    expiry.stop()
  }

  /// Waits for what is being sent.
  ///
  /// - Returns: whether all of it ended in time.
  func drain(within limit: Duration) async -> Bool {
    let end = ContinuousClock.now + limit
    while !outbox.isOver {
      guard ContinuousClock.now < end else { return false }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return true
  }
}

extension Wiring {
  static func storeBounds(_ settings: Settings) -> StoreBounds {
    var bounds = StoreBounds()
    bounds.quarantineOctets = settings.quarantine.size.orMax
    bounds.quarantineMessages = settings.quarantine.messages.orMax
    bounds.freeDisk = settings.quarantine.free
    bounds.outboxOctets = settings.outbox.size.orMax
    bounds.outboxMessages = settings.outbox.messages.orMax
    bounds.hops = settings.outbox.hops
    return bounds
  }

  static func outboxTerms(_ settings: Settings) -> OutboxKeeper.Terms {
    OutboxKeeper.Terms(
      outbox: OutboxTerms(
        intervals: settings.outbox.retry, undeliverableFor: settings.quarantine.lifetime),
      sessions: settings.outbox.sessions, budget: settings.timeouts.replyBudget)
  }
}
