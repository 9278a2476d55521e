internal import Bytes
internal import DNS
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let reverseMissing: ReasonCode = "REVERSE_MISSING"
  static let reverseUnconfirmed: ReasonCode = "REVERSE_UNCONFIRMED"
  static let reverseUnavailable: ReasonCode = "REVERSE_UNAVAILABLE"
}

/// The client's name by DNS, and whether it leads back to its address (RFC 8601 §2.7.3, RFC 1912 §2.1).
struct ReverseNameCheck: Check {
  static let name = "reverse_name"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .reverseMissing: Weight(2),
    .reverseUnconfirmed: Weight(1),
    .reverseUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .reverseMissing, Reply(550, 7, 25, "Client host {client} has no name in DNS"), .refusal,
      cause: "There is no PTR record for the client's address.",
      effect: "It weighs; with checks.reverse_name.action = \"reject\" it is refused.",
      remedy:
        "Whoever runs the address sets its PTR record. Name good clients without in checks.reverse_name.except_networks."
    ),
    Reason(
      .reverseUnconfirmed, Reply(550, 7, 25, "The name of client host {client} does not lead back to it"),
      .refusal, cause: "The client's address has PTR names, and none of them has that address.",
      effect: "It weighs; with checks.reverse_name.action = \"reject\" it is refused.",
      remedy:
        "Whoever runs the name gives it an A or AAAA record with the address. Name good clients in checks.reverse_name.except_networks."
    ),
    Reason(
      .reverseUnavailable, Reply(451, 7, 25, "The name of client host {client} cannot be looked up now"),
      .notice, cause: "DNS gave no answer about the client's name: a time-out or a server's failure.",
      effect: "It is neither missing nor confirmed; it weighs what weights.REVERSE_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
  ]

  private let exceptNetworks: IPPrefixSet
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    let examination = Examination<ConnectFacts>(
      check: Self.name, mode: mode, enforceAt: enforceAt,
      work: .awaited { [exceptNetworks] facts, lookups in
        // Of whom the address is not known a name may be told.
        guard facts.isAddressKnown, !exceptNetworks.contains(facts.address) else { return [] }
        switch await facts.clientName(lookups) {
        case .confirmed: return []
        case .none: return [Finding(.reverseMissing)]
        case .unconfirmed(let names):
          return [Finding(.reverseUnconfirmed, evidence: names.prefix(3).map(\.shown).joined(separator: " "))]
        case .unknown(let failure): return [Finding(.reverseUnavailable, evidence: failure.words)]
        }
      })
    plan.connect.append(examination)
  }
}

extension DNSName {
  /// For the log: what no host's name has, and could look like a part of the line, is written `?`.
  var shown: String {
    String(
      decoding: text.utf8.map { octet in
        let isPlain = octet.isASCIILetterOrDigit || ".-_".utf8.contains(octet)
        return isPlain ? octet : UInt8(ascii: "?")
      }, as: UTF8.self)
  }
}

extension DNSFailure {
  /// For the log: what went wrong, in a word or two.
  var words: String {
    switch self {
    case .server(let code): [1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"][code] ?? "RCODE \(code)"
    case .bogus: "DNSSEC bogus"
    case .timeout: "time-out"
    case .unavailable: "nobody to ask"
    case .cancelled: "cancelled"
    }
  }
}
