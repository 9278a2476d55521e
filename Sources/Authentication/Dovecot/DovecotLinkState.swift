internal import NIOCore

/// What a link to Dovecot knows, without doing anything: who waits for what, and what a line means for them.
struct DovecotLinkState {
  enum Phase {
    case idle
    case connecting(generation: Int)
    case up(any Channel, generation: Int)
    /// Nobody tries before that.
    case paused(until: NIODeadline)
    case closed
  }

  struct Unsent {
    let id: UInt32
    let line: String
  }

  /// The endpoint, for messages.
  let place: String
  var phase = Phase.idle
  var generation = 0
  var greeting: [String] = []
  var isVersionKnown = false
  /// What the last complete greeting announced; nil before the first.
  var announced: [String]?
  var awaited: [UInt32: Promised<DovecotAnswer>] = [:]
  var watchers: [Promised<String?>] = []
  var unsent: [Unsent] = []
  var lastID: UInt32 = 0
  var failures = 0
  var upSince: NIODeadline?
  var fault = ""

  init(place: String) {
    self.place = place
  }

  mutating func nextID() -> UInt32 {
    repeat { lastID &+= 1 } while lastID == 0 || awaited[lastID] != nil
    return lastID
  }

  mutating func beginConnecting() -> Int {
    generation += 1
    phase = .connecting(generation: generation)
    return generation
  }

  mutating func drop(_ why: String) {
    let answer = DovecotAnswer.unavailable("Dovecot at \(place): \(why)")
    for promised in awaited.values { promised.settle(answer) }
    for watcher in watchers { watcher.settle(why) }
    watchers.removeAll()
    awaited.removeAll()
    unsent.removeAll()
    greeting.removeAll()
    isVersionKnown = false
    upSince = nil
  }

  /// Bound: mechanisms of a greeting.
  private static let mostMechanisms = 64

  mutating func greeting(_ line: DovecotLine, _ generation: Int, _ channel: any Channel)
    -> (Bool, [Unsent])
  {
    switch line {
    case .version(let major):
      isVersionKnown = true
      return (major == 1, [])
    case .mechanism(let name):
      greeting.append(name)
      return (greeting.count <= Self.mostMechanisms, [])
    case .other: return (true, [])
    case .ok, .challenge, .fail: return (false, [])
    case .done:
      guard isVersionKnown else { return (false, []) }
      announced = greeting
      for watcher in watchers { watcher.settle(nil) }
      watchers.removeAll()
      phase = .up(channel, generation: generation)
      upSince = .now()
      defer { unsent.removeAll() }
      return (true, unsent)
    }
  }

  mutating func answer(_ line: DovecotLine) -> Bool {
    let id: UInt32
    let answer: DovecotAnswer
    switch line {
    case .ok(let number, let fields): (id, answer) = (number, DovecotAnswer.accepted(fields))
    case .challenge(let number, let challenge): (id, answer) = (number, .challenge(challenge))
    case .fail(let number, let fields): (id, answer) = (number, DovecotAnswer.refused(fields))
    // A mechanism that is told later (a reload) is known after the next greeting.
    case .version, .mechanism, .done, .other: return true
    }
    failures = 0
    // A number that is not known was given up: its time was over.
    awaited.removeValue(forKey: id)?.settle(answer)
    return true
  }
}
