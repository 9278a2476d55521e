internal import NetAddress

/// Whether networks are so wide that strangers are in them.
enum InternetCover {
  /// More IPv4 addresses than this are no one's own: sixteen networks of /8, more than any owner on earth has.
  private static let mostV4: UInt64 = 1 << 28
  /// No one was given an IPv6 network wider than this; 2002::/16 (6to4) holds every IPv4 address.
  private static let shortestV6 = 19

  /// Special networks through which anyone on the IPv4 internet appears: NAT64 (RFC 6052) and Teredo (RFC 4380).
  private static let translators = ["64:ff9b::/96", "2001::/32"].compactMap { IPPrefix($0) }

  /// Unique local addresses (RFC 4193) and link-local ones, of which every network has its own.
  private static let privateV6 = ["fc00::/7", "fe80::/10"].compactMap { IPPrefix($0) }

  /// Why a network is too wide; continues its text.
  static func reason(_ prefix: IPPrefix) -> String? {
    if prefix.length == 0 { return "is the whole internet" }
    if prefix.isV4 { return prefix.length < 8 ? "is a good part of the internet" : nil }
    if isPrivate(prefix) { return nil }
    if prefix.length < shortestV6 { return "is a good part of the internet" }
    let holds = translators.contains { $0.contains(prefix) && prefix.length < 128 }
    return holds ? "is where anyone on the IPv4 internet can appear" : nil
  }

  /// Why networks are together too wide, though none of them is.
  static func reason(_ set: IPPrefixSet) -> String? {
    var v4: UInt64 = 0
    // In units of a /32; one of /19 is 8192 of them.
    var v6: UInt64 = 0
    var end: IPAddress?
    // A network inside another counts once; the wider one sorts first.
    for prefix in set.prefixes.sorted(by: { ($0.address, $0.length) < ($1.address, $1.length) }) {
      if let end, prefix.address <= end { continue }
      end = prefix.lastAddress
      if prefix.isV4 {
        v4 += 1 << UInt64(32 - prefix.length)
      } else if prefix.length <= 32, !isPrivate(prefix) {
        v6 += 1 << UInt64(32 - prefix.length)
      }
    }
    let isWide = v4 > mostV4 || v6 > 16 << UInt64(32 - shortestV6)
    return isWide ? "the networks together are a good part of the internet" : nil
  }

  private static func isPrivate(_ prefix: IPPrefix) -> Bool { privateV6.contains { $0.contains(prefix) } }

  /// True for one label that is no private one (RFC 6761, RFC 6762, and names that networks use inside).
  static func isTopLevel(_ name: String) -> Bool {
    let own: Set<String> = [
      "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain",
      "localhost",
      "private", "test",
    ]
    return !name.contains(".") && !own.contains(name)
  }
}
