public import Bytes
public import Filtering
public import NetAddress
public import RuleLanguage
public import SMTPProtocol

/// What the rules of a snapshot go by, beside their files.
public struct RuleTerms: Sendable {
  /// To which HOST is compared.
  public var hostName = ""
  /// Of all rules together: what is `shadow` is judged and told, and nothing of it is done.
  public var mode = CheckMode.enforce
  /// Rules that are switched off or only told, by their ids, whatever their files say.
  public var modes: [String: RuleMode] = [:]
  /// What RULE_UNAVAILABLE and RULE_OVER_BUDGET weigh; what is not in it weighs nothing.
  public var weights: [ReasonCode: Double] = [:]
  /// Programs that rules may run, by name; who runs them, and what each may use. Without anybody none runs.
  public var programs: Set<String> = []
  public var runner: (any ProgramRunner)?
  public var programLimits = ProgramLimits()
  /// What rules do and cost is counted here, over the life of several books.
  public var counters = RuleCounters()
  /// How long rules may look for their expressions in one message, in nanoseconds; of a message over 64 KiB as much
  /// more as it is larger.
  public var budget: UInt64 = 50_000_000
  /// A clock that tells how long that took, in nanoseconds; one that stands still bounds the steps alone.
  public var clock: @Sendable () -> UInt64 = { 0 }
  /// The folder of lists.
  public var lists = ListSnapshot.empty
  /// By which lists beside the rules are read: what has expired is a warning.
  public var now = Timestamp(milliseconds: 0)
  /// Who knows where addresses are; nil where no file says so.
  public var locations: (any LocationSource)?
  /// The networks whose servers' Received lines are believed.
  public var trusted = IPPrefixSet()
  /// What nobody finds out in this configuration, and why: `checks.spf is off`.
  public var unasked: [GatewayVariable: String] = [:]

  public init() {}

  /// When a run ends whatever it has come to, in nanoseconds from the beginning of a stage. Others who compute may hold
  /// it up, which is no fault of its own: so it is far off.
  func deadline(of octets: Int) -> UInt64 {
    let budget = nanoseconds(of: octets)
    return budget > .max / 4 ? .max : max(4 * budget, 5_000_000_000)
  }

  /// Steps of automata that are done in a nanosecond's budget: about ten nanoseconds each.
  func steps(of octets: Int) -> Int { Int(clamping: nanoseconds(of: octets) / 10) }

  func nanoseconds(of octets: Int) -> UInt64 {
    let times = max(1, UInt64(octets) / 65_536)
    let (product, overflow) = budget.multipliedReportingOverflow(by: times)
    return overflow ? .max : product
  }
}
