import Bytes

/// What is left of the work that one run may do, in steps of automata.
public struct StepBudget: Sendable {
  public private(set) var left: Int

  public init(_ steps: Int) { left = steps }

  public var isSpent: Bool { left <= 0 }

  mutating func spend(_ steps: Int) { left -= steps }
}

/// Searches areas with an automaton, as procmail's own engine does: the match that ends first is found; where `\/`
/// stands in it, the part behind is as long as can be.
public struct AutomatonSearch: Sendable {
  public enum Outcome: Hashable, Sendable {
    case notFound
    /// - Parameters:
    ///   - end: behind the last octet of the match; one more than there are where the line feed behind the area is
    ///     in it.
    ///   - match: what `\/` says MATCH is; nil where the match went another way.
    case found(end: Int, match: Range<Int>?)
    /// The budget was spent before there was an answer.
    case unfinished
  }

  public let automaton: Automaton
  private var current: [Thread] = []
  private var next: [Thread] = []
  private var stack: [Thread] = []
  /// By state: the step at which it was last entered, and with which beginning of MATCH.
  private var visited: [(step: Int, match: Int)]
  private var queued: [(step: Int, index: Int)]
  private var step = 0
  /// A match that MATCH may still grow beyond.
  private var best: (start: Int, end: Int)?

  private struct Thread {
    let state: Int32
    /// Where `\/` was passed; `none` before.
    var match: Int
  }

  private static let none = Int.max

  public init(_ automaton: Automaton) {
    self.automaton = automaton
    visited = Array(repeating: (0, 0), count: automaton.states.count)
    queued = Array(repeating: (0, 0), count: automaton.states.count)
  }

  /// Searches `area` from `start` on; a search that begins behind a line feed sees it.
  public mutating func search(
    _ area: Span<UInt8>, from start: Int = 0, budget: inout StepBudget
  ) -> Outcome {
    current.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    best = nil
    let count = area.count
    // The first octet seen: a line feed that is there or thought of, else the first one.
    var position: Int
    if start == 0 || area[start - 1] == .lineFeed {
      position = start - 1
      if let end = take(.lineFeed, at: position, isStart: start == 0, begins: true, &budget) { return end }
      position = start
    } else if start == count {
      if let end = take(.lineFeed, at: start, begins: true, &budget) { return end }
      position = start + 1
    } else {
      position = start
    }
    while position < count {
      if current.isEmpty {
        if best != nil { return finished(count) }
        if let first = automaton.first {
          let from = position
          while position < count, !first.contains(area[position]) { position += 1 }
          budget.spend((position - from) / 16)
          if position == count { break }
        }
      }
      if let end = take(area[position], at: position, begins: best == nil, &budget) { return end }
      position += 1
    }
    // Behind the area stands a line feed, at which no match begins; and the end of a match is seen one step later.
    if let end = take(.lineFeed, at: position, isEnd: true, begins: false, &budget) { return end }
    if let end = take(nil, at: position + 1, begins: false, &budget) { return end }
    return best == nil ? .notFound : finished(count)
  }

  private func finished(_ count: Int) -> Outcome {
    guard let best else { return .notFound }
    let start = min(max(best.start, 0), count)
    let end = max(start, min(best.end, count))
    return .found(end: end, match: start..<end)
  }

  /// One step: all threads meet an octet. What ends the search is returned.
  private mutating func take(
    _ octet: UInt8?, at position: Int, isStart: Bool = false, isEnd: Bool = false, begins: Bool,
    _ budget: inout StepBudget
  ) -> Outcome? {
    step += 1
    var work = 1
    var ended: Int?
    // Threads come in the order of their queue, and the new one last: it can be no better than they.
    for index in 0..<(current.count + (begins ? 1 : 0)) {
      stack.append(index < current.count ? current[index] : Thread(state: automaton.start, match: Self.none))
      while var thread = stack.popLast() {
        work += 1
        let state = Int(thread.state)
        if visited[state].step == step, visited[state].match <= thread.match { continue }
        visited[state] = (step, thread.match)
        switch automaton.states[state] {
        case .jump(let next): stack.append(Thread(state: next, match: thread.match))
        case .split(let first, let second):
          stack.append(Thread(state: second, match: thread.match))
          stack.append(Thread(state: first, match: thread.match))
        case .matchStart(let next):
          if best == nil { thread.match = position }
          stack.append(Thread(state: next, match: thread.match))
        case .areaStart(let next): if isStart { queue(next, thread.match) }
        case .octet(let set, let next):
          if let octet, automaton.sets[Int(set)].contains(octet) { queue(next, thread.match) }
        case .areaEnd(let next):
          if isEnd {
            ended = min(ended ?? Self.none, thread.match)
          } else if isStart {
            queue(next, thread.match)
          }
        case .end: ended = min(ended ?? Self.none, thread.match)
        }
      }
      if ended == Self.none, !automaton.capturesMatch { break }
    }
    budget.spend(work)
    if let ended {
      if ended == Self.none, best == nil {
        stack.removeAll(keepingCapacity: true)
        return .found(end: position, match: nil)
      }
      best = (ended, position)
    }
    swap(&current, &next)
    next.removeAll(keepingCapacity: true)
    if let best { current.removeAll { $0.match > best.start } }
    return budget.isSpent ? .unfinished : nil
  }

  private mutating func queue(_ state: Int32, _ match: Int) {
    let index = Int(state)
    if queued[index].step == step {
      let place = queued[index].index
      if match < next[place].match { next[place].match = match }
      return
    }
    queued[index] = (step, next.count)
    next.append(Thread(state: state, match: match))
  }
}
