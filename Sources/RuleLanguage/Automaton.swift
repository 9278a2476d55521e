/// An expression as a machine of states that is all in one step (Thompson's construction).
///
/// Its search takes time in proportion to states and octets, whatever the expression: nothing is tried twice.
public struct Automaton: Sendable, Hashable {
  enum State: Sendable, Hashable {
    /// Takes one octet of `sets[set]`.
    case octet(set: Int32, next: Int32)
    case split(Int32, Int32)
    case jump(Int32)
    /// Takes the line feed before the area.
    case areaStart(next: Int32)
    /// Ends at the end of the area. At its very start it takes the line feed before it: procmail's engine knows the
    /// two apart only by what follows.
    case areaEnd(next: Int32)
    /// `\/`
    case matchStart(next: Int32)
    case end
  }

  let states: [State]
  let sets: [OctetSet]
  let start: Int32
  /// The octets that can be the first of a match; nil where nothing can be said.
  let first: OctetSet?
  let capturesMatch: Bool

  /// Bound: states of one expression.
  public static let largest = 65_536

  /// nil where the expression is larger than ``largest``.
  public init?(_ expression: Expression) {
    var builder = Builder()
    let end = builder.add(.end)
    start = builder.build(expression.node, then: end)
    guard !builder.isTooLarge else { return nil }
    states = builder.states
    sets = builder.sets
    capturesMatch = expression.capturesMatch
    first = Self.first(builder.states, builder.sets, from: start)
  }

  public var stateCount: Int { states.count }

  /// The same with `\/` at its start and nowhere else; nil where it is too large.
  var whole: Automaton? {
    var plain = states.map { state -> State in
      if case .matchStart(let next) = state { .jump(next) } else { state }
    }
    guard plain.count < Self.largest else { return nil }
    plain.append(.matchStart(next: start))
    return Automaton(states: plain, sets: sets, start: Int32(plain.count - 1), first: first)
  }

  private init(states: [State], sets: [OctetSet], start: Int32, first: OctetSet?) {
    (self.states, self.sets, self.start, self.first, capturesMatch) = (states, sets, start, first, true)
  }

  private static func first(_ states: [State], _ sets: [OctetSet], from start: Int32) -> OctetSet? {
    var result = OctetSet.none
    var seen = Set<Int32>()
    var open = [start]
    while let state = open.popLast() {
      guard seen.insert(state).inserted else { continue }
      switch states[Int(state)] {
      case .octet(let set, _): result.formUnion(sets[Int(set)])
      case .split(let left, let right): open += [left, right]
      case .jump(let next), .matchStart(let next): open.append(next)
      case .areaStart: continue
      case .areaEnd: continue
      case .end: return nil
      }
    }
    return result
  }

  private struct Builder {
    var states: [State] = []
    var sets: [OctetSet] = []
    private var known: [OctetSet: Int32] = [:]
    var isTooLarge: Bool { states.count >= Automaton.largest }

    mutating func add(_ state: State) -> Int32 {
      guard !isTooLarge else { return 0 }
      states.append(state)
      return Int32(states.count - 1)
    }

    private mutating func index(of set: OctetSet) -> Int32 {
      if let index = known[set] { return index }
      sets.append(set)
      known[set] = Int32(sets.count - 1)
      return Int32(sets.count - 1)
    }

    /// Builds what leads to `next`, from its end to its beginning, and gives its beginning.
    mutating func build(_ node: Expression.Node, then next: Int32) -> Int32 {
      guard !isTooLarge else { return 0 }
      switch node {
      case .set(let set): return add(.octet(set: index(of: set), next: next))
      case .areaStart: return add(.areaStart(next: next))
      case .areaEnd: return add(.areaEnd(next: next))
      case .matchStart: return add(.matchStart(next: next))
      case .sequence(let nodes): return nodes.reversed().reduce(next) { build($1, then: $0) }
      case .choice(let nodes):
        var beginnings = nodes.map { build($0, then: next) }
        var last = beginnings.popLast() ?? next
        while let one = beginnings.popLast() { last = add(.split(one, last)) }
        return last
      case .repeated(let inner, _, once: true):
        let body = build(inner, then: next)
        return add(.split(body, next))
      case .repeated(let inner, let atLeast, once: false):
        let loop = add(.jump(next))
        let body = build(inner, then: loop)
        guard !isTooLarge else { return 0 }
        states[Int(loop)] = .split(body, next)
        return atLeast == 0 ? loop : body
      }
    }
  }
}
