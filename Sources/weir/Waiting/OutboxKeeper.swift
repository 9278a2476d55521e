import Bytes
import Filtering
import SMTPProtocol
import SMTPServer

/// Sends the mail that waits in the outbox, as often and as long as its terms say, a few messages at the same time.
///
/// It sleeps until a leg is due or somebody rings, and never longer than a minute, whatever the civil clock does.
actor OutboxKeeper {
  struct Terms: Sendable {
    var outbox: OutboxTerms
    /// Messages at the same time.
    var sessions: Int
    /// How long one transaction may take.
    var budget: Duration
  }

  let bell: Doorbell
  private let store: any Outbox
  private let context: GatewayContext
  private var terms: Terms
  private let isStopping = StopFlag()
  private let hasEnded = StopFlag()
  /// Claimed and not yet begun, message by message.
  private var pending: [[OutboxLeg]] = []
  private var sending = 0
  private var isFaulty = false
  private var running: Task<Void, Never>?

  init(_ store: any Outbox, _ context: GatewayContext, _ terms: Terms, bell: Doorbell) {
    self.store = store
    self.context = context
    self.terms = terms
    self.bell = bell
  }

  func begin() {
    guard running == nil else { return }
    running = Task {
      await run()
      hasEnded.set()
    }
  }

  /// Holds for what is begun from now on.
  func adopt(_ terms: Terms) {
    self.terms = terms
    bell.ring()
  }

  /// Begins nothing more.
  nonisolated func beginStopping() {
    isStopping.set()
    bell.ring()
  }

  /// Whether all that was under way has ended since.
  nonisolated var isOver: Bool { hasEnded.isSet }

  // MARK: Work

  private static let longestSleep = Duration.seconds(60)

  private func run() async {
    await withDiscardingTaskGroup { group in
      while !isStopping.isSet {
        await claim()
        while sending < terms.sessions, !pending.isEmpty, !isStopping.isSet {
          sending += 1
          let attempt = OutboxAttempt(
            legs: pending.removeFirst(), store: store, context: context, terms: terms, isStopping: isStopping)
          group.addTask {
            await attempt.run()
            await self.attemptEnded()
          }
        }
        if isStopping.isSet { break }
        await bell.wait(atMost: await patience())
      }
    }
  }

  private func attemptEnded() {
    sending -= 1
    bell.ring()
  }

  /// Takes what is due, for as many as can be sent now. What is claimed and never begun waits again by itself when the
  /// process ends.
  private func claim() async {
    guard pending.isEmpty, sending < terms.sessions else { return }
    do throws(WaitingFault) {
      let legs = try await store.claim(dueAt: Clock.now, most: 8 * (terms.sessions - sending))
      isFaulty = false
      var places: [String: Int] = [:]
      for leg in legs {
        if let place = places[leg.message] {
          pending[place].append(leg)
        } else {
          places[leg.message] = pending.count
          pending.append([leg])
        }
      }
    } catch {
      if !isFaulty {
        context.events.record(
          .system(
            .error, .waitingMailUnavailable, "the outbox cannot be read: \(error.detail)", at: Clock.now))
      }
      isFaulty = true
    }
  }

  /// How long there is nothing to do unless somebody rings.
  private func patience() async -> Duration {
    if isFaulty { return .seconds(5) }
    guard pending.isEmpty, sending < terms.sessions else { return Self.longestSleep }
    guard let due = try? await store.nextDue() else { return Self.longestSleep }
    return min(max(due - Clock.now, .milliseconds(20)), Self.longestSleep)
  }
}
