internal import Dispatch
internal import Synchronization

/// Whether who asked is still interested.
final class Interest: Sendable {
  private let isGone = Atomic(false)

  var isLost: Bool { isGone.load(ordering: .relaxed) }

  func lose() { isGone.store(true, ordering: .relaxed) }
}

/// Work that takes a processor for a while, on threads of its own: so much at once and no more, the rest in turn.
final class WorkDesk: Sendable {
  private struct State {
    var running = 0
    var next = 0
    /// Who waits, by number; who gave up is not in it.
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    /// The numbers in turn, those that gave up among them.
    var turns: [Int] = []
    var first = 0
  }

  private enum Place {
    case free
    case gone
    case waits
  }

  private let most: Int
  private let threads = DispatchQueue(label: "weir.inspection", attributes: .concurrent)
  private let state = Mutex(State())

  init(atOnce: Int) { most = max(1, atOnce) }

  /// How many wait or run.
  var load: Int { state.withLock { $0.running + $0.waiting.count } }

  /// Does the work when its turn comes; nil where the task was cancelled before. Work that has begun is told by its
  /// `Interest` that nobody wants it any more.
  func run<Value: Sendable>(_ work: @escaping @Sendable (Interest) -> Value) async -> Value? {
    guard await turn() else { return nil }
    let interest = Interest()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        threads.async { [self] in
          let value = work(interest)
          passOn()
          continuation.resume(returning: value)
        }
      }
    } onCancel: {
      interest.lose()
    }
  }

  private func turn() async -> Bool {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let place = state.withLock { state -> Place in
          if Task.isCancelled { return .gone }
          guard state.running >= most else {
            state.running += 1
            return .free
          }
          state.waiting[number] = continuation
          state.turns.append(number)
          return .waits
        }
        switch place {
        case .free: continuation.resume(returning: true)
        case .gone: continuation.resume(returning: false)
        case .waits: break
        }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
    }
  }

  /// Hands the turn to who waits longest.
  private func passOn() {
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
      state.running -= 1
      return nil
    }
    next?.resume(returning: true)
  }
}
