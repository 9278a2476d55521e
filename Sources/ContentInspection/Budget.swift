internal import Filtering
internal import Glibc

/// What looking into one file may still cost. Lives on one thread.
struct Budget {
  let limits: InspectionLimits
  private let interest: Interest
  private let end: Int64
  /// Octets of the file itself.
  let packed: Int
  private(set) var entries = 0
  private(set) var unpacked = 0
  /// What the archives say that their entries have, and what they had.
  private(set) var claimed = 0
  private(set) var isOutOfTime = false

  init(_ limits: InspectionLimits, packed: Int, _ interest: Interest) {
    self.limits = limits
    self.packed = max(1, packed)
    self.interest = interest
    end = Self.processorTime() + limits.time.nanoseconds
  }

  /// Whether to stop at once.
  mutating func isSpent() -> Bool {
    if !isOutOfTime, interest.isLost || Self.processorTime() >= end { isOutOfTime = true }
    return isOutOfTime || unpacked >= limits.unpacked
  }

  /// Counts an entry; false where there are too many.
  mutating func count(entry size: Int?) -> Bool {
    entries += 1
    claim(size ?? 0)
    return entries <= limits.entries
  }

  /// Counts octets that an archive says to have.
  mutating func claim(_ size: Int) {
    let (sum, isOver) = claimed.addingReportingOverflow(max(0, size))
    claimed = isOver ? .max : sum
  }

  mutating func count(unpacked octets: Int) { unpacked += octets }

  /// Whether there is more in it than anybody would honestly pack so small.
  var isBomb: Bool {
    let most = max(claimed, unpacked)
    return most > limits.ratioFrom && most / packed > limits.ratio
  }

  /// Of this thread, in nanoseconds: what others take of the machine does not count.
  private static func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
