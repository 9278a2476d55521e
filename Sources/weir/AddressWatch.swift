import Bytes
import Checks
import Filtering
import NetAddress
import SMTPProtocol

/// What is known of the gateway's own addresses (`dns.watch`) in the DNS lists, and what there is to say of it.
struct AddressWatch: Sendable {
  /// How often they are asked about.
  static let interval = Duration.seconds(3600)
  /// How often a listing that lasts is said again.
  private static let reminder = Duration.seconds(86_400)

  struct Line: Sendable {
    let severity: Event.Severity
    let code: ReasonCode
    let text: String
  }

  private struct Standing {
    var listing: ZoneListing
    var said: Timestamp
  }

  private var addresses: [IPAddress] = []
  private var asked: Timestamp?
  /// By address and list.
  private var standing: [IPAddress: [String: Standing]] = [:]

  /// From now on these addresses; they are asked about at once.
  mutating func follow(_ addresses: [IPAddress]) {
    self.addresses = addresses
    standing = standing.filter { addresses.contains($0.key) }
    asked = nil
  }

  /// Those that it is time to ask about: all, or none.
  mutating func due(at now: Timestamp) -> [IPAddress] {
    if let asked, now < asked + Self.interval, now >= asked { return [] }
    asked = now
    return addresses
  }

  /// What came of it; a list that could not tell changes nothing, and of one that is not asked any more nothing is
  /// known.
  mutating func found(_ found: AddressStanding, of address: IPAddress, at now: Timestamp) -> [Line] {
    guard addresses.contains(address) else { return [] }
    var lines: [Line] = []
    var known = standing[address] ?? [:]
    for listing in found.listings {
      if let before = known[listing.label], now < before.said + Self.reminder {
        known[listing.label]?.listing = listing
        continue
      }
      known[listing.label] = Standing(listing: listing, said: now)
      lines.append(Line(severity: .error, code: .ownAddressListed, text: Self.words(listing, address)))
    }
    for label in known.keys.sorted()
    where !found.unknown.contains(label) && !found.listings.contains(where: { $0.label == label }) {
      known[label] = nil
      guard found.unlisted.contains(label) else { continue }
      lines.append(
        Line(severity: .info, code: .ownAddressCleared, text: "\(address) is no longer listed by \(label)"))
    }
    standing[address] = known
    return lines
  }

  private static func words(_ listing: ZoneListing, _ address: IPAddress) -> String {
    var text = "\(address), an address of this gateway, is listed by \(listing.label) as \(listing.codes)"
    if !listing.means.isEmpty { text += " (\(listing.means))" }
    if !listing.reason.isEmpty { text += ": \(listing.reason)" }
    return text + (listing.removal.isEmpty ? "" : "; to get off: \(listing.removal)")
  }

  var report: [StatusReport.OwnListing] {
    standing.sorted { $0.key < $1.key }.flatMap { address, listings in
      listings.sorted { $0.key < $1.key }.map { label, standing in
        StatusReport.OwnListing(
          address: address.description, list: label, codes: standing.listing.codes,
          removal: standing.listing.removal)
      }
    }
  }
}
