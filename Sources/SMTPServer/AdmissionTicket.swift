import Filtering
import NetAddress
import SMTPProtocol
import Synchronization

/// One connection's place in the counts, given back exactly once, whatever address it was counted under last:
/// PROXY and XCLIENT tell another one than the socket's.
final class AdmissionTicket: Sendable {
  private enum State {
    case none
    case held(IPAddress, isRelayNetwork: Bool)
    /// The connection is gone: nothing is counted any more.
    case released
  }

  private let admission: Admission
  private let state = Mutex(State.none)

  init(_ admission: Admission) { self.admission = admission }

  /// Counts the connection under this address, and no longer under the one before.
  ///
  /// - Returns: nil where it is counted; else why it is refused, and then it is counted nowhere.
  func take(_ address: IPAddress, isRelayNetwork: Bool, at now: Int64) -> ReasonCode? {
    state.withLock { state in
      switch state {
      case .released: return nil
      case .held(let before, let wasRelayNetwork):
        admission.disconnect(before, isRelayNetwork: wasRelayNetwork)
        state = .none
      case .none: break
      }
      if let reason = admission.connect(address, isRelayNetwork: isRelayNetwork, at: now) { return reason }
      state = .held(address, isRelayNetwork: isRelayNetwork)
      return nil
    }
  }

  /// The connection is gone. A second call does nothing.
  func release() {
    state.withLock { state in
      if case .held(let address, let isRelayNetwork) = state {
        admission.disconnect(address, isRelayNetwork: isRelayNetwork)
      }
      state = .released
    }
  }
}
