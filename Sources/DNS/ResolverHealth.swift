/// Whether the world answers at all: told apart from single names that do not, by a run of failures without a success
/// in between, and a question of its own in the end.
public struct ResolverHealth: Sendable {
  public struct Terms: Sendable, Hashable {
    /// Failures in a row that make it suspicious.
    public var failures = 5
    /// From the first of them on, at the least.
    public var span = Duration.seconds(2)
    /// How long the probe may take.
    public var patience = Duration.seconds(3)
    /// Between probes while it is lost.
    public var interval = Duration.seconds(2)
    /// Whether a question of its own comes before all others.
    public var beginsWithProbe = true

    public init() {}
  }

  /// What to do.
  public enum Order: Hashable, Sendable {
    /// Ask a question that only the world can answer, and tell what came of it.
    case probe
    /// The network is gone: said once.
    case lost
    /// It is back, after so long: said once.
    case back(after: Duration)
  }

  private enum State {
    case well
    /// A probe is on its way.
    case suspect
    case lost(since: ContinuousClock.Instant, nextProbe: ContinuousClock.Instant)
  }

  private let terms: Terms
  private var state = State.well
  private var failures = 0
  private var firstFailure: ContinuousClock.Instant?

  public init(_ terms: Terms = Terms()) { self.terms = terms }

  public var isLost: Bool { if case .lost = state { true } else { false } }

  /// When `tick` has something to say.
  public var nextTick: ContinuousClock.Instant? {
    if case .lost(_, let next) = state { next } else { nil }
  }

  /// How long a probe may take.
  public var patience: Duration { terms.patience }

  /// At the start: whether there is a network at all is better known before the first message waits for it.
  public mutating func begin() -> Order? {
    guard terms.beginsWithProbe else { return nil }
    state = .suspect
    return .probe
  }

  /// Somebody out there answered, whatever it was.
  public mutating func succeeded(at now: ContinuousClock.Instant) -> Order? {
    failures = 0
    firstFailure = nil
    defer { state = .well }
    guard case .lost(let since, _) = state else { return nil }
    return .back(after: now - since)
  }

  /// A question came to nothing: time-out or server failure.
  public mutating func failed(at now: ContinuousClock.Instant) -> Order? {
    guard case .well = state else { return nil }
    failures += 1
    let first = firstFailure ?? now
    firstFailure = first
    guard failures >= terms.failures, now - first >= terms.span else { return nil }
    state = .suspect
    return .probe
  }

  /// The probe came to nothing.
  public mutating func probeFailed(at now: ContinuousClock.Instant) -> Order? {
    switch state {
    case .well: return nil
    case .suspect:
      state = .lost(since: now, nextProbe: now + terms.interval)
      return .lost
    case .lost: return nil
    }
  }

  /// While it is lost: a probe each interval.
  public mutating func tick(at now: ContinuousClock.Instant) -> Order? {
    guard case .lost(let since, let next) = state, now >= next else { return nil }
    state = .lost(since: since, nextProbe: now + terms.interval)
    return .probe
  }
}
