internal import Synchronization

/// So many places, and those who wait for one, in turn.
public final class TurnQueue: Sendable {
  private struct State {
    var free: Int
    var taken = 0
    var next = 0
    /// By number, the lowest is next; who gave up is not in it.
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    /// The numbers in turn, from `first` on, those that gave up among them.
    var turns: [Int] = []
    var first = 0

    /// Takes a place where one is free.
    mutating func takeFree() -> Bool {
      guard free > 0 else { return false }
      free -= 1
      taken += 1
      return true
    }
  }

  private let state: Mutex<State>

  /// - Parameter count: one at least.
  public init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

  /// How many have a place or wait for one.
  public var load: Int { state.withLock { $0.taken + $0.waiting.count } }

  /// Takes a place where one is free; who has one gives it back.
  public func takeFree() -> Bool { state.withLock { $0.takeFree() } }

  /// Waits for a place, for as long as the task is not cancelled; false where it was. Who has one gives it back.
  public func take() async -> Bool {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = state.withLock { state -> Bool? in
          if Task.isCancelled { return false }
          if state.takeFree() { return true }
          state.waiting[number] = continuation
          state.turns.append(number)
          return nil
        }
        if let now { continuation.resume(returning: now) }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
    }
  }

  /// Hands a place to who waits longest.
  public func giveBack() {
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
      state.taken -= 1
      return nil
    }
    next?.resume(returning: true)
  }
}
