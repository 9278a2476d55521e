internal import CSpawn
internal import Glibc

/// A pipe, its own end not blocking, both ends closed to other children.
struct Pipe {
  private(set) var reader: Int32
  private(set) var writer: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
    // A child's standard descriptors are put over the first three.
    reader = Self.aboveStandard(ends[0])
    writer = Self.aboveStandard(ends[1])
    guard reader >= 0, writer >= 0 else {
      close()
      return nil
    }
  }

  private static func aboveStandard(_ end: Int32) -> Int32 {
    guard end < 3 else { return end }
    let moved = fcntl(end, F_DUPFD_CLOEXEC, 3)
    Glibc.close(end)
    return moved
  }

  var isWriterClosed: Bool { writer < 0 }

  /// The child reads: this end is written to, without waiting.
  mutating func closeReader() {
    if reader >= 0 { Glibc.close(reader) }
    reader = -1
    Self.unblock(writer)
  }

  /// The child writes: this end is read, without waiting; or there is no more to write.
  mutating func closeWriter() {
    if writer >= 0 { Glibc.close(writer) }
    writer = -1
    Self.unblock(reader)
  }

  private static func unblock(_ end: Int32) {
    if end >= 0 { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
  }

  mutating func close() {
    if reader >= 0 { Glibc.close(reader) }
    if writer >= 0 { Glibc.close(writer) }
    (reader, writer) = (-1, -1)
  }
}

/// Keeps SIGPIPE from this thread: a program that does not read its input to the end is no reason to die of.
struct BrokenPipes {
  private var before = sigset_t()

  init() {
    var pipes = Self.pipes
    pthread_sigmask(SIG_BLOCK, &pipes, &before)
  }

  /// The thread's mask is as it was, and none of the signals waits.
  mutating func restore() {
    var pipes = Self.pipes
    var now = timespec(tv_sec: 0, tv_nsec: 0)
    while sigtimedwait(&pipes, nil, &now) > 0 {}
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  private static var pipes: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGPIPE)
    return set
  }
}
