import Bytes

/// Lays files out in a line: blocks and included files inline, expressions compiled, patterns told apart.
struct PlanBuilder {
  private var plan: RulePlan
  private let include: (String) -> RuleFile?
  /// Whether a name leads out of where files are looked for.
  private let liesOutside: (String) -> Bool
  /// Whether patterns get numbers: what comes in at run time has none.
  private let numbersPatterns: Bool
  private var known: [Key: Int] = [:]
  private var compiled: [Key: PlanTest] = [:]
  private var depth = 0
  /// The files that are being read, the outermost first.
  private var open: [String] = []
  private var file: RuleFile?
  /// Whether a block is open that a recipient may opt out of.
  private var isOptional = false

  /// Bound: files in files.
  static let deepest = 16
  /// Bound: statements of all files, each as often as it is included.
  static let longest = 200_000

  private struct Key: Hashable {
    let view: RulePattern.View?
    let text: ExpressionText
    var isPerl = false
    let isCaseless: Bool
    let isText: Bool
  }

  init(
    plan: RulePlan, numbersPatterns: Bool = true, include: @escaping (String) -> RuleFile?,
    liesOutside: @escaping (String) -> Bool = { _ in false }
  ) {
    self.plan = plan
    self.include = include
    self.liesOutside = liesOutside
    self.numbersPatterns = numbersPatterns
  }

  func finished() -> RulePlan { plan }

  /// Lays a file out, from its beginning to its end.
  mutating func add(_ file: RuleFile) {
    let start = plan.nodes.count
    plan.nodes.append(.enterFile(name: file.name, end: 0))
    body(of: file)
    plan.nodes.append(.leaveFile)
    plan.nodes[start] = .enterFile(name: file.name, end: plan.nodes.count)
  }

  private mutating func body(of file: RuleFile) {
    let outer = self.file
    self.file = file
    open.append(file.name)
    add(file.statements)
    open.removeLast()
    self.file = outer
  }

  private mutating func add(_ statements: [RuleStatement]) {
    for statement in statements {
      guard plan.nodes.count < Self.longest else {
        report(
          .error, "more than \(Self.longest) statements with all that is included", cure: "include less",
          statement.place)
        return
      }
      switch statement {
      case .assignment(let assignment): add(assignment)
      case .recipe(let recipe): add(recipe)
      }
    }
  }

  private mutating func report(
    _ severity: RuleProblem.Severity, _ message: String, cure: String, _ place: RulePlace
  ) {
    guard plan.problems.count < 100, let file else { return }
    plan.problems.append(
      RuleProblem(severity, message, cure: cure, at: place, in: file.source.text(ofLine: place.line - 1)))
  }

  // MARK: - Assignments

  private mutating func add(_ assignment: Assignment) {
    let behaviour = BehaviouralVariable(rawValue: assignment.name)
    for name in assignment.value?.names ?? [] {
      if case .variable(let name) = name { _ = plan.symbols.slot(name) }
    }
    plan.nodes.append(
      .assign(
        PlanAssignment(
          name: assignment.name, slot: plan.symbols.slot(assignment.name), value: assignment.value)))
    guard behaviour == .includeFile || behaviour == .switchFile, let value = assignment.value else { return }
    let switches = behaviour == .switchFile
    guard let constant = value.constant else {
      plan.nodes.append(.include(value, switches: switches, place: assignment.place))
      return
    }
    let name = constant.shown
    if name.isEmpty || name == "/dev/null" {
      if switches { plan.nodes += [.switchFile(name: name, place: assignment.place), .leaveFile] }
      return
    }
    guard let other = include(name) else {
      if liesOutside(name) {
        report(
          .warning, "'\(name)' lies outside of the folder of rules: it is not read",
          cure: "put the file, or a link to it, into the folder, and name it as it lies there: lib/words.inc",
          assignment.place)
      } else {
        report(.warning, "there is no file '\(name)'", cure: "make it, or take this out", assignment.place)
      }
      return
    }
    guard depth < Self.deepest else {
      plan.nodes.append(.tooDeep)
      return
    }
    guard !open.contains(other.name) else {
      report(
        .error, "'\(name)' is being read already: it would include itself without end",
        cure: "take this out", assignment.place)
      return
    }
    depth += 1
    if switches {
      plan.nodes.append(.switchFile(name: other.name, place: assignment.place))
      body(of: other)
      plan.nodes.append(.leaveFile)
    } else {
      add(other)
    }
    depth -= 1
  }

  // MARK: - Recipes

  private mutating func add(_ recipe: Recipe) {
    let index = plan.recipes.count
    let isDecoded = file?.isDecoded ?? false
    plan.recipes.append(
      PlanRecipe(
        recipe, isDecoded: isDecoded,
        recipe.conditions.map {
          condition($0.body, $0.place, $0.text, recipe.flags, isDecoded: isDecoded)
        }, action(recipe.action)))
    plan.nodes.append(.recipe(index))
    let outer = isOptional
    isOptional = outer || recipe.isOptional
    plan.recipes[index].isOptional = isOptional
    defer { isOptional = outer }
    if case .block(let statements) = recipe.action {
      add(statements)
      plan.nodes.append(.closeBlock)
      plan.recipes[index].holdsRecipes = plan.recipes.count > index + 1
    }
    plan.recipes[index].after = plan.nodes.count
  }

  private func action(_ action: RuleAction) -> PlanAction {
    switch action {
    case .mailbox(let name): .mailbox(name)
    case .forward(let addresses): .forward(addresses)
    case .program(let command, let name): .program(command, into: name)
    case .block: .block
    case .weir(let action): .weir(action)
    }
  }

  /// Makes a condition ready; the same at run time, for what a `$` condition has become.
  mutating func condition(
    _ body: ConditionBody, _ place: RulePlace, _ text: String, _ flags: RecipeFlags, isDecoded: Bool
  ) -> PlanCondition {
    let subject: PlanSubject? =
      switch body.subject {
      case .area(let area)?: .area(area)
      case .variable(let name)?: .variable(plan.symbols.slot(name))
      case nil: nil
      }
    let test: PlanTest
    switch body.test {
    case .expression(let text): test = expression(text, subject ?? .area(flags.area), flags, isDecoded)
    case .perl(let written): test = perl(written, subject ?? .area(flags.area), flags, isDecoded)
    case .smaller(let size): test = .size(isGreater: false, size)
    case .greater(let size): test = .size(isGreater: true, size)
    case .program(let command): test = .program(command)
    case .list(let name, let operand):
      if case .variable(let name) = operand { _ = plan.symbols.slot(name) }
      test = .list(name, operand)
    case .expanded(let template): test = .expanded(template)
    }
    return PlanCondition(
      place: place, text: text, isNegated: body.isNegated, weight: body.weight, subject: subject, test: test)
  }

  private func view(_ subject: PlanSubject, _ isDecoded: Bool) -> RulePattern.View? {
    switch subject {
    case .area(let area): .area(area, decoded: isDecoded)
    case .variable(let slot): plan.symbols.gateway[slot].map { .variable($0) }
    }
  }

  private mutating func expression(
    _ text: ExpressionText, _ subject: PlanSubject, _ flags: RecipeFlags, _ isDecoded: Bool
  ) -> PlanTest {
    let key = Key(
      view: view(subject, isDecoded), text: text, isCaseless: !flags.contains(.distinguishCase),
      isText: plan.symbols.isText(subject, isDecoded: isDecoded))
    if let test = compiled[key] { return test }
    let test = compile(key)
    compiled[key] = test
    return test
  }

  private mutating func compile(_ key: Key) -> PlanTest {
    let expression: Expression
    do {
      expression = try Expression(key.text, isCaseless: key.isCaseless, isText: key.isText)
    } catch {
      return .broken(error.message)
    }
    guard let automaton = Automaton(expression) else { return .broken("an expression that is too large") }
    var number: Int?
    if let view = key.view, numbersPatterns, !expression.isAlwaysFound {
      number = plan.patterns.count
      plan.patterns.append(
        RulePattern(
          id: plan.patterns.count, view: view, expression: expression, automaton: automaton,
          text: key.text.octets.shown, isText: key.isText))
    }
    return .expression(
      PlanExpression(automaton: automaton, isEmpty: key.text.octets.isEmpty, pattern: number))
  }

  private mutating func perl(
    _ written: PerlExpression, _ subject: PlanSubject, _ flags: RecipeFlags, _ isDecoded: Bool
  ) -> PlanTest {
    // It is checked where files are loaded, and a file of run time never was.
    guard numbersPatterns, let file else {
      return .broken("an expression of PCRE2 in a file named at run time")
    }
    let key = Key(
      view: view(subject, isDecoded), text: ExpressionText(Array(written.text.utf8)), isPerl: true,
      isCaseless: !flags.contains(.distinguishCase),
      isText: plan.symbols.isText(subject, isDecoded: isDecoded))
    if let test = compiled[key] { return test }
    let number = plan.patterns.count
    plan.patterns.append(
      RulePattern(
        id: number, view: key.view ?? .own, perl: written,
        line: file.source.text(ofLine: written.place(ofOctet: 0).line - 1), isCaseless: key.isCaseless,
        isText: key.isText))
    var slots: [String: Int] = [:]
    for name in written.variables { slots[name] = plan.symbols.slot(name) }
    let test = PlanTest.perl(PlanPerl(pattern: number, slots: slots))
    compiled[key] = test
    return test
  }
}

extension RecipeFlags {
  /// What its conditions look at.
  var area: MessageArea { contains(.body) ? contains(.header) ? .whole : .body : .header }
}
