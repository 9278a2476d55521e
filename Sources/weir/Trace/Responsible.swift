import Bytes
import DNS
import Filtering
import Foundation
import MailAuthentication
import NetAddress
import Settings

/// Who answers for an address, and who says so.
struct Responsible: Sendable {
  struct Contact: Hashable, Sendable {
    let address: String
    /// Who says so, in words.
    let source: String
  }

  /// The likeliest first.
  var contacts: [Contact] = []
  /// The address's name by DNS, confirmed.
  var name: String?
  /// What the registries say of it, with `--online`.
  var registrations: [Registration] = []
  /// What could not be found out, in words.
  var gaps: [String] = []

  /// Nobody is asked about addresses that nobody in the Internet has.
  static func isAskedAbout(_ address: IPAddress) -> Bool {
    !address.isPrivate && !address.isLoopback && !address.isUnspecified
  }

  /// Asks DNS: the zone of abuse contacts, the SOA of the reverse zone, and the confirmed name's organisation.
  static func byDNS(
    _ address: IPAddress, _ lookups: Lookups, zone: String?, suffixes: PublicSuffixes
  ) async -> Responsible {
    async let listed = abuseZone(address, zone, lookups)
    async let authority = reverseAuthority(address, lookups)
    async let reverse = ReverseName.of(address, lookups)
    var found = Responsible()
    switch await listed {
    case .success(let contacts): found.contacts += contacts
    case .failure(let gap): found.gaps.append(gap.text)
    }
    switch await reverse {
    case .confirmed(let name):
      found.name = name.text
      if let domain = suffixes.isEmpty ? lastTwo(name) : suffixes.organizationalDomain(of: name) {
        found.contacts.append(Contact(address: "abuse@\(domain)", source: "the domain of its name \(name)"))
      }
    case .unknown: found.gaps.append("its name by DNS could not be found out")
    case .unconfirmed, .none: break
    }
    switch await authority {
    case .success(let contacts): found.contacts += contacts
    case .failure(let gap): found.gaps.append(gap.text)
    }
    return found
  }

  struct Gap: Error {
    let text: String
  }

  private static func abuseZone(
    _ address: IPAddress, _ zone: String?, _ lookups: Lookups
  ) async -> Result<[Contact], Gap> {
    guard let zone, let name = DNSName("\(DNSName.reversedLabels(of: address)).\(zone)") else {
      return .success([])
    }
    let answer = await lookups.resolve(name, .txt)
    if answer.isFailure { return .failure(Gap(text: "\(zone) did not answer")) }
    let addresses = answer.texts.prefix(5).flatMap { text in
      String(decoding: text.prefix(512), as: UTF8.self).split(whereSeparator: { ", ;".contains($0) })
        .compactMap { mailbox(String($0)) }
    }
    return .success(addresses.prefix(5).map { Contact(address: $0, source: "the abuse contacts of \(zone)") })
  }

  /// The mailbox in the SOA of the zone that the address's reverse name lies in, for the smallest zone there is.
  private static func reverseAuthority(
    _ address: IPAddress, _ lookups: Lookups
  ) async -> Result<[Contact], Gap> {
    // Zones are cut at octets, and at nibbles of the prefixes that are handed out; never above the registry's.
    let depths = address.isV4 ? [4, 3, 2, 1] : [16, 14, 12, 11, 10, 9, 8, 7, 6]
    let labels = DNSName.reverse(of: address).labels
    let zones = depths.compactMap { DNSName(labels.suffix($0 + 2).joined(separator: ".")) }
    var isUnknown = false
    for (zone, answer) in zip(zones, await lookups.resolveAll(zones.map { DNSQuestion($0, .soa) })) {
      isUnknown = isUnknown || answer.isFailure
      for case .authority(_, let mailbox) in answer.records {
        guard let contact = self.address(of: mailbox) else { continue }
        return .success([Contact(address: contact, source: "the SOA of \(zone)")])
      }
    }
    return isUnknown
      ? .failure(Gap(text: "the SOA of its reverse zone could not be found out")) : .success([])
  }

  /// RFC 1035 §8: the first label is the local part.
  private static func address(of name: DNSName) -> String? {
    guard let dot = name.text.firstIndex(of: ".") else { return nil }
    return mailbox(name.text[..<dot] + "@" + name.text[name.text.index(after: dot)...])
  }

  private static func lastTwo(_ name: DNSName) -> DNSName? {
    name.labels.count >= 2 ? DNSName(name.labels.suffix(2).joined(separator: ".")) : nil
  }

  /// The text where it can be a mailbox that one may write to; whatever others say goes into a message's header.
  static func mailbox(_ text: String) -> String? {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard (3...254).contains(text.utf8.count), let at = text.lastIndex(of: "@") else { return nil }
    let local = text[..<at].utf8
    let domain = text[text.index(after: at)...]
    guard (1...64).contains(local.count), DNSName(domain) != nil, domain.contains("."),
      local.allSatisfy({ $0.isASCIILetterOrDigit || "!#$%&'*+-/=?^_`{|}~.".utf8.contains($0) }),
      domain.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == UInt8(ascii: "-") })
    else { return nil }
    return text
  }

  /// Puts what the registries say behind the abuse zone and before guesses.
  mutating func add(_ registration: Registration) {
    registrations.append(registration)
    let before = registrations.map(\.source)
    let known = contacts.prefix { $0.source.hasPrefix("the abuse contacts") || before.contains($0.source) }
      .count
    let new = registration.abuse.map { Contact(address: $0, source: registration.source) }
    contacts.insert(contentsOf: new, at: known)
  }

  /// Each address once, who said it first.
  mutating func settle() {
    var seen = Set<String>()
    contacts = contacts.filter { seen.insert($0.address.lowercasedASCII).inserted }
  }
}

/// What a registry says of an address.
struct Registration: Sendable {
  /// Who says so: `RDAP`, `whois whois.ripe.net`.
  let source: String
  var name: String?
  var range: String?
  var country: String?
  var abuse: [String] = []

  /// One line for people.
  var text: String {
    let parts = [name, range, country, abuse.isEmpty ? nil : "abuse: \(abuse.joined(separator: ", "))"]
    return "\(source): " + parts.compactMap { $0?.printable(limit: 100) }.joined(separator: ", ")
  }
}
