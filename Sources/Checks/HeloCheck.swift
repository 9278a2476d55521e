internal import DNS
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let heloSyntax: ReasonCode = "HELO_SYNTAX"
  static let heloBareAddress: ReasonCode = "HELO_BARE_ADDRESS"
  static let heloOtherAddress: ReasonCode = "HELO_OTHER_ADDRESS"
  static let heloOwnName: ReasonCode = "HELO_OWN_NAME"
  static let heloLocalhost: ReasonCode = "HELO_LOCALHOST"
  static let heloNotQualified: ReasonCode = "HELO_NOT_QUALIFIED"
  static let heloUnresolvable: ReasonCode = "HELO_UNRESOLVABLE"
  static let heloMismatch: ReasonCode = "HELO_MISMATCH"
  static let heloUnavailable: ReasonCode = "HELO_UNAVAILABLE"
}

/// The name in HELO or EHLO: its form, whether it is ours, whether it is in DNS and leads to the client.
///
/// RFC 5321 §4.1.4 forbids to refuse for a name that does not match the address, so that weighs little; a stranger
/// that says to be ourselves is another matter.
struct HeloCheck: Check {
  static let name = "helo"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .heloSyntax: Weight(3),
    .heloBareAddress: Weight(2),
    .heloOtherAddress: Weight(2),
    .heloOwnName: Weight(0, .reject),
    .heloLocalhost: Weight(2),
    .heloNotQualified: Weight(1.5),
    .heloUnresolvable: Weight(2),
    .heloMismatch: Weight(0.5),
    .heloUnavailable: Weight(0),
  ]
  static let reasons = HeloReasons.all

  private let hostname: DNSName?
  /// `relay.domains` without their sub-domains, where servers of one's own may well stand outside.
  private let domains: Set<String>
  private let exceptNames: DomainSet
  private let exceptNetworks: IPPrefixSet
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    hostname = DNSName(materials.settings.hostname)
    domains = Set(materials.settings.relay.domains.names.compactMap { DNSName($0)?.text })
    exceptNames = keys.domains("except_names")
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    let work: Examination<HelloFacts>.Work =
      resolves
      ? .awaited { facts, lookups in await look(facts, lookups) }
      : .immediate { facts in lookWithoutNames(facts) }
    plan.hello.append(
      Examination(check: Self.name, mode: mode, enforceAt: max(enforceAt, .hello), work: work))
  }

  /// What can be said without asking anybody; nil where the name is one that could be asked about.
  private func byForm(_ facts: HelloFacts) -> (findings: [Finding], name: DNSName?) {
    if facts.connect.stands(in: exceptNetworks) || exceptNames.contains(facts.hello.name) {
      return ([], nil)
    }
    switch HeloName(facts.hello.name) {
    case .literal(let address):
      let isOwn = facts.connect.knownAddress.map { $0 == address } ?? true
      return (isOwn ? [] : [Finding(.heloOtherAddress, evidence: "\(address)")], nil)
    case .bareAddress: return ([Finding(.heloBareAddress)], nil)
    case .malformed(let why): return ([Finding(.heloSyntax, evidence: why)], nil)
    case .localhost: return ([Finding(.heloLocalhost)], nil)
    case .notQualified: return ([Finding(.heloNotQualified)], nil)
    case .name(let name):
      return name == hostname ? ([Finding(.heloOwnName, evidence: name.text)], nil) : ([], name)
    }
  }

  private func lookWithoutNames(_ facts: HelloFacts) -> [Finding] {
    let (findings, name) = byForm(facts)
    guard let name, domains.contains(name.text) else { return findings }
    return [Finding(.heloOwnName, evidence: name.text)]
  }

  private func look(_ facts: HelloFacts, _ lookups: Lookups) async -> [Finding] {
    let (findings, name) = byForm(facts)
    guard let name else { return findings }
    let standing = await Standing.of(name, for: facts.connect.knownAddress, lookups)
    if domains.contains(name.text) {
      // The web server behind a domain of ours says its name in good faith: the name leads to it.
      switch standing {
      case .matches: return []
      case .unknown(let failure): return [Finding(.heloUnavailable, evidence: failure.words)]
      case .differs, .missing: return [Finding(.heloOwnName, evidence: name.text)]
      }
    }
    switch standing {
    case .matches: return []
    case .differs: return [Finding(.heloMismatch)]
    case .missing(let why): return [Finding(.heloUnresolvable, evidence: why)]
    case .unknown(let failure): return [Finding(.heloUnavailable, evidence: failure.words)]
    }
  }
}

/// What DNS says of a greeting's name.
private enum Standing {
  /// The client's address is one of its addresses, or nobody knows whether it is.
  case matches
  case differs
  /// No address and no mail exchange.
  case missing(String)
  case unknown(DNSFailure)

  /// - Parameter address: the client's; nil where it is not known, and then any address will do.
  static func of(_ name: DNSName, for address: IPAddress?, _ lookups: Lookups) async -> Standing {
    let types: [RecordType] = address?.isV4 ?? true ? [.a, .aaaa] : [.aaaa, .a]
    let other = address == nil ? Standing.matches : .differs
    let own = await lookups.resolve(name, types[0])
    if let address, own.addresses.contains(address) { return .matches }
    switch own {
    case .records: return other
    case .noName: return .missing("no such name")
    case .noData, .failed: break
    }
    let rest = await lookups.resolveAll([DNSQuestion(name, types[1]), DNSQuestion(name, .mx)])
    // A failure of the first leaves open whether the client's address is among its addresses.
    if case .failed(let failure) = own { return .unknown(failure) }
    if rest.contains(where: { !$0.records.isEmpty }) { return other }
    for case .failed(let failure) in rest { return .unknown(failure) }
    return .missing("no address")
  }
}
