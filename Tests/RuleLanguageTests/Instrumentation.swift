@testable import RuleLanguage

/// A rule file written anew so that it tells what its recipes come to, and goes on whatever they do: what delivers
/// or runs a program is left out, conditions and assignments stay as they are.
struct Instrumentation {
  private var text = ""
  private var count = 0
  /// Recipes that are kept.
  private(set) var kept = 0
  private let broken: Set<Int>

  /// - Returns: the file, and how many recipes are in it.
  static func of(_ file: RuleFile) -> (text: String, recipes: Int) {
    var writer = Instrumentation(broken: Set(file.problems.filter(\.isError).map(\.place.line)))
    writer.write(file.statements)
    return (writer.text + ":0\nrest/\n", writer.kept)
  }

  private init(broken: Set<Int>) { self.broken = broken }

  /// What is set for procmail's own sake, or makes it read and write files.
  private static let own: Set<String> = Set(BehaviouralVariable.allCases.map(\.rawValue))
    .union(BehaviouralVariable.meaningless.keys)
    .union(["MAILDIR", "LASTFOLDER", "PATH", "HOME", "LOGNAME", "PROCMAIL_VERSION", "PROCMAIL_OVERFLOW"])

  private mutating func write(_ statements: [RuleStatement]) {
    for statement in statements {
      switch statement {
      case .assignment(let assignment): write(assignment)
      case .recipe(let recipe): write(recipe)
      }
    }
  }

  private mutating func write(_ assignment: Assignment) {
    guard !Self.own.contains(assignment.name), !broken.contains(assignment.place.line) else { return }
    guard let value = assignment.value else {
      text += "\(assignment.name)\n"
      return
    }
    // What a machine knows of itself is not the same here and there.
    let isOwn = value.names.contains { name in
      switch name {
      case .variable(let name): Self.own.contains(name)
      default: true
      }
    }
    guard value.commands.isEmpty, !isOwn, value.names.allSatisfy({ $0 != .process }) else { return }
    text += assignment.text.hasSuffix("\n") ? assignment.text : assignment.text + "\n"
  }

  private mutating func write(_ recipe: Recipe) {
    guard recipe.conditions.allSatisfy(isPlain) else { return }
    kept += 1
    count += 1
    let id = "r\(count)"
    let flags = String(
      recipe.flags.subtracting([.copy, .filter, .wait, .waitQuietly]).text.filter { "HBDAaEe".contains($0) })
    text += ":0 \(flags)\n"
    for condition in recipe.conditions { text += "* \(condition.text)\n" }
    text += "{ \(RuleGenerator.log("\(id) $= [$MATCH]"))"
    text += "}\n\(RuleGenerator.log("\(id) after $="))"
    // What is in a block is judged whether it is entered or not.
    if case .block(let inner) = recipe.action { write(inner) }
  }

  private func isPlain(_ condition: RuleCondition) -> Bool {
    if broken.contains(condition.place.line) || condition.text.hasSuffix("\\") { return false }
    if case .variable(let name)? = condition.body.subject, Self.own.contains(name) { return false }
    switch condition.body.test {
    case .expression(let expression): return !Self.leadsAstray(expression)
    case .expanded(let template) where ConditionTraps.asksProgram(template): return false
    case .smaller(let template), .greater(let template), .expanded(let template):
      return template.commands.isEmpty
        && template.names.allSatisfy { name in
          if case .variable(let name) = name { return !Self.own.contains(name) }
          return false
        }
    case .program, .perl, .list: return false
    }
  }

  /// `+` before `\/`, and nothing behind it in its alternative: see Tests/Disputed.md.
  private static func leadsAstray(_ expression: ExpressionText) -> Bool {
    let text = String(decoding: expression.octets, as: UTF8.self)
    return ["+\\/", "\\/|", "\\/)"].contains { text.contains($0) }
  }
}
