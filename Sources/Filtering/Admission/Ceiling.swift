internal import Synchronization

/// A number of octets in use that never passes its ceiling, whoever asks at the same moment.
final class Ceiling: Sendable {
  private let used = Atomic<Int>(0)
  private let most = Atomic<Int>(0)
  private let limit: Atomic<Int>
  private let refusals = Atomic<Int>(0)

  /// - Parameter limit: nil: unlimited.
  init(_ limit: Int?) { self.limit = Atomic(limit ?? .max) }

  var inUse: Int { used.load(ordering: .relaxed) }
  var mostInUse: Int { most.load(ordering: .relaxed) }
  var ceiling: Int { limit.load(ordering: .relaxed) }
  var refused: Int { refusals.load(ordering: .relaxed) }
  /// What is in use stays, also where it is more than the new ceiling.
  func adopt(_ limit: Int?) { self.limit.store(limit ?? .max, ordering: .relaxed) }

  func reserve(_ amount: Int) -> Bool {
    precondition(amount >= 0, "a reservation of fewer than no octets")
    let limit = limit.load(ordering: .relaxed)
    var current = used.load(ordering: .relaxed)
    while true {
      guard current <= limit, amount <= limit - current else {
        refusals.wrappingAdd(1, ordering: .relaxed)
        return false
      }
      let (exchanged, original) = used.weakCompareExchange(
        expected: current, desired: current + amount, ordering: .relaxed)
      if exchanged { break }
      current = original
    }
    most.max(current + amount, ordering: .relaxed)
    return true
  }

  func release(_ amount: Int) {
    let left = used.wrappingSubtract(amount, ordering: .relaxed).newValue
    precondition(amount >= 0 && left >= 0, "more octets were released than reserved")
  }
}
