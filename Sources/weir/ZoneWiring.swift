import Checks
import Filtering
import Foundation
import SMTPProtocol
import Settings

extension ReasonCode {
  static let dnsListSick: ReasonCode = "DNSLIST_SICK"
  static let dnsListWell: ReasonCode = "DNSLIST_WELL"
  static let ownAddressListed: ReasonCode = "OWN_ADDRESS_LISTED"
  static let ownAddressCleared: ReasonCode = "OWN_ADDRESS_CLEARED"
}

/// What the gateway says of DNS lists in the log.
enum ZoneReasons {
  static let all: [Reason] = [
    Reason(
      .dnsListSick, nil, .alarm,
      cause:
        "A DNS list does not list its test point, lists what is never listed, answers with an error, or does not answer; the line says which. An error code often means that the list refuses the resolver: a public one, or too many questions for its terms.",
      effect: "It is not asked any more; mail goes on without it. It is probed, and comes back by itself.",
      remedy:
        "Look at the list's own page. If it has ended, take it out of zones.toml; if it refuses the resolver, let the gateway resolve by itself (dns.servers empty), or get a key."
    ),
    Reason(
      .dnsListWell, nil, .notice, cause: "A DNS list that was switched off answers as it should again.",
      effect: "It is asked again.", remedy: "Nothing."),
    Reason(
      .ownAddressListed, nil, .alarm, cause: "A DNS list has an address of dns.watch.",
      effect: "Others who ask that list refuse mail from it. Said once, and again each day while it lasts.",
      remedy: "Find out what was sent from there, end it, and then go to the list's page that the line names."
    ),
    Reason(
      .ownAddressCleared, nil, .notice, cause: "An address of dns.watch is no longer in a DNS list.",
      effect: "None here.", remedy: "Nothing."),
  ]
}

/// `zones.toml` and the data files about links, in the folder of the lists.
enum ZonesFile {
  static let name = "zones.toml"

  /// Reads them; a file that is missing is an empty one.
  static func read(_ settings: Settings) -> (zones: DNSZones, problems: [Configuration.Problem]) {
    let folder = settings.resolve(settings.listsFolder)
    var problems: [Configuration.Problem] = []
    func text(_ name: String) -> String? {
      let path = "\(folder)/\(name)"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      do {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        if let text = String(validating: data, as: UTF8.self) { return text }
        problems.append(.init(isError: true, description: "\(path):1:1: not UTF-8 text"))
      } catch {
        problems.append(
          .init(isError: true, description: "\(path):1:1: cannot be read: \(FileFault.words(error))"))
      }
      return nil
    }
    func note(_ found: [SettingsProblem]) {
      problems += found.map { .init(isError: $0.isError, description: "\($0)") }
    }
    var zones = DNSZones.none
    if let content = text(name) {
      let (read, found) = DNSZones.read(text: content, file: "\(folder)/\(name)") { path in
        (try? Data(contentsOf: URL(fileURLWithPath: settings.resolve(path)))).map {
          String(decoding: $0.prefix(4096), as: UTF8.self)
        }
      }
      zones = read
      note(found)
    }
    for (name, list) in [
      ("redirectors.hosts", \DNSZones.redirectors), ("shorteners.hosts", \DNSZones.shorteners),
    ] {
      guard let content = text(name) else { continue }
      let (hosts, found) = HostList.read(text: content, file: "\(folder)/\(name)")
      zones[keyPath: list] = hosts
      note(found)
    }
    let path = "\(folder)/\(name)"
    note(zones.warnings(settings, file: path, isThere: FileManager.default.fileExists(atPath: path)))
    return (zones, problems)
  }
}

extension StatusReport {
  /// A DNS list.
  struct Zone: Codable, Sendable {
    var label: String
    var kind: String
    var mode: String
    var asks: [String]
    /// `well`, `sick`, `unknown` (not looked at yet) or `off`.
    var state: String
    /// Why it is sick.
    var because: String
    /// Questions of mail, those answered from memory among them; listings; questions without a proper answer.
    var asked: Int
    var listed: Int
    var failed: Int

    init(_ zone: DNSZone) {
      label = zone.label
      kind = zone.kind.rawValue
      mode = zone.mode.rawValue
      asks = ZoneSubject.allCases.filter { zone.asks.contains($0) }.map(\.rawValue)
      because = ""
      switch zone.state.health {
      case _ where !zone.isInUse: state = "off"
      case .unknown, .awaited: state = "unknown"
      case .well: state = "well"
      case .sick(let words):
        state = "sick"
        because = words
      }
      let counts = zone.state.counts
      asked = counts.asked
      listed = counts.listed
      failed = counts.failed
    }

    /// Two lines of `weir status` are one too many for a list that is off.
    var text: String {
      let shadow = mode == "shadow" ? ", in shadow mode" : ""
      let why = because.isEmpty ? "" : " (it \(because))"
      return
        "\(label): \(state == "sick" ? "SICK" : state)\(why)\(shadow); asked \(asked), listed \(listed), failed \(failed)"
    }
  }

  /// An address of one's own in a DNS list.
  struct OwnListing: Codable, Sendable {
    var address: String
    var list: String
    var codes: String
    var removal: String
  }
}
