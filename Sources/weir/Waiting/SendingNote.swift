import Filtering
import Synchronization

/// What stands between a leg and its backend: before the content goes, the index says that it goes.
///
/// So who finds the leg waiting after the end of this process knows that no backend has it, and who finds it being sent
/// knows that one may.
final class SendingNote: Sendable {
  private enum State {
    case unasked
    /// The backend may have some of it, or all.
    case written
    /// Not written, so nothing of it has gone.
    case refused(String)
  }

  private let store: any Outbox
  private let leg: OutboxLeg.ID
  private let state = Mutex(State.unasked)

  init(_ leg: OutboxLeg.ID, in store: any Outbox) {
    self.leg = leg
    self.store = store
  }

  /// For `Delivery.beforeContent`. A second session needs no second note.
  func ask(_ answer: @escaping @Sendable (Bool) -> Void) {
    if isWritten { return answer(true) }
    Task {
      do throws(WaitingFault) {
        let isOurs = try await store.beginSending([leg]).contains(leg)
        state.withLock { $0 = isOurs ? .written : .refused("it is no longer waiting") }
        answer(isOurs)
      } catch {
        state.withLock { $0 = .refused(error.detail) }
        answer(false)
      }
    }
  }

  private var isWritten: Bool { state.withLock { if case .written = $0 { true } else { false } } }

  private var refusal: String? { state.withLock { if case .refused(let why) = $0 { why } else { nil } } }

  /// What the outcome of the delivery means for the leg.
  func ending(of outcome: DeliveryOutcome) -> LegEnding {
    switch outcome {
    case .delivered(let reply, let backend, _): return .delivered("\(backend): \(reply.summary)")
    case .refused(let reply, let backend):
      let words = "\(backend): \(reply.summary)"
      return reply.isPermanent ? .refused(words) : .deferred(words)
    case .unavailable(let code, let detail, _):
      if let refusal { return .deferred("not sent: \(refusal)") }
      // With these the session ended behind the word to send the content; all others are the backend's own answers,
      // or stand before it.
      let isOpen = code == .backendLost || code == .backendTimeout
      return isWritten && isOpen ? .unsure("\(code): \(detail)") : .deferred("\(code): \(detail)")
    }
  }
}
