import Bytes
import Settings

/// What can only be seen with the whole file at hand: rules that nothing reaches, names that nobody sets.
struct RuleReview {
  private let source: RuleSource
  private var problems: [RuleProblem] = []
  private var assigned: Set<String> = []
  private var includesOthers = false
  private var asked: Set<String> = []
  private var reported: Set<String> = []

  static func problems(of file: RuleFile) -> [RuleProblem] {
    var review = RuleReview(source: file.source)
    review.collect(file.statements)
    _ = review.end(of: file.statements)
    review.names(file.statements)
    review.strays(file.statements)
    return review.problems
  }

  private init(source: RuleSource) { self.source = source }

  private mutating func report(
    _ severity: RuleProblem.Severity, _ message: String, cure: String, at place: RulePlace
  ) {
    guard problems.count < 1000 else { return }
    problems.append(
      RuleProblem(severity, message, cure: cure, at: place, in: source.text(ofLine: place.line - 1)))
  }

  // MARK: - Reach

  /// What ends the rules, or their file, for every message.
  private struct End {
    let place: RulePlace
    /// By SWITCHRC: other files go on.
    let isOfFile: Bool
    /// It stands there by itself, so that it is meant: all behind it is put out of force.
    var isPlain = false

    var words: String { isOfFile ? "this file ends" : "the rules end" }
  }

  /// Where the rules end in these statements for every message; says once what nothing reaches.
  private mutating func end(of statements: [RuleStatement]) -> End? {
    var end: End?
    var said = false
    // The chain of E: whether each member so far ends the rules where it matches, and the last of them.
    var chainEnd: End?
    for statement in statements {
      if let end, !said {
        // After a last delivery that may fail procmail's users set HOST and the like: harmless.
        var isRecipe = false
        if case .recipe = statement { isRecipe = true }
        let line = end.place.line
        report(
          isRecipe && !end.isPlain ? .error : .warning,
          "nothing reaches this: \(end.words) at line \(line) for every message",
          cure: end.isPlain
            ? "take line \(line) out, or this"
            : "give the recipe at line \(line) a condition, or take this out", at: statement.place)
        said = isRecipe
      }
      switch statement {
      case .assignment(let assignment):
        if assignment.endsFile { end = end ?? End(place: assignment.place, isOfFile: true, isPlain: true) }
      case .recipe(let recipe):
        let own = self.end(of: recipe)
        let isOtherwise = recipe.flags.contains(.otherwise)
        let isElse = isOtherwise && recipe.flags.isDisjoint(with: [.also, .alsoIfSucceeded, .onError])
        let isPlain = recipe.flags.isDisjoint(with: .chain)
        if let own, recipe.conditions.isEmpty, isPlain || isElse && chainEnd != nil { end = end ?? own }
        chainEnd = isPlain ? own : isElse && chainEnd != nil ? own : nil
      }
    }
    return end
  }

  /// What ends where this recipe matches; nil where the rules go on behind it.
  private mutating func end(of recipe: Recipe) -> End? {
    // Inner statements are looked at in any case.
    let ends: Bool
    var isOfFile = false
    switch recipe.action {
    case .block(let inner):
      let end = self.end(of: inner)
      ends = end != nil
      isOfFile = end?.isOfFile ?? false
    case .mailbox, .forward: ends = true
    // A program may fail, and then the rules go on.
    case .program: ends = false
    case .weir(let action): ends = action.isFinal
    }
    guard ends, recipe.mode == .enforce, !recipe.flags.contains(.copy) else { return nil }
    return End(place: recipe.place, isOfFile: isOfFile)
  }

  // MARK: - Names

  private mutating func collect(_ statements: [RuleStatement]) {
    for statement in statements {
      switch statement {
      case .assignment(let assignment):
        if assignment.value != nil { assigned.insert(assignment.name) }
        if assignment.name == "INCLUDERC" || assignment.name == "SWITCHRC" { includesOthers = true }
      case .recipe(let recipe):
        if case .block(let inner) = recipe.action { collect(inner) }
        if case .program(_, let name?) = recipe.action { assigned.insert(name) }
        for condition in recipe.conditions {
          if case .perl(let expression) = condition.body.test { assigned.formUnion(expression.variables) }
        }
      }
    }
  }

  private mutating func names(_ statements: [RuleStatement]) {
    for statement in statements {
      switch statement {
      case .assignment(let assignment): name(of: assignment)
      case .recipe(let recipe):
        for condition in recipe.conditions { names(of: condition) }
        switch recipe.action {
        case .block(let inner): names(inner)
        case .mailbox(let template), .forward(let template): names(template, recipe.actionPlace)
        case .program(let command, _): names(command.words, recipe.actionPlace)
        case .weir(let action): for template in action.templates { names(template, recipe.actionPlace) }
        }
      }
    }
  }

  private mutating func name(of assignment: Assignment) {
    if let value = assignment.value { names(value, assignment.place) }
    if let hint = BehaviouralVariable.meaningless[assignment.name] {
      report(
        .warning, "\(assignment.name) has no meaning here",
        cure: hint.isEmpty ? "take it out" : "take it out; \(hint)", at: assignment.place)
      return
    }
    let known =
      BehaviouralVariable.allCases.map(\.rawValue) + Array(BehaviouralVariable.meaningless.keys)
      + Array(BehaviouralVariable.ordinary)
    guard !known.contains(assignment.name), assignment.name.utf8.count >= 6,
      let meant = Suggestion.nearest(to: assignment.name, in: BehaviouralVariable.allCases.map(\.rawValue)),
      Suggestion.distance(Array(assignment.name.utf8), Array(meant.utf8)) == 1
    else { return }
    report(
      .warning, "'\(assignment.name)' is a variable like others, and close to \(meant)",
      cure: "write \(meant) if it is meant", at: assignment.place)
  }

  private mutating func names(of condition: RuleCondition) {
    if case .variable(let name)? = condition.body.subject {
      asked.insert(name)
      ask(name, condition.place)
    }
    switch condition.body.test {
    case .expression, .perl, .program: break
    case .smaller(let template), .greater(let template), .expanded(let template):
      names(template, condition.place)
    case .list(_, .variable(let name)): ask(name, condition.place)
    case .list(_, .template(let template)): names(template, condition.place)
    }
  }

  /// A bare name beside other assignments that nothing else in the file knows: the rest of a value.
  private mutating func strays(_ statements: [RuleStatement]) {
    for statement in statements {
      switch statement {
      case .recipe(let recipe):
        if case .block(let inner) = recipe.action { strays(inner) }
      case .assignment(let assignment):
        if assignment.value == nil, !isKnown(assignment.name) { stray(assignment) }
      }
    }
  }

  /// Whether to unset it may mean something.
  private func isKnown(_ name: String) -> Bool {
    assigned.contains(name) || asked.contains(name) || BehaviouralVariable(rawValue: name) != nil
      || BehaviouralVariable.meaningless[name] != nil || BehaviouralVariable.ordinary.contains(name)
  }

  private mutating func stray(_ assignment: Assignment) {
    let name = assignment.name
    let before = source.text(ofLine: assignment.place.line - 1).unicodeScalars
      .prefix(assignment.place.column - 1)
    if WeirAction.words.contains(name) {
      report(
        .error, "'\(name)' is an action and belongs to a recipe: here it unsets a variable of that name",
        cure: "write :0 on the line before it", at: assignment.place)
    } else if before.last(where: { $0 != " " && $0 != "\t" }) == "{" {
      report(
        .error, "a block holds recipes and assignments: here '\(name)' unsets a variable that nothing sets",
        cure: "for the mailbox write {, :0, \(name) and } on lines of their own", at: assignment.place)
    } else if assignment.sharesLine {
      let isTail = before.contains("=")
      report(
        .error,
        isTail
          ? "an assignment's value ends at its first blank, and '\(name)' is not in it"
          : "this is neither a recipe nor an assignment",
        cure: isTail
          ? "put the value in double quotes"
          : "a recipe begins with :0, a condition with *, an assignment is NAME=value", at: assignment.place)
    }
  }

  private mutating func names(_ template: Template, _ place: RulePlace) {
    for case .variable(let name) in template.names { asked.insert(name) }
    for case .variable(let name) in template.plainNames { ask(name, place) }
  }

  /// A name that nobody sets and that is close to one which is something.
  private mutating func ask(_ name: String, _ place: RulePlace) {
    let gateway = GatewayVariable.allCases.map(\.rawValue)
    guard !assigned.contains(name), !gateway.contains(name), !BehaviouralVariable.ordinary.contains(name),
      BehaviouralVariable(rawValue: name) == nil, BehaviouralVariable.meaningless[name] == nil
    else { return }
    guard reported.insert(name).inserted else { return }
    let own = assigned.filter { Suggestion.distance(Array($0.utf8), Array(name.utf8)) == 1 }
    guard name.utf8.count >= 4, let near = Suggestion.nearest(to: name, in: gateway + Array(own)) else {
      if !includesOthers {
        report(
          .warning, "nothing here sets \(name): it is empty unless another file sets it",
          cure: "set it, or use a variable of the gateway", at: place)
      }
      return
    }
    // Negated it would hold for all mail.
    let severity: RuleProblem.Severity = gateway.contains(near) && !includesOthers ? .error : .warning
    report(severity, "nothing here sets \(name); did you mean \(near)?", cure: "write \(near)", at: place)
  }
}

extension Assignment {
  /// `SWITCHRC=`: the rest of the file is passed over.
  fileprivate var endsFile: Bool {
    guard name == BehaviouralVariable.switchFile.rawValue, let value = value?.constant else { return false }
    return value.isEmpty || value.elementsEqual("/dev/null".utf8)
  }
}
