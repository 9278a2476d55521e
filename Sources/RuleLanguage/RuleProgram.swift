/// A program that a rule file names.
public struct RuleProgram: Sendable, Hashable {
  public let place: RulePlace
  /// Its first word; nil where a variable stands in it.
  public let name: String?

  init(_ command: RuleCommand) { (place, name) = (command.place, command.programName) }

  static func all(in plan: RulePlan) -> [RuleProgram] {
    plan.nodes.flatMap { node -> [RuleCommand] in
      switch node {
      case .assign(let assignment): assignment.value?.commands ?? []
      case .recipe(let index): commands(plan.recipes[index])
      // The assignment before it has the name.
      case .include, .closeBlock, .enterFile, .leaveFile, .switchFile, .tooDeep, .finish: []
      }
    }.map(RuleProgram.init)
  }

  private static func commands(_ recipe: PlanRecipe) -> [RuleCommand] {
    let conditions = recipe.conditions.flatMap { condition -> [RuleCommand] in
      switch condition.test {
      case .program(let command): [command] + command.words.commands
      case .size(_, let template), .expanded(let template), .list(_, .template(let template)):
        template.commands
      case .expression, .perl, .list, .broken: []
      }
    }
    return switch recipe.action {
    case .program(let command, _): conditions + [command] + command.words.commands
    case .mailbox(let template), .forward(let template): conditions + template.commands
    case .block: conditions
    case .weir(let action): conditions + action.templates.flatMap(\.commands)
    }
  }
}

extension RuleCommand {
  /// The program's name; nil where a variable stands in it.
  var programName: String? {
    var name: [UInt8] = []
    for piece in words.pieces {
      switch piece {
      case .text(let octets): name += octets
      case .wordMark: continue
      case .wordEnd: return name.isEmpty ? nil : name.shown
      case .value, .quoted, .choice, .command, .arguments: return nil
      }
    }
    return name.isEmpty ? nil : name.shown
  }
}
