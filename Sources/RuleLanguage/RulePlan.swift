/// Rule files made ready to run: statements in one line, expressions compiled, all that an engine may look for
/// beforehand in one table. Immutable, and shared by all runs.
public struct RulePlan: Sendable {
  /// What an engine may be asked, by ``RulePattern/id``.
  public internal(set) var patterns: [RulePattern] = []
  /// All recipes, in the order in which they are reached.
  public internal(set) var recipes: [PlanRecipe] = []
  /// What was found wrong beyond the files' own problems: files that are not there, or include too much.
  public internal(set) var problems: [RuleProblem] = []
  var nodes: [PlanNode] = []
  var symbols = Symbols()
  /// By recipe.
  private(set) var quick: [QuickTest] = []
  /// By node: its recipe; -1 for another statement.
  private(set) var quickRecipes: [Int32] = []
  /// By node: when it runs.
  var stages: [RuleStage] = []
  /// What is asked at a stage.
  var demands: [RuleStage: RuleDemands] = [:]
  /// The programs that the files name, in their order, each as often as it stands there.
  public internal(set) var programs: [RuleProgram] = []

  /// Whether a statement may have to wait for a program.
  private(set) var runsPrograms = false

  private var asksForPrograms: Bool {
    recipes.contains(where: \.runsPrograms)
      || nodes.contains { node in
        switch node {
        case .assign(let assignment): assignment.value?.commands.isEmpty == false
        case .include: true
        default: false
        }
      }
  }

  /// Whether anything is decided at RCPT.
  public var hasRecipientStage: Bool { recipes.contains { $0.stage == .recipient } }

  /// - Parameters:
  ///   - files: in their order.
  ///   - include: the file of a name that stands in INCLUDERC or SWITCHRC; nil where there is none.
  ///   - liesOutside: whether such a name can be none of a file, since it leads out of where they are looked for.
  public init(
    files: [RuleFile], including include: @escaping (String) -> RuleFile? = { _ in nil },
    liesOutside: @escaping (String) -> Bool = { _ in false }
  ) {
    var builder = PlanBuilder(plan: RulePlan(), include: include, liesOutside: liesOutside)
    for file in files { builder.add(file) }
    self = builder.finished()
    nodes.append(.finish)
    runsPrograms = asksForPrograms
    StageAnalysis.analyse(&self)
    quick = recipes.map(QuickTest.init)
    quickRecipes = nodes.map { if case .recipe(let index) = $0 { Int32(clamping: index) } else { -1 } }
    demands = RuleDemands.of(self)
    programs = RuleProgram.all(in: self)
    for recipe in recipes where recipe.wantedStage == .recipient && recipe.stage == .message {
      problems.append(
        RuleProblem(
          .error, "this cannot be decided at RCPT: it asks for the message, or hangs on a rule that does",
          cure: "ask for connection and envelope alone, or take '# weir: on recipient' out",
          at: recipe.reference.place, in: recipe.line))
    }
    warnOfDoubles()
  }

  init() {}

  /// Rules of one name are one to whoever opts out, switches off and counts. A file that is included twice has its rules
  /// once.
  private mutating func warnOfDoubles() {
    var places: [String: RulePlace] = [:]
    var told: Set<RulePlace> = []
    for recipe in recipes {
      guard let first = places[recipe.id] else {
        places[recipe.id] = recipe.place
        continue
      }
      guard first != recipe.place, told.insert(recipe.place).inserted, problems.count < 100 else { continue }
      problems.append(
        RuleProblem(
          .warning, "the rule at \(first.fileAndLine) is called \(recipe.id), too",
          cure: "give one of them another name: whoever opts out of one, or switches it off, means both",
          at: recipe.place, in: recipe.line))
    }
  }

  /// The variables that the groups of a recipe's conditions set.
  func groupNames(_ recipe: PlanRecipe) -> [String] {
    recipe.conditions.flatMap { condition -> [String] in
      if case .perl(let perl) = condition.test { Array(perl.slots.keys) } else { [] }
    }
  }
}

/// A recipe ready to run.
public struct PlanRecipe: Sendable {
  public internal(set) var stage = RuleStage.message
  /// The node behind it, and behind its block.
  var after = 0
  /// Whether recipes stand in its block: they set `$=` even when the block is passed over.
  var holdsRecipes = false
  /// Whether a recipient may opt out of it (``RuleRunOptions/skipped``): its own directive says so, or that of a block
  /// around it.
  public internal(set) var isOptional = false
  private let content: Content

  /// What is shared by all copies: a run makes many of them.
  private final class Content: Sendable {
    let recipe: Recipe
    let reference: RuleReference
    let isDecoded: Bool
    let conditions: [PlanCondition]
    let action: PlanAction

    init(_ recipe: Recipe, isDecoded: Bool, _ conditions: [PlanCondition], _ action: PlanAction) {
      self.recipe = recipe
      reference = RuleReference(id: recipe.id, place: recipe.place)
      self.isDecoded = isDecoded
      self.conditions = conditions
      self.action = action
    }
  }

  init(_ recipe: Recipe, isDecoded: Bool, _ conditions: [PlanCondition], _ action: PlanAction) {
    content = Content(recipe, isDecoded: isDecoded, conditions, action)
  }

  public var reference: RuleReference { content.reference }
  public var id: String { content.reference.id }
  /// Its head in its file.
  public var place: RulePlace { content.reference.place }
  /// What it does, as it stands in the file, on one line: `score 3.0 INVOICE_CN`; of a block its brace.
  public var actionText: String { content.recipe.actionText }
  public var mode: RuleMode { content.recipe.mode }
  var isSwitchedOff: Bool { content.recipe.isSwitchedOff }
  /// The line of its head.
  var line: String { content.recipe.line }
  /// What its directive asks for.
  var wantedStage: RuleStage? { content.recipe.stage }
  var flags: RecipeFlags { content.recipe.flags }
  var isDecoded: Bool { content.isDecoded }
  var conditions: [PlanCondition] { content.conditions }
  var action: PlanAction { content.action }

  fileprivate var runsPrograms: Bool {
    if case .program = action { return true }
    let templates: [Template] =
      switch action {
      case .program: []
      case .mailbox(let template), .forward(let template): [template]
      case .block: []
      case .weir(let action): action.templates
      }
    return templates.contains { !$0.commands.isEmpty }
      || conditions.contains { condition in
        switch condition.test {
        case .program: true
        case .size(_, let template), .expanded(let template), .list(_, .template(let template)):
          !template.commands.isEmpty
        case .expression, .perl, .list, .broken: false
        }
      }
  }
}

enum PlanAction: Sendable {
  case mailbox(Template)
  case forward(Template)
  case program(RuleCommand, into: String?)
  case block
  case weir(WeirAction)
}

final class PlanCondition: Sendable {
  let place: RulePlace
  let text: String
  let isNegated: Bool
  let weight: ConditionBody.Weight?
  /// What the condition says; nil for the recipe's own area.
  let subject: PlanSubject?
  let test: PlanTest

  init(
    place: RulePlace, text: String, isNegated: Bool, weight: ConditionBody.Weight?, subject: PlanSubject?,
    test: PlanTest
  ) {
    (self.place, self.text, self.isNegated) = (place, text, isNegated)
    (self.weight, self.subject, self.test) = (weight, subject, test)
  }
}

enum PlanSubject: Sendable, Hashable {
  case area(MessageArea)
  /// By slot.
  case variable(Int)
}

indirect enum PlanTest: Sendable {
  case expression(PlanExpression)
  case perl(PlanPerl)
  case size(isGreater: Bool, Template)
  case program(RuleCommand)
  case list(String, ListOperand)
  case expanded(Template)
  /// No expression, or one that is too large.
  case broken(String)
}

final class PlanExpression: Sendable {
  let automaton: Automaton
  /// The empty expression always matches, and is not searched for.
  let isEmpty: Bool
  /// What the engine calls it.
  let pattern: Int?
  let capturesMatch: Bool

  init(automaton: Automaton, isEmpty: Bool, pattern: Int?) {
    (self.automaton, self.isEmpty, self.pattern) = (automaton, isEmpty, pattern)
    capturesMatch = automaton.capturesMatch
  }
}

/// An expression of PCRE2, which somebody else matches.
final class PlanPerl: Sendable {
  /// Its index in ``RulePlan/patterns``.
  let pattern: Int
  /// Slots of the variables that its groups set, by the groups' names.
  let slots: [String: Int]

  init(pattern: Int, slots: [String: Int]) { (self.pattern, self.slots) = (pattern, slots) }
}

/// A statement in line.
enum PlanNode: Sendable {
  case assign(PlanAssignment)
  case recipe(Int)
  case closeBlock
  /// A file begins; its end is the node behind it.
  case enterFile(name: String, end: Int)
  case leaveFile
  /// Blocks of this file are left, and what follows takes the place of its rest.
  case switchFile(name: String, place: RulePlace)
  /// INCLUDERC or SWITCHRC of a name that is not known beforehand.
  case include(Template, switches: Bool, place: RulePlace)
  case tooDeep
  /// All files are through.
  case finish
}

final class PlanAssignment: Sendable {
  let name: String
  let slot: Int
  let value: Template?
  let behaviour: BehaviouralVariable?

  init(name: String, slot: Int, value: Template?) {
    (self.name, self.slot, self.value) = (name, slot, value)
    behaviour = BehaviouralVariable(rawValue: name)
  }
}

/// Names of variables and their slots.
struct Symbols: Sendable {
  private(set) var names: [String] = []
  private(set) var gateway: [GatewayVariable?] = []
  private var slots: [String: Int] = [:]

  mutating func slot(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    slots[name] = names.count
    names.append(name)
    gateway.append(GatewayVariable(rawValue: name))
    return names.count - 1
  }

  func known(_ name: String) -> Int? { slots[name] }

  /// Whether what a condition looks at is text in UTF-8; else it is octets.
  func isText(_ subject: PlanSubject, isDecoded: Bool) -> Bool {
    if case .variable(let slot) = subject, gateway[slot] != nil { return true }
    return isDecoded
  }
}
