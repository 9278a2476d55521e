internal import NIOCore
internal import Synchronization

/// Lets so many in at once and so many wait; the others are sent away, so that a flood of logins costs bounded
/// memory and asks a backend for no more than it can do.
final class Turnstile: Sendable {
  private struct State {
    var inside = 0
    var queue: [(ticket: UInt64, promised: Promised<Bool>)] = []
    var ticket: UInt64 = 0
  }

  private let room: Int
  private let waitingRoom: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - room: how many are inside at once.
  ///   - waitingRoom: how many wait for that.
  init(room: Int, waitingRoom: Int) {
    self.room = max(1, room)
    self.waitingRoom = max(0, waitingRoom)
  }

  /// Enters, after waiting for `limit` at most. Whoever read true says `leave` once.
  func enter(within limit: Duration, on loop: any EventLoop) async -> Bool {
    enum Way {
      case inside
      case full
      case wait(UInt64, Promised<Bool>)
    }
    let way = state.withLock { state -> Way in
      if state.inside < room {
        state.inside += 1
        return .inside
      }
      guard state.queue.count < waitingRoom else { return .full }
      state.ticket += 1
      let promised = Promised<Bool>()
      state.queue.append((state.ticket, promised))
      return .wait(state.ticket, promised)
    }
    switch way {
    case .inside: return true
    case .full: return false
    case .wait(let ticket, let promised):
      let timer = loop.scheduleTask(in: TimeAmount(limit)) { self.giveUp(ticket) }
      defer { timer.cancel() }
      return await promised.value()
    }
  }

  /// Gives the place to the one who waits longest.
  func leave() {
    let next = state.withLock { state -> Promised<Bool>? in
      guard !state.queue.isEmpty else {
        state.inside -= 1
        return nil
      }
      return state.queue.removeFirst().promised
    }
    next?.settle(true)
  }

  /// A place in the queue that was left before its turn came; where the turn came first, it stands.
  private func giveUp(_ ticket: UInt64) {
    let promised = state.withLock { state -> Promised<Bool>? in
      guard let index = state.queue.firstIndex(where: { $0.ticket == ticket }) else { return nil }
      return state.queue.remove(at: index).promised
    }
    promised?.settle(false)
  }
}
