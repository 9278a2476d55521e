/// What can be told of a recipe at a glance, side by side in memory: of ten thousand rules a message meets a handful, and
/// the others are not to be looked at one by one.
struct QuickTest: Sendable {
  /// The expression of its first condition, without which it does not match; -1 where that is another kind of condition.
  var pattern: Int32 = -1
  /// The variable that the expression looks at; -1 for an area.
  var slot: Int32 = -1
  /// The node behind it, and behind its block.
  var after: Int32 = 0

  init(_ recipe: PlanRecipe) {
    after = Int32(clamping: recipe.after)
    guard recipe.mode != .off, recipe.flags.isDisjoint(with: .chain), let first = recipe.conditions.first,
      first.weight == nil, !first.isNegated
    else { return }
    let found: Int? =
      switch first.test {
      case .expression(let expression): expression.pattern
      case .perl(let perl): perl.pattern
      case .size, .program, .list, .expanded, .broken: nil
      }
    if case .variable(let variable)? = first.subject { slot = Int32(clamping: variable) }
    pattern = found.map { Int32(clamping: $0) } ?? -1
  }
}

extension RuleRun {
  /// Passes over the recipe at hand where its first expression is known not to be found; whether it did.
  mutating func passesQuickly(_ environment: inout some RuleEnvironment) -> Bool {
    let pc = state.pc
    // What was done at RCPT is played back.
    guard pc < plan.quickRecipes.count, !options.keepsTrace, stages[pc] == .message || journal.isEmpty else {
      return false
    }
    let index = Int(plan.quickRecipes[pc])
    guard index >= 0 else { return false }
    let quick = plan.quick[index]
    guard quick.pattern >= 0, outcomes.isEmpty, !isLate else { return false }
    if quick.slot >= 0, !isUntouched(Int(quick.slot)) { return false }
    guard options.skipped.isEmpty || !options.skipped.contains(index),
      environment.isMissing(Int(quick.pattern))
    else { return false }
    passOver(after: Int(quick.after))
    return true
  }

  private func isUntouched(_ slot: Int) -> Bool {
    guard slot < state.values.count else { return true }
    if case .untouched = state.values[slot] { return true }
    return false
  }
}
