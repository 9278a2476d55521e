internal import NIOPosix
internal import Synchronization

/// Passwords are checked here: on so many threads of their own, with so many waiting, their memory counted.
public final class VerificationPool: Sendable {
  /// Why nothing was computed.
  enum Refusal: Error {
    case busy
    case noMemory

    /// In words for the operator.
    var words: String {
      switch self {
      case .busy: "too many passwords are waiting to be checked (auth.verifications)"
      case .noMemory: "no memory is left to check a password (limits.memory)"
      }
    }
  }

  private let threads: NIOThreadPool
  private let most: Int
  private let reserve: @Sendable (_ octets: Int) -> Bool
  private let release: @Sendable (_ octets: Int) -> Void
  private let state = Mutex((underWay: 0, running: 0, mostRunning: 0))

  /// - Parameters:
  ///   - atOnce: threads, and so the most passwords that are checked at once.
  ///   - waiting: how many more may wait for one; what comes then is `.unavailable`.
  ///   - reserve: takes octets of the memory that the gateway may use; false where they are not left.
  ///   - release: gives them back.
  public init(
    atOnce: Int, waiting: Int = 128, reserve: @escaping @Sendable (_ octets: Int) -> Bool = { _ in true },
    release: @escaping @Sendable (_ octets: Int) -> Void = { _ in }
  ) {
    threads = NIOThreadPool(numberOfThreads: max(1, atOnce))
    most = max(1, atOnce) + max(0, waiting)
    self.reserve = reserve
    self.release = release
    threads.start()
  }

  deinit { threads.shutdownGracefully { _ in } }

  /// The most that ran at one time so far.
  public var mostAtOnce: Int { state.withLock { $0.mostRunning } }

  /// Runs `work` on one of the threads, with `memory` octets reserved while it runs.
  func run<Value: Sendable>(
    memory: Int, _ work: @escaping @Sendable () -> Value
  ) async -> Result<Value, Refusal> {
    let isTaken = state.withLock { state in
      guard state.underWay < most else { return false }
      state.underWay += 1
      return true
    }
    guard isTaken else { return .failure(.busy) }
    defer { state.withLock { $0.underWay -= 1 } }
    do {
      let ran = try await threads.runIfActive { [self] () -> Value? in
        guard reserve(memory) else { return nil }
        defer { release(memory) }
        state.withLock { state in
          state.running += 1
          state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        return work()
      }
      guard let ran else { return .failure(.noMemory) }
      return .success(ran)
    } catch {
      // The threads are being stopped.
      return .failure(.busy)
    }
  }
}
