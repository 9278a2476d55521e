internal import RuleLanguage
internal import Synchronization

/// What rules did and cost since the start, by the rule's id: it goes on when rules are read again.
public final class RuleCounters: Sendable {
  /// One rule's numbers.
  public struct Count: Hashable, Sendable {
    /// How often it matched, at RCPT or at the end of a message.
    public var hits = 0
    /// How often it matched where it is in shadow.
    public var shadowHits = 0
    /// What it took beyond what one scan answers for all, in nanoseconds.
    public var nanoseconds: UInt64 = 0
    /// How often a condition of it had no answer.
    public var unknown = 0
    /// How often that was for too much work.
    public var unfinished = 0

    public init() {}
  }

  public struct Line: Hashable, Sendable {
    public let id: String
    public let count: Count

    public init(id: String, count: Count) {
      self.id = id
      self.count = count
    }
  }

  /// All that was counted.
  public struct Snapshot: Hashable, Sendable {
    /// Recipients and messages that rules were asked about; several alike count once.
    public var judgements = 0
    /// What scans took that answer for all rules at once, in nanoseconds.
    public var scanned: UInt64 = 0
    /// In the order of the ids.
    public var lines: [Line] = []
  }

  private struct State {
    var counts: [String: Count] = [:]
    var judgements = 0
    var scanned: UInt64 = 0
  }

  // Bound: ids come from files, and files change.
  private static let most = 100_000
  private let state = Mutex(State())

  public init() {}

  public func snapshot() -> Snapshot {
    let state = state.withLock { $0 }
    return Snapshot(
      judgements: state.judgements, scanned: state.scanned,
      lines: state.counts.map { Line(id: $0.key, count: $0.value) }.sorted { $0.id < $1.id })
  }

  func add(scanned: UInt64) { state.withLock { $0.scanned &+= scanned } }

  /// Takes what one run came to.
  ///
  /// - Parameters:
  ///   - before: what it had come to at an earlier stage, which stands in the report again.
  ///   - costs: by recipe, what was looked for beside the run.
  func add(
    _ report: RuleReport, after before: RuleReport?, _ costs: [Int: UInt64], of plan: RulePlan, isShadow: Bool
  ) {
    var costs = costs
    for cost in report.costs { costs[cost.recipe, default: 0] &+= cost.nanoseconds }
    for cost in before?.costs ?? [] { costs[cost.recipe, default: 0] &-= cost.nanoseconds }
    func id(_ recipe: Int) -> String? {
      plan.recipes.indices.contains(recipe) ? plan.recipes[recipe].id : nil
    }
    state.withLock { state in
      state.judgements += before == nil ? 1 : 0
      for hit in report.hits.dropFirst(before?.hits.count ?? 0) {
        guard let id = id(hit.recipe) else { continue }
        if hit.isShadow || isShadow {
          Self.count(id, &state) { $0.shadowHits += 1 }
        } else {
          Self.count(id, &state) { $0.hits += 1 }
        }
      }
      for (recipe, nanoseconds) in costs where nanoseconds > 0 {
        if let id = id(recipe) { Self.count(id, &state) { $0.nanoseconds &+= nanoseconds } }
      }
      for unknown in report.unknowns.dropFirst(before?.unknowns.count ?? 0) {
        Self.count(unknown.rule.id, &state) {
          $0.unknown += 1
          if unknown.reason == Sight.overBudget { $0.unfinished += 1 }
        }
      }
    }
  }

  private static func count(_ id: String, _ state: inout State, _ change: (inout Count) -> Void) {
    if state.counts.count >= most, state.counts[id] == nil { return }
    change(&state.counts[id, default: Count()])
  }
}
