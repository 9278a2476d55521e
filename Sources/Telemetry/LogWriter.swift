internal import Bytes
public import Filtering
internal import Glibc
internal import Synchronization

/// Where the log goes.
public enum LogDestination: Hashable, Sendable {
  case standardOutput
  /// An absolute path, or one relative to the working folder.
  case file(String)

  var name: String {
    switch self {
    case .standardOutput: "standard output"
    case .file(let path): path
    }
  }
}

/// The log could not be set up: what, and why, in words.
public struct LogError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

/// What the log did since the start.
public struct LogStatus: Hashable, Sendable {
  /// Lines written.
  public var lines = 0
  public var octets = 0
  /// Lines that the queue had no room for.
  public var dropped = 0
  /// Lines that could not be written: disk full, pipe closed.
  public var unwritten = 0
  /// Why the last write or open failed; nil where it did not.
  public var failure: String?

  public init() {}
}

/// The log: takes events on any thread without ever waiting for the disk, and writes them as lines on a thread
/// of its own, many at a time.
///
/// What does not fit into the queue is dropped and counted, and a line says how many. A log that cannot be
/// written is counted, and alarmed on standard error once a minute; mail flows on. `close` is due at the end.
public final class LogWriter: EventSink {
  private let core: LogCore

  /// Opens the log and starts its thread.
  ///
  /// - Parameter queueOctets: how much may wait for the disk.
  /// - Throws: `LogError` where the file cannot be opened.
  public init(
    _ destination: LogDestination, format: LogFormat = .text, level: Event.Severity = .info,
    queueOctets: Int = 4 << 20
  ) throws(LogError) {
    core = try LogCore(destination, format: format, level: level, bound: queueOctets, alarms: STDERR_FILENO)
    try LogCore.startThread(core)
  }

  /// As the other, with alarms written to another descriptor.
  init(_ destination: LogDestination, format: LogFormat, queueOctets: Int, alarms: Int32) throws(LogError) {
    core = try LogCore(destination, format: format, level: .info, bound: queueOctets, alarms: alarms)
    try LogCore.startThread(core)
  }

  deinit { core.stop() }

  public func record(_ event: Event) { core.record(event) }

  /// Writes from now on under another level and form (a reload).
  public func adopt(format: LogFormat, level: Event.Severity) { core.adopt(format, level) }

  /// Opens the file anew, soon and on the log's own thread (SIGHUP, after the file was moved away).
  public func reopen() { core.reopen() }

  /// Gives the open file to the user that the process is about to become.
  ///
  /// - Throws: `LogError` where the system refuses.
  public func handOver(user: UInt32, group: UInt32) throws(LogError) { try core.handOver(user, group) }

  /// Waits until everything recorded so far is written or lost. Not for an event loop.
  public func flush() { core.drain() }

  /// Writes what waits, ends the thread and closes the file.
  public func close() {
    core.drain()
    core.stop()
  }

  public var status: LogStatus { core.currentStatus }
}
