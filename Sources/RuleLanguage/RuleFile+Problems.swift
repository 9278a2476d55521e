extension RuleFile {
  /// A problem that another part found with something in the file.
  ///
  /// - Parameters:
  ///   - message: what is wrong, in one line.
  ///   - cure: what to write instead, in one line; empty where there is nothing to say.
  ///   - place: of this file.
  public func problem(
    _ severity: RuleProblem.Severity, _ message: String, cure: String, at place: RulePlace
  ) -> RuleProblem {
    RuleProblem(severity, message, cure: cure, at: place, in: source.text(ofLine: place.line - 1))
  }

  /// The lists that its conditions ask (`IN(list) ??`), each where it is asked.
  public var askedLists: [(name: String, place: RulePlace)] {
    var asked: [(name: String, place: RulePlace)] = []
    func collect(_ statements: [RuleStatement]) {
      for case .recipe(let recipe) in statements {
        for condition in recipe.conditions {
          if case .list(let name, _) = condition.body.test { asked.append((name, condition.place)) }
        }
        if case .block(let inner) = recipe.action { collect(inner) }
      }
    }
    collect(statements)
    return asked
  }
}
