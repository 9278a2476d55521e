internal import DNS
internal import Synchronization

/// A task that waits for an answer. It is answered once, whatever comes first: the answer, its deadline, its
/// cancellation.
final class Waiter: Sendable {
  private enum State {
    case fresh
    case waiting(CheckedContinuation<DNSAnswer, Never>)
    case done(DNSAnswer)
  }

  private let state = Mutex(State.fresh)

  /// From now on somebody waits.
  ///
  /// - Returns: false where it is answered already, which resumes at once.
  func begin(_ continuation: CheckedContinuation<DNSAnswer, Never>) -> Bool {
    let known: DNSAnswer? = state.withLock { state in
      if case .done(let answer) = state { return answer }
      state = .waiting(continuation)
      return nil
    }
    guard let known else { return true }
    continuation.resume(returning: known)
    return false
  }

  /// Answers, where nobody did before.
  func finish(_ answer: DNSAnswer) {
    let continuation: CheckedContinuation<DNSAnswer, Never>? = state.withLock { state in
      switch state {
      case .done: return nil
      case .fresh:
        state = .done(answer)
        return nil
      case .waiting(let continuation):
        state = .done(answer)
        return continuation
      }
    }
    continuation?.resume(returning: answer)
  }
}
