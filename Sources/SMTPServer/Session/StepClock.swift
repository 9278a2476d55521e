import Bytes
import Filtering

extension SessionTimeouts {
  /// No time of a session is shorter, in milliseconds: nobody has to be looked at more often.
  var shortest: Int64 {
    let steps = min(greeting.milliseconds, command.milliseconds, data.milliseconds, message.milliseconds)
    let grace = leastDataRate > 0 ? dataRateGrace.milliseconds : StepClock.lingering
    return max(1, min(steps, grace, StepClock.lingering))
  }
}

/// The moments a session's time-outs are counted from, in monotonic milliseconds. Checked by a tick a loop,
/// so that a session costs no timer of its own.
struct StepClock {
  /// How long a peer that was told to go may take to read it.
  static let lingering: Int64 = 5000

  /// When the connection stood, or the greeting was said, for which it had to wait.
  private(set) var opened: Int64
  /// When something last came.
  private(set) var last: Int64
  /// When the last command was complete, or was answered: dripping octets is not speaking.
  private(set) var lastCommand: Int64
  /// Octets of an unwanted chunk that are still to come.
  var draining: UInt64 = 0
  /// Of that chunk, octets that have come, and when it began.
  var drained: UInt64 = 0
  private(set) var drainBegan: Int64 = 0

  init(now: Int64) {
    opened = now
    last = now
    lastCommand = now
  }

  mutating func drains(_ octets: UInt64, _ now: Int64) {
    draining = octets
    drained = 0
    drainBegan = now
  }

  mutating func greeted(_ now: Int64) {
    opened = now
    answered(now)
  }

  mutating func touched(_ now: Int64) { last = now }

  mutating func answered(_ now: Int64) {
    last = now
    lastCommand = now
  }
}
