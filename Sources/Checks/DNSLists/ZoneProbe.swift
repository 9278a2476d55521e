public import DNS
public import NetAddress

extension DNSZone {
  /// What a look at a list's test points shows (RFC 5782 §5).
  public enum Probe: Hashable, Sendable {
    case well
    /// It must not be asked; the words say why.
    case sick(String)
    /// It did not answer: its fault, or the network's.
    case silent(String)
    /// Nobody could ask.
    case unknown
  }

  /// Asks for what must be listed and for what must not.
  public func probe(_ lookups: Lookups) async -> Probe {
    var silence: String?
    for (point, mustBeListed) in [(unlistedPoint, false), (listedPoint, true)] {
      guard let point else { continue }
      let answer = await lookups.resolve(point, .a)
      switch answers.judge(answer, standard: 1) {
      case .failed(.cancelled), .failed(.unavailable): return .unknown
      case .failed(let failure): silence = failure.word
      case .error(let words, _): return .sick("answers \(shown(words))")
      case .unlisted:
        if mustBeListed { return .sick("does not list its test point \(shown(points(point)))") }
      case .listed(let codes, _, _), .unclear(let codes):
        if !mustBeListed {
          return .sick(
            "lists \(shown(points(point))) as \(codes), which is never listed: it would list everybody")
        }
      }
    }
    if let silence { return .silent(silence) }
    return .well
  }

  /// A test point without the list's name.
  private func points(_ point: DNSName) -> String {
    String(point.text.dropLast(name.text.utf8.count + 1))
  }
}

/// A list of bad senders that has an address.
public struct ZoneListing: Hashable, Sendable {
  public let label: String
  /// The answer, and what it means.
  public let codes: String
  public let means: String
  /// The list's own words; empty where it gives none.
  public let reason: String
  /// Where a listing is contested; empty where nobody said.
  public let removal: String
}

/// What the lists of bad senders say of one address.
public struct AddressStanding: Hashable, Sendable {
  public var listings: [ZoneListing] = []
  /// The labels of those that do not have it.
  public var unlisted: [String] = []
  /// The labels of those that could not tell.
  public var unknown: [String] = []

  public init(listings: [ZoneListing] = [], unlisted: [String] = [], unknown: [String] = []) {
    self.listings = listings
    self.unlisted = unlisted
    self.unknown = unknown
  }
}

extension DNSZones {
  /// In which lists of bad senders an address stands, of those that are asked about clients.
  public func listings(of address: IPAddress, _ lookups: Lookups) async -> AddressStanding {
    let labels = DNSName.reversedLabels(of: address)
    var standing = AddressStanding()
    var asked: [(zone: DNSZone, name: DNSName)] = []
    for zone in all where zone.isInUse && zone.kind == .block && zone.asks.contains(.client) {
      guard let name = zone.question(about: address, labels: labels) else { continue }
      guard zone.state.isUsable else {
        standing.unknown.append(zone.label)
        continue
      }
      asked.append((zone, name))
    }
    // Side by side: one that is silent leaves the others their time.
    let answers = await lookups.resolveAll(asked.map { DNSQuestion($0.name, .a) })
    for ((zone, name), answer) in zip(asked, answers) {
      switch zone.answers.judge(answer, standard: 1) {
      case .unlisted: standing.unlisted.append(zone.label)
      case .unclear, .failed, .error: standing.unknown.append(zone.label)
      case .listed(let codes, let means, let weight):
        guard weight > 0 else {
          standing.unlisted.append(zone.label)
          continue
        }
        var reason = ""
        if zone.givesReasons {
          let texts = await lookups.resolve(name, .txt).texts
          reason = zone.shown(texts.map { String(decoding: $0, as: UTF8.self) }.min() ?? "")
        }
        standing.listings.append(
          ZoneListing(label: zone.label, codes: codes, means: means, reason: reason, removal: zone.removal))
      }
    }
    return standing
  }
}
