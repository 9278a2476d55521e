public import Filtering
internal import NIOCore
internal import NIOPosix
public import SMTPProtocol
internal import Synchronization

/// Where messages are held between the client and the backend: in memory while small, then in unlinked files.
public final class IntakeStore: Sendable {
  let folder: String
  let admission: Admission
  let disk: NIOThreadPool
  /// Memory is reserved in steps of this many octets.
  static let step = 64 * 1024
  /// Octets written to the file at a time.
  static let block = 256 * 1024

  /// - Parameter folder: where spool files are made; they have no names there, so a crash leaves nothing behind.
  public init(folder: String, admission: Admission) {
    self.folder = folder
    self.admission = admission
    disk = NIOThreadPool(numberOfThreads: 2)
    disk.start()
  }

  /// Begins a message.
  ///
  /// - Parameter memoryLimit: octets that stay in memory; what follows goes to the file.
  public func begin(memoryLimit: Int, isBinary: Bool) -> MessageIntake {
    MessageIntake(store: self, memoryLimit: memoryLimit, isBinary: isBinary)
  }

  /// Why no further message can be held now; nil where it can.
  public func refusesNow() -> ReasonCode? {
    guard admission.reserveMemory(Self.step) else { return .limitMemory }
    admission.releaseMemory(Self.step)
    return nil
  }
}

/// What a message's octets cost the gateway, given back exactly once: when nobody holds the message any more.
final class Reservation: MemoryGrant {
  private let admission: Admission
  private let memory = Atomic<Int>(0)
  private let spool = Atomic<Int>(0)

  init(_ admission: Admission) { self.admission = admission }

  func reserveMemory(_ octets: Int) -> Bool {
    guard admission.reserveMemory(octets) else { return false }
    memory.wrappingAdd(octets, ordering: .relaxed)
    return true
  }

  func reserveSpool(_ octets: Int) -> Bool {
    guard admission.reserveSpool(octets) else { return false }
    spool.wrappingAdd(octets, ordering: .relaxed)
    return true
  }

  deinit {
    admission.releaseMemory(memory.load(ordering: .relaxed))
    admission.releaseSpool(spool.load(ordering: .relaxed))
  }
}
