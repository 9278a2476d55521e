internal import Bytes
internal import Filtering
internal import Patterns
internal import RuleLanguage

extension GatewayRuleBook {
  /// Reads a folder of rules: the admin's (`*.rc`), those of domains (`domains/DOMAIN/*.rc`) and of recipients
  /// (`users/ADDRESS/*.rc`).
  ///
  /// - Parameter old: the book that this one takes the place of: what it has compiled of the same expressions stays.
  /// - Returns: also what is wrong, each problem once; with an error among them the book is not to go live.
  public static func read(
    _ folder: RuleFolder, _ terms: RuleTerms, replacing old: GatewayRuleBook? = nil
  ) -> (book: GatewayRuleBook, problems: [RuleBookProblem]) {
    var reader = RuleBookReader(folder, terms)
    let book = reader.book(replacing: old)
    return (book, reader.problems)
  }
}

/// Makes a book of a folder.
struct RuleBookReader {
  private let folder: RuleFolder
  private let terms: RuleTerms
  private let shelf: RuleShelf
  private var builder = PatternViews.Builder()
  private(set) var problems: [RuleBookProblem] = []
  private var sets: [RuleSet] = []
  private var chains: [RuleChain] = []
  private var known: [Contents: Int] = [:]

  /// What makes one set differ from another.
  private struct Contents: Hashable {
    let skipped: Set<Int>
    let domain: Int?
    let user: Int?
  }

  /// What one folder beneath brings.
  private struct Home {
    /// nil where there are no rules in it.
    var part: Int?
    /// Recipes of the admin's that do not count.
    var skipped: Set<Int> = []
  }

  init(_ folder: RuleFolder, _ terms: RuleTerms) {
    self.folder = folder
    self.terms = terms
    shelf = RuleShelf(folder, terms)
  }

  mutating func book(replacing old: GatewayRuleBook?) -> GatewayRuleBook {
    let paths = folder.files.keys.filter(RuleFolder.isRules)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for path in paths { _ = shelf.file(path) }
    var plans: [(home: String, plan: RulePlan)] = []
    let admin = plan(of: "").map { plan in
      plans.append(("", plan))
      return plans.count - 1
    }
    let domainNames = names(in: "domains")
    let userNames = names(in: "users")
    var domains: [String: Home] = [:]
    var users: [String: Home] = [:]
    for name in domainNames { domains[name] = home("domains/" + name, admin.map { plans[$0].plan }, &plans) }
    for name in userNames { users[name] = home("users/" + name, admin.map { plans[$0].plan }, &plans) }
    let parts = self.parts(plans)
    collectProblems()
    let general = set([], nil, nil, admin, parts)
    var domainSets: [String: Int] = [:]
    var userSets: [String: Int] = [:]
    for name in domainNames {
      guard let home = domains[name] else { continue }
      domainSets[name] = set(home.skipped, home.part, nil, admin, parts)
    }
    for name in userNames {
      guard let home = users[name] else { continue }
      let domain = name.lastIndex(of: "@").map { String(name[name.index(after: $0)...]) }
      let around = domain.flatMap { domains[$0] }
      userSets[name] = set(
        home.skipped.union(around?.skipped ?? []), around?.part, home.part, admin, parts)
    }
    precondition(general == 0, "the general set comes first")
    return GatewayRuleBook(
      terms: terms, views: builder.built(replacing: old?.views ?? .none), sets: sets, chains: chains,
      parts: parts, domains: domainSets, users: userSets)
  }

  // MARK: - Plans

  /// The rules that stand in a folder itself; nil where there are none.
  private mutating func plan(of home: String) -> RulePlan? {
    guard terms.mode != .off, let plan = shelf.plan(of: home) else { return nil }
    report(plan.problems)
    return plan
  }

  private mutating func parts(_ plans: [(home: String, plan: RulePlan)]) -> [RulePart] {
    let files = shelf.files
    let folder = folder
    return plans.map { home, plan in
      RulePart(
        home: home, plan: plan, places: plan.patterns.map { place(of: $0) },
        files: { name in folder.path(of: name, from: home).flatMap { files[$0] } },
        lists: shelf.lists(from: home))
    }
  }

  private mutating func place(of pattern: RulePattern) -> PatternViews.Place? {
    do {
      return try builder.place(of: pattern)
    } catch {
      report([pattern.problem(error.message, atOctet: error.offset)].compactMap { $0 })
      return nil
    }
  }

  // MARK: - Folders of domains and recipients

  /// The names of the folders beneath one, those that can be found.
  private mutating func names(in kind: String) -> [String] {
    for path in shelf.rules[kind] ?? [] {
      report(
        .init(
          isError: false,
          description: "\(path):1:1: warning: these rules are nobody's\n"
            + "  put them in a folder that is called as the \(kind == "users" ? "address" : "domain") is"))
    }
    return folder.folders(in: kind).filter { name in
      let isRight = name == name.lowercasedASCII && name.contains("@") == (kind == "users")
      if !isRight {
        report(
          .init(
            isError: true,
            description: "\(kind)/\(name):1:1: error: nobody's rules are looked for under this name\n"
              + (kind == "users"
                ? "  a folder of users is called as an address is, in small letters: ada@example.org"
                : "  a folder of domains is called as a domain is, in small letters: example.org")))
      }
      return isRight
    }
  }

  private mutating func home(
    _ path: String, _ admin: RulePlan?, _ plans: inout [(home: String, plan: RulePlan)]
  ) -> Home {
    var home = Home()
    if let plan = plan(of: path) {
      plans.append((path, plan))
      home.part = plans.count - 1
    }
    guard terms.mode != .off, let text = folder.files["\(path)/\(OptOut.name)"] else { return home }
    let optOut = OptOut(text, file: "\(path)/\(OptOut.name)", of: admin)
    home.skipped = optOut.skipped
    for problem in optOut.problems { report(problem) }
    return home
  }

  // MARK: - Sets

  /// The number of the set of these rules: the same rules, the same number.
  private mutating func set(
    _ skipped: Set<Int>, _ domain: Int?, _ user: Int?, _ admin: Int?, _ parts: [RulePart]
  ) -> Int {
    let contents = Contents(skipped: skipped, domain: domain, user: user)
    if let number = known[contents] { return number }
    let links =
      [admin, domain, user].compactMap { $0 }.map { place in
        RuleChain.Link(part: parts[place], skipped: place == admin ? skipped : [])
      }
    let number = sets.count
    known[contents] = number
    chains.append(RuleChain(links: links))
    let all = links.map(\.part)
    let name = ["Rules"] + all.map(\.home).filter { !$0.isEmpty }
    sets.append(
      RuleSet(
        id: number,
        name: name.joined(separator: ", ") + (skipped.isEmpty ? "" : " (less what is opted out of)"),
        decidesAtRecipient: all.contains { $0.plan.hasRecipientStage },
        waitsAtRecipient: all.contains {
          $0.plan.hasRecipientStage && $0.needs.recipient.waits(at: .recipient)
        },
        isEmpty: all.isEmpty, waitsAtMessage: all.contains { $0.needs.message.waits(at: .message) }))
    return number
  }

  // MARK: - Problems

  private mutating func collectProblems() {
    for file in shelf.all {
      report(file.problems + file.futileConditions(terms.unasked) + file.strayAddresses())
    }
    report(shelf.missingLists())
    for (path, problem) in shelf.listProblems {
      report(
        RuleBookProblem(
          isError: problem.isError,
          description: "\(path):\(problem.line):\(problem.column): "
            + "\(problem.isError ? "error" : "warning"): \(problem.message)"))
    }
  }

  private mutating func report(_ found: [RuleProblem]) {
    for problem in found {
      report(RuleBookProblem(isError: problem.isError, description: problem.description))
    }
  }

  // Bound: problems of a folder.
  private static let mostProblems = 1000

  private mutating func report(_ problem: RuleBookProblem) {
    if problems.count < Self.mostProblems, !problems.contains(problem) { problems.append(problem) }
  }
}
