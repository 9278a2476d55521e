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

  /// Bound: nobody writes so many turns.
  private static let limit = 64

  public init(of path: Path) {
    if let domain = path.domain { domains.append(domain) }
    for host in path.route { add(host: host) }
    guard path.localPart.utf8.contains(where: \.isSeparator) else { return }
    read(Array(path.localPart.utf8))
  }

  /// Reads a local part for what else it may be: an address in itself.
  private mutating func read(_ local: [UInt8]) {
    for index in local.indices where local[index].isSeparator {
      switch local[index] {
      case UInt8(ascii: "@"), UInt8(ascii: "%"):
        // `user@host`, `user%host`: what stands right of the sign is a host, up to the next sign.
        add(host: local[(index + 1)...].prefix { !$0.isSeparator })
      case UInt8(ascii: "!"):
        // `host!user`: what stands left of the sign is a host.
        add(host: Self.left(of: index, in: local))
      case UInt8(ascii: ":") where index + 1 < local.count && local[index + 1] == UInt8(ascii: ":"):
        // `host::user` of DECnet gateways.
        add(host: Self.left(of: index, in: local))
      default: break
      }
      if domains.count >= Self.limit { return hasUnreadable = true }
    }
  }

  private static func left(of sign: Int, in local: [UInt8]) -> ArraySlice<UInt8> {
    var start = sign
    while start > 0, !local[start - 1].isSeparator { start -= 1 }
    return local[start..<sign]
  }

  private mutating func add(host: ArraySlice<UInt8>) {
    add(host: String(decoding: host, as: UTF8.self))
  }

  private mutating func add(host: String) {
    guard domains.count < Self.limit else {
      hasUnreadable = true
      return
    }
    var text = host
    // A quote behind the host: a quoted string inside the quoted string, `"\"user@evil\""@ours`.
    if text.utf8.last == UInt8(ascii: "\"") { text.unicodeScalars.removeLast() }
    while text.utf8.last == .dot || text.utf8.last == .space { text.unicodeScalars.removeLast() }
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

extension UInt8 {
  /// What parts the hosts and the user of an address within a local part.
  fileprivate var isSeparator: Bool {
    switch self {
    case UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: ":"), UInt8(ascii: ","): true
    default: false
    }
  }
}
