import Bytes
import Checks
import Filtering
import Foundation
import Programs
import RuleLanguage
import Rules
import SMTPProtocol
import Settings

/// Which settings become which rules.
enum RuleWiring {
  /// The name of their table `[checks.rules]`.
  static let check = "rules"

  /// The codes that may be weighed there.
  private static let weighed: [ReasonCode] = [.ruleUnavailable, .ruleOverBudget]

  /// The rules of a configuration.
  ///
  /// - Parameters:
  ///   - old: those that are in force.
  ///   - runsPrograms: whether programs are run that are allowed: some take mail for good.
  ///   - folder: where they are, whatever the settings say.
  ///   - bearsUnknown: whether switching a rule that is gone is a warning.
  /// - Returns: also what is wrong with them, and with their settings.
  static func book(
    _ materials: CheckMaterials, at now: Timestamp, replacing old: GatewayRuleBook?, runsPrograms: Bool,
    folder named: String? = nil, bearsUnknown: Bool = false
  ) -> (GatewayRuleBook, [Configuration.Problem]) {
    let settings = materials.settings
    let (folder, faults) = RulesFolder.read(settings, at: named)
    var problems = (faults + self.problems(settings)).map {
      Configuration.Problem(isError: $0.isError, description: "\($0)")
    }
    let (book, found) = GatewayRuleBook.read(
      folder, terms(materials, at: now, replacing: old, runsPrograms), replacing: old)
    problems += found.map {
      Configuration.Problem(isError: $0.isError, description: "\(folder.path)/\($0)")
    }
    // Other rules than the configuration's are not those that it speaks of.
    if faults.isEmpty, named == nil {
      problems += switchedRules(settings, book, bearsUnknown: bearsUnknown).map {
        .init(isError: $0.isError, description: "\($0)")
      }
    }
    return (book, problems)
  }

  /// Rules that are switched and are not there, or by ids that may become another's.
  private static func switchedRules(
    _ settings: Settings, _ book: GatewayRuleBook, bearsUnknown: Bool
  ) -> [SettingsProblem] {
    guard settings.checks[check]?.mode != .off else { return [] }
    let listing = book.listing
    let known = Set(listing.map(\.id))
    let unnamed = Set(listing.filter { $0.id == $0.place }.map(\.id))
    var problems: [SettingsProblem] = []
    for (key, ids) in [("rules.off", settings.rules.off), ("rules.shadow", settings.rules.shadow)] {
      for (place, id) in ids.enumerated() {
        let shown = "'\(id.printable(limit: 64))'"
        if !known.contains(id) {
          let clause = Suggestion.clause(for: id, in: known)
          problems.append(
            settings.problem(
              "\(key)[\(place)]", as: bearsUnknown ? .warning : .error,
              "\(key): there is no rule \(shown)\(clause); weir rules list tells them"))
        } else if unnamed.contains(id) {
          problems.append(
            settings.problem(
              "\(key)[\(place)]", as: .warning,
              "\(key): \(shown) means another rule when lines move; give it a name, # weir: name MY_RULE, and write that"
            ))
        }
      }
    }
    return problems
  }

  private static func problems(_ settings: Settings) -> [SettingsProblem] {
    guard let check = settings.checks[check] else { return [] }
    let known = weighed.map(\.name)
    return check.keys.problems
      + check.weights.keys.sorted().filter { !known.contains($0) }.map { code in
        settings.problem(
          "\(check.path).weights.\(code)",
          "rules weigh what they say themselves; here \(known.joined(separator: " and ")) can be weighed")
      }
  }

  private static func terms(
    _ materials: CheckMaterials, at now: Timestamp, replacing old: GatewayRuleBook?, _ runsPrograms: Bool
  ) -> RuleTerms {
    let settings = materials.settings
    let own = settings.checks[check]
    var terms = RuleTerms()
    terms.hostName = settings.hostname
    terms.mode = own?.mode.flatMap { CheckMode(rawValue: $0.rawValue) } ?? .enforce
    terms.modes = Dictionary(
      settings.rules.off.map { ($0, .off) } + settings.rules.shadow.map { ($0, .shadow) },
      uniquingKeysWith: min)
    terms.weights = Dictionary(
      uniqueKeysWithValues: weighed.map { ($0, own?.weights[$0.name] ?? 0) })
    terms.budget = UInt64(clamping: settings.rules.time.milliseconds) * 1_000_000
    terms.clock = clock
    terms.lists = materials.lists
    terms.now = now
    terms.locations = materials.locations
    terms.trusted = materials.trusted
    terms.counters = old?.counters ?? RuleCounters()
    let programs = AllowedPrograms(settings.rules.programs)
    terms.programs = programs.names
    terms.runner = !runsPrograms || programs.paths.isEmpty ? nil : ChildPrograms(programs)
    terms.programLimits.time = settings.rules.programTimeout
    terms.programLimits.memory = settings.rules.programMemory
    terms.unasked = unasked(materials)
    return terms
  }

  /// What nobody finds out where a check is off, or nobody is asked about names.
  private static func unasked(_ materials: CheckMaterials) -> [GatewayVariable: String] {
    var unasked: [GatewayVariable: String] = [:]
    let checks: [(GatewayVariable, String)] = [
      (.spf, "spf"), (.dnsbl, "dnsbl"), (.dkim, "dkim"), (.dmarc, "dmarc"), (.arc, "arc"),
    ]
    for (variable, name) in checks {
      if !materials.resolves {
        unasked[variable] = "nobody is asked about names (dns.enabled)"
      } else if materials.settings.checks[name]?.mode == .off {
        unasked[variable] = "checks.\(name) is off"
      }
    }
    if !materials.resolves { unasked[.clientName] = "nobody is asked about names (dns.enabled)" }
    if materials.locations == nil {
      unasked[.country] = "no file says where addresses are: checks.country.file"
    }
    return unasked
  }

  /// Nanoseconds that pass also while nobody computes: what holds a session up.
  @Sendable private static func clock() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
