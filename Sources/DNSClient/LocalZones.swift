internal import DNS

/// The zones that libunbound answers out of its head, as RFC 6303, 6761 and 7686 want it, and which of them must go
/// for the names that somebody was named for.
struct LocalZones {
  /// One's own machine: never asked about elsewhere.
  private static let own: [DNSName] = [
    "localhost", "127.in-addr.arpa",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "onion",
  ].compactMap { DNSName($0) }

  /// What a private network may have names for.
  private static let others: [DNSName] =
    ([
      "home.arpa", "test", "invalid", "10.in-addr.arpa", "168.192.in-addr.arpa", "0.in-addr.arpa",
      "254.169.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
      "255.255.255.255.in-addr.arpa",
      "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "d.f.ip6.arpa",
      "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
    ] + (16...31).map { "\($0).172.in-addr.arpa" } + (64...127).map { "\($0).100.in-addr.arpa" })
    .compactMap { DNSName($0) }

  /// Zones that are to be taken out.
  let removed: [DNSName]
  /// Zones that stay, each with the stubs below it: transparent zones let their names through, and theirs alone.
  let opened: [(zone: DNSName, stubs: [DNSName])]
  /// Zones that need nobody from outside: those that stay, and the stubs.
  private let near: [DNSName]

  init(_ options: ResolverOptions) {
    let stubs = options.stubs.map(\.zone)
    let forwardsAll = !options.servers.isEmpty
    let removed = Self.others.filter { zone in forwardsAll || stubs.contains { zone.isWithin($0) } }
    let staying = Self.others.filter { !removed.contains($0) }
    self.removed = removed
    opened = staying.map { zone in (zone, stubs.filter { $0.isWithin(zone) }) }.filter { !$0.stubs.isEmpty }
    near = Self.own + staying + stubs
  }

  /// Whether only the world out there can answer: not one of ours.
  func isFar(_ name: DNSName) -> Bool { !near.contains { name.isWithin($0) } }
}
