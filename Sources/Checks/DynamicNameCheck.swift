internal import DNS
internal import Filtering
internal import NetAddress
internal import Patterns
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let dynamicName: ReasonCode = "DYNAMIC_NAME"
}

/// A client whose name, confirmed or not, says that its address is handed out to homes (`dynamic.patterns` in the
/// folder of lists).
struct DynamicNameCheck: Check {
  static let name = "dynamic_name"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.dynamicName: Weight(2)]
  static let reasons = [
    Reason(
      .dynamicName, Reply(550, 7, 1, "The name of client host {client} is that of a home's connection"),
      .refusal, cause: "The client's name fits an expression in dynamic.patterns.",
      effect: "It weighs; with checks.dynamic_name.action = \"reject\" it is refused.",
      remedy:
        "The client's owner has its provider set a name of its own, or sends by the provider's servers. Put good names into dynamic.patterns with ! in front, or networks into checks.dynamic_name.except_networks."
    )
  ]

  private let patterns: PatternFile
  private let exceptNetworks: IPPrefixSet
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    // Whoever reads the configuration has read the file.
    _ = keys.string("file", default: "")
    patterns = materials.dynamicPatterns
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard !patterns.isEmpty else { return }
    let work: Examination<ConnectFacts>.Work =
      resolves
      ? .awaited { facts, lookups in
        switch await facts.clientName(lookups) {
        case .confirmed(let name): look([name], facts)
        case .unconfirmed(let names): look(names, facts)
        case .none, .unknown: []
        }
      }
      : .immediate { facts in facts.toldName.flatMap { DNSName($0) }.map { look([$0], facts) } ?? [] }
    plan.connect.append(Examination(check: Self.name, mode: mode, enforceAt: enforceAt, work: work))
  }

  private func look(_ names: [DNSName], _ facts: ConnectFacts) -> [Finding] {
    guard !facts.stands(in: exceptNetworks) else { return [] }
    for name in names {
      guard let entry = patterns.match(name.text) else { continue }
      let place = "\(patterns.name):\(entry.line)"
      return [Finding(.dynamicName, evidence: "\(place) \(name.shown)", reason: entry.reason, list: place)]
    }
    return []
  }
}
