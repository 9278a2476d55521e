internal import Synchronization

/// A view that is computed when it is first asked for, once; who asks meanwhile waits.
///
/// Views ask one another in one direction only, so nobody waits for himself.
struct LazyView<Value: Sendable>: ~Copyable, Sendable {
  private let state = Mutex<Value?>(nil)

  /// Whether it was asked for.
  var isKnown: Bool { state.withLock { $0 != nil } }

  borrowing func value(_ compute: () -> sending Value) -> Value {
    state.withLock { known in
      if let known { return known }
      let value = compute()
      known = value
      return value
    }
  }
}
