/// Files in files.
extension RuleRun {
  /// What is open of the current file is closed, without giving back what its blocks kept.
  mutating func leaveBlocks() {
    while case .block? = state.frames.last { state.frames.removeLast() }
  }

  mutating func leaveFile() {
    leaveBlocks()
    if case .file(_, let end)? = state.frames.popLast() { state.pc = end } else { state.pc = nodes.count }
  }

  mutating func include(
    _ template: Template, switches: Bool, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    // The assignment before has put the value in.
    guard let name = value(switches ? "SWITCHRC" : "INCLUDERC", &environment) else { return }
    if name.isEmpty || name.elementsEqual("/dev/null".utf8) {
      if switches { leaveFile() }
      return
    }
    guard let file = environment.file(named: name) else { return }
    let depth = state.frames.reduce(0) { if case .file = $1 { $0 + 1 } else { $0 } }
    guard depth <= PlanBuilder.deepest else {
      report.fault = .includedTooDeep
      return
    }
    let start = nodes.count
    append(file)
    if switches {
      leaveBlocks()
      guard case .file(_, let end)? = state.frames.popLast() else { return }
      state.frames.append(.file(name: file.name, returnTo: end))
    } else {
      state.frames.append(.file(name: file.name, returnTo: state.pc))
    }
    state.pc = start + 1
  }

  /// Lays out a file that came in at run time, behind all others.
  mutating func append(_ file: RuleFile) {
    runsPrograms = true
    var part = RulePlan()
    part.nodes = nodes
    part.recipes = recipes
    part.symbols = symbols
    var builder = PlanBuilder(plan: part, numbersPatterns: false, include: { _ in nil })
    builder.add(file)
    part = builder.finished()
    nodes = part.nodes
    recipes = part.recipes
    symbols = part.symbols
    while stages.count < nodes.count { stages.append(.message) }
  }
}
