internal import Synchronization

/// So many places, and those who wait for one, in turn.
final class Places: Sendable {
  private struct State {
    var free: Int
    var next = 0
    /// By number, the lowest is next; who gave up is not in it.
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    /// The numbers in turn, from `first` on, those that gave up among them.
    var turns: [Int] = []
    var first = 0
  }

  private let state: Mutex<State>

  init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

  /// Waits for a place; false where there was none in time, or the task was cancelled. Who has one gives it back.
  func take(until deadline: ContinuousClock.Instant) async -> Bool {
    let isFree = state.withLock { state in
      guard state.free > 0 else { return false }
      state.free -= 1
      return true
    }
    if isFree { return true }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask { await self.turn() }
      group.addTask {
        try? await Task.sleep(until: deadline, clock: .continuous)
        return false
      }
      // The first that ends calls the other off; a place that was given meanwhile is taken all the same.
      var has = await group.next() ?? false
      group.cancelAll()
      for await other in group { has = has || other }
      return has
    }
  }

  private func turn() async -> Bool {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { state -> Bool? in
          if Task.isCancelled { return false }
          guard state.free > 0 else {
            state.waiting[number] = continuation
            state.turns.append(number)
            return nil
          }
          state.free -= 1
          return true
        }
        if let now { continuation.resume(returning: now) }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
    }
  }

  func giveBack() {
    let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      while state.first < state.turns.count {
        let number = state.turns[state.first]
        state.first += 1
        if state.first > 64, state.first * 2 > state.turns.count {
          state.turns.removeFirst(state.first)
          state.first = 0
        }
        if let continuation = state.waiting.removeValue(forKey: number) { return continuation }
      }
      state.free += 1
      return nil
    }
    next?.resume(returning: true)
  }
}
