import Bytes

/// What a run may do, and what it knows from the start.
public struct RuleRunOptions: Sendable {
  /// Variables that are set before the first statement, as procmail's environment is.
  public var variables: [String: [UInt8]] = [:]
  /// `$1` and so on.
  public var arguments: [[UInt8]] = []
  /// This machine's name, to which HOST is compared.
  public var hostName = ""
  /// Whether to keep why each recipe matched or did not.
  public var keepsTrace = false
  /// Bound: statements of a run.
  public var statements = 1_000_000
  /// Bound: steps of its automata, of some 10 ns each: 50 ms.
  public var steps = 5_000_000
  /// When the run ends whatever it has come to, by the environment's clock.
  public var deadline = UInt64.max
  /// Recipes that are as though their mode were off: indices in ``RulePlan/recipes``.
  public var skipped: Set<Int> = []
  /// Bound: octets of a value.
  public var valueLength = 65_536

  public init() {}
}

/// One message on its way through the rules: a machine without I/O.
///
/// ``proceed(_:asking:)`` at RCPT, and again at the end of the message: what was decided at RCPT is played back then,
/// and what waited is done. Where a run is only for the whole message, the second call alone does all.
public struct RuleRun: Sendable {
  let plan: RulePlan
  let options: RuleRunOptions
  /// The plan's, and what came in at run time behind them.
  var nodes: [PlanNode]
  var recipes: [PlanRecipe]
  var stages: [RuleStage]
  var symbols: Symbols
  var state: State
  /// Those that wait while a clone runs, the outermost first.
  var clones: [Clone] = []
  var report = RuleReport()
  var budget: StepBudget
  var statementsLeft: Int
  var stage = RuleStage.message
  /// What was done at RCPT, in order; and how much of it was played back.
  private(set) var journal: [JournalEntry] = []
  private var played = 0
  private(set) var isRecording = false
  var writes: [(slot: Int, value: Value)] = []
  /// Whether the recipe at hand matched.
  private var hasMatched = false
  /// Outcomes of programs that the current statement was told already, in their order.
  var outcomes: [ProgramOutcome] = []
  var outcomesUsed = 0
  /// What came of expressions that are made at run time.
  var dynamicTests: [DynamicKey: PlanTest] = [:]
  private(set) var isFinished = false
  /// The deadline has passed.
  var isLate = false
  /// By recipe: its place in the report's costs.
  var costPlaces: [Int: Int] = [:]
  var runsPrograms: Bool

  enum Value: Sendable, Equatable {
    /// Never set here: what the gateway or the environment says.
    case untouched
    case unset
    case set([UInt8])
  }

  struct State: Sendable {
    var pc = 0
    var frames: [Frame] = []
    var values: [Value]
    var previous = false
    var last = false
    var succeeded = false
    var score: Double = 0
    var status = 0
    var shifted = 0
    var exitCode: Int?
    var lastFolder: [UInt8] = []
  }

  enum Frame: Sendable {
    case block(previous: Bool, last: Bool)
    case file(name: String, returnTo: Int)
  }

  struct Clone: Sendable {
    /// Where the one that waits goes on.
    let parent: State
    let isShadow: Bool
    /// How many frames are open where the clone ends; nil where it runs to the end of the rules.
    let endsBelow: Int?
  }

  struct DynamicKey: Hashable {
    let text: ExpressionText
    let isCaseless: Bool
    let isText: Bool
  }

  /// What a statement did at RCPT.
  struct JournalEntry: Sendable {
    let node: Int
    let writes: [(slot: Int, value: Value)]
    let hasMatched: Bool
    let after: State
  }

  public init(_ plan: RulePlan, options: RuleRunOptions = RuleRunOptions()) {
    self.plan = plan
    self.options = options
    nodes = plan.nodes
    recipes = plan.recipes
    stages = plan.stages
    symbols = plan.symbols
    state = State(values: Array(repeating: .untouched, count: plan.symbols.names.count))
    runsPrograms = plan.runsPrograms
    budget = StepBudget(options.steps)
    statementsLeft = options.statements
  }

  /// The outcome of the program that was asked for; ``proceed(_:asking:)`` goes on from there.
  public mutating func answered(_ outcome: ProgramOutcome) { outcomes.append(outcome) }

  /// Runs on to the end of the stage or to a program. What is reported at the end of the message holds what was
  /// reported at RCPT too; a verdict given there stays.
  public mutating func proceed(
    _ stage: RuleStage, asking environment: inout some RuleEnvironment
  ) -> RuleStep {
    if isFinished { return .finished(report) }
    if outcomes.isEmpty { begin(stage) }
    while state.pc < nodes.count || !clones.isEmpty {
      if state.pc >= nodes.count {
        endClone()
        continue
      }
      statementsLeft -= 1
      if statementsLeft < 0 {
        report.fault = .tooManySteps
        isFinished = true
        return .finished(report)
      }
      if statementsLeft & 0xff == 0 { watch(&environment) }
      if isLate { return tooLate() }
      if !isRecording, passesQuickly(&environment) { continue }
      if let question = step(&environment) { return .program(question) }
      if isFinished { return .finished(report) }
    }
    if isLate { return tooLate() }
    isFinished = stage == .message
    return .finished(report)
  }

  private mutating func tooLate() -> RuleStep {
    report.fault = .tooLong
    isFinished = true
    return .finished(report)
  }

  private mutating func begin(_ stage: RuleStage) {
    self.stage = stage
    let wasAtRecipient = isRecording
    isRecording = stage == .recipient
    guard stage == .message, wasAtRecipient else { return }
    // The variables are those of the start again; what was done at RCPT, perhaps nothing, is played back in its place.
    state = State(values: Array(repeating: .untouched, count: symbols.names.count))
    played = 0
  }

  /// Whether what happens is only told.
  var isInShadow: Bool { !clones.isEmpty && clones.contains(where: \.isShadow) }

  // MARK: - Statements

  /// Does one statement; a question where a program has to run first.
  private mutating func step(_ environment: inout some RuleEnvironment) -> ProgramQuestion? {
    let pc = state.pc
    let node = nodes[pc]
    if !isStructure(node) {
      // The stages differ only where both passes are made.
      let isEarly = stages[pc] == .recipient
      if stage == .recipient, !isEarly {
        pass(node)
        return nil
      }
      if stage == .message, isEarly, played < journal.count, journal[played].node == pc, clones.isEmpty {
        play(journal[played], node)
        return nil
      }
    }
    // A statement that waits for a program is done again from its beginning.
    let before = runsPrograms ? (state, report, clones) : nil
    writes.removeAll(keepingCapacity: true)
    outcomesUsed = 0
    do {
      try perform(node, &environment)
    } catch {
      if let before {
        let costs = report.costs
        (state, report, clones) = before
        report.costs = costs
      }
      return error.question
    }
    outcomes.removeAll()
    if isRecording, !isStructure(node) {
      journal.append(JournalEntry(node: pc, writes: writes, hasMatched: hasMatched, after: state))
    }
    if let clone = clones.last, let depth = clone.endsBelow, state.frames.count < depth { endClone() }
    return nil
  }

  private func isStructure(_ node: PlanNode) -> Bool {
    switch node {
    case .closeBlock, .enterFile, .leaveFile, .switchFile, .tooDeep, .finish: true
    case .assign, .recipe, .include: false
    }
  }

  /// Leaves out what waits for the message.
  private mutating func pass(_ node: PlanNode) {
    if case .recipe(let index) = node { state.pc = recipes[index].after } else { state.pc += 1 }
  }

  private mutating func play(_ entry: JournalEntry, _ node: PlanNode) {
    played += 1
    state.pc = entry.after.pc
    for (slot, value) in entry.writes { store(value, in: slot) }
    switch node {
    case .recipe(let index): play(entry, recipes[index])
    case .assign(let assignment):
      if assignment.behaviour == .exitCode { state.exitCode = entry.after.exitCode }
      if assignment.behaviour == .shift { state.shifted = entry.after.shifted }
    case .closeBlock, .enterFile, .leaveFile, .switchFile, .include, .tooDeep, .finish: break
    }
  }

  private mutating func play(_ entry: JournalEntry, _ recipe: PlanRecipe) {
    settle(recipe, hasMatched: entry.hasMatched)
    state.score = entry.after.score
    guard entry.hasMatched else { return }
    state.succeeded = entry.after.succeeded
    state.lastFolder = entry.after.lastFolder
    if case .block = recipe.action { state.frames.append(.block(previous: state.previous, last: state.last)) }
  }

  /// What a recipe leaves to those that hang on it.
  mutating func settle(_ recipe: PlanRecipe, hasMatched: Bool) {
    let flags = recipe.flags
    if !flags.contains(.also), !flags.contains(.alsoIfSucceeded) { state.last = hasMatched }
    if !state.previous || !flags.contains(.otherwise) || flags.contains(.onError) {
      state.previous = hasMatched
    }
    self.hasMatched = hasMatched
  }

  private mutating func perform(
    _ node: PlanNode, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    switch node {
    case .assign(let assignment):
      state.pc += 1
      try assign(assignment, &environment)
    case .recipe(let index): try judge(index, &environment)
    case .closeBlock:
      state.pc += 1
      closeBlock()
    case .enterFile(let name, let end):
      state.pc += 1
      state.frames.append(.file(name: name, returnTo: end))
    case .leaveFile: leaveFile()
    case .switchFile(let name, let place):
      state.pc += 1
      tellSwitch(to: name, at: place)
      leaveBlocks()
      if case .file(_, let end)? = state.frames.popLast() {
        state.frames.append(.file(name: name, returnTo: end))
      }
    case .include(_, let switches, let place):
      state.pc += 1
      include(switches: switches, at: place, &environment)
    case .tooDeep:
      state.pc += 1
      report.fault = .includedTooDeep
    case .finish: state.pc = nodes.count
    }
  }

  private mutating func closeBlock() {
    guard case .block(let previous, let last)? = state.frames.popLast() else { return }
    state.previous = previous
    state.last = last
  }

  /// What a recipe without flags of a chain leaves where it does not match.
  mutating func passOver(after: Int) {
    state.score = 0
    state.last = false
    state.previous = false
    hasMatched = false
    state.pc = after
  }

  // MARK: - Ends

  /// Where a clone has come to its end, the one that waited goes on.
  mutating func endClone() {
    guard let clone = clones.popLast() else { return }
    state = clone.parent
  }

  mutating func finish(_ verdict: RuleVerdict?, by rule: RuleReference?) {
    report.verdict = verdict
    report.decidedBy = rule
    isFinished = true
  }
}

/// A statement cannot be done before a program has run.
struct ProgramNeeded: Error {
  let question: ProgramQuestion
}
