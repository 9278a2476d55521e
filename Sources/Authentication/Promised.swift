internal import NIOCore
internal import Synchronization

/// A value that somebody will have: settled once, by whoever comes first, and awaited once.
final class Promised<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, Never>)
    case settled(Value)
  }

  private let state = Mutex(State.open)

  /// Gives the value; without effect where there is one already.
  func settle(_ value: Value) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
      switch state {
      case .open:
        state = .settled(value)
        return nil
      case .awaited(let continuation):
        state = .settled(value)
        return continuation
      case .settled:
        return nil
      }
    }
    waiting?.resume(returning: value)
  }

  /// The value, when it is there.
  func value() async -> Value {
    await withCheckedContinuation { continuation in
      let value = state.withLock { state -> Value? in
        if case .settled(let value) = state { return value }
        state = .awaited(continuation)
        return nil
      }
      if let value { continuation.resume(returning: value) }
    }
  }

  /// The value, or `late` where there is none after `limit`.
  func value(within limit: Duration, on loop: any EventLoop, late: Value) async -> Value {
    let timer = loop.scheduleTask(in: TimeAmount(limit)) { self.settle(late) }
    defer { timer.cancel() }
    return await value()
  }
}
