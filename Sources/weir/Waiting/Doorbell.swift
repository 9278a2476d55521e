import Synchronization

/// Wakes the one who waits for work. A ring that nobody waits for is kept for the next.
final class Doorbell: Sendable {
  private struct State {
    var isRung = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func ring() {
    let waiting = state.withLock { state in
      let waiting = state.waiting
      state.waiting = nil
      state.isRung = waiting == nil
      return waiting
    }
    waiting?.resume()
  }

  /// Returns at the next ring, or after `limit`.
  func wait(atMost limit: Duration) async {
    let timer = Task {
      do {
        try await Task.sleep(for: limit)
        ring()
      } catch {}
    }
    defer { timer.cancel() }
    await withCheckedContinuation { continuation in
      let isRung = state.withLock { state in
        if !state.isRung { state.waiting = continuation }
        defer { state.isRung = false }
        return state.isRung
      }
      if isRung { continuation.resume() }
    }
  }
}
