internal import Bytes
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let countryListed: ReasonCode = "COUNTRY_LISTED"
  static let networkListed: ReasonCode = "NETWORK_LISTED"
}

/// The country and the network of the client's address, where a file says so (`checks.country.file`, `asn_file`).
struct CountryCheck: Check {
  static let name = "country"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.countryListed: Weight(3), .networkListed: Weight(3)]
  static let reasons = [
    Reason(
      .countryListed, Reply(550, 7, 1, "Mail from the country of {client} is not taken here"), .refusal,
      cause:
        "The country of the client's address stands in checks.country.block or scores, or is not in allow.",
      effect: "It weighs; with checks.country.action = \"reject\" it is refused.",
      remedy:
        "Name good clients in checks.country.except_networks; where the address is elsewhere, get a newer file."
    ),
    Reason(
      .networkListed, Reply(550, 7, 1, "Mail from the network of {client} is not taken here"), .refusal,
      cause: "The number of the client's network stands in checks.country.networks or scores.",
      effect: "It weighs; with checks.country.action = \"reject\" it is refused.",
      remedy: "Name good clients in checks.country.except_networks."),
  ]

  private let source: (any LocationSource)?
  private let block: Set<String>
  /// Where it is not empty: every other country is found.
  private let allow: Set<String>
  private let networks: Set<UInt32>
  /// By country code or `AS64500`.
  private let scores: [String: Double]
  private let exceptNetworks: IPPrefixSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    source = materials.locations
    let file = keys.string("file", default: "")
    let networksFile = keys.string("asn_file", default: "")
    block = Self.countries("block", &keys)
    allow = Self.countries("allow", &keys)
    networks = Self.networks(&keys)
    scores = Self.scores(&keys)
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    let asksCountry = !block.isEmpty || !allow.isEmpty || scores.keys.contains { $0.utf8.count == 2 }
    let asksNetwork = !networks.isEmpty || scores.keys.contains { $0.utf8.count > 2 }
    if asksCountry, file.isEmpty {
      keys.report("file", "names no file, and countries are listed: a country file in MaxMind's format")
    }
    if asksNetwork, networksFile.isEmpty {
      keys.report("asn_file", "names no file, and networks are listed: an ASN file in MaxMind's format")
    }
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard let source, !block.isEmpty || !allow.isEmpty || !networks.isEmpty || !scores.isEmpty else { return }
    let examination = Examination<ConnectFacts>(
      check: Self.name, mode: mode, enforceAt: enforceAt,
      work: .immediate { facts in
        guard let address = facts.knownAddress, !exceptNetworks.contains(address) else { return [] }
        return look(source.location(of: address))
      })
    plan.connect.append(examination)
  }

  private func look(_ location: Location) -> [Finding] {
    var findings: [Finding] = []
    if let country = location.country {
      let score = scores[country]
      if score != nil || block.contains(country) || !allow.isEmpty && !allow.contains(country) {
        findings.append(Finding(.countryListed, evidence: country, weight: score))
      }
    }
    if let network = location.network {
      let score = scores["AS\(network)"]
      if score != nil || networks.contains(network) {
        let text = location.networkText ?? "AS\(network)"
        findings.append(Finding(.networkListed, evidence: text.printable(limit: 80), weight: score))
      }
    }
    return findings
  }

  private static func countries(_ key: String, _ keys: inout CheckKeys) -> Set<String> {
    var countries: Set<String> = []
    for (index, text) in keys.strings(key, default: []).enumerated() {
      if let country = country(text) {
        countries.insert(country)
      } else {
        keys.report(key, element: index, "“\(text.printable())” is no country code: two letters, such as DE")
      }
    }
    return countries
  }

  private static func country(_ text: String) -> String? {
    text.utf8.count == 2 && text.utf8.allSatisfy(\.isASCIILetter) ? text.uppercasedASCII : nil
  }

  private static func networks(_ keys: inout CheckKeys) -> Set<UInt32> {
    guard let value = keys.value("networks") else { return [] }
    guard case .array(let elements) = value else {
      keys.report("networks", "expected a list of numbers, such as [64500, 64501]")
      return []
    }
    var networks: Set<UInt32> = []
    for (index, element) in elements.enumerated() {
      let number: UInt32? =
        switch element {
        case .integer(let number): UInt32(exactly: number)
        case .string(let text): network(text)
        default: nil
        }
      if let number {
        networks.insert(number)
      } else {
        keys.report("networks", element: index, "is no number of a network, such as 64500 or \"AS64500\"")
      }
    }
    return networks
  }

  private static func network(_ text: String) -> UInt32? {
    text.uppercasedASCII.hasPrefix("AS") ? UInt32(text.dropFirst(2)) : nil
  }

  private static func scores(_ keys: inout CheckKeys) -> [String: Double] {
    guard let value = keys.value("scores") else { return [:] }
    guard case .table(let table) = value else {
      keys.report("scores", "expected a table, such as { XX = 2.5, AS64500 = 4.0 }")
      return [:]
    }
    var scores: [String: Double] = [:]
    for (key, value) in table.sorted(by: { $0.key < $1.key }) {
      let score: Double? =
        switch value {
        case .integer(let number): Double(number)
        case .number(let number): number.isFinite ? number : nil
        default: nil
        }
      guard let place = country(key) ?? network(key).map({ "AS\($0)" }), let score else {
        keys.report("scores", "“\(key.printable())” is no country code or AS number with a score behind it")
        continue
      }
      scores[place] = score
    }
    return scores
  }
}
