internal import Filtering
internal import NetAddress
internal import SMTPProtocol
public import Settings

/// What is right in each file, and together not what anybody wants.
extension DNSZones {
  /// How many lists are asked under a configuration.
  public func countInUse(_ settings: Settings) -> Int {
    settings.dns.isEnabled ? inUse(by: ListAsker.on(settings)).count : 0
  }

  /// What an operator should know of the lists under a configuration.
  ///
  /// - Parameters:
  ///   - file: `zones.toml`, as the operator knows it.
  ///   - isThere: whether there is such a file.
  public func warnings(_ settings: Settings, file: String, isThere: Bool) -> [SettingsProblem] {
    let askers = ListAsker.on(settings)
    return presence(settings, askers, file: file, isThere: isThere) + weights(settings, askers)
      + watch(settings)
  }

  private func inUse(by askers: [ListAsker]) -> [DNSZone] {
    all.filter { zone in zone.isInUse && askers.contains { !zone.asks.isDisjoint(with: $0.subjects) } }
  }

  // MARK: Whether anybody is asked

  private func presence(
    _ settings: Settings, _ askers: [ListAsker], file: String, isThere: Bool
  ) -> [SettingsProblem] {
    if askers.isEmpty { return [] }
    let zones = inUse(by: askers)
    let checks = askers.map { $0.check.name }.joined(separator: ", ")
    if !settings.dns.isEnabled {
      guard !zones.isEmpty else { return [] }
      let text =
        "dns.enabled: names are not resolved, so none of the \(zones.count) DNS list(s) in use in \(file) is asked: write true, or mode = \"off\" in [checks.NAME] of \(checks)"
      return [settings.problem("dns.enabled", as: .warning, text)]
    }
    guard zones.isEmpty else { return [] }
    let why =
      !isThere ? "there is no \(file)" : all.isEmpty ? "\(file) names none" : "none is in use in \(file)"
    let text =
      "no DNS list is asked: \(why), though \(checks) are on; take the zones.toml that comes with Weir, or write mode = \"off\" in their tables"
    return [settings.problem("lists.folder", as: .warning, text)]
  }

  // MARK: Weights

  /// A list that refuses alone makes its mistakes one's own.
  private func weights(_ settings: Settings, _ askers: [ListAsker]) -> [SettingsProblem] {
    guard let reject = settings.actions.reject else { return [] }
    var problems: [SettingsProblem] = []
    var named: Set<String> = []
    for zone in all where zone.mode == .enforce && zone.kind == .block {
      let acting = askers.filter { $0.mayRefuse(by: reject) && !zone.asks.isDisjoint(with: $0.subjects) }
      guard let first = acting.first else { continue }
      if let heaviest = zone.heaviest, heaviest.weight >= reject {
        let place = heaviest.place
        problems.append(
          SettingsProblem(
            file: place.file, position: place.position, severity: .warning,
            message: place.message
              + "\(Score.text(heaviest.weight)) alone reaches actions.reject (\(Score.text(reject))): the mistakes of \(zone.label) refuse mail; write less, or checks.\(first.check.name).action = \"reject\" if that is meant"
          ))
      }
      guard zone.takesStandardWeight else { continue }
      for asker in acting where asker.weight >= reject && named.insert(asker.check.name).inserted {
        let path = "checks.\(asker.check.name).weights.\(asker.listed)"
        problems.append(
          settings.problem(
            path, as: .warning,
            "\(path): \(Score.text(asker.weight)) alone reaches actions.reject (\(Score.text(reject))): the mistakes of one list, such as \(zone.label), refuse mail; write less, or checks.\(asker.check.name).action = \"reject\" if that is meant"
          ))
      }
    }
    return problems
  }

  // MARK: Own addresses

  /// No list of the Internet's knows such addresses, and none but those of one's own is asked about them.
  private func watch(_ settings: Settings) -> [SettingsProblem] {
    let isAsked = all.contains {
      $0.isInUse && $0.isPrivate && $0.kind == .block && $0.asks.contains(.client)
    }
    if isAsked { return [] }
    return settings.dns.watch.enumerated().compactMap { index, address in
      let kind =
        address.isLoopback
        ? "a loopback address"
        : address.isUnspecified ? "no address" : address.isPrivate ? "a private address" : nil
      return kind.map {
        settings.problem(
          "dns.watch[\(index)]", as: .warning,
          "dns.watch: \(address) is \($0), about which no DNS list is asked: write the address from which the Internet sees this gateway send"
        )
      }
    }
  }
}

/// A check that asks DNS lists and is on.
private struct ListAsker {
  let check: any Check.Type
  let listed: ReasonCode
  let subjects: Set<ZoneSubject>
  /// What a listing weighs whose list does not say.
  var weight = 0.0
  private var acts = false
  private var cap = Double.infinity

  private init(_ check: any Check.Type, _ listed: ReasonCode, _ subjects: Set<ZoneSubject>) {
    self.check = check
    self.listed = listed
    self.subjects = subjects
  }

  /// Those that are on, in the catalogue's order.
  static func on(_ settings: Settings) -> [ListAsker] {
    let all = [
      ListAsker(DNSBLCheck.self, .dnsblListed, [.client, .trace]),
      ListAsker(RHSBLCheck.self, .rhsblListed, [.helo, .clientName, .sender, .from, .replyTo]),
      ListAsker(URLCheck.self, .urlListed, [.urls, .urlAddresses]),
      ListAsker(AddressHashCheck.self, .addressListed, [.addressHash]),
    ]
    return all.compactMap { asker in
      let own = settings.checks[asker.check.name]
      let mode = own?.mode.flatMap { CheckMode(rawValue: $0.rawValue) } ?? asker.check.defaultMode
      guard mode != .off else { return nil }
      var asker = asker
      var keys = own?.keys ?? CheckKeys.none
      asker.acts =
        mode == .enforce
        && keys.word("action", of: ["score", "defer", "reject"], default: "score") == "score"
      asker.cap = keys.number("cap", default: .infinity)
      asker.weight = own?.weights[asker.listed.name] ?? asker.check.weights[asker.listed]?.score ?? 0
      return asker
    }
  }

  /// Whether a listing of its can refuse by what it weighs: by its table it refuses in any case.
  func mayRefuse(by reject: Double) -> Bool { acts && cap >= reject }
}

extension DNSZone {
  /// Whether an answer of it has neither a weight of its own nor one of the list's.
  fileprivate var takesStandardWeight: Bool {
    weight == nil && (answers.rows.isEmpty || answers.rows.contains { $0.weight == nil })
  }
}
