internal import Bytes
internal import Filtering

/// The lines between the event loops and the writer's thread, bounded in octets.
struct LogQueue {
  let bound: Int
  var level: Event.Severity
  var format: LogFormat
  private(set) var pending: [UInt8] = []
  private(set) var pendingLines = 0
  /// Lines that found no room since the last batch, and in all.
  private var droppedSinceBatch = 0
  private(set) var dropped = 0
  /// Whether the writer's thread has been told that there is work.
  var isSignalled = false
  var isStopping = false
  var reopens = false

  /// A batch for the writer's thread.
  struct Batch {
    var bytes: [UInt8]
    var lines: Int
    var dropped: Int
    var format: LogFormat
  }

  init(bound: Int, level: Event.Severity, format: LogFormat) {
    self.bound = bound
    self.level = level
    self.format = format
  }

  /// Takes a line; whether the writer's thread is to be woken.
  mutating func add(_ event: Event) -> Bool {
    guard event.severity <= level else { return false }
    if pending.count >= bound {
      dropped += 1
      droppedSinceBatch += 1
    } else {
      LogLine.write(event, as: format, into: &pending)
      pendingLines += 1
    }
    return signal()
  }

  mutating func signal() -> Bool {
    defer { isSignalled = true }
    return !isSignalled
  }

  /// Everything that waits, in exchange for an empty buffer; nil where nothing does.
  mutating func take(leaving empty: consuming [UInt8]) -> Batch? {
    guard pendingLines > 0 || droppedSinceBatch > 0 else { return nil }
    let batch = Batch(bytes: pending, lines: pendingLines, dropped: droppedSinceBatch, format: format)
    pending = empty
    pendingLines = 0
    droppedSinceBatch = 0
    return batch
  }
}
