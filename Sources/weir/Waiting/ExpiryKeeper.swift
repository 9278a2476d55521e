import Bytes
import Filtering
import SMTPProtocol
import SMTPServer
import Synchronization

/// Removes from the quarantine what has outlived its time, at the start and every hour.
final class ExpiryKeeper: Sendable {
  private let store: any Quarantine
  private let events: any EventSink
  private let interval: Duration
  private let running = Mutex<Task<Void, Never>?>(nil)

  init(_ store: any Quarantine, events: any EventSink, every interval: Duration = .seconds(3600)) {
    self.store = store
    self.events = events
    self.interval = interval
  }

  func begin() {
    running.withLock {
      guard $0 == nil else { return }
      $0 = Task { [store, events, interval] in
        while !Task.isCancelled {
          await Self.expire(store, events)
          try? await Task.sleep(for: interval)
        }
      }
    }
  }

  func stop() { running.withLock { $0?.cancel() } }

  private static func expire(_ store: any Quarantine, _ events: any EventSink) async {
    while !Task.isCancelled {
      let now = Clock.now
      do throws(WaitingFault) {
        let expiry = try await store.expire(at: now)
        for entry in expiry.entries { events.record(.expired(entry, at: now)) }
        if expiry.isComplete { return }
      } catch {
        return events.record(
          .system(
            .error, .waitingMailUnavailable, "what is old cannot be removed: \(error.detail)", at: now))
      }
    }
  }
}
