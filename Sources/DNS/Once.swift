internal import Synchronization

/// A value that takes asking to know, and is asked for once, by whoever needs it first; the others wait for it.
///
/// What somebody found whose task was cancelled meanwhile is not kept: the next one asks again.
public final class Once<Value: Sendable>: Sendable {
  private enum State {
    case unknown
    case sought([CheckedContinuation<Value?, Never>])
    case known(Value)
  }

  /// What falls to who asks.
  private enum Part {
    case known(Value)
    case seeker
    case waiter
  }

  private let state = Mutex(State.unknown)

  public init() {}

  /// The value, if it is there.
  public var known: Value? {
    state.withLock { if case .known(let value) = $0 { value } else { nil } }
  }

  /// The value, found by `seek` where nobody has sought it before.
  public func value(_ seek: () async -> Value) async -> Value {
    while true {
      let part: Part = state.withLock {
        switch $0 {
        case .known(let value): return .known(value)
        case .sought: return .waiter
        case .unknown:
          $0 = .sought([])
          return .seeker
        }
      }
      switch part {
      case .known(let value): return value
      case .seeker: return await found(by: seek)
      case .waiter: if let value = await waited() { return value }
      }
    }
  }

  private func found(by seek: () async -> Value) async -> Value {
    let value = await seek()
    let isWorthless = Task.isCancelled
    let waiting = state.withLock { state -> [CheckedContinuation<Value?, Never>] in
      guard case .sought(let waiting) = state else { return [] }
      state = isWorthless ? .unknown : .known(value)
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: isWorthless ? nil : value) }
    return value
  }

  private func waited() async -> Value? {
    await withCheckedContinuation { continuation in
      let result: Value?? = state.withLock { state in
        switch state {
        case .known(let value): return .some(value)
        case .unknown: return .some(nil)
        case .sought(var waiting):
          waiting.append(continuation)
          state = .sought(waiting)
          return nil
        }
      }
      if let result { continuation.resume(returning: result) }
    }
  }
}

/// A value that is computed once, when it is asked for first.
public final class Memo<Value: Sendable>: Sendable {
  private let state = Mutex<Value?>(nil)

  public init() {}

  public var known: Value? { state.withLock { $0 } }

  /// Two that ask at once may both compute; the first result stays.
  public func value(_ compute: () -> Value) -> Value {
    if let known { return known }
    let value = compute()
    return state.withLock {
      if let first = $0 { return first }
      $0 = value
      return value
    }
  }
}
