import Bytes
import Filtering
import Foundation
import TraceAnalysis

/// A trace as JSON: `hops` and `origin` of the interface that stays, and what else is known.
struct TraceOutput: Encodable {
  let hops: [HopOutput]
  let origin: Origin
  let faults: [String]
  let hints: [Hint]
  let notes: [String]
  /// Whether the boundary is a guess: nobody said which networks are one's own.
  let guessed: Bool

  struct HopOutput: Encodable {
    let from: String?
    let helo: String?
    let ip: String?
    let by: String?
    let with: String?
    let id: String?
    /// RFC 3339, UTC.
    let date: String?
    /// Seconds since the line below; negative where time ran backwards.
    let delay: Int?
    /// Whether the client is of one's own networks or one's own user.
    let trusted: Bool
    let faults: [String]
    /// own, login, boundary or claimed.
    let trust: String
    /// Whether one's own server wrote the line.
    let believed: Bool
    let kind: String
    let reverse: String?
    let byIP: String?
    let via: String?
    let recipient: String?
    let sender: String?
    let user: String?
    let tls: String?
    let country: String?
    let network: String?
    /// The faults in words, in the same order.
    let words: [String]

    private enum CodingKeys: String, CodingKey {
      case from, helo, ip, by, with, id, date, delay, trusted, faults, trust, believed, kind, reverse, via,
        user, tls
      case country, network, words
      case byIP = "by_ip"
      case recipient = "for"
      case sender = "envelope_from"
    }

    /// Writes `null` for what is not known, so that every hop has the same keys.
    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      let texts: [(CodingKeys, String?)] = [
        (.from, from), (.helo, helo), (.ip, ip), (.by, by), (.with, with), (.id, id), (.date, date),
        (.reverse, reverse), (.byIP, byIP), (.via, via), (.recipient, recipient), (.sender, sender),
        (.user, user),
        (.tls, tls), (.country, country), (.network, network), (.trust, trust), (.kind, kind),
      ]
      for (key, text) in texts { try fields.encode(text, forKey: key) }
      try fields.encode(delay, forKey: .delay)
      try fields.encode(trusted, forKey: .trusted)
      try fields.encode(believed, forKey: .believed)
      try fields.encode(faults, forKey: .faults)
      try fields.encode(words, forKey: .words)
    }

    init(_ hop: Hop, _ view: TraceView) {
      let line = hop.line
      from = line.from
      helo = line.helo
      ip = line.address?.description
      by = line.byText
      with = line.with
      id = line.id
      date = line.date.map { String($0.moment.rfc3339.prefix(19)) + "Z" }
      delay = hop.delay.map { Int($0.components.seconds) }
      trusted = hop.isTrusted
      faults = hop.faults.map(\.name)
      words = hop.faults.map(\.description)
      trust =
        switch hop.trust {
        case .own: "own"
        case .login: "login"
        case .boundary: "boundary"
        case .claimed: "claimed"
        }
      believed = hop.isBelieved
      kind = line.kind.rawValue
      reverse = line.reverseName
      byIP = line.byAddress?.description
      via = line.via
      recipient = line.recipient
      sender = line.sender
      user = line.login?.user
      tls = line.tls.map { [$0.version, $0.cipher ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
      let location = view.location(of: line.address)
      country = location.country
      network = location.networkText
    }
  }

  struct Origin: Encodable {
    let ip: String?
    let contact: String?
    let name: String?
    let country: String?
    let network: String?
    /// The hop whose server saw it, from 1.
    let hop: Int?
    let contacts: [Contact]
    let registrations: [String]
    let unknown: [String]

    private enum CodingKeys: String, CodingKey {
      case ip, contact, name, country, network, hop, contacts, registrations, unknown
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      for (key, text) in [
        (CodingKeys.ip, ip), (.contact, contact), (.name, name), (.country, country), (.network, network),
      ] {
        try fields.encode(text, forKey: key)
      }
      try fields.encode(hop, forKey: .hop)
      try fields.encode(contacts, forKey: .contacts)
      try fields.encode(registrations, forKey: .registrations)
      try fields.encode(unknown, forKey: .unknown)
    }
  }

  struct Contact: Encodable {
    let address: String
    let source: String
  }

  struct Hint: Encodable {
    let field: String
    let ip: String
    let believed: Bool
  }

  init(_ view: TraceView) {
    let trace = view.trace
    hops = trace.hops.map { HopOutput($0, view) }
    let location = view.location(of: trace.origin)
    origin = Origin(
      ip: trace.origin?.description, contact: view.contact, name: view.responsible.name ?? trace.originName,
      country: location.country, network: location.networkText, hop: trace.boundary.map { $0 + 1 },
      contacts: view.responsible.contacts.map { Contact(address: $0.address, source: $0.source) },
      registrations: view.responsible.registrations.map(\.text), unknown: view.responsible.gaps)
    faults = trace.faults.map(\.name)
    hints = trace.hints.map { Hint(field: $0.field, ip: $0.address.description, believed: $0.isBelieved) }
    notes = view.notes
    guessed = view.guess != nil
  }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
