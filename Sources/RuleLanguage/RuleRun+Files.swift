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

  /// Tells in the trace that the rest of a file is passed over; structure is gone through at RCPT and again, and is told
  /// once.
  mutating func tellSwitch(to name: String, at place: RulePlace) {
    guard options.keepsTrace else { return }
    let isEnd = name.isEmpty || name == "/dev/null"
    let trace = RuleTrace(
      rule: RuleReference(id: place.fileAndLine, place: place), outcome: .switched(to: isEnd ? nil : name),
      conditions: [], score: nil, isShadow: isInShadow)
    if !report.trace.contains(trace) { report.trace.append(trace) }
  }

  mutating func include(
    switches: Bool, at place: RulePlace, _ environment: inout some RuleEnvironment
  ) {
    // The assignment before has put the value in.
    guard let name = value(switches ? "SWITCHRC" : "INCLUDERC", &environment) else { return }
    if name.isEmpty || name.elementsEqual("/dev/null".utf8) {
      guard switches else { return }
      tellSwitch(to: "", at: place)
      leaveFile()
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
      tellSwitch(to: file.name, at: place)
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
