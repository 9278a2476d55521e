import Filtering
import Synchronization

/// What a message that is being sent from the outbox takes of `limits.memory` and `limits.spool`; given back when
/// nobody holds it any more.
final class ContentShare: MemoryGrant {
  private let admission: Admission
  private let memory = Atomic<Int>(0)
  private let spool = Atomic<Int>(0)

  init(_ admission: Admission) { self.admission = admission }

  /// Takes what a message of so many octets needs, all of it or nothing.
  ///
  /// - Parameter memoryLimit: what of it is held in memory.
  func reserve(_ octets: Int, memoryLimit: Int) -> Bool {
    // Beside what stays in memory a piece is stuffed on its way.
    guard reserveMemory(min(octets, memoryLimit) + Self.piece) else { return false }
    let rest = max(0, octets - memoryLimit)
    guard rest > 0 else { return true }
    guard admission.reserveSpool(rest) else {
      admission.releaseMemory(memory.exchange(0, ordering: .relaxed))
      return false
    }
    spool.wrappingAdd(rest, ordering: .relaxed)
    return true
  }

  private static let piece = 64 * 1024

  func reserveMemory(_ octets: Int) -> Bool {
    guard admission.reserveMemory(octets) else { return false }
    memory.wrappingAdd(octets, ordering: .relaxed)
    return true
  }

  deinit {
    admission.releaseMemory(memory.load(ordering: .relaxed))
    admission.releaseSpool(spool.load(ordering: .relaxed))
  }
}
