/// What a run of the rules asks whoever knows the session and the message. All answers come at once; only a
/// program's outcome may take its time (``RuleStep/program(_:)``).
public protocol RuleEnvironment {
  /// The octets of an area: lines end in LF, the header (with the empty line behind it) comes unfolded, each line
  /// feed before a blank made a blank (see ``MailAreas``).
  mutating func octets(of area: MessageArea, decoded: Bool) -> RuleAnswer<[UInt8]>
  /// Octets of the message as it came.
  var messageSize: Int { mutating get }
  /// A value; more than one stand one to a line.
  mutating func value(of variable: GatewayVariable) -> RuleAnswer<[UInt8]?>
  /// Whether a pattern of the plan is found in its view; nil where the run is to look for itself.
  ///
  /// One of PCRE2's syntax the run cannot look for; it asks ``captures(of:in:)`` then.
  mutating func isFound(_ pattern: RulePattern) -> RuleAnswer<Bool>?
  /// Whether it is known already, and at once, that a pattern is not found in its view: then the run need not ask.
  mutating func isMissing(_ pattern: Int) -> Bool
  /// The first match of a pattern of PCRE2's syntax in these octets, without a frame; nil where there is none.
  mutating func captures(of pattern: RulePattern, in octets: [UInt8]) -> RuleAnswer<RuleCaptures?>
  /// Whether a list holds a value.
  mutating func list(_ name: String, contains value: [UInt8]) -> RuleAnswer<Bool>
  /// A file that is named at run time only; nil where there is none.
  mutating func file(named name: [UInt8]) -> RuleFile?
  /// A clock that never goes back, in nanoseconds. Asked around searches that the run does, and now and then.
  var now: UInt64 { mutating get }
}

extension RuleEnvironment {
  public mutating func isFound(_ pattern: RulePattern) -> RuleAnswer<Bool>? { nil }
  public mutating func isMissing(_ pattern: Int) -> Bool { false }
  public mutating func file(named name: [UInt8]) -> RuleFile? { nil }
  /// No time passes: nothing costs anything, and no deadline comes.
  public var now: UInt64 { 0 }
}

/// An answer, or why there is none. A condition whose answer nobody knows fails, negated or not.
public enum RuleAnswer<Value: Sendable>: Sendable {
  case known(Value)
  case unknown(String)
}

/// Where an expression matched.
public struct RuleCaptures: Sendable, Hashable {
  /// Octets of what was searched.
  public let range: Range<Int>
  /// What the pattern's groups (``RulePattern/groups``) took, of those that took part.
  public let groups: [String: Range<Int>]

  public init(range: Range<Int>, groups: [String: Range<Int>] = [:]) {
    self.range = range
    self.groups = groups
  }
}

/// A program that a rule runs: without a shell, its arguments as they are.
public struct ProgramQuestion: Sendable, Hashable {
  /// What becomes of it.
  public enum Purpose: Sendable, Hashable {
    /// Its exit status is asked.
    case status
    /// What it prints is a value.
    case output
    /// The message is delivered to it.
    case delivery
    /// What it prints takes the place of the message, or of a part: whoever answers puts it there before going on.
    case filter(MessageArea)
  }

  public let arguments: [[UInt8]]
  /// What it reads.
  public let input: MessageArea?
  /// What it reads where that is no area.
  public let text: [UInt8]?
  /// Whether a line feed is added to what it reads where that does not end in an empty line (no flag `r`).
  public let endsInEmptyLine: Bool
  public let purpose: Purpose
  public let place: RulePlace
}

/// How a program ended.
public struct ProgramOutcome: Sendable, Hashable {
  /// 0–255; nil where it did not run or was ended.
  public let status: Int?
  public let output: [UInt8]

  public init(status: Int?, output: [UInt8] = []) {
    self.status = status
    self.output = output
  }
}

/// What a run has come to.
public enum RuleStep: Sendable {
  /// A program is to be run; ``RuleRun/answered(_:)`` takes its outcome, then the run proceeds.
  case program(ProgramQuestion)
  /// The stage is through.
  case finished(RuleReport)
}
