internal import Filtering
internal import GRDB
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Changes of the index, one after the other on a thread of their own. What comes while one transaction is flushed goes
/// into the next, so that a burst does not wait for the disk once each.
final class IndexQueue: Sendable {
  private struct Work: Sendable {
    /// Whether files have been named for it: the folder is flushed first.
    let namesFiles: Bool
    /// - Returns: what is to be done when it is committed.
    let run: @Sendable (Database) throws -> @Sendable () -> Void
    let failed: @Sendable (WaitingFault) -> Void
  }

  private struct State {
    var pending: [Work] = []
    var isRunning = false
  }

  let pool: DatabasePool
  private let folder: StoreFolder
  private let observer: StepObserver?
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let state = Mutex(State())
  /// Bound: changes in one transaction.
  private static let longestBatch = 256

  init(_ pool: DatabasePool, _ folder: StoreFolder, observer: StepObserver?) {
    self.pool = pool
    self.folder = folder
    self.observer = observer
    thread.start()
  }

  deinit { thread.shutdownGracefully { _ in } }

  /// Changes the index, all of it or nothing, and answers when the disk has it.
  ///
  /// - Parameters:
  ///   - change: throws a `WaitingFault` of its own where it is not to be.
  ///   - answer: called on the queue's thread.
  func submit<Value: Sendable>(
    namesFiles: Bool = false, _ change: @escaping @Sendable (Database) throws -> Value,
    then answer: @escaping @Sendable (Result<Value, WaitingFault>) -> Void
  ) {
    let work = Work(namesFiles: namesFiles) { db in
      let value = try change(db)
      return { answer(.success(value)) }
    } failed: {
      answer(.failure($0))
    }
    let isIdle = state.withLock { state in
      state.pending.append(work)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard isIdle else { return }
    thread.submit { [self] threads in
      if case .active = threads { drain() } else { refuseAll() }
    }
  }

  func change<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value)
    async throws(WaitingFault) -> Value
  {
    let result = await withCheckedContinuation { continuation in
      submit(change) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// No change comes after this; those under way are finished. The answer comes on a thread of its own.
  func close(_ closed: @escaping @Sendable () -> Void) {
    thread.submit { [thread] _ in thread.shutdownGracefully { _ in closed() } }
  }

  private func take() -> [Work] {
    state.withLock { state in
      let batch = Array(state.pending.prefix(Self.longestBatch))
      state.pending.removeFirst(batch.count)
      if batch.isEmpty { state.isRunning = false }
      return batch
    }
  }

  private func refuseAll() {
    while true {
      let batch = take()
      guard !batch.isEmpty else { return }
      for work in batch { work.failed(.closed) }
    }
  }

  private func drain() {
    while true {
      let batch = take()
      guard !batch.isEmpty else { return }
      for end in perform(batch) { end() }
    }
  }

  private func perform(_ batch: [Work]) -> [@Sendable () -> Void] {
    do {
      if batch.contains(where: \.namesFiles) {
        try FileDescriptor(folder.files, O_RDONLY | O_DIRECTORY, or: "cannot be opened").flush(folder.files)
        observer?(.folderFlushed)
      }
      return try pool.writeWithoutTransaction { db in
        do {
          return try transaction(db, batch)
        } catch {
          if db.isInsideTransaction { try? db.rollback() }
          throw error
        }
      }
    } catch {
      let fault = WaitingFault(index: error)
      return batch.map { work in { work.failed(fault) } }
    }
  }

  private func transaction(_ db: Database, _ batch: [Work]) throws -> [@Sendable () -> Void] {
    try db.beginTransaction(.immediate)
    var ends: [@Sendable () -> Void] = []
    for work in batch {
      do {
        var end: (@Sendable () -> Void)?
        try db.inSavepoint {
          end = try work.run(db)
          return .commit
        }
        if let end { ends.append(end) }
      } catch {
        // Some faults of the disk undo the whole transaction.
        guard db.isInsideTransaction else { throw error }
        let fault = WaitingFault(index: error)
        ends.append { work.failed(fault) }
      }
    }
    observer?(.indexChanged)
    try db.commit()
    observer?(.indexCommitted)
    return ends
  }
}

extension WaitingFault {
  /// What an error of the index comes to.
  init(index error: any Error) {
    switch error {
    case let fault as WaitingFault: self = fault
    case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
      self = .full("index.sqlite: \(error.message ?? "disk full")")
    case let error as DatabaseError where error.resultCode == .SQLITE_BUSY:
      self = .unavailable("index.sqlite: locked by another process")
    case let error as DatabaseError where error.isDamage:
      self = .unavailable("index.sqlite is damaged: \(error.message ?? "\(error.resultCode)")")
    case let error as DatabaseError:
      self = .unavailable("index.sqlite: \(error.message ?? "\(error.resultCode)")")
    default: self = .unavailable("\(error)")
    }
  }
}

extension DatabaseError {
  var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}
