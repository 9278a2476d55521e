import Foundation
import RuleLanguage
import Rules
import Settings

/// The cases that lie beside the rules, and the rules that they can name.
struct RuleCaseFolder: Sendable {
  /// A rule of a folder.
  struct Rule: Sendable, Hashable {
    /// Its name, else file:line.
    let id: String
    /// Its file, from the folder of rules on.
    let file: String
    /// What its file says.
    let mode: RuleMode
  }

  /// The folder of rules itself.
  let path: String
  /// By file, in the order of their names.
  private(set) var files: [(file: String, cases: [RuleCase])] = []
  private(set) var rules: [Rule] = []
  private(set) var problems: [SettingsProblem] = []
  /// Rules that the configuration switches off, by their ids.
  let switchedOff: Set<String>
  /// Whether only some of the files of cases count.
  let isPartial: Bool

  /// - Parameters:
  ///   - folder: the rules as they were read.
  ///   - only: the files of cases that count, by the paths that the operator gave; empty: all that lie in the folder.
  ///   - switchedOff: rules that the configuration switches off, by their ids.
  init(_ folder: RuleFolder, only: [String] = [], switchedOff: [String] = []) {
    path = folder.path
    self.switchedOff = Set(switchedOff)
    isPartial = !only.isEmpty
    for (name, octets) in folder.files.sorted(by: { $0.key < $1.key }) where name.hasSuffix(".rc") {
      let plan = RulePlan(files: [RuleParser.parse(name: name, octets: octets)])
      for recipe in plan.recipes { rules.append(Rule(id: recipe.id, file: name, mode: recipe.mode)) }
    }
    let paths = only.isEmpty ? Self.caseFiles(in: path).map { "\(path)/\($0)" } : only
    for path in paths { read(path) }
  }

  /// Bound: levels of folders, as the rules have them.
  private static func caseFiles(in path: String) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: path) else { return [] }
    var found: [String] = []
    for case let name as String in walk {
      if walk.level > RulesFolder.mostLevels { walk.skipDescendants() }
      if name.hasSuffix(".case"), !(name as NSString).lastPathComponent.hasPrefix(".") { found.append(name) }
    }
    return found.sorted()
  }

  private mutating func read(_ path: String) {
    let start = SourcePosition.start
    do {
      let values = try URL(fileURLWithPath: path).resolvingSymlinksInPath().resourceValues(
        forKeys: [.isRegularFileKey, .fileSizeKey])
      guard values.isRegularFile == true, (values.fileSize ?? 0) <= RuleCaseParser.mostOctets else {
        problems.append(SettingsProblem(file: path, position: start, message: "is no file, or too large"))
        return
      }
      let octets = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let (cases, found) = RuleCaseParser.parse(file: path, octets: octets)
      problems += found + cases.flatMap { problems($0) }
      files.append((path, cases))
    } catch {
      problems.append(
        SettingsProblem(file: path, position: start, message: "cannot be read: \(FileFault.words(error))"))
    }
  }

  /// Names that no rule has, and values of the envelope that are none.
  private func problems(_ one: RuleCase) -> [SettingsProblem] {
    let known = Set(rules.map(\.id))
    var problems: [SettingsProblem] = []
    for name in one.names where !known.contains(name.text) {
      let clause = Suggestion.clause(for: name.text, in: known)
      problems.append(
        SettingsProblem(
          file: one.file, position: name.position, message: "there is no rule '\(name.text)'\(clause)"))
    }
    problems += CaseEnvelope(one, home: home(of: one)).problems
    return problems
  }

  /// Whether a file switches a rule off: all of that name.
  func isOff(_ id: String) -> Bool {
    let meant = rules.filter { $0.id == id }
    return !meant.isEmpty && meant.allSatisfy { $0.mode == .off }
  }

  /// The rules of a case that the configuration switches off, so that there is nothing to try: any of those that are to
  /// match, or all of those that are not to.
  func skipped(_ one: RuleCase) -> [String] {
    let names = one.names.map(\.text)
    let off = names.filter(switchedOff.contains)
    if case .spares = one.expectation, off.count < names.count { return [] }
    return off
  }

  /// Whose rules a file of cases stands beside: `users/ada@example.org`; nil where that is the admin's.
  func home(of one: RuleCase) -> String? {
    guard one.file.hasPrefix(path + "/") else { return nil }
    let parts = one.file.dropFirst(path.count + 1).split(separator: "/")
    guard parts.count > 2, parts[0] == "users" || parts[0] == "domains" else { return nil }
    return "\(parts[0])/\(parts[1])"
  }

  /// The rules that `*` means in a case: all of its own folder and of the admin's, but for what is local (90- and above)
  /// where the case is not: nobody who writes a rule of his own is to mend the shipped cases.
  func rules(meantBy one: RuleCase) -> Set<String> {
    let home = home(of: one).map { $0 + "/" }
    let name = one.file.split(separator: "/").last ?? ""
    let isLocal = home != nil || !Self.isShipped(name)
    return Set(
      rules.filter { rule in
        if let home, rule.file.hasPrefix(home) { return true }
        return !rule.file.contains("/") && (isLocal || Self.isShipped(rule.file[...]))
      }.map(\.id))
  }

  private static func isShipped(_ name: Substring) -> Bool { name < "90" }
}
