internal import Bytes
public import Filtering
public import MailAuthentication
public import NetAddress
public import Patterns
public import SMTPProtocol
public import Settings

/// What the checks are built from: the snapshot of the configuration that they will belong to.
public struct CheckMaterials: Sendable {
  public let lists: ListSnapshot
  public let relay: RelayControl
  public let settings: Settings
  /// Whether there is anybody to ask about names. A check that needs it enlists nothing where not.
  public var resolves = false
  /// The networks whose servers' Received lines are believed: one's own and those of `trust.networks`.
  public var trusted = IPPrefixSet()
  /// Who knows where addresses are; nil where no file says so.
  public var locations: (any LocationSource)?
  /// Under which names the public registers its own; empty where there is no list.
  public var suffixes = PublicSuffixes()
  /// What the names of homes' connections look like.
  public var dynamicPatterns = PatternFile(name: "dynamic.patterns")
  /// Who looks into files; nil where nobody does.
  public var files: (any FileInspector)?
  /// The DNS lists of `zones.toml`.
  public var zones = DNSZones.none

  public init(lists: ListSnapshot, relay: RelayControl, settings: Settings) {
    self.lists = lists
    self.relay = relay
    self.settings = settings
  }

  /// What a code of a check weighs: as the admin says, else as the check does.
  func weight(of code: ReasonCode, in check: any Check.Type) -> Double {
    settings.checks[check.name]?.weights[code.name] ?? check.weights[code]?.score ?? 0
  }
}

/// One check: a file of its own, and one line in `Catalogue.all`.
protocol Check: Sendable {
  /// The name of its table `[checks.NAME]`.
  static var name: String { get }
  static var defaultMode: CheckMode { get }
  /// What its findings weigh and do unless the admin says otherwise.
  static var weights: [ReasonCode: Weight] { get }
  /// What `action` leaves to the score: what would be wrong to refuse for alone.
  static var leftToScore: Set<ReasonCode> { get }
  /// What `action` defers where it refuses the rest: what another try may find out.
  static var deferredAtMost: Set<ReasonCode> { get }
  /// What says nothing where nobody knows the client, or the envelope sender: who that is could have refuted it.
  static var needsClient: Set<ReasonCode> { get }
  static var needsSender: Set<ReasonCode> { get }
  /// Its part of the reason catalogue.
  static var reasons: [Reason] { get }
  /// Reads the check's own keys.
  init(_ materials: CheckMaterials, keys: inout CheckKeys)
  /// Puts its examinations into the plan.
  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage)
}

extension Check {
  static var leftToScore: Set<ReasonCode> { [] }
  static var deferredAtMost: Set<ReasonCode> { [] }
  static var needsClient: Set<ReasonCode> { [] }
  static var needsSender: Set<ReasonCode> { [] }
}

/// All checks, in the order in which their findings are listed.
public enum Catalogue {
  static let all: [any Check.Type] = [
    ClientListCheck.self,
    ClientNameListCheck.self,
    ReverseNameCheck.self,
    DynamicNameCheck.self,
    CountryCheck.self,
    EarlyTalkerCheck.self,
    CommandOrderCheck.self,
    DNSBLCheck.self,
    HeloListCheck.self,
    HeloCheck.self,
    RHSBLCheck.self,
    SenderListCheck.self,
    SenderDomainCheck.self,
    OwnDomainCheck.self,
    NullSenderCheck.self,
    SPFCheck.self,
    RecipientListCheck.self,
    DKIMCheck.self,
    ARCCheck.self,
    FromListCheck.self,
    FromDomainCheck.self,
    DMARCCheck.self,
    SenderAllowedCheck.self,
    TraceCheck.self,
    URLCheck.self,
    AddressHashCheck.self,
    AttachmentsCheck.self,
    ArchivesCheck.self,
    HeaderShapeCheck.self,
    EncodingCheck.self,
    HiddenTextCheck.self,
    LinkMismatchCheck.self,
    LookalikeDomainCheck.self,
    OwnFromCheck.self,
    ImageOnlyCheck.self,
    BulkCheck.self,
    LanguageCheck.self,
  ]

  /// The names that `[checks.NAME]` may have.
  public static var names: [String] { all.map { $0.name } }

  public static var reasons: [Reason] { all.flatMap { $0.reasons } }

  /// What says nothing of a message whose client nobody knows.
  public static var needsClient: Set<ReasonCode> {
    all.reduce(into: []) { $0.formUnion($1.needsClient) }
  }

  /// What says nothing of a message whose envelope sender nobody knows.
  public static var needsSender: Set<ReasonCode> {
    all.reduce(into: []) { $0.formUnion($1.needsSender) }
  }

  /// The plan and the weights of a configuration.
  ///
  /// - Returns: also what is wrong with the tables of the checks.
  public static func plan(_ materials: CheckMaterials) -> (CheckPlan, ScoreTable, [SettingsProblem]) {
    let settings = materials.settings
    var plan = CheckPlan()
    var weights: [ReasonCode: Weight] = [:]
    var problems: [SettingsProblem] = []
    for check in all {
      weights.merge(check.weights) { first, _ in first }
      let own = settings.checks[check.name]
      let mode = own?.mode.flatMap { CheckMode(rawValue: $0.rawValue) } ?? check.defaultMode
      let enforceAt = Stage((own?.enforceAt ?? settings.actions.enforceAt).rawValue) ?? .recipient
      var keys = own?.keys ?? CheckKeys.none
      let action = keys.word("action", of: ["score", "defer", "reject"], default: "")
      let built = check.init(materials, keys: &keys)
      problems += keys.problems
      for (code, score) in (own?.weights ?? [:]).sorted(by: { $0.key < $1.key }) {
        guard check.weights[ReasonCode(code)] != nil else {
          problems.append(
            settings.problem(
              "checks.\(check.name).weights.\(code)",
              "\(check.name) never reports \(code); it reports \(check.weights.keys.map(\.name).sorted().joined(separator: ", "))"
            ))
          continue
        }
        weights[ReasonCode(code)]?.score = score
      }
      if let ruling = ["score": Ruling.none, "defer": .defer, "reject": .reject][action] {
        // What weighs nothing by itself decides nothing: that it could not be told (…_UNAVAILABLE), that all is well.
        for (code, own) in check.weights
        where own.ruling != .allow && (own.score > 0 || own.ruling != .none)
          && !check.leftToScore.contains(code)
        {
          switch ruling {
          case .reject where own.ruling == .limit: weights[code]?.ruling = .limit
          case .reject where check.deferredAtMost.contains(code): weights[code]?.ruling = .defer
          default: weights[code]?.ruling = ruling
          }
        }
      }
      // Who has it off for everybody may have it on for some.
      let isWanted = settings.policies.contains { ($0.modes[check.name] ?? .off) != .off }
      if mode != .off || isWanted { built.enlist(in: &plan, mode: mode, enforceAt: enforceAt) }
    }
    plan.narrow(
      by: Dictionary(
        uniqueKeysWithValues: all.map { check in
          (check.name, check.weights.keys.compactMap { weights[$0] })
        }))
    return (plan, ScoreTable(weights), problems)
  }
}

extension Finding {
  /// A finding about an entry of a local list.
  init(_ code: ReasonCode, _ match: ListMatch) {
    self.init(
      code, evidence: "\(match.file):\(match.line) \(match.entry)", reason: match.reason ?? "",
      list: "\(match.file):\(match.line)")
  }
}
