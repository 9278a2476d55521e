extension RuleRun {
  /// Gives more steps than the run began with: at RCPT nobody knows how large a message will be.
  public mutating func grant(steps: Int) { budget = StepBudget(max(0, budget.left) + steps) }
}
