/// How a stranger is made to wait for its greeting, so that one that speaks first is seen (`[checks.early_talker]`).
public struct GreetingTerms: Hashable, Sendable {
  /// How long; zero: nobody waits.
  public var delay: Duration
  /// What is said before the wait as the first line of a greeting of several (`220-TEXT`); empty: nothing is.
  public var teaser: String
  /// How long a client that passed is let in without the wait; zero: it is not remembered.
  public var remember: Duration
  public var mode: CheckMode

  public init(
    delay: Duration = .zero, teaser: String = "", remember: Duration = .seconds(30 * 86_400),
    mode: CheckMode = .enforce
  ) {
    self.delay = delay
    self.teaser = teaser
    self.remember = remember
    self.mode = mode
  }

  /// Nobody waits.
  public static let none = GreetingTerms(mode: .off)

  /// Whether a stranger that is not remembered has to wait.
  public var waits: Bool { mode != .off && delay > .zero }
}
