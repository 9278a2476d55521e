import Bytes
import Filtering
import Foundation
import Patterns
import Rules
import Settings
import Storage
import TestSupport
import Testing

@testable import weir

/// The folder of rules as a configuration reads it, and what is compiled of it.
@Suite struct RuleLoadingTests {
  private static let head = """
    hostname = "mx.example.org"
    backend = [{ address = "127.0.0.1:9", recipients = "any" }]
    relay.domains = ["example.org"]
    listener = [{ address = "127.0.0.1:2525" }]
    dns.enabled = false

    """

  private struct Loaded {
    let folder: ScratchFolder
    let configuration: weir.Configuration?
    let problems: [weir.Configuration.Problem]

    /// Those of rules, the path to the folder taken off.
    var told: [String] {
      problems.map(\.description).filter { !$0.contains("Blocklists") }
        .map { $0.replacing(folder.path + "/", with: "") }
    }
  }

  private static func load(
    _ files: [String: String], settings: String = "", replacing old: GatewayRuleBook? = nil
  ) throws -> Loaded {
    let folder = try ScratchFolder("rules")
    for (path, text) in files { try folder.write(path, text) }
    let path = try folder.write("weir.toml", head + settings)
    let (configuration, problems) = weir.Configuration.load(path, replacing: old)
    return Loaded(folder: folder, configuration: configuration, problems: problems)
  }

  @Test func theFolderBesideTheConfigurationIsRead() throws {
    let loaded = try Self.load([
      "Rules/10-a.rc": ":0\n* SUBJECT ?? one\nscore +1 A\n", "Rules/README.md": ":0 Q\n",
      "Rules/a.case": ":0 Q\n", "Rules/10-a.rc~": ":0 Q\n", "Rules/.hidden.rc": ":0 Q\n",
      "Rules/users/ada@example.org/own.rc": ":0\ntag\n",
    ])
    #expect(loaded.told == [])
    #expect(loaded.configuration?.rules.count == 2)
  }

  @Test func noFolderIsNoRules() throws {
    #expect(try Self.load([:]).configuration?.rules.general.isEmpty == true)
    let named = try Self.load([:], settings: "rules.folder = \"Rules\"\n")
    #expect(named.configuration == nil)
    #expect(named.told == ["weir.toml:6:16: Rules: there is no such file"])
  }

  @Test func aMistakeIsShownWithItsPlaceAndCure() throws {
    let loaded = try Self.load(["Rules/10-a.rc": ":0\n* SUBJECT ?? a{3}\nscore +1 A\n"])
    #expect(loaded.configuration == nil)
    let told = try #require(loaded.told.first)
    #expect(told.hasPrefix("Rules/10-a.rc:2:"))
    #expect(told.contains("\n    * SUBJECT ?? a{3}\n") && told.contains("^~"))
  }

  @Test(arguments: [
    ("a.rc", ":0\n* PCRE ?? SUBJECT ?? fo(o\ntag\n", "Rules/a.rc:2:", "PCRE2 does not take this"),
    ("a.rc", ":0\n* IN(nobody) ?? SENDER\ntag\n", "Rules/a.rc:2:3: error: there is no list 'nobody'", ""),
    ("a.rc", ":0\n* ? /usr/bin/spamc\ntag\n", "Rules/a.rc:2:", "programs are off"),
    ("users/ada@example.org/opt-out", "X\n", "Rules/users/ada@example.org/opt-out:1:1: error: ", ""),
  ])
  func anErrorKeepsTheEditFromGoingLive(_ file: String, _ text: String, _ start: String, _ words: String)
    throws
  {
    let loaded = try Self.load(["Rules/\(file)": text])
    #expect(loaded.configuration == nil)
    #expect(
      loaded.told.contains { $0.hasPrefix(start) && (words.isEmpty || $0.contains(words)) }, "\(loaded.told)")
  }

  @Test func allowedProgramsMayBeNamed() throws {
    let rule = ["Rules/a.rc": ":0\n* ? spamc -c\ntag\n"]
    let loaded = try Self.load(rule, settings: "rules.programs = [\"/usr/bin/spamc\"]\n")
    #expect(loaded.configuration != nil, "\(loaded.told)")
    let filter = try Self.load(
      ["Rules/a.rc": ":0 fw\n| spamc\n"], settings: "rules.programs = [\"/usr/bin/spamc\"]\n")
    #expect(filter.told.contains { $0.hasPrefix("Rules/a.rc:2:1: error: no program changes a message here") })
  }

  @Test func whatNobodyFindsOutIsWarnedOf() throws {
    let loaded = try Self.load(["Rules/a.rc": ":0\n* SPF ?? fail\n* ! SPF ?? pass\ntag\n"])
    #expect(loaded.configuration != nil)
    #expect(loaded.told.count == 1)
    #expect(
      loaded.told.first?.hasPrefix(
        "Rules/a.rc:2:3: warning: nobody knows SPF: nobody is asked about names (dns.enabled)") == true)
  }

  @Test func theTableOfTheCheckCountsForAll() throws {
    let rule = ["Rules/a.rc": ":0\nreject\n"]
    #expect(try Self.load(rule, settings: "checks.rules.mode = \"off\"\n").configuration?.rules.count == 0)
    let shadow = try Self.load(rule, settings: "checks.rules.mode = \"shadow\"\n")
    #expect(shadow.configuration?.rules.listing.map(\.mode.rawValue) == ["shadow"])
    let weighed = try Self.load(rule, settings: "checks.rules.weights.RULE_UNAVAILABLE = 1.0\n")
    #expect(weighed.configuration != nil)
    let wrong = try Self.load(rule, settings: "checks.rules.weights.RULE_SCORE = 1.0\n")
    #expect(wrong.told.contains { $0.contains("rules weigh what they say themselves") })
    let unknown = try Self.load(rule, settings: "checks.rules.folder = \"x\"\n")
    #expect(unknown.told.contains { $0.contains("unknown key 'folder' in [checks.rules]") })
  }

  @Test func rulesAreSwitchedByTheConfiguration() throws {
    let rules = [
      "Rules/10-a.rc":
        "# weir: name INVOICE_CN\n:0\n* SUBJECT ?? a\nreject\n# weir: name LOTTERY\n:0\n* SUBJECT ?? b\nreject\n",
      "Rules/users/ada@example.org/a.rc": ":0\ntag\n",
    ]
    let text =
      "rules.off = [\"INVOICE_CN\", \"users/ada@example.org/a.rc:1\"]\nrules.shadow = [\"LOTTERY\"]\n"
    let loaded = try Self.load(rules, settings: text)
    #expect(
      loaded.told == [
        "weir.toml:6:28: warning: rules.off: 'users/ada@example.org/a.rc:1' means another rule when lines move; give it a name, # weir: name MY_RULE, and write that"
      ])
    #expect(loaded.configuration?.rules.listing.map(\.mode) == [.off, .shadow, .off])
    let wrong = try Self.load(
      rules, settings: "rules.off = [\"LOTTERY\", \"INVOCE_CN\"]\nrules.shadow = [\"X\"]\n")
    #expect(
      wrong.told == [
        "weir.toml:6:25: rules.off: there is no rule 'INVOCE_CN'; did you mean 'INVOICE_CN'?; weir rules list tells them",
        "weir.toml:7:17: rules.shadow: there is no rule 'X'; weir rules list tells them",
      ])
    #expect(wrong.configuration == nil)
    // A gateway starts all the same, with what is there.
    let (started, problems) = weir.Configuration.load(
      "\(wrong.folder.path)/weir.toml", bearsUnknownRules: true)
    #expect(started?.rules.listing.map(\.mode) == [.enforce, .off, .enforce])
    #expect(
      problems.count { !$0.isError && $0.description.contains(": warning: rules.") } == 2, "\(problems)")
    // Where all rules are off nobody knows which there are.
    let off = try Self.load(rules, settings: "rules.off = [\"X\"]\nchecks.rules.mode = \"off\"\n")
    #expect(off.configuration != nil, "\(off.told)")
  }

  /// Whether `--config` is a relative path or not.
  @Test func theFolderIsKnownFromTheRootOn() throws {
    let folder = try ScratchFolder("rules")
    let here = FileManager.default.currentDirectoryPath
    #expect(RulesFolder.absolute("Rules") == "\(here)/Rules")
    #expect(RulesFolder.absolute("./a/../Rules/") == "\(here)/Rules")
    #expect(RulesFolder.absolute("/etc//weir/./Rules") == "/etc/weir/Rules")
    try folder.write("Rules/lib/x.inc", ":0\nscore +1 X\n")
    try folder.write("Rules/a.rc", "INCLUDERC=\(RulesFolder.absolute(folder.path))/Rules/lib/x.inc\n")
    let up = String(repeating: "../", count: here.split(separator: "/").count)
    let file = RulesFolder.absolute(try folder.write("weir.toml", Self.head))
    let (loaded, problems) = weir.Configuration.load("\(up)\(file.dropFirst())")
    #expect(loaded?.rules.listing.map(\.action) == ["score +1 X"], "\(problems)")
  }

  @Test func boundsOfTheFolderHold() throws {
    let folder = try ScratchFolder("rules")
    try folder.write("Rules/a/b/c/d/e/f/g/h.rc", ":0\ntag\n")
    let deep = weir.Configuration.load(try folder.write("weir.toml", Self.head)).problems.map(\.description)
    #expect(deep.contains { $0.contains("more than 6 folders in folders") })
    let pipe = try ScratchFolder("rules")
    try pipe.folder("Rules")
    #expect(mkfifo(pipe.file("Rules/a.rc"), 0o600) == 0)
    let odd = weir.Configuration.load(try pipe.write("weir.toml", Self.head)).problems.map(\.description)
    #expect(odd.contains { $0.hasSuffix("Rules/a.rc: not a file") }, "\(odd)")
  }

  // MARK: - What is compiled

  private static let many = [
    "Rules/a.rc": (1...5).map { ":0\n* SUBJECT ?? word\($0)x\nscore +1 S\($0)\n" }.joined()
  ]

  private static func book(_ files: [String: String], replacing old: GatewayRuleBook? = nil) throws
    -> GatewayRuleBook
  {
    try #require(try load(files, replacing: old).configuration?.rules)
  }

  @Test(.enabled(if: ScanDatabase.library != nil)) func expressionsAreCompiledBehindAndKept() throws {
    let state = try ScratchFolder("state")
    let folder = ScanFolder(state.file("rules"))
    let first = try Self.book(Self.many)
    let scans = RuleScans(folder)
    scans.follow(first)
    #expect(eventually { first.patternSets[0].scan != nil && !scans.status(of: first).isCompiling })
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(kept.count == 1)
    // Another process finds it, at once.
    let second = try Self.book(Self.many)
    let other = RuleScans(folder)
    other.follow(second)
    #expect(second.patternSets[0].scan != nil && second.patternSets[0] !== first.patternSets[0])
    #expect(other.status(of: second) == .init(views: 1, scanned: 1, isCompiling: false, fault: ""))
    // A reload that changes no expression keeps what is there.
    let changed = Self.many.mapValues { $0.replacing("score +1", with: "score +2") }
    let third = try Self.book(changed, replacing: second)
    #expect(third.patternSets[0] === second.patternSets[0])
    #expect(third.counters === second.counters)
  }

  @Test(.enabled(if: ScanDatabase.library != nil)) func aDamagedFileIsMadeAgain() throws {
    let state = try ScratchFolder("state")
    let folder = ScanFolder(state.file("rules"))
    let first = try Self.book(Self.many)
    let scans = RuleScans(folder)
    scans.follow(first)
    #expect(eventually { first.patternSets[0].scan != nil && !scans.status(of: first).isCompiling })
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
    let whole = try readBytes(atPath: "\(folder.path)/\(name)")
    var flipped = whole
    flipped[whole.count - 1] ^= 1
    for damaged in [[], Array(whole[..<20]), Array(whole.dropLast()), flipped] {
      try state.write("rules/\(name)", bytes: damaged)
      let book = try Self.book(Self.many)
      let again = RuleScans(folder)
      again.follow(book)
      #expect(eventually { book.patternSets[0].scan != nil && !again.status(of: book).isCompiling })
      #expect(try readBytes(atPath: "\(folder.path)/\(name)") == whole)
    }
  }

  @Test func whatNobodyUsesIsRemoved() throws {
    let state = try ScratchFolder("state")
    let folder = ScanFolder(state.file("rules"))
    for name in ["a", "b", "c", "d"] { try folder.write(name, [1, 2, 3]) }
    for (name, days) in [("a", 40), ("b", 40), ("c", 20), ("d", 10)] {
      let date = Date(timeIntervalSinceNow: -86_400 * Double(days))
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: "\(folder.path)/\(name)")
    }
    folder.prune(keeping: ["a"], unused: 30 * 86_400, most: 10)
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
    #expect(try names() == ["a", "c", "d"])
    folder.prune(keeping: ["a"], unused: 30 * 86_400, most: 2)
    #expect(try names() == ["a", "d"])
  }

  // MARK: - What is told

  @Test func theForemostComeFirst() async throws {
    var report = RulesReport(try Self.book(Self.many))
    #expect(report.top(by: .time, most: 9).isEmpty)
    for (index, numbers) in [(5, 1), (0, 9), (7, 0), (0, 0), (0, 2)].enumerated() {
      report.rules[index].nanoseconds = UInt64(numbers.0)
      report.rules[index].hits = numbers.1
    }
    #expect(report.top(by: .time, most: 3).map(\.place) == ["a.rc:7", "a.rc:1", "a.rc:4"])
    #expect(report.top(by: .hits, most: 9).map(\.place) == ["a.rc:4", "a.rc:13", "a.rc:1", "a.rc:7"])
    #expect(report.brief.hits.map(\.hits) == [1, 9, 0, 0, 2])
    #expect(
      [RulesReport.time(1_234), RulesReport.time(5_678_900), RulesReport.time(12_340_000_000)] == [
        "1.2 µs", "5.6 ms", "12.3 s",
      ])
  }

  @Test func seriesAreBounded() throws {
    let rules = (1...300).map { "# weir: name R\($0)\n:0\n* SUBJECT ?? w\($0)\nscore +1 S\n" }.joined()
    var report = RulesReport(try Self.book(["Rules/a.rc": rules]))
    for index in report.rules.indices { report.rules[index].hits = 1 }
    let hits = report.brief.hits
    #expect(hits.count == 201 && hits[0].id == "R1" && hits[200].id == "" && hits[200].hits == 100)
  }
}
