internal import DNS
internal import NetAddress

/// Whether mail to a domain can go anywhere (RFC 5321 §5.1): a sender nobody can answer is no sender.
enum MailDomain: Hashable {
  /// Some exchange, or the domain itself, has an address out there.
  case reachable
  /// No such name, or no exchange and no address.
  case missing(String)
  /// It says itself that it takes no mail (RFC 7505).
  case refusing
  /// All its exchanges stand in private, loopback or unspecified space.
  case hidden(String)
  case unknown(DNSFailure)

  /// Bound: exchanges that are looked at.
  static let mostExchanges = 10

  static func of(_ name: DNSName, _ lookups: Lookups) async -> MailDomain {
    let answer = await lookups.resolve(name, .mx)
    switch answer {
    case .failed(let failure): return .unknown(failure)
    case .noName: return .missing("no such name")
    case .noData: return await judge([name], lookups, orElse: "no exchange, no address")
    case .records:
      let exchanges = answer.exchanges.map(\.name)
      if exchanges.contains(.root) {
        // RFC 7505 §3: a null MX stands alone; beside others it is a mistake, and the others count.
        if exchanges.allSatisfy({ $0 == .root }) { return .refusing }
      }
      let names = exchanges.filter { $0 != .root }.prefix(mostExchanges)
      // The best one decides nearly always: no need to ask for all of them.
      guard let first = names.first else { return .missing("no exchange, no address") }
      let own = await judge([first], lookups, orElse: "")
      if own == .reachable || names.count == 1 {
        if case .missing = own { return .missing("no exchange has an address") }
        return own
      }
      return await judge(Array(names), lookups, orElse: "no exchange has an address")
    }
  }

  /// What the addresses of some hosts say together; the questions are asked side by side.
  private static func judge(
    _ hosts: [DNSName], _ lookups: Lookups, orElse missing: String
  ) async -> MailDomain {
    let answers = await lookups.resolveAll(
      hosts.flatMap { [DNSQuestion($0, .a), DNSQuestion($0, .aaaa)] })
    let addresses = answers.flatMap(\.addresses)
    if addresses.contains(where: { !$0.isHidden }) { return .reachable }
    for case .failed(let failure) in answers { return .unknown(failure) }
    return addresses.min().map { .hidden("\($0)") } ?? .missing(missing)
  }
}

extension IPAddress {
  /// Whether no mail from outside can get there.
  fileprivate var isHidden: Bool { isPrivate || isLoopback || isUnspecified }
}
