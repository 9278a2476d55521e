/// Messages that are held for somebody to look at (`[quarantine]`).
public struct QuarantineSettings: Sendable, Hashable {
  /// How long a message lies there; then it is removed.
  public let lifetime: Duration
  /// Octets of all of them; past it 452.
  public let size: Bound
  /// Past it 452.
  public let messages: Bound
  /// Octets of the disk that are left to others, by quarantine and outbox.
  public let free: Int
}

extension QuarantineSettings {
  init(_ section: Section) {
    lifetime = section.duration("lifetime")
    size = section.sizeBound("size") ?? .unlimited
    messages = section.countBound("messages") ?? .unlimited
    free = section.size("free")
  }
}

/// Mail that the gateway itself sends and that waits for its backend: redirects, copies, releases (`[outbox]`).
public struct OutboxSettings: Sendable, Hashable {
  /// The wait after the first attempt, the second, …; the last for all that follow. At least one.
  public let retry: [Duration]
  /// After how long a redirect, a copy or a release is given up and lies in the quarantine.
  public let lifetime: Duration
  public let size: Bound
  public let messages: Bound
  /// Hops of a message that may still be redirected or copied.
  public let hops: Int
  /// Messages that are sent at the same time.
  public let sessions: Int
}

extension OutboxSettings {
  init(_ section: Section) {
    let retry = section.durations("retry")
    if retry.isEmpty {
      section.report("retry", "outbox.retry: at least one wait, such as [\"1m\", \"5m\", \"1h\"]")
    }
    self.retry = retry
    lifetime = section.duration("lifetime")
    size = section.sizeBound("size") ?? .unlimited
    messages = section.countBound("messages") ?? .unlimited
    hops = section.count("hops")
    sessions = section.count("sessions")
  }
}
