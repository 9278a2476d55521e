internal import RuleLanguage

extension RuleFile {
  /// Conditions that ask for what nobody finds out, each variable told once, and programs that would change the message,
  /// which none does here.
  ///
  /// - Parameter unasked: why nobody does, by variable.
  func futileConditions(_ unasked: [GatewayVariable: String]) -> [RuleProblem] {
    var told: Set<GatewayVariable> = []
    var problems: [RuleProblem] = []
    func look(_ statements: [RuleStatement]) {
      for case .recipe(let recipe) in statements {
        for condition in recipe.conditions {
          guard case .variable(let name)? = condition.body.subject,
            let variable = GatewayVariable(rawValue: name),
            let why = unasked[variable], told.insert(variable).inserted
          else { continue }
          problems.append(
            problem(
              .warning, "nobody knows \(name): \(why)",
              cure: "the condition does not hold, negated or not, until that is switched on",
              at: condition.place))
        }
        if case .program(_, nil) = recipe.action, recipe.flags.contains(.filter) {
          problems.append(
            problem(
              .error, "no program changes a message here",
              cure:
                "take the f out and ask its answer by VAR=| or a condition ?, then write header add or tag",
              at: recipe.actionPlace))
        }
        if case .block(let inner) = recipe.action { look(inner) }
      }
    }
    look(statements)
    return problems
  }
}
