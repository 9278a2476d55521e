internal import NetAddress

/// Whether networks are so wide that strangers are in them.
enum InternetCover {
  /// More IPv4 addresses than this are no one's own: sixteen networks of /8, more than any owner on earth has.
  private static let mostV4: UInt64 = 1 << 28
  /// No one was given an IPv6 network wider than this; 2002::/16 (6to4) holds every IPv4 address.
  private static let shortestV6 = 19

  /// Special networks through which anyone on the IPv4 internet appears: NAT64 (RFC 6052) and Teredo (RFC 4380).
  private static let translators = ["64:ff9b::/96", "2001::/32"].compactMap { IPPrefix($0) }

  /// Why a network is too wide; continues its text.
  static func reason(_ prefix: IPPrefix) -> String? {
    if prefix.length == 0 { return "is the whole internet" }
    if prefix.isV4 { return prefix.length < 8 ? "is a good part of the internet" : nil }
    if prefix.length < shortestV6 { return "is a good part of the internet" }
    let holds = translators.contains { $0.contains(prefix) && prefix.length < 128 }
    return holds ? "is where anyone on the IPv4 internet can appear" : nil
  }

  /// Why networks are together too wide, though none of them is.
  static func reason(_ set: IPPrefixSet) -> String? {
    var prefixes = Set(set.prefixes)
    // A network inside another counts once.
    for prefix in set.prefixes where set.prefixes.contains(where: { $0 != prefix && $0.contains(prefix) }) {
      prefixes.remove(prefix)
    }
    let v4 = prefixes.filter(\.isV4).reduce(UInt64(0)) { $0 + (1 << UInt64(32 - $1.length)) }
    if v4 > mostV4 { return "the networks together are a good part of the internet" }
    // In units of a /32; one of /19 is 8192 of them.
    let v6 = prefixes.filter { !$0.isV4 && $0.length <= 32 }.reduce(UInt64(0)) {
      $0 + (1 << UInt64(32 - $1.length))
    }
    return v6 > 16 * (1 << UInt64(32 - shortestV6))
      ? "the networks together are a good part of the internet" : nil
  }

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
