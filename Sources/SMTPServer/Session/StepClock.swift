/// The moments a session's time-outs are counted from, in monotonic milliseconds. Checked by a tick a loop,
/// so that a session costs no timer of its own.
struct StepClock {
  let opened: Int64
  private(set) var last: Int64
  /// Octets of an unwanted chunk that are still to come.
  var draining: UInt64 = 0

  init(now: Int64) {
    opened = now
    last = now
  }

  mutating func touched(_ now: Int64) { last = now }
}
