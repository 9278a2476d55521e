import Filtering

/// The examinations of one stage, of which some are still asking. Belongs to one connection, on its event loop.
final class Inquiry {
  private struct Place {
    let examination: OpenExamination
    /// nil while it is under way.
    var found: [WeighedFinding]?
    /// Whether a stage went on without it; what it found then is news at a later one.
    var isLate = false
    /// Whether it was given up.
    var isAbandoned = false
  }

  typealias Look = @Sendable () async -> [WeighedFinding]

  let stage: Stage
  private var places: [Place] = []
  private(set) var openCount = 0
  private var looks: [(place: Int, look: Look)] = []
  private var claimed = 0
  private var tasks: [Task<Void, Never>] = []

  init(_ stage: Stage) { self.stage = stage }

  func add(_ examination: OpenExamination, found: [WeighedFinding]) {
    places.append(Place(examination: examination, found: found))
  }

  /// Makes a place for one that is about to begin.
  func open(_ examination: OpenExamination, _ look: @escaping Look) {
    looks.append((places.count, look))
    places.append(Place(examination: examination))
    openCount += 1
  }

  /// Whether some have not begun.
  var isUnclaimed: Bool { claimed < looks.count }

  /// The next that has not begun, for who does it.
  func claim() -> (place: Int, look: Look)? {
    guard isUnclaimed else { return nil }
    defer { claimed += 1 }
    return looks[claimed]
  }

  /// Who is to be told when nobody wants to know any more.
  func begun(_ task: Task<Void, Never>) {
    if openCount > 0 { tasks.append(task) } else { finished() }
  }

  func came(_ found: [WeighedFinding], at place: Int) {
    guard places[place].found == nil else { return }
    places[place].found = found
    openCount -= 1
    if openCount == 0 { finished() }
  }

  private func finished() {
    tasks = []
    looks = []
    claimed = 0
  }

  /// Replaces what was found at once: the client did something meanwhile.
  func replace(_ found: [[WeighedFinding]?]) {
    for (place, found) in zip(places.indices, found) {
      if let found { places[place].found = found }
    }
  }

  /// What was found so far, in the order of the catalogue.
  var findings: [WeighedFinding] { places.flatMap { $0.found ?? [] } }

  /// What concerns a client at a stage.
  func examined(_ facts: ConnectFacts, at stage: Stage) -> [Examined] {
    places.compactMap { place in
      if let found = place.found { return .found(found.concerning(facts, at: stage)) }
      return facts.concerns(place.examination.audience, at: stage) ? .open(place.examination) : nil
    }
  }

  /// The checks that a decision did without.
  var unfinished: [String] {
    places.filter { ($0.found == nil || $0.isAbandoned) && !$0.examination.check.isEmpty }.map(
      \.examination.check)
  }

  /// A stage goes on without those that are under way.
  func passOver() {
    for place in places.indices where places[place].found == nil { places[place].isLate = true }
  }

  /// What those found that a stage went on without; told once.
  func takeLate() -> [WeighedFinding] {
    var late: [WeighedFinding] = []
    for place in places.indices where places[place].isLate {
      guard let found = places[place].found else { continue }
      late += found
      places[place].isLate = false
    }
    return late
  }

  /// Nobody waits for those any more that are under way.
  func abandon() {
    guard openCount > 0 else { return }
    for place in places.indices where places[place].found == nil {
      places[place].found = []
      places[place].isAbandoned = true
    }
    openCount = 0
    for task in tasks { task.cancel() }
    finished()
  }
}

/// What one stage found.
enum Found {
  case known([WeighedFinding])
  case sought(Inquiry)

  static var nothing: Found { .known([]) }

  var findings: [WeighedFinding] {
    switch self {
    case .known(let findings): findings
    case .sought(let inquiry): inquiry.findings
    }
  }

  var inquiry: Inquiry? { if case .sought(let inquiry) = self { inquiry } else { nil } }

  var isOpen: Bool { if case .sought(let inquiry) = self { inquiry.openCount > 0 } else { false } }

  /// Whether somebody could not tell, or was not waited for.
  var leftOpen: Bool {
    findings.contains { $0.finding.code.isUnavailable } || inquiry.map { !$0.unfinished.isEmpty } ?? false
  }

  var isNothing: Bool { if case .known(let findings) = self { findings.isEmpty } else { false } }
}
