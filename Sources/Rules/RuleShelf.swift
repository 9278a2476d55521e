internal import Bytes
internal import Filtering
internal import RuleLanguage

/// The files of a folder of rules as they are read, each once.
final class RuleShelf {
  private let folder: RuleFolder
  private let terms: RuleTerms
  /// By path.
  private(set) var files: [String: RuleFile] = [:]
  /// In the order in which they were read.
  private var order: [String] = []
  private var listFiles: [String: RuleList?] = [:]
  /// The rule files that stand in a folder itself.
  let rules: [String: [String]]

  init(_ folder: RuleFolder, _ terms: RuleTerms) {
    self.folder = folder
    self.terms = terms
    rules = folder.rulesByFolder
  }

  var all: [RuleFile] { order.compactMap { files[$0] } }

  /// The rule file at a path of the folder.
  func file(_ path: String) -> RuleFile? {
    if let known = files[path] { return known }
    guard let octets = folder.files[path] else { return nil }
    var options = RuleParserOptions()
    options.programs = terms.programs
    options.modes = terms.modes
    let file = RuleParser.parse(name: path, octets: octets, options: options)
    files[path] = file
    order.append(path)
    return file
  }

  /// The rule file of a name in INCLUDERC or SWITCHRC.
  func file(named name: String, from home: String) -> RuleFile? {
    folder.path(of: name, from: home).flatMap(file)
  }

  /// The rules that stand in a folder itself, with all that they include; nil where there are none.
  func plan(of home: String) -> RulePlan? {
    var files: [RuleFile] = []
    for path in rules[home] ?? [] {
      if let file = file(path) { files.append(file) }
    }
    guard !files.isEmpty else { return nil }
    return RulePlan(
      files: files, including: { name in self.file(named: name, from: home) }, liesOutside: folder.isOutside)
  }

  // MARK: - Lists

  /// The names of lists that any file asks. Only when all files are read.
  private lazy var asked: Set<String> = Set(all.flatMap { $0.askedLists.map(\.name) })

  /// The lists that any file asks, by name, as they are found from a folder.
  func lists(from home: String) -> [String: RuleList] {
    var lists: [String: RuleList] = [:]
    for name in asked { lists[name] = list(name, from: home) }
    return lists
  }

  /// Each place that asks a list which is not there.
  func missingLists() -> [RuleProblem] {
    all.flatMap { file in
      file.askedLists.compactMap { name, place in
        guard list(name, from: Self.home(of: file.name)) == nil else { return nil }
        return file.problem(
          .error, "there is no list '\(name.printable(limit: 60))'",
          cure:
            "make the file \(Self.isPlain(name) ? name + ".list" : name) beside the rules, a value a line,"
            + " or name one of the folder of lists: block.senders", at: place)
      }
    }
  }

  private static func isPlain(_ name: String) -> Bool { !name.contains(".") }

  /// The folder that the rules of a file are of.
  private static func home(of path: String) -> String {
    let parts = path.split(separator: "/")
    guard parts.count >= 3, parts[0] == "domains" || parts[0] == "users" else { return "" }
    return "\(parts[0])/\(parts[1])"
  }

  private func list(_ name: String, from home: String) -> RuleList? {
    for candidate in [name, name + ".list"] {
      if let path = folder.path(of: candidate, from: home) { return list(at: path) }
    }
    guard case .list(let kind, _) = ListFileName(name), terms.lists.files.contains(name) else { return nil }
    return .listed(terms.lists, file: name, kind)
  }

  private func list(at path: String) -> RuleList? {
    if let known = listFiles[path] { return known }
    let list = read(path)
    listFiles[path] = .some(list)
    return list
  }

  /// A file beside the rules: of entries where its extension says of what, else of values.
  private func read(_ path: String) -> RuleList? {
    guard let text = folder.files[path] else { return nil }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."),
      let kind = ListKind(rawValue: String(name[name.index(after: dot)...]))
    else { return RuleList.values(text) }
    // By this name the reader takes it for a list, and whether it blocks says nothing here.
    let file = "block-rules." + kind.rawValue
    let reading = ListSnapshot.parse([ListSource(file: file, text: text)], at: terms.now)
    for problem in reading.problems { listProblems.append((path, problem)) }
    return .listed(reading.snapshot, file: file, kind)
  }

  /// What is wrong with lists beside the rules.
  private(set) var listProblems: [(path: String, problem: ListProblem)] = []
}
