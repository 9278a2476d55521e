import Foundation
public import Testing

/// A suite whose tests block their thread, as every test does that speaks to another process: they run on threads
/// of their own, a few at a time, so that tests that wait without blocking do not starve beside them.
public struct Blocking: SuiteTrait, TestTrait, TestScoping {
  public let isRecursive = true

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    try await withTaskExecutorPreference(BlockingThreads.shared) { try await function() }
  }
}

extension Trait where Self == Blocking {
  /// The tests block their thread.
  public static var blocking: Self { Blocking() }
}

/// A handful of threads that test cases run on, one case at a time each.
private final class BlockingThreads: TaskExecutor {
  static let shared = BlockingThreads()

  private let queue: OperationQueue

  private init() {
    queue = OperationQueue()
    queue.maxConcurrentOperationCount = 5
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.addOperation { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
