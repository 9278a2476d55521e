internal import CUnbound
internal import Glibc

/// What the resolver's thread sleeps by: until a time, a descriptor that can be read, or a call from another thread.
final class AlarmClock: Sendable {
  private let descriptor: Int32

  init() throws(ResolverError) {
    descriptor = weir_eventfd()
    guard descriptor >= 0 else {
      throw ResolverError("no descriptor for the resolver: \(String(cString: strerror(errno)))")
    }
  }

  deinit { Glibc.close(descriptor) }

  /// Wakes the sleeper, now or when it goes to sleep next.
  func ring() {
    var one: UInt64 = 1
    _ = Glibc.write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  func sleep(until end: ContinuousClock.Instant, or other: Int32) {
    let left = ContinuousClock.now.duration(to: end).components
    // Rounded up, so that it is not early by a hair again and again.
    let milliseconds = max(
      0, left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: other, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&descriptors, 2, Int32(clamping: milliseconds))
    var count: UInt64 = 0
    if descriptors[0].revents != 0 { _ = Glibc.read(descriptor, &count, MemoryLayout<UInt64>.size) }
  }
}
