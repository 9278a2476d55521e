import Bytes

/// Recipes and their conditions.
extension RuleRun {
  /// How far the judgement of a recipe has come.
  struct Judgement {
    /// Its index.
    let index: Int
    let recipe: PlanRecipe
    let isShadow: Bool
    var holds = true
    var isScored = false
    var score = 0.0
    var trace: [RuleTrace.Condition] = []
    /// What the condition at hand matched, for the trace.
    var matched: [UInt8]?
  }

  /// Judges a recipe and, where it matches, does what it says.
  mutating func judge(_ index: Int, _ environment: inout some RuleEnvironment) throws(ProgramNeeded) {
    let recipe = recipes[index]
    let flags = recipe.flags
    let isShadow = isInShadow || recipe.mode == .shadow
    var judgement = Judgement(index: index, recipe: recipe, isShadow: isShadow)
    let isItsTurn = isTurn(flags) && recipe.mode != .off && !options.skipped.contains(index)
    judgement.holds = isItsTurn
    if isItsTurn { try judge(recipe.conditions, &judgement, &environment) }
    // `$=` is of this recipe from here on, whether it has weights or not.
    state.score = judgement.score
    if judgement.isScored, judgement.score <= 0 { judgement.holds = false }
    if isLate { judgement.holds = false }
    let matched = judgement.holds
    settle(recipe, hasMatched: matched)
    if options.keepsTrace {
      report.trace.append(
        RuleTrace(
          rule: recipe.reference,
          outcome: matched ? .matched : isItsTurn ? .failed : whyNot(index, recipe),
          conditions: judgement.trace, score: judgement.isScored ? judgement.score : nil, isShadow: isShadow))
    }
    guard matched else {
      if recipe.holdsRecipes { state.score = 0 }
      state.pc = recipe.after
      return
    }
    report.hits.append(RuleHit(recipe: index, isShadow: isShadow))
    try act(recipe, &environment)
  }

  /// Why a recipe was not judged.
  private func whyNot(_ index: Int, _ recipe: PlanRecipe) -> RuleTrace.Outcome {
    if recipe.mode == .off { return .off(byConfiguration: recipe.isSwitchedOff) }
    return options.skipped.contains(index) ? .optedOut : .skipped
  }

  private func isTurn(_ flags: RecipeFlags) -> Bool {
    if flags.contains(.onError) {
      // E and a are ignored beside e.
      return state.previous && !state.succeeded && (!flags.contains(.also) || state.last)
    }
    if flags.contains(.otherwise), state.previous { return false }
    if flags.contains(.alsoIfSucceeded), !(state.last && state.succeeded) { return false }
    return !flags.contains(.also) || state.last
  }

  private mutating func judge(
    _ conditions: [PlanCondition], _ judgement: inout Judgement, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) {
    for condition in conditions where judgement.holds {
      if isLate {
        judgement.holds = false
        return
      }
      // At its greatest, a score is not added to any more.
      if condition.weight != nil, judgement.score >= Score.most { continue }
      let before = judgement.score
      judgement.matched = nil
      let unknown = try judge(condition, &judgement, &environment)
      judgement.score = min(judgement.score, Score.most)
      if judgement.score <= Score.least {
        judgement.score = Score.least
        judgement.holds = false
      }
      if let unknown {
        report.unknowns.append(
          RuleUnknown(rule: judgement.recipe.reference, place: condition.place, reason: unknown))
        if condition.weight == nil { judgement.holds = false }
      }
      guard options.keepsTrace else { continue }
      let outcome: RuleTrace.Condition.Outcome =
        if let unknown {
          .unknown(unknown)
        } else if judgement.isScored, judgement.score != before || condition.weight != nil {
          .scored(judgement.score - before)
        } else {
          judgement.holds ? .holds : .fails
        }
      judgement.trace.append(
        RuleTrace.Condition(
          place: condition.place, text: condition.text, outcome: outcome, matched: judgement.matched))
    }
  }

  /// Judges a condition; the answer is why nobody knows, where nobody does.
  private mutating func judge(
    _ written: PlanCondition, _ judgement: inout Judgement, _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> String? {
    // Most conditions are what they say, and nothing has to be put in.
    if case .expression(let expression) = written.test {
      if written.weight != nil { judgement.isScored = true }
      return search(expression, written, &judgement, &environment)
    }
    var condition = written
    // Bound: what is put in may itself begin with `$`.
    for _ in 0..<8 {
      guard case .expanded(let template) = condition.test else { break }
      guard let octets = try text(template, &environment) else { return "a text that is too long" }
      condition = read(octets, behind: condition, judgement.recipe)
      if condition.weight != nil, judgement.score >= Score.most { return nil }
    }
    if condition.weight != nil { judgement.isScored = true }
    switch condition.test {
    case .expression(let expression):
      return search(expression, condition, &judgement, &environment)
    case .size(let isGreater, let template):
      guard let octets = try text(template, &environment) else { return "a text that is too long" }
      let size: Int
      switch condition.subject {
      case nil: size = environment.messageSize
      case .area(let area)?:
        guard case .known(let octets) = self.area(area, judgement.recipe, &environment) else {
          return "no such area"
        }
        size = octets.count
      case .variable(let slot)?:
        switch value(slot, &environment) {
        case .known(let octets): size = octets?.count ?? 0
        case .unknown(let why): return why
        }
      }
      compare(size, isGreater, Self.number(octets) ?? 0, condition, &judgement)
    case .program(let command):
      let outcome = try run(command, for: condition, judgement.recipe, &environment)
      // Unknown is not an answer: negated, a program that is missing would hold for all mail.
      guard outcome.status != nil else { return "the program did not run, or was ended" }
      weigh(outcome, condition, &judgement)
    case .perl(let perl): return search(perl, condition, &judgement, &environment)
    case .list(let name, let operand):
      return try ask(name, operand, condition, &judgement, &environment)
    case .expanded: return "a condition that is put in without end"
    case .broken(let why): return why
    }
    return nil
  }

  private func area(
    _ area: MessageArea, _ recipe: PlanRecipe, _ environment: inout some RuleEnvironment
  ) -> RuleAnswer<[UInt8]> {
    if stage == .recipient { return .unknown("the message is not there at RCPT") }
    return environment.octets(of: area, decoded: recipe.isDecoded)
  }

  /// What a `$` condition has become, read again with the prefixes before it.
  private mutating func read(
    _ octets: [UInt8], behind condition: PlanCondition, _ recipe: PlanRecipe
  ) -> PlanCondition {
    let subject: ConditionSubject? =
      switch condition.subject {
      case .area(let area)?: .area(area)
      case .variable(let slot)?: .variable(symbols.names[slot])
      case nil: nil
      }
    let before = ConditionBody(
      isNegated: condition.isNegated, weight: condition.weight, subject: subject,
      test: .expression(ExpressionText([])))
    let text = RuleText(Array(octets.drop(while: \.isWhiteSpace)))
    let place = condition.place
    var reader = ConditionReader(text) { _ in place }
    let body = reader.read(after: before).body
    var ready: PlanSubject?
    switch body.subject {
    case .area(let area)?: ready = .area(area)
    case .variable(let name)?: ready = .variable(slot(name))
    case nil: break
    }
    let test: PlanTest =
      switch body.test {
      case .expression(let text):
        compiled(
          ExpressionText(Self.joined(text.octets), isQuoted: text.isQuoted), recipe.flags,
          isText: symbols.isText(ready ?? .area(recipe.flags.area), isDecoded: recipe.isDecoded))
      case .perl: .broken("an expression of PCRE2 that is made at run time")
      case .smaller(let size): .size(isGreater: false, size)
      case .greater(let size): .size(isGreater: true, size)
      // What a message brings along names no program.
      case .program: .broken("a program that is named at run time")
      case .list(let name, let operand): .list(name, operand)
      case .expanded(let template):
        template.commands.isEmpty ? .expanded(template) : .broken("a program that is named at run time")
      }
    return PlanCondition(
      place: place, text: condition.text, isNegated: body.isNegated, weight: body.weight, subject: ready,
      test: test)
  }

  /// Lines of a value in an expression are joined as lines of a file are: the blanks that begin one are dropped, and
  /// so is a line feed behind a backslash.
  private static func joined(_ octets: [UInt8]) -> [UInt8] {
    guard octets.contains(.lineFeed) else { return octets }
    var result: [UInt8] = []
    var before: UInt8 = 0
    for octet in octets {
      if octet.isWhiteSpace, before == .lineFeed { continue }
      if octet == .lineFeed, before == UInt8(ascii: "\\") {
        result.removeLast()
      } else {
        result.append(octet)
      }
      before = octet
    }
    return result
  }

  private mutating func compiled(_ text: ExpressionText, _ flags: RecipeFlags, isText: Bool) -> PlanTest {
    let key = DynamicKey(text: text, isCaseless: !flags.contains(.distinguishCase), isText: isText)
    if let test = dynamicTests[key] { return test }
    let test: PlanTest
    do {
      let expression = try Expression(text, isCaseless: key.isCaseless, isText: isText)
      if let automaton = Automaton(expression) {
        test = .expression(
          PlanExpression(
            automaton: automaton, isEmpty: text.octets.isEmpty, pattern: nil))
      } else {
        test = .broken("an expression that is too large")
      }
    } catch {
      test = .broken(error.message)
    }
    // Bound: a run that makes more of them makes them again.
    if dynamicTests.count < 1000 { dynamicTests[key] = test }
    return test
  }

  private mutating func ask(
    _ name: String, _ operand: ListOperand, _ condition: PlanCondition, _ judgement: inout Judgement,
    _ environment: inout some RuleEnvironment
  ) throws(ProgramNeeded) -> String? {
    let octets: [UInt8]
    switch operand {
    case .variable(let variable):
      let slot = slot(variable)
      switch value(slot, &environment) {
      case .known(let value): octets = value ?? []
      case .unknown(let why): return why
      }
    case .template(let template):
      guard let text = try text(template, &environment) else { return "a text that is too long" }
      octets = text
    }
    // Bound: values of one variable.
    var unknown: String?
    var isFound = false
    for line in octets.split(separator: .lineFeed).prefix(1000) where !isFound {
      switch environment.list(name, contains: Array(line)) {
      case .known(let answer):
        isFound = answer
        if answer { judgement.matched = Array(line.prefix(120)) }
      case .unknown(let why): unknown = why
      }
    }
    if !isFound, let unknown { return unknown }
    weigh(isFound, condition, &judgement)
    return nil
  }
}
