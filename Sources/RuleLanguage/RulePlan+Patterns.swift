extension RulePlan {
  /// By a pattern's number: the first recipe that asks for it, as an index in ``recipes``.
  public var patternOwners: [Int?] {
    var owners = [Int?](repeating: nil, count: patterns.count)
    for (index, recipe) in recipes.enumerated() {
      for condition in recipe.conditions {
        let pattern: Int? =
          switch condition.test {
          case .expression(let expression): expression.pattern
          case .perl(let perl): perl.pattern
          case .size, .program, .list, .expanded, .broken: nil
          }
        if let pattern, owners[pattern] == nil { owners[pattern] = index }
      }
    }
    return owners
  }
}
