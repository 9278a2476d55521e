public import Filtering
internal import GRDB
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Mail that waits: one file for each form of a message, and one index of who waits for it.
///
/// What comes first is told last. A message's files are written, flushed and named, and their folder flushed; then the index
/// tells of them in one transaction that is flushed too; then the caller reads that it is kept. A file goes after the index
/// has said that nobody waits for it. So the process may end at any moment, and the next start finds either an entry
/// with its file or a file without an entry, which nobody was told of.
///
/// Files are written by a few threads at once, the index by one, and nothing of it on an event loop.
public final class MessageStore: Sendable {
  /// What the last process left behind.
  public let opening: StoreOpening

  let folder: StoreFolder
  let ledger: StoreLedger
  let pool: DatabasePool
  let index: IndexQueue
  let disk: NIOThreadPool
  let claims = LegClaims()
  let observer: StepObserver?
  private let lock: Mutex<FolderLock?>
  /// Threads that wait for the disk: while one flushes, others write, and the disk flushes several at once.
  private static let diskThreads = 8

  /// Opens the store, making it where it is missing, and sees to what the last process left behind. Blocks.
  ///
  /// - Parameters:
  ///   - folder: `messages` in the state folder; whose it is, is the store's. Taken for this process alone.
  ///   - patience: seconds that a change waits while another process has the index locked.
  /// - Throws: `MessageStoreError`: the folder cannot be used, another process has it, or the index is damaged, newer than
  ///   this program, or missing beside messages. No message is touched then.
  public convenience init(folder: String, bounds: StoreBounds = StoreBounds(), patience: Double = 5) throws {
    try self.init(folder: folder, bounds: bounds, patience: patience, observer: nil)
  }

  init(folder path: String, bounds: StoreBounds, patience: Double, observer: StepObserver?) throws {
    folder = StoreFolder(path: path)
    let lock = try folder.claim()
    let present = try folder.messages()
    pool = try IndexSchema.open(folder, patience: patience, hasMessages: !present.isEmpty)
    var opening = StoreOpening()
    let use: WaitingUse
    do {
      use = try Recovery(folder: folder, present: present).run(pool, &opening)
    } catch let error as DatabaseError {
      throw MessageStoreError("\(folder.index): \(WaitingFault(index: error).detail)")
    }
    self.opening = opening
    self.lock = Mutex(lock)
    ledger = StoreLedger(bounds)
    ledger.adopt(use)
    index = IndexQueue(pool, folder, observer: observer)
    disk = NIOThreadPool(numberOfThreads: Self.diskThreads)
    self.observer = observer
    disk.start()
  }

  deinit { disk.shutdownGracefully { _ in } }

  /// Finishes what is under way and lets the folder go. What is asked afterwards is refused.
  public func close() async {
    try? await disk.shutdownGracefully()
    await withCheckedContinuation { continuation in index.close { continuation.resume() } }
    try? pool.close()
    lock.withLock { $0 = nil }
  }

  /// From now on these bounds hold; what lies there already stays.
  public func adopt(_ bounds: StoreBounds) { ledger.adopt(bounds) }

  public func use() -> WaitingUse { ledger.use }

  public func content(of message: String) async throws(WaitingFault) -> any WaitingContent {
    guard StoreFolder.isName(message) else { throw .missing }
    return try await disk.waiting { [self] () throws(WaitingFault) in
      let isBinary = try read { db in
        try Bool.fetchOne(
          db.cachedStatement(sql: "SELECT isBinary FROM message WHERE id = ? AND hasFile = 1"),
          arguments: [message])
      }
      guard let isBinary else { throw .missing }
      return try StoredContent(folder.file(of: message), isBinary: isBinary, folder: folder, disk: disk)
    }
  }

  /// Looks into the index, on this thread.
  func read<Value>(_ look: (Database) throws -> Value) throws(WaitingFault) -> Value {
    do { return try pool.read(look) } catch { throw WaitingFault(index: error) }
  }

  /// Looks into the index on a thread of the disk's.
  func look<Value: Sendable>(_ look: @escaping @Sendable (Database) throws -> Value)
    async throws(WaitingFault) -> Value
  {
    try await disk.waiting { [self] () throws(WaitingFault) in try read(look) }
  }

  /// Changes the index, then removes the files of the messages that nobody waits for any more.
  func change<Value: Sendable>(
    _ change: @escaping @Sendable (Database, inout Closing) throws -> Value,
    then answer: @escaping @Sendable (Result<Value, WaitingFault>) -> Void
  ) {
    index.submit { db in
      var closing = Closing()
      let value = try change(db, &closing)
      try closing.finish(db)
      return (value, closing)
    } then: { [self] (result: Result<(Value, Closing), WaitingFault>) in
      guard case .success(let (value, closing)) = result else { return answer(result.map(\.0)) }
      closing.moved.forEach { $0.move(in: ledger) }
      guard !closing.closed.isEmpty else { return answer(.success(value)) }
      disk.submit { _ in
        self.remove(closing.closed)
        answer(.success(value))
      }
    }
  }

  func change<Value: Sendable>(_ change: @escaping @Sendable (Database, inout Closing) throws -> Value)
    async throws(WaitingFault) -> Value
  {
    let result = await withCheckedContinuation { continuation in
      self.change(change) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  private func remove(_ messages: [Closing.Message]) {
    for message in messages {
      unlink(folder.file(of: message.id))
      ledger.release(message.octets, of: message.purpose)
      observer?(.contentRemoved)
    }
  }
}

/// What the last process left behind.
public struct StoreOpening: Hashable, Sendable {
  /// Legs that were being sent: the backend may have them.
  public internal(set) var unsure: [OutboxLeg.ID] = []
  /// Messages whose files somebody removed from the disk; nobody waits for them any more.
  public internal(set) var lost: [String] = []
  /// Messages that were kept provisionally: their clients were told nothing, and they are gone.
  public internal(set) var withdrawn: [String] = []
  /// Files that no entry tells of, put aside for a week in `messages/strays`.
  public internal(set) var strays: [String] = []
}
