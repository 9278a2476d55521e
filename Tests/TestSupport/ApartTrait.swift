internal import Foundation
public import Testing

/// Runs the tests of a suite on threads of their own, a bounded number at once: they block, and the threads of
/// Swift's own pool are as few as the machine has cores.
public struct ApartTrait: SuiteTrait, TestTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
  ) async throws {
    await Self.gate.enter()
    do {
      try await withTaskExecutorPreference(Self.executor) { try await function() }
    } catch {
      await Self.gate.leave()
      throw error
    }
    await Self.gate.leave()
  }

  private static let executor = ThreadExecutor()
  private static let gate = Gate(6)
}

extension Trait where Self == ApartTrait {
  /// See ``ApartTrait``.
  public static var apart: ApartTrait { ApartTrait() }
}

/// Gives each job a thread.
private final class ThreadExecutor: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let thread = Thread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    thread.stackSize = 4 << 20
    thread.start()
  }
}

/// Lets so many in at once, the others in the order in which they came.
private actor Gate {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func leave() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}
