internal import Synchronization

/// Who holds the sessions of one backend: a bound over all event loops, shared out so that none starves.
///
/// A pool opens a session only with a slot from here. A loop with less than its share is served first; beyond
/// that, sessions stay where they are, since one kept is cheaper than one closed and opened elsewhere.
final class SlotLedger: Sendable {
  private struct State {
    var open: [Int]
    /// Slots that each loop would take at once if there were any.
    var demand: [Int]
    var total = 0
    var wanted = 0
  }

  let bound: Int
  private let share: Int
  private let state: Mutex<State>
  /// A look without the lock at whether anybody waits.
  private let demandInAll = Atomic<Int>(0)
  private let idleInAll = Atomic<Int>(0)

  init(bound: Int, loops: Int) {
    self.bound = max(1, bound)
    share = max(1, bound / max(1, loops))
    state = Mutex(State(open: Array(repeating: 0, count: loops), demand: Array(repeating: 0, count: loops)))
  }

  var openSessions: Int { state.withLock { $0.total } }
  var idleSessions: Int { idleInAll.load(ordering: .relaxed) }

  func idleChanged(by change: Int) { idleInAll.add(change, ordering: .relaxed) }

  /// Takes a slot for `loop`; false where all are taken.
  func reserve(_ loop: Int) -> Bool {
    state.withLock { state in
      guard state.total < bound else { return false }
      state.total += 1
      state.open[loop] += 1
      return true
    }
  }

  /// `loop` would take `count` slots.
  func setDemand(_ loop: Int, _ count: Int) {
    state.withLock { state in
      state.wanted += count - state.demand[loop]
      state.demand[loop] = count
      demandInAll.store(state.wanted, ordering: .relaxed)
    }
  }

  /// Gives a slot back. Where a loop waits for one the slot is its own from now on, and it is answered.
  func release(_ loop: Int) -> Int? {
    state.withLock { state in
      state.open[loop] -= 1
      state.total -= 1
      var heir: Int?
      // The others first: else two loops with equal need would never change places.
      for offset in 1...state.demand.count {
        let candidate = (loop + offset) % state.demand.count
        guard state.demand[candidate] > 0 else { continue }
        if let best = heir, state.open[best] <= state.open[candidate] { continue }
        heir = candidate
      }
      guard let heir else { return nil }
      state.demand[heir] -= 1
      state.wanted -= 1
      demandInAll.store(state.wanted, ordering: .relaxed)
      state.total += 1
      state.open[heir] += 1
      return heir
    }
  }

  /// Whether a session of `loop` that has become free should be closed for another loop's sake.
  func shouldYield(_ loop: Int, isWantedHere: Bool) -> Bool {
    guard demandInAll.load(ordering: .relaxed) > 0 else { return false }
    return state.withLock { state in
      state.demand.indices.contains { other in
        other != loop && state.demand[other] > 0 && (!isWantedHere || state.open[other] < share)
      }
    }
  }
}
