/// Which statements run at RCPT, and which at the end of the message.
///
/// A recipe waits for the message where it asks for the message: an area, its size, a variable that is known then
/// only or may have been set then; where it hangs by A, a, E or e on a recipe that waits; where it stands in a
/// block that waits. Nothing else waits, and what does not wait runs in its order at RCPT. At the end of the message
/// what ran is played back, not run again, so that the others see the variables as their place has them.
struct StageAnalysis {
  private let plan: RulePlan
  private var stages: [RuleStage]
  private var recipeStages: [RuleStage]
  private var problems: [RuleProblem] = []
  private var state = State()
  /// Blocks that are open: their stage, and what was known before them.
  private var blocks: [(end: Int, stage: RuleStage, before: State)] = []

  private struct State {
    /// Variables that may have been set at the end of the message.
    var late: Set<String> = []
    /// What A, and what E and e, hang on; and whether the last action's success is known.
    var last = RuleStage.recipient
    var previous = RuleStage.recipient
    var success = RuleStage.recipient
    /// What `$=` is of.
    var score = RuleStage.recipient
    /// A file that nobody knows beforehand was included: all may have been set by it.
    var isLost = false

    mutating func join(_ other: State) {
      late.formUnion(other.late)
      success = max(success, other.success)
      score = max(score, other.score)
      isLost = isLost || other.isLost
    }
  }

  static func analyse(_ plan: inout RulePlan) {
    var analysis = StageAnalysis(plan)
    analysis.walk()
    plan.stages = analysis.stages
    for index in plan.recipes.indices { plan.recipes[index].stage = analysis.recipeStages[index] }
  }

  private init(_ plan: RulePlan) {
    self.plan = plan
    stages = Array(repeating: .recipient, count: plan.nodes.count)
    recipeStages = Array(repeating: .recipient, count: plan.recipes.count)
  }

  private var enclosing: RuleStage { blocks.last?.stage ?? .recipient }

  private mutating func walk() {
    for index in plan.nodes.indices {
      switch plan.nodes[index] {
      case .assign(let assignment): stages[index] = assign(assignment)
      case .recipe(let recipe): stages[index] = self.recipe(recipe)
      case .closeBlock:
        // Structure: it is done wherever its block was entered.
        if let block = blocks.popLast() {
          state.join(block.before)
          state.last = block.before.last
          state.previous = block.before.previous
        }
      case .include:
        stages[index] = .message
        state.isLost = true
      case .enterFile, .leaveFile, .switchFile, .tooDeep, .finish: break
      }
    }
  }

  private mutating func assign(_ assignment: PlanAssignment) -> RuleStage {
    var stage = enclosing
    if let value = assignment.value { stage = max(stage, needs(value)) }
    if state.isLost { stage = .message }
    if stage == .message { state.late.insert(assignment.name) } else { state.late.remove(assignment.name) }
    return stage
  }

  private func needs(_ template: Template) -> RuleStage {
    if !template.commands.isEmpty { return .message }
    var stage = RuleStage.recipient
    for name in template.names {
      switch name {
      case .variable(let name): stage = max(stage, needs(variable: name))
      case .score: stage = max(stage, state.score)
      // A status is of a program, and programs wait.
      case .status: stage = .message
      case .argument, .argumentCount, .file, .lastFolder, .process: break
      }
    }
    return stage
  }

  private func needs(variable name: String) -> RuleStage {
    if state.isLost || state.late.contains(name) { return .message }
    return GatewayVariable(rawValue: name)?.stage ?? .recipient
  }

  private mutating func recipe(_ index: Int) -> RuleStage {
    let recipe = plan.recipes[index]
    var stage = max(enclosing, recipe.wantedStage ?? .recipient)
    if state.isLost { stage = .message }
    if recipe.flags.contains(.also) || recipe.flags.contains(.alsoIfSucceeded) {
      stage = max(stage, state.last)
    }
    if recipe.flags.contains(.alsoIfSucceeded) || recipe.flags.contains(.onError) {
      stage = max(stage, state.success)
    }
    if recipe.flags.contains(.otherwise) || recipe.flags.contains(.onError) {
      stage = max(stage, state.previous)
    }
    for condition in recipe.conditions { stage = max(stage, needs(condition, recipe)) }
    stage = max(stage, needs(action: recipe))
    recipeStages[index] = stage
    let captures = recipe.conditions.contains {
      if case .expression(let expression) = $0.test { expression.capturesMatch } else { false }
    }
    let mayCapture =
      captures || recipe.conditions.contains { if case .expanded = $0.test { true } else { false } }
    // A group that took no part leaves its variable as it was: it is never less late than before.
    if stage == .message { state.late.formUnion(plan.groupNames(recipe)) }
    let before = state
    if captures, stage == .recipient { state.late.remove("MATCH") }
    if mayCapture, stage == .message { state.late.insert("MATCH") }
    if !recipe.flags.contains(.also), !recipe.flags.contains(.alsoIfSucceeded) { state.last = stage }
    state.previous = recipe.flags.contains(.otherwise) ? max(state.previous, stage) : stage
    state.score = stage
    state.success = max(state.success, stage)
    if stage == .recipient, recipe.conditions.isEmpty, recipe.flags.isDisjoint(with: .chain) {
      state.success = .recipient
    }
    if case .program(_, let name?) = recipe.action { state.late.insert(name) }
    if case .mailbox = recipe.action, stage == .message { state.late.insert("LASTFOLDER") }
    if case .block = recipe.action {
      var outside = state
      outside.late.formUnion(before.late)
      if stage == .recipient { outside.late = state.late.union(before.late) }
      blocks.append((recipe.after, stage, outside))
    } else {
      // Whether it matched or not: MATCH may be the one before.
      state.late.formUnion(before.late)
      if mayCapture, stage == .message { state.late.insert("MATCH") }
    }
    return stage
  }

  private func needs(_ condition: PlanCondition, _ recipe: PlanRecipe) -> RuleStage {
    var stage = RuleStage.recipient
    switch condition.subject {
    case .variable(let slot)?: stage = needs(variable: plan.symbols.names[slot])
    case .area?: stage = .message
    case nil: break
    }
    switch condition.test {
    // The recipe's own area, or the size of the message.
    case .expression, .perl, .broken: return condition.subject == nil ? .message : stage
    case .size(_, let size): return condition.subject == nil ? .message : max(stage, needs(size))
    case .expanded(let template): return condition.subject == nil ? .message : max(stage, needs(template))
    case .program: return .message
    case .list(_, .variable(let name)): return needs(variable: name)
    case .list(_, .template(let template)): return needs(template)
    }
  }

  private func needs(action recipe: PlanRecipe) -> RuleStage {
    switch recipe.action {
    case .mailbox(let template), .forward(let template): needs(template)
    case .program: .message
    // A clone runs to the end of the rules, and so it waits for what they wait for.
    case .block: recipe.flags.contains(.copy) || recipe.mode == .shadow ? .message : .recipient
    case .weir(let action): action.templates.map(needs).max() ?? .recipient
    }
  }
}
