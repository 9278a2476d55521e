public import RuleLanguage

/// Runs the programs that rules name.
public protocol ProgramRunner: Sendable {
  /// Runs a program to its end, without a shell, and gives what it printed; off the event loops.
  ///
  /// - Parameters:
  ///   - arguments: the program's name first, as the rule has it; it has to be allowed.
  ///   - input: what it reads. One that does not read it all has not failed for that.
  func run(_ arguments: [[UInt8]], input: [UInt8], within limits: ProgramLimits) async -> ProgramResult
}

/// What one program may use.
public struct ProgramLimits: Hashable, Sendable {
  /// From the question to the answer, waiting for a place among others included.
  public var time: Duration
  /// Octets of its address space.
  public var memory: Int
  /// Octets that it may print.
  public var output: Int

  public init(time: Duration = .seconds(10), memory: Int = 512 << 20, output: Int = 1 << 20) {
    self.time = time
    self.memory = memory
    self.output = output
  }
}

/// How a program ended, or why it did not run to its end.
public struct ProgramResult: Hashable, Sendable {
  public enum Fault: Hashable, Sendable {
    /// No such program is allowed, or several are called so.
    case notAllowed
    /// The system did not start it, in its words.
    case notStarted(String)
    /// Its time was over: it was killed, or never had its turn.
    case tooLong
    /// It printed more than it may, and was killed.
    case tooMuchOutput
    /// A signal ended it (its own fault, or its memory or processor time was used up).
    case signalled(Int)
  }

  /// 0–255; nil where there is a fault.
  public let status: Int?
  /// What it printed on its standard output; empty where there is a fault.
  public let output: [UInt8]
  public let fault: Fault?

  public init(status: Int, output: [UInt8]) {
    self.status = status
    self.output = output
    fault = nil
  }

  public init(_ fault: Fault) {
    status = nil
    output = []
    self.fault = fault
  }

  /// As the run of the rules takes it (``RuleRun/answered(_:)``).
  public var outcome: ProgramOutcome { ProgramOutcome(status: status, output: output) }
}

/// The programs that rules may run.
public struct AllowedPrograms: Hashable, Sendable {
  /// Absolute paths.
  public let paths: [String]
  private let byName: [String: String]

  public init(_ paths: [String] = []) {
    self.paths = paths
    var byName: [String: String] = [:]
    var ambiguous = Set<String>()
    for path in Set(paths) {
      byName[path] = path
      guard let name = path.split(separator: "/").last.map(String.init), name != path else { continue }
      if byName.updateValue(path, forKey: name) != nil { ambiguous.insert(name) }
    }
    for name in ambiguous { byName[name] = nil }
    self.byName = byName
  }

  /// The path of a program, by its path or, where no other is called so, by its path's last part.
  public func path(of name: String) -> String? { byName[name] }

  /// What a rule may write (``RuleParserOptions/programs``).
  public var names: Set<String> { Set(byName.keys) }
}
