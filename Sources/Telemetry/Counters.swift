internal import Bytes
public import Filtering
public import SMTPProtocol
internal import Synchronization

/// Counts what happens: events by kind and code, findings in shadow, octets. For `weir status`.
public final class Counters: EventSink {
  /// What was counted since the start.
  public struct Snapshot: Sendable {
    public struct Line: Hashable, Sendable {
      public let code: ReasonCode
      public let count: Int
    }

    /// One number for each kind, zeros included, in the order of the kinds.
    public let kinds: [(kind: Event.Kind, count: Int)]
    /// Events by their code, the most frequent first.
    public let codes: [Line]
    /// Findings of checks in shadow mode, of events of any kind: what they would have said.
    public let shadow: [Line]
    /// Octets of the messages that backends have.
    public let octets: UInt64
    /// Accepted messages by backend, in the order of names.
    public let backends: [(name: String, count: Int)]
  }

  private struct State {
    var kinds = [Int](repeating: 0, count: Event.Kind.allCases.count)
    var codes: [ReasonCode: Int] = [:]
    var shadow: [ReasonCode: Int] = [:]
    var backends: [String: Int] = [:]
    var octets: UInt64 = 0
  }

  /// Bound: codes and backends come from the configuration; whatever else does, tables end here.
  private static let mostNames = 4096
  private let state = Mutex(State())

  public init() {}

  public func record(_ event: Event) {
    state.withLock { state in
      state.kinds[event.kind.place] += 1
      if let code = event.code { Self.count(code, in: &state.codes) }
      for finding in event.findings where finding.mode == .shadow {
        Self.count(finding.finding.code, in: &state.shadow)
      }
      guard event.kind == .accept else { return }
      state.octets &+= event.octets ?? 0
      if let backend = event.backend { Self.count(backend, in: &state.backends) }
    }
  }

  public func snapshot() -> Snapshot {
    let state = state.withLock { $0 }
    return Snapshot(
      kinds: Event.Kind.allCases.map { ($0, state.kinds[$0.place]) },
      codes: Self.lines(state.codes), shadow: Self.lines(state.shadow), octets: state.octets,
      backends: state.backends.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  private static func count<Name: Hashable>(_ name: Name, in table: inout [Name: Int]) {
    if table.count >= mostNames, table[name] == nil { return }
    table[name, default: 0] += 1
  }

  private static func lines(_ table: [ReasonCode: Int]) -> [Snapshot.Line] {
    table.map { .init(code: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.code.name) < ($0.count, $1.code.name) }
  }
}

extension Event.Kind {
  fileprivate var place: Int {
    switch self {
    case .accept: 0
    case .reject: 1
    case .defer: 2
    case .limit: 3
    case .session: 4
    case .shadow: 5
    case .system: 6
    case .login: 7
    case .quarantine: 8
    case .discard: 9
    }
  }
}
