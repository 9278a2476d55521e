/// What the store has just done. Between any two of these the process may end, and nothing may be lost or sent twice.
enum StoreStep: String, Codable, CaseIterable {
  /// The file is there under its first name, empty.
  case contentBegun
  case contentWritten
  case contentFlushed
  /// It has its last name.
  case contentNamed
  case folderFlushed
  /// The index has changed, but has not committed.
  case indexChanged
  case indexCommitted
  /// A file that nobody waits for any more is gone.
  case contentRemoved
}

/// Is told of each step, on the thread that made it.
typealias StepObserver = @Sendable (StoreStep) -> Void
