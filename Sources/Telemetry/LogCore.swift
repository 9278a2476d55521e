internal import Bytes
internal import Filtering
internal import Glibc
internal import SMTPProtocol
internal import Synchronization

/// What the log's handle and its thread share.
final class LogCore: Sendable {
  private let queue: Mutex<LogQueue>
  /// Held while writing, so that lines keep their order whoever drains.
  private let output: Mutex<Writing>
  /// Apart from the output: who asks never waits for the disk.
  private let status = Mutex(LogStatus())
  /// The thread sleeps on the reading end of this pipe.
  private let wakeReading: Int32
  private let wakeWriting: Int32
  private let alarms: Int32
  /// Pause between two batches: at a high rate one write takes many lines.
  private static let batchMicroseconds: UInt32 = 5000
  private static let alarmInterval: Int64 = 60_000
  private static let keptCapacity = 256 << 10

  struct Writing {
    var output: LogOutput
    var spare: [UInt8] = []
    var nextAlarm = Int64.min
    var nextOpen = Int64.min
  }

  init(
    _ destination: LogDestination, format: LogFormat, level: Event.Severity, bound: Int, alarms: Int32
  ) throws(LogError) {
    // A pipe as standard output whose reader went away is an error of write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    var output = LogOutput(destination)
    if let error = output.open() {
      throw LogError(description: "cannot open the log \(destination.name): \(Self.words(error))")
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      output.close()
      throw LogError(description: "cannot set up the log: \(Self.words(errno))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (wakeReading, wakeWriting) = (ends[0], ends[1])
    self.alarms = alarms
    queue = Mutex(LogQueue(bound: bound, level: level, format: format))
    self.output = Mutex(Writing(output: output))
  }

  deinit {
    output.withLock { $0.output.close() }
    Glibc.close(wakeReading)
    Glibc.close(wakeWriting)
  }

  static func startThread(_ core: LogCore) throws(LogError) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(core)
    let error = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<LogCore>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard error == 0 else {
      context.release()
      throw LogError(description: "cannot start the log's thread: \(words(error))")
    }
    pthread_detach(thread)
  }

  func record(_ event: Event) {
    if queue.withLock({ $0.add(event) }) { wake() }
  }

  func adopt(_ format: LogFormat, _ level: Event.Severity) {
    queue.withLock {
      $0.format = format
      $0.level = level
    }
  }

  func reopen() {
    let wakes = queue.withLock {
      $0.reopens = true
      return $0.signal()
    }
    if wakes { wake() }
  }

  func stop() {
    let wakes = queue.withLock {
      $0.isStopping = true
      return $0.signal()
    }
    if wakes { wake() }
  }

  func handOver(_ user: UInt32, _ group: UInt32) throws(LogError) {
    let (name, error) = output.withLock {
      ($0.output.destination.name, $0.output.handOver(user: user, group: group))
    }
    if let error {
      throw LogError(description: "cannot give the log \(name) to user \(user): \(Self.words(error))")
    }
  }

  var currentStatus: LogStatus {
    var status = status.withLock { $0 }
    status.dropped = queue.withLock { $0.dropped }
    return status
  }

  /// Writes everything that waits; whether there was anything.
  @discardableResult
  func drain() -> Bool {
    output.withLock { writing in
      let (reopens, batch) = queue.withLock { queue in
        defer { queue.reopens = false }
        return (queue.reopens, queue.take(leaving: take(&writing.spare)))
      }
      if reopens { open(&writing, why: "reopen") }
      guard var batch else { return reopens }
      if batch.dropped > 0 {
        LogLine.write(Self.droppedLines(batch.dropped), as: batch.format, into: &batch.bytes)
        batch.lines += 1
      }
      write(batch, &writing)
      // A burst does not keep its memory.
      if batch.bytes.capacity <= Self.keptCapacity {
        batch.bytes.removeAll(keepingCapacity: true)
        writing.spare = batch.bytes
      }
      return true
    }
  }

  private func take(_ spare: inout [UInt8]) -> [UInt8] {
    defer { spare = [] }
    return spare
  }

  /// The thread's life.
  private func run() {
    var everySignal = sigset_t()
    sigfillset(&everySignal)
    pthread_sigmask(SIG_BLOCK, &everySignal, nil)
    while true {
      if drain() {
        usleep(Self.batchMicroseconds)
        continue
      }
      let (isEmpty, isStopping) = queue.withLock { queue in
        let isEmpty = queue.pending.isEmpty && !queue.reopens
        if isEmpty { queue.isSignalled = false }
        return (isEmpty, queue.isStopping)
      }
      guard isEmpty else { continue }
      if isStopping { return }
      var byte: UInt8 = 0
      while Glibc.read(wakeReading, &byte, 1) < 0, errno == EINTR {}
    }
  }

  private func wake() {
    var byte: UInt8 = 1
    while Glibc.write(wakeWriting, &byte, 1) < 0, errno == EINTR {}
  }
}

/// Writing, and what is done where it fails.
extension LogCore {
  private func write(_ batch: LogQueue.Batch, _ writing: inout Writing) {
    if writing.output.descriptor < 0, Self.monotonicMilliseconds >= writing.nextOpen {
      open(&writing, why: "open")
    }
    switch writing.output.write(batch.bytes) {
    case .written:
      status.withLock {
        $0.lines += batch.lines
        $0.octets += batch.bytes.count
        $0.failure = nil
      }
    case .failed(let error):
      status.withLock { $0.unwritten += batch.lines }
      fail("write", error, &writing)
    }
  }

  private func open(_ writing: inout Writing, why: StaticString) {
    writing.nextOpen = Self.monotonicMilliseconds + 1000
    if let error = writing.output.open() {
      fail(why, error, &writing)
    }
  }

  /// Alarms on standard error, a line a minute at most.
  private func fail(_ what: StaticString, _ error: Int32, _ writing: inout Writing) {
    let words = "cannot \(what) the log \(writing.output.destination.name): \(Self.words(error))"
    let lost = status.withLock {
      $0.failure = words
      return $0.unwritten
    }
    let now = Self.monotonicMilliseconds
    guard now >= writing.nextAlarm else { return }
    writing.nextAlarm = now + Self.alarmInterval
    let alarm = Array(
      "weir: \(words); \(lost) lines are lost so far, mail flows on\n".utf8)
    // Nothing is left to do where this fails as well.
    _ = Glibc.write(alarms, alarm, alarm.count)
  }

  private static func droppedLines(_ count: Int) -> Event {
    .system(
      .warning, .logLinesDropped,
      "\(count) log lines came faster than they could be written and are not in the log", at: now)
  }

  private static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  private static var monotonicMilliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}
