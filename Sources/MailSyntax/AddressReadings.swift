internal import Bytes

/// Every domain to which some mail server might send a recipient address on.
///
/// An address is an open relay's key when the gateway reads one thing and the server behind it another:
/// `user%evil@ours`, `evil!user@ours`, `@ours:user@evil`, `"user@evil"@ours`. So all readings are listed,
/// and relay control asks that each of them be ours. (RFC 5321 §3.3, §3.6.1, §4.1.2; RFC 1123 §5.2.16 for `%`.)
public struct AddressReadings: Hashable, Sendable {
  /// The domains, in the order found; literals in their written form.
  public private(set) var domains: [PathDomain] = []
  /// Whether some reading has no domain to judge by: an empty host, or more turns than anyone would write.
  public private(set) var hasUnreadable = false

  /// Bound: an address of 254 octets has at most that many separators; each is looked at once per depth.
  private static let limit = 64

  public init(of path: Path) {
    if let domain = path.domain { domains.append(domain) }
    for host in path.route { add(host: host) }
    read(path.localPart[...], depth: 0)
  }

  /// Reads a local part for what else it may be: an address in itself.
  private mutating func read(_ local: Substring, depth: Int) {
    guard depth < 8, domains.count < Self.limit else {
      hasUnreadable = true
      return
    }
    // `user@host`, `user%host`: what stands right of the sign is a host.
    for sign in [UInt8(ascii: "@"), UInt8(ascii: "%")] {
      for index in local.utf8.indices where local.utf8[index] == sign {
        let right = local[local.utf8.index(after: index)...]
        // Mixed forms: the host ends where the next sign begins.
        let host = right.utf8.prefix {
          $0 != UInt8(ascii: "@") && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "!")
            && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ",")
        }
        add(host: String(Substring(host)))
      }
    }
    // `host!user`: what stands left of the sign is a host.
    var rest = local
    while let bang = rest.utf8.firstIndex(of: UInt8(ascii: "!")) {
      let left = rest[..<bang]
      let host = left.utf8.reversed().prefix {
        $0 != UInt8(ascii: "@") && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: ":")
          && $0 != UInt8(ascii: ",")
      }
      add(host: String(decoding: Array(host.reversed()), as: UTF8.self))
      rest = rest[rest.utf8.index(after: bang)...]
    }
    // `host::user` of DECnet gateways.
    if let colon = local.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let next = local.utf8.index(after: colon)
      if next < local.utf8.endIndex, local.utf8[next] == UInt8(ascii: ":") {
        add(host: String(local[..<colon]))
      }
    }
    // A quoted string inside the quoted string: `"\"user@evil\""@ours`.
    if local.utf8.first == UInt8(ascii: "\""), local.utf8.count > 2 {
      read(local.dropFirst().prefix { $0 != "\"" }, depth: depth + 1)
    }
  }

  private mutating func add(host: String) {
    guard domains.count < Self.limit else {
      hasUnreadable = true
      return
    }
    var text = host
    while text.utf8.last == .dot || text.utf8.last == .space { text.removeLast() }
    if text.utf8.first == UInt8(ascii: "["), text.utf8.last == UInt8(ascii: "]"), text.utf8.count > 2,
      let literal = AddressLiteral.parse(String(text.dropFirst().dropLast()))
    {
      domains.append(literal)
    } else if DomainName.isValid(text) {
      domains.append(.name(text))
    } else {
      hasUnreadable = true
    }
  }
}
