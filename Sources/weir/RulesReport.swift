import Foundation
import Rules

/// What `weir rules` shows.
struct RulesReport: Codable, Sendable {
  struct Rule: Codable, Sendable {
    var id: String
    /// File and line.
    var place: String
    var mode: String
    /// Whether [rules] off or shadow names it.
    var isSwitched: Bool
    /// Where it is decided.
    var stage: String
    var isOptional: Bool
    var action: String
    var hits = 0
    var shadowHits = 0
    /// What it took beside what one scan answers for all.
    var nanoseconds: UInt64 = 0
    /// Conditions without an answer, and those that took too much work.
    var unknown = 0
    var unfinished = 0

    init(_ rule: RuleListing, _ count: RuleCounters.Count) {
      id = rule.id
      place = rule.place
      mode = rule.mode.rawValue
      isSwitched = rule.isSwitched
      stage = rule.stage.rawValue
      isOptional = rule.isOptional
      action = rule.action
      hits = count.hits
      shadowHits = count.shadowHits
      nanoseconds = count.nanoseconds
      unknown = count.unknown
      unfinished = count.unfinished
    }
  }

  /// In the order in which they run.
  var rules: [Rule]
  /// Recipients and messages that were judged.
  var judgements: Int
  /// What scans took that answer for all rules at once, in nanoseconds.
  var scanned: UInt64
  var scans: RuleScans.Status?

  init(_ book: GatewayRuleBook, _ scans: RuleScans.Status? = nil) {
    let counted = book.counters.snapshot()
    let counts = Dictionary(counted.lines.map { ($0.id, $0.count) }, uniquingKeysWith: { first, _ in first })
    rules = book.listing.map { Rule($0, counts[$0.id] ?? RuleCounters.Count()) }
    judgements = counted.judgements
    scanned = counted.scanned
    self.scans = scans
  }

  enum Order: String, CaseIterable {
    case time, hits
  }

  /// Those that did or took something, the foremost first.
  func top(by order: Order, most: Int) -> [Rule] {
    func weight(_ rule: Rule) -> (UInt64, UInt64) {
      let hits = UInt64(rule.hits + rule.shadowHits)
      return order == .time ? (rule.nanoseconds, hits) : (hits, rule.nanoseconds)
    }
    // Rules of one name share their numbers, and stand there once.
    var seen: Set<String> = []
    let busy = rules.filter { weight($0) != (0, 0) || $0.unknown > 0 }.filter { seen.insert($0.id).inserted }
    return Array(
      busy.enumerated().sorted { left, right in
        let (first, second) = (weight(left.element), weight(right.element))
        return first == second ? left.offset < right.offset : first > second
      }.map(\.element).prefix(most))
  }

  var summary: String { brief.summary }

  /// What status and metrics tell of it.
  var brief: Brief {
    var brief = Brief()
    brief.count = rules.count
    brief.judgements = judgements
    brief.scanned = scanned
    brief.scans = scans
    // Rules of one name share their numbers, and count once.
    var seen: Set<String> = []
    for rule in rules where seen.insert(rule.id).inserted {
      let place = min(seen.count - 1, Brief.most)
      if brief.hits.count == place { brief.hits.append(.init(id: place < Brief.most ? rule.id : "")) }
      brief.hits[place].hits += rule.hits
      brief.hits[place].shadowHits += rule.shadowHits
      brief.unfinished += rule.unfinished
    }
    return brief
  }

  struct Brief: Codable, Sendable {
    struct Hits: Codable, Sendable {
      var id: String
      var hits = 0
      var shadowHits = 0
    }

    // Bound: series of the metrics.
    static let most = 200

    var count = 0
    var judgements = 0
    /// In nanoseconds.
    var scanned: UInt64 = 0
    var unfinished = 0
    /// Of the first rules, by id; the last one, without an id, of all others together.
    var hits: [Hits] = []
    var scans: RuleScans.Status?

    /// One line of status.
    var summary: String {
      var text = "\(count), \(judgements) judgement(s)"
      if let scans, scans.views > 0 {
        text += "; \(scans.scanned) of \(scans.views) texts are looked at in one scan"
        if scans.isCompiling { text += ", others by PCRE2 while that is being compiled" }
        if !scans.fault.isEmpty { text += "; not kept for the next start: \(scans.fault)" }
      }
      return text
    }
  }

  /// `1.2 ms`.
  static func time(_ nanoseconds: UInt64) -> String {
    func text(_ tenths: UInt64, _ unit: String) -> String { "\(tenths / 10).\(tenths % 10) \(unit)" }
    return switch nanoseconds {
    case ..<1_000_000: text(nanoseconds / 100, "µs")
    case ..<1_000_000_000: text(nanoseconds / 100_000, "ms")
    default: text(nanoseconds / 100_000_000, "s")
    }
  }
}
