import Synchronization

/// How many sessions wait for a refusal that is delayed: a guesser is kept waiting, the gateway's memory is not.
final class Tarpit: Sendable {
  /// Bound: past it nobody is kept waiting.
  static let most = 500

  private let waiting = Atomic<Int>(0)

  /// Takes a place; false where there is none left.
  func enter() -> Bool {
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue > Self.most else { return true }
    leave()
    return false
  }

  func leave() { waiting.wrappingSubtract(1, ordering: .relaxed) }
}
