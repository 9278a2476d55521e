internal import Bytes
internal import MailSyntax

/// Finds mail addresses in text: `name@host.example`.
///
/// Bounds: 64 octets of a local part, 253 of a domain, each octet looked at a fixed number of times.
enum MailAddressFinder {
  /// Each once.
  static func addresses(in text: [UInt8], most: Int) -> [String] {
    var found: [String] = []
    var seen: Set<String> = []
    var index = 0
    while found.count < most, let at = text[index...].firstIndex(of: UInt8(ascii: "@")) {
      index = at + 1
      var start = at
      while start > 0, at - start < 65, isLocal(text[start - 1]) { start -= 1 }
      var end = index
      while end < text.count, end - index < 254, isDomain(text[end]) { end += 1 }
      if let address = address(text[start..<at], text[index..<end]), seen.insert(address).inserted {
        found.append(address)
      }
    }
    return found
  }

  /// The address of a `mailto:` link; nil where it is none.
  static func target(of reference: [UInt8]) -> String? {
    let scheme = "mailto:".utf8
    guard reference.prefix(scheme.count).map(\.lowercasedASCII).elementsEqual(scheme) else { return nil }
    let address = reference.dropFirst(scheme.count).prefix { $0 != UInt8(ascii: "?") }.prefix(400)
    return addresses(in: PercentEncoding.undone(Array(address)), most: 1).first
  }

  private static func address(_ local: ArraySlice<UInt8>, _ domain: ArraySlice<UInt8>) -> String? {
    let local = local.drop { $0 == .dot }
    var domain = domain
    while let last = domain.last, last == .dot || last == 0x2d { domain.removeLast() }
    guard (1...64).contains(local.count), local.last != .dot, domain.contains(.dot),
      let name = DomainName.validated(domain)
    else { return nil }
    return (String(decoding: local, as: UTF8.self) + "@" + name).lowercasedASCII
  }

  private static func isLocal(_ octet: UInt8) -> Bool {
    octet.isASCIILetterOrDigit || octet == .dot || octet == 0x2d || octet == UInt8(ascii: "_")
      || octet == UInt8(ascii: "+") || octet == UInt8(ascii: "=")
  }

  private static func isDomain(_ octet: UInt8) -> Bool {
    octet.isASCIILetterOrDigit || octet == .dot || octet == 0x2d
  }
}
