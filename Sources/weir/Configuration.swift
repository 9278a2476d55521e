import Bytes
import Checks
import DNS
import Filtering
import Foundation
import MailAuthentication
import NetAddress
import Patterns
import Rules
import SMTPProtocol
import SMTPRelay
import SMTPServer
import Settings
import Storage
import Telemetry

/// All that the configuration file names, read and found sound together: one generation.
struct Configuration: Sendable {
  let settings: Settings
  let lists: ListSnapshot
  let routes: [RoutesMap.Entry]
  /// Recipients files by backend.
  let recipients: [String: RecipientsFile]
  var plan: CheckPlan
  /// The DNS lists.
  let zones: DNSZones
  var scores: ScoreTable
  let relay: RelayControl
  var catalogue: ReasonCatalogue
  /// Warnings; errors never get this far.
  let warnings: [String]
  let authorities: AuthorityFiles
  /// The records of `dns.fixture`, where it is named: nobody else is asked then.
  let fixture: DNSTable?
  /// Who knows where addresses are; nil where no file says so.
  let locations: (any LocationSource)?
  /// The rules.
  let rules: GatewayRuleBook

  /// The reason catalogue's entries of all modules.
  static let reasons =
    ProtocolReasons.all + FilteringReasons.all + Catalogue.reasons + ServerReasons.all + RelayReasons.all
    + SystemReasons.all + ZoneReasons.all + NameReasons.all + TelemetryReasons.all + RuleReasons.all
    + WaitingReasons.all + WaitingSystemReasons.all

  /// Reads the file and all it names.
  ///
  /// - Parameters:
  ///   - text: what stands in place of the file's.
  ///   - resolves: whether there is somebody to ask about names, whatever the file says.
  ///   - runsPrograms: whether rules may run the programs that are allowed: a gateway's do, those of a trial do not.
  ///   - rules: those that are in force: what they have compiled goes on where their expressions do.
  ///   - rulesFolder: where rules are read from, whatever the file says.
  ///   - bearsUnknownRules: whether switching a rule that is gone is a warning: an update of the shipped rules keeps no
  ///     gateway from starting.
  /// - Returns: the configuration, or nil where there are errors; and every problem as `file:line:column: reason`.
  static func load(
    _ file: String, at now: Timestamp = Clock.now, text: String? = nil, resolves: Bool? = nil,
    replacing rules: GatewayRuleBook? = nil, runsPrograms: Bool = false, rulesFolder: String? = nil,
    bearsUnknownRules: Bool = false
  ) -> (configuration: Configuration?, problems: [Problem]) {
    var loader = ConfigurationLoader(file: file, now: now, text: text, resolves: resolves, rules: rules)
    loader.runsPrograms = runsPrograms
    loader.rulesFolder = rulesFolder
    loader.bearsUnknownRules = bearsUnknownRules
    let configuration = loader.load()
    return (loader.problems.contains(where: \.isError) ? nil : configuration, loader.problems)
  }

  struct Problem: Sendable, CustomStringConvertible {
    let isError: Bool
    let description: String
  }
}

private struct ConfigurationLoader {
  let file: String
  let now: Timestamp
  let text: String?
  let resolves: Bool?
  /// Those that are in force.
  let rules: GatewayRuleBook?
  var runsPrograms = false
  var rulesFolder: String?
  var bearsUnknownRules = false
  var problems: [Configuration.Problem] = []

  init(file: String, now: Timestamp, text: String?, resolves: Bool?, rules: GatewayRuleBook?) {
    self.file = file
    self.now = now
    self.text = text
    self.resolves = resolves
    self.rules = rules
  }

  mutating func load() -> Configuration? {
    guard let text = text ?? read(file) else { return nil }
    let exists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }
    let reading = Settings.read(text: text, file: file, fileExists: exists)
    report(reading.problems)
    guard let settings = reading.settings else {
      // All in one go: what else is wrong with the parts that could be read.
      if let draft = reading.draft {
        reportUnknownChecks(draft)
        _ = replies(draft)
      }
      return nil
    }
    let lists = self.lists(settings)
    let (routes, recipients) = maps(settings)
    let relay = RelayControl(
      domains: settings.relay.domains, networks: settings.relay.networks,
      restrictions: settings.relay.senders, certificates: settings.relay.certificates,
      rights: rights(settings))
    var materials = CheckMaterials(lists: lists, relay: relay, settings: settings)
    materials.resolves = resolves ?? settings.dns.isEnabled
    materials.trusted = IPPrefixSet(settings.relay.networks.prefixes + settings.trustedNetworks.prefixes)
    materials.suffixes = suffixes(settings)
    materials.zones = zones(settings)
    (materials.locations, materials.dynamicPatterns) = clientFiles(settings)
    materials.files = InspectionWiring.inspector(settings)
    report(InspectionWiring.problems(settings))
    let (plan, scores, checkProblems) = Catalogue.plan(materials)
    report(checkProblems)
    reportUnknownChecks(settings)
    let (rules, ruleProblems) = RuleWiring.book(
      materials, at: now, replacing: self.rules, runsPrograms: runsPrograms, folder: rulesFolder,
      bearsUnknown: bearsUnknownRules)
    problems += ruleProblems
    let replies = self.replies(settings)
    let (fixture, fixtureProblems) = NameFixture.read(settings)
    problems += fixtureProblems + NameResolution.problems(settings)
    return Configuration(
      settings: settings, lists: lists, routes: routes, recipients: recipients, plan: plan,
      zones: materials.zones, scores: scores,
      relay: relay,
      catalogue: ReasonCatalogue(Configuration.reasons, replacing: replies, hostname: settings.hostname),
      warnings: problems.filter { !$0.isError }.map(\.description), authorities: AuthorityFiles(settings),
      fixture: fixture, locations: materials.locations, rules: rules)
  }

  /// What files say of clients: where they are, and what the names of homes' connections look like.
  private mutating func clientFiles(_ settings: Settings) -> ((any LocationSource)?, PatternFile) {
    let (locations, faults) = LocationWiring.read(settings)
    let (patterns, problems) = DynamicPatternsFile.read(settings)
    report(faults + problems)
    return (locations, patterns)
  }

  private mutating func report(_ found: [SettingsProblem]) {
    problems += found.map { Configuration.Problem(isError: $0.isError, description: "\($0)") }
  }

  private mutating func fail(_ description: String) {
    problems.append(Configuration.Problem(isError: true, description: description))
  }

  private mutating func read(_ path: String) -> String? {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      guard let text = String(validating: data, as: UTF8.self) else {
        fail("\(path):1:1: not UTF-8 text; a configuration is plain text in UTF-8")
        return nil
      }
      return text
    } catch {
      let isMissing = path == file && !FileManager.default.fileExists(atPath: path)
      fail(
        isMissing
          ? "\(path):1:1: there is no such file; --config names it"
          : "\(path):1:1: cannot be read: \(FileFault.words(error))")
      return nil
    }
  }

  private mutating func lists(_ settings: Settings) -> ListSnapshot {
    let folder = settings.resolve(settings.listsFolder)
    let isNamed = settings.isWritten("lists.folder")
    guard isNamed || FileManager.default.fileExists(atPath: folder) else {
      problems.append(
        .init(
          isError: false,
          description:
            "\(settings.problem("lists.folder", as: .warning, "no folder \(folder): there are no local lists; make it, or name another in [lists] folder"))"
        ))
      return .empty
    }
    do {
      let reading = ListSnapshot.parse(try BlocklistFolder(folder).sources(), at: now)
      for problem in reading.problems {
        problems.append(.init(isError: problem.isError, description: "\(folder)/\(problem)"))
      }
      return reading.snapshot
    } catch {
      report([settings.problem("lists.folder", "\(error)")])
      return .empty
    }
  }

  private mutating func suffixes(_ settings: Settings) -> PublicSuffixes {
    let (suffixes, found) = SuffixFile.read(settings)
    report(found)
    return suffixes
  }

  /// The DNS lists.
  private mutating func zones(_ settings: Settings) -> DNSZones {
    let (zones, found) = ZonesFile.read(settings)
    problems += found
    return zones
  }

  /// What users may send as.
  private mutating func rights(_ settings: Settings) -> SenderRights {
    let submission = settings.submission
    var rule = SenderRights.Rule.own
    switch submission.senders {
    case .own: break
    case .any: rule = .any
    case .mapped:
      rule = .mapped(.empty)
      guard let path = submission.sendersMap.map(settings.resolve), let text = read(path) else { break }
      let (map, found) = SendersMap.read(text: text, file: path)
      report(found)
      rule = .mapped(map)
    }
    return SenderRights(rule, userDomain: settings.auth?.domain, headerDomain: submission.domain)
  }

  /// The routes map and the recipients files.
  private mutating func maps(_ settings: Settings) -> ([RoutesMap.Entry], [String: RecipientsFile]) {
    var routes: [RoutesMap.Entry] = []
    let names = settings.backends.map(\.name)
    let files = [settings.relay.routes].compactMap { $0 } + settings.backends.compactMap(\.routes)
    for path in Set(files).sorted() {
      let resolved = settings.resolve(path)
      guard let text = read(resolved) else { continue }
      let (map, found) = RoutesMap.read(text: text, file: resolved, backends: names)
      report(found)
      routes += map.entries
    }
    var recipients: [String: RecipientsFile] = [:]
    for backend in settings.backends {
      if let problem = Wiring.encryptionProblem(backend, settings) {
        report([
          settings.problem(backend.path + (backend.tlsAuthorities == nil ? ".tls" : ".tls_ca"), problem)
        ])
      }
      guard case .file(let path) = backend.recipients else { continue }
      let resolved = settings.resolve(path)
      guard let text = read(resolved) else { continue }
      let (known, found) = RecipientsFile.read(text: text, file: resolved)
      report(found)
      recipients[backend.name] = known
    }
    return (routes, recipients)
  }

  private mutating func reportUnknownChecks(_ settings: Settings) {
    report(settings.unknownChecks(known: Catalogue.names + [RuleWiring.check]))
  }

  private mutating func replies(_ settings: Settings) -> [String: String] {
    let catalogue = ReasonCatalogue(Configuration.reasons)
    for (code, text) in settings.replies.sorted(by: { $0.key < $1.key }) {
      guard let reason = catalogue[ReasonCode(code)] else {
        report([
          settings.problem(
            "replies.\(code)", "no reply has the code \(code.printable(limit: 60)); weir explain lists them")
        ])
        continue
      }
      if let fault = ReasonCatalogue.fault(in: text, for: reason) {
        report([settings.problem("replies.\(code)", fault)])
      }
      if FilteringReasons.spokenByBackend.contains(reason.code) {
        let text =
          "replies.\(code) is never said: the backend's own words are passed on; change them there"
        report([settings.problem("replies.\(code)", as: .warning, text)])
      }
    }
    return settings.replies
  }
}

/// What the system says about a file, in its own words and no more.
enum FileFault {
  static func unreadable(_ path: String) -> String {
    FileManager.default.fileExists(atPath: path)
      ? "\(path): cannot be read" : "\(path): there is no such file"
  }

  static func words(_ error: any Error) -> String {
    let error = error as NSError
    if let under = error.userInfo[NSUnderlyingErrorKey] as? NSError, under.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(under.code)))
    }
    if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
    return error.localizedDescription
  }
}
