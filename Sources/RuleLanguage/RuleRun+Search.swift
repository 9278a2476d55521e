import Bytes

/// Expressions looked for, counted and weighed.
extension RuleRun {
  /// Looks for an expression; the answer is why nobody knows, where nobody does.
  mutating func search(
    _ expression: PlanExpression, _ condition: PlanCondition, _ judgement: inout Judgement,
    _ environment: inout some RuleEnvironment
  ) -> String? {
    let needsExtent = condition.weight != nil || expression.capturesMatch || options.keepsTrace
    if condition.weight == nil, expression.isEmpty {
      weigh(true, condition, &judgement)
      return nil
    }
    if condition.weight?.weight == 0 { return nil }
    if let pattern = expression.pattern, let answer = answer(pattern, condition, judgement, &environment) {
      switch answer {
      case .unknown(let why): return why
      case .known(false):
        weigh(false, condition, &judgement)
        return nil
      case .known(true):
        if !needsExtent || condition.isNegated && condition.weight != nil {
          weigh(true, condition, &judgement)
          return nil
        }
        // The first match adds the weight, the next ones nothing.
        if let weight = condition.weight, weight.exponent == 0, !expression.capturesMatch, !options.keepsTrace
        {
          judgement.score += weight.weight
          return nil
        }
      }
    }
    let octets: [UInt8]
    switch subject(condition, judgement.recipe, &environment) {
    case .known(let value): octets = value
    case .unknown(let why): return why
    }
    let began = environment.now
    defer { charge(judgement.index, since: began, &environment) }
    var search = AutomatonSearch(expression.automaton)
    if condition.weight != nil, !condition.isNegated {
      let before = judgement.score
      let why = count(&search, octets, condition, &judgement)
      if judgement.score != before { note(octets, expression, &judgement) }
      return why
    }
    switch search.search(octets.span, budget: &budget) {
    case .unfinished: return "more work than a message is worth"
    case .notFound: weigh(false, condition, &judgement)
    case .found(_, let match):
      if let match { set("MATCH", Array(octets[match])) }
      note(octets, expression, &judgement)
      weigh(true, condition, &judgement)
    }
    return nil
  }

  /// Looks for an expression of PCRE2; the answer is why nobody knows, where nobody does.
  mutating func search(
    _ perl: PlanPerl, _ condition: PlanCondition, _ judgement: inout Judgement,
    _ environment: inout some RuleEnvironment
  ) -> String? {
    if condition.weight?.weight == 0 { return nil }
    let needsExtent = !condition.isNegated && (!perl.slots.isEmpty || options.keepsTrace)
    if let answer = answer(perl.pattern, condition, judgement, &environment) {
      switch answer {
      case .unknown(let why): return why
      case .known(let isFound):
        if !isFound || !needsExtent {
          weigh(isFound, condition, &judgement)
          return nil
        }
      }
    }
    let octets: [UInt8]
    switch subject(condition, judgement.recipe, &environment) {
    case .known(let value): octets = value
    case .unknown(let why): return why
    }
    let began = environment.now
    let answer = environment.captures(of: plan.patterns[perl.pattern], in: octets)
    charge(judgement.index, since: began, &environment)
    switch answer {
    case .unknown(let why): return why
    case .known(nil): weigh(false, condition, &judgement)
    case .known(let captures?):
      if needsExtent { take(captures, perl, octets, &judgement) }
      weigh(true, condition, &judgement)
    }
    return nil
  }

  private mutating func take(
    _ captures: RuleCaptures, _ perl: PlanPerl, _ octets: [UInt8], _ judgement: inout Judgement
  ) {
    // In the order of the groups, so that a run is the same each time.
    for name in plan.patterns[perl.pattern].groups {
      guard let slot = perl.slots[name], let range = captures.groups[name] else { continue }
      set(slot, Array(octets[range.clamped(to: octets.indices)].prefix(options.valueLength)))
    }
    if options.keepsTrace {
      judgement.matched = Array(octets[captures.range.clamped(to: octets.indices)].prefix(120))
    }
  }

  /// Adds to what a recipe took, and looks whether the deadline has passed.
  private mutating func charge(_ recipe: Int, since began: UInt64, _ environment: inout some RuleEnvironment)
  {
    let now = environment.now
    if now >= options.deadline { isLate = true }
    guard now > began else { return }
    if let place = costPlaces[recipe] {
      report.costs[place].nanoseconds += now - began
    } else {
      costPlaces[recipe] = report.costs.count
      report.costs.append(RuleCost(recipe: recipe, nanoseconds: now - began))
    }
  }

  mutating func watch(_ environment: inout some RuleEnvironment) {
    if options.deadline != .max, environment.now >= options.deadline { isLate = true }
  }

  /// What the engine says; nil where it is not asked, or leaves it to the run.
  private func answer(
    _ pattern: Int, _ condition: PlanCondition, _ judgement: Judgement,
    _ environment: inout some RuleEnvironment
  ) -> RuleAnswer<Bool>? {
    let pattern = plan.patterns[pattern]
    switch pattern.view {
    case .area: if stage == .recipient { return .unknown("the message is not there at RCPT") }
    case .own: return nil
    case .variable:
      // What a recipe has set hides what the gateway knows.
      if case .variable(let slot)? = condition.subject, case .untouched = stored(slot) { break }
      return nil
    }
    return environment.isFound(pattern)
  }

  private func subject(
    _ condition: PlanCondition, _ recipe: PlanRecipe, _ environment: inout some RuleEnvironment
  ) -> RuleAnswer<[UInt8]> {
    switch condition.subject ?? .area(recipe.flags.area) {
    case .area(let area):
      if stage == .recipient { return .unknown("the message is not there at RCPT") }
      return environment.octets(of: area, decoded: recipe.isDecoded)
    case .variable(let slot):
      switch value(slot, &environment) {
      case .known(let octets): return .known(octets ?? [])
      case .unknown(let why): return .unknown(why)
      }
    }
  }

  /// Keeps what was matched for the trace: the whole match, as long as can be.
  private mutating func note(_ octets: [UInt8], _ expression: PlanExpression, _ judgement: inout Judgement) {
    guard options.keepsTrace, let whole = expression.automaton.whole else {
      return
    }
    var search = AutomatonSearch(whole)
    if case .found(_, let match?) = search.search(octets.span, budget: &budget) {
      judgement.matched = Array(octets[match].prefix(120))
    }
  }

  // MARK: - Weights

  /// The k-th match adds `w·x^(k-1)`.
  private mutating func count(
    _ search: inout AutomatonSearch, _ octets: [UInt8], _ condition: PlanCondition,
    _ judgement: inout Judgement
  ) -> String? {
    guard let weights = condition.weight else { return nil }
    var weight = weights.weight
    let exponent = weights.exponent
    var square = weight * weight
    var start = 0
    while weight != 0, judgement.score > Score.least, judgement.score < Score.most, start <= octets.count {
      let end: Int
      switch search.search(octets.span, from: start, budget: &budget) {
      case .unfinished: return "more work than a message is worth"
      case .notFound: return nil
      case .found(let last, let match):
        if let match { set("MATCH", Array(octets[match])) }
        end = last
      }
      judgement.score += weight
      weight *= exponent
      if end <= start {
        // Nothing was matched, and so it would be for ever.
        if exponent > 0, exponent < 1 {
          judgement.score += weight / (1 - exponent)
        } else if exponent >= 1, weight != 0 {
          judgement.score += weight < 0 ? Score.least : Score.most
        }
        return nil
      }
      let next = weight * weight
      if next < square, square < 1 { return nil }
      square = next
      start = end
    }
    return nil
  }

  /// What a yes or no does to a condition: it holds or not, or the weight is added.
  func weigh(_ answer: Bool, _ condition: PlanCondition, _ judgement: inout Judgement) {
    if let weight = condition.weight {
      if answer != condition.isNegated { judgement.score += weight.weight }
    } else if answer == condition.isNegated {
      judgement.holds = false
    }
  }

  /// `< n` and `> n`.
  func compare(
    _ size: Int, _ isGreater: Bool, _ limit: Int, _ condition: PlanCondition, _ judgement: inout Judgement
  ) {
    guard let weight = condition.weight else {
      let answer = isGreater ? size > limit : size < limit
      weigh(answer, condition, &judgement)
      return
    }
    let ratio: Double
    if isGreater == condition.isNegated {
      guard size != 0 else {
        judgement.score = limit > 0 ? Score.most : Score.least
        return
      }
      ratio = Double(limit) / Double(size)
    } else {
      guard limit != 0 else {
        judgement.score = Score.most
        return
      }
      ratio = Double(size) / Double(limit)
    }
    judgement.score += weight.weight * Score.power(ratio, weight.exponent)
  }

  /// The exit status of a program: 0 is yes; weighed, others are counts or the second number.
  func weigh(_ outcome: ProgramOutcome, _ condition: PlanCondition, _ judgement: inout Judgement) {
    guard let weight = condition.weight, let status = outcome.status else {
      weigh(outcome.status == 0, condition, &judgement)
      return
    }
    guard condition.isNegated else {
      judgement.score += status == 0 ? weight.weight : weight.exponent
      return
    }
    var one = weight.weight
    for _ in 0..<max(0, status) {
      judgement.score += one
      if judgement.score >= Score.most || judgement.score <= Score.least { break }
      one *= weight.exponent
    }
  }
}
