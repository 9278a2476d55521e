internal import Bytes
public import NetAddress
public import SMTPProtocol
internal import Synchronization

/// Who may come in, and how much of it: the counters that all event loops share, each of them bounded.
///
/// Counts connections and messages by address and by subnet, and the octets of messages in flight. Relay
/// networks are counted in the totals only. Times are milliseconds of a monotonic clock, from 0 up. A call
/// costs a fraction of a microsecond; nothing here waits but for the lock.
public final class Admission: Sendable {
  private let state: Mutex<AdmissionState>
  private let memory: Ceiling
  private let spool: Ceiling

  public init(_ limits: AdmissionLimits) {
    state = Mutex(AdmissionState(limits))
    memory = Ceiling(limits.memory)
    spool = Ceiling(limits.spool)
  }

  /// Goes on under new limits; what is counted stays counted.
  public func adopt(_ limits: AdmissionLimits) {
    state.withLock { $0.adopt(limits) }
    memory.adopt(limits.memory)
    spool.adopt(limits.spool)
  }

  /// Asks to let a client in.
  ///
  /// - Returns: nil where it is in, and counted: `disconnect` is due exactly once, with the same arguments.
  ///   Else why not, and nothing is counted but the refusal: who comes too fast is let in at the rate he may
  ///   have, not shut out for as long as he tries.
  ///   A timed block does not count where users log in (`isSubmission`): it is for strangers, and one of one's own
  ///   users may stand behind that address.
  public func connect(
    _ address: IPAddress, isRelayNetwork: Bool, isSubmission: Bool = false, at now: Int64
  ) -> ReasonCode? {
    state.withLock {
      $0.connect(address, isRelayNetwork: isRelayNetwork, isSubmission: isSubmission, at: now)
    }?.code
  }

  /// A client that `connect` let in is gone. `isRelayNetwork` as it was then, whatever was reloaded since.
  public func disconnect(_ address: IPAddress, isRelayNetwork: Bool) {
    state.withLock { $0.disconnect(address, isRelayNetwork: isRelayNetwork) }
  }

  /// Counts a message that a client begins (asked at MAIL).
  ///
  /// - Returns: nil where it may; else why not, and it is not counted.
  public func message(_ address: IPAddress, isRelayNetwork: Bool, at now: Int64) -> ReasonCode? {
    if isRelayNetwork { return nil }
    return state.withLock { $0.message(address, at: now) }?.code
  }

  /// Counts a recipient that nobody knows.
  ///
  /// - Returns: whether the client harvests: it is blocked for `harvestBlock` now, and the session is to end
  ///   with `LIMIT_UNKNOWN_RECIPIENTS`.
  public func unknownRecipient(_ address: IPAddress, isRelayNetwork: Bool, at now: Int64) -> Bool {
    if isRelayNetwork { return false }
    return state.withLock { $0.unknownRecipient(address, at: now) }
  }

  /// Refuses a client's connections for a while. A block that lasts longer already stays.
  public func block(_ address: IPAddress, for duration: Duration, because: String, at now: Int64) {
    state.withLock { $0.block(address, for: duration.milliseconds, because: because, at: now) }
  }

  /// The client wrote to a trap: blocks it for `trapBlock`.
  public func blockForTrap(_ address: IPAddress, because: String, at now: Int64) {
    state.withLock { $0.block(address, for: $0.terms.trapBlock, because: because, at: now) }
  }

  /// Why a client is refused for a while; nil where it is not.
  public func blocked(_ address: IPAddress, at now: Int64) -> String? {
    state.withLock { $0.block(of: address, at: now)?.because }
  }

  /// Lifts a block; whether there was one.
  public func unblock(_ address: IPAddress) -> Bool {
    state.withLock { $0.blocks.removeValue(forKey: $0.terms.unit(of: address)) != nil }
  }

  /// Open connections, those of relay networks included.
  public var connections: Int { state.withLock { $0.connections } }

  /// Takes so many octets of `limits.memory`; false, and nothing taken, where they are not left.
  public func reserveMemory(_ octets: Int) -> Bool { memory.reserve(octets) }

  /// Gives back what `reserveMemory` took.
  public func releaseMemory(_ octets: Int) { memory.release(octets) }

  /// Takes so many octets of `limits.spool`; false, and nothing taken, where they are not left.
  public func reserveSpool(_ octets: Int) -> Bool { spool.reserve(octets) }

  /// Gives back what `reserveSpool` took.
  public func releaseSpool(_ octets: Int) { spool.release(octets) }

  /// All of it at one moment; walks the tables under the lock, so it is for people and not for each message.
  public func snapshot(at now: Int64) -> AdmissionSnapshot {
    state.withLock { AdmissionSnapshot($0, memory: memory, spool: spool, at: now) }
  }
}
