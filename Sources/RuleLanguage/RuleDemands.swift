import Bytes
import Settings

/// A part of a message, as it came or decoded.
public struct AskedArea: Sendable, Hashable {
  public let area: MessageArea
  public let isDecoded: Bool
}

/// What statements ask for, whatever comes of them.
struct RuleDemands: Sendable {
  var variables: Set<GatewayVariable> = []
  var areas: Set<AskedArea> = []
  /// What is put in at run time may ask for anything.
  var isOpen = false

  static func of(_ plan: RulePlan) -> [RuleStage: RuleDemands] {
    var all: [RuleStage: RuleDemands] = [:]
    for (node, stage) in zip(plan.nodes, plan.stages) {
      var demands = all[stage] ?? RuleDemands()
      switch node {
      case .assign(let assignment): if let value = assignment.value { demands.add(value) }
      case .recipe(let index): demands.add(plan.recipes[index], plan.symbols)
      case .include(let name, _, _):
        demands.add(name)
        demands.isOpen = true
      case .closeBlock, .enterFile, .leaveFile, .switchFile, .tooDeep, .finish: continue
      }
      all[stage] = demands
    }
    return all
  }

  mutating func add(_ name: String) {
    if let variable = GatewayVariable(rawValue: name) { variables.insert(variable) }
  }

  mutating func add(_ template: Template) {
    for case .variable(let name) in template.names { add(name) }
    // A program's input is the message.
    if !template.commands.isEmpty { areas.insert(AskedArea(area: .whole, isDecoded: false)) }
  }

  mutating func add(_ recipe: PlanRecipe, _ symbols: Symbols) {
    for condition in recipe.conditions { add(condition, recipe, symbols) }
    switch recipe.action {
    case .mailbox(let template), .forward(let template): add(template)
    case .program(let command, _):
      add(command.words)
      areas.insert(AskedArea(area: .whole, isDecoded: recipe.isDecoded))
    case .block: break
    case .weir(let action): for template in action.templates { add(template) }
    }
  }

  private mutating func add(_ condition: PlanCondition, _ recipe: PlanRecipe, _ symbols: Symbols) {
    var area: MessageArea?
    switch condition.subject {
    case .area(let own)?: area = own
    case .variable(let slot)?: add(symbols.names[slot])
    case nil:
      // The size of the message is known without its octets.
      if case .size = condition.test { break }
      area = recipe.flags.area
    }
    switch condition.test {
    case .expression, .perl, .broken: break
    case .size(_, let template): add(template)
    case .program(let command): add(command.words)
    case .list(_, let operand):
      area = nil
      add(operand)
    case .expanded(let template):
      add(template)
      addExpanded(template, recipe)
    }
    if let area { areas.insert(AskedArea(area: area, isDecoded: recipe.isDecoded)) }
  }

  private mutating func add(_ operand: ListOperand) {
    switch operand {
    case .variable(let name): add(name)
    case .template(let template): add(template)
    }
  }

  /// What a `$` condition may become: prefixes in its constant beginning are known, others may be anything.
  private mutating func addExpanded(_ template: Template, _ recipe: PlanRecipe) {
    let pieces = template.pieces.filter { $0 != .wordMark }
    guard case .text(let octets)? = pieces.first else {
      isOpen = isOpen || !pieces.isEmpty
      return
    }
    let isWhole = pieces.count == 1
    let place = RulePlace(file: "", position: SourcePosition(line: 1, column: 1), length: 0)
    var reader = ConditionReader(RuleText(Array(octets.drop(while: \.isWhiteSpace)))) { _ in place }
    let body = reader.read().body
    switch body.subject {
    case .area(let area)?: areas.insert(AskedArea(area: area, isDecoded: recipe.isDecoded))
    case .variable(let name)?: add(name)
    case nil: break
    }
    switch body.test {
    case .expression(let text): if !isWhole, Self.mayBecomePrefix(text.octets) { isOpen = true }
    case .list(_, let operand):
      add(operand)
      if !isWhole { isOpen = true }
    case .expanded: isOpen = true
    case .smaller, .greater, .program, .perl: break
    }
  }

  /// Whether more behind it can make a name or a weight of it.
  private static func mayBecomePrefix(_ octets: [UInt8]) -> Bool {
    let rest = octets.drop { $0.isNamePart || "+-.,^(".utf8.contains($0) && octets[0] != UInt8(ascii: "^") }
    return rest.allSatisfy { $0.isWhiteSpace || $0 == UInt8(ascii: "?") }
  }
}

extension RulePlan {
  /// The gateway's variables that statements of a stage may ask for, those among them that a rule may have set itself.
  public func asked(at stage: RuleStage) -> Set<GatewayVariable> {
    guard let demands = demands[stage] else { return [] }
    return demands.isOpen ? Set(GatewayVariable.allCases.filter { $0.stage <= stage }) : demands.variables
  }

  /// The parts of the message that statements may look at; a variable's are not among them.
  public var askedAreas: Set<AskedArea> {
    guard let demands = demands[.message] else { return [] }
    guard demands.isOpen else { return demands.areas }
    return Set(
      MessageArea.allCases.flatMap {
        [AskedArea(area: $0, isDecoded: false), AskedArea(area: $0, isDecoded: true)]
      })
  }

  /// Whether what happens at the end of the message hangs on RECIPIENT. If not, recipients whose runs came out alike
  /// at RCPT (``RuleRun/isLike(_:)``) can share one from there on.
  public var asksForRecipient: Bool {
    func asks(_ stage: RuleStage) -> Bool {
      guard let demands = demands[stage] else { return false }
      return demands.isOpen || demands.variables.contains(.recipient)
    }
    // Where no recipe is decided at RCPT, the first pass may be left out, and all is done at the end.
    return asks(.message) || !hasRecipientStage && asks(.recipient)
  }
}
