internal import Bytes
internal import Cryptography
internal import DNS
internal import MailAuthentication
internal import NetAddress

extension DNSZone {
  /// The question about an address; nil where the list is not asked about it.
  func question(about address: IPAddress, labels: String) -> DNSName? {
    guard address.isV4 ? takesV4 : takesV6, mayAsk(address) else { return nil }
    return name.prefixed(labels)
  }

  /// Private and loopback addresses are nobody's business outside, nor does anybody there know them.
  private func mayAsk(_ address: IPAddress) -> Bool {
    isPrivate || !(address.isLoopback || address.isPrivate || address.isUnspecified)
  }

  /// The questions about a name, at most two.
  func questions(about host: DNSName, _ suffixes: PublicSuffixes) -> [DNSName] {
    let names: [DNSName] =
      switch nameForm {
      case .host: [host]
      case .registrable: [suffixes.organizationalDomain(of: host) ?? host]
      case .both:
        if let domain = suffixes.organizationalDomain(of: host), domain != host {
          [host, domain]
        } else {
          [host]
        }
      }
    return names.compactMap { name.prefixed($0.text) }
  }

  /// The 32 nibbles of an address's 128 bits, IPv4 in its mapped form: the test points of lists of IPv6 alone
  /// (RFC 5782 §2.4, §5).
  static func nibbles(_ address: IPAddress) -> String {
    var labels: [String] = []
    for half in [address.low, address.high] {
      for nibble in 0..<16 { labels.append(String(half >> UInt64(4 * nibble) & 15, radix: 16)) }
    }
    return labels.joined(separator: ".")
  }
}

extension DNSName {
  /// Whether a list of domains may be asked about it: two labels at least, and no number at its end, which would
  /// make it an address. Lists answer such questions with errors, and the peer chooses the name.
  var isAskable: Bool {
    guard let last = text.utf8.lastIndex(of: .dot), last != text.utf8.startIndex else { return false }
    let top = text.utf8[text.utf8.index(after: last)...]
    return !top.allSatisfy(\.isASCIIDigit) && !text.hasPrefix(".")
  }
}

/// How a list of mail addresses wants them hashed.
struct AddressHashing: Hashable, Sendable {
  enum Form: String, CaseIterable {
    case base16, base32
  }

  var function = HashFunction.sha1
  var form = Form.base16
  /// Whether tags (`user+tag`), and the dots that Gmail does not see, are taken out before.
  var isCanonical = true

  static let functions: [String: HashFunction] = ["md5": .md5, "sha1": .sha1, "sha256": .sha256]

  /// The label of an address; the local part without its quoting.
  func label(local: String, domain: String) -> String {
    var local = local.lowercasedASCII
    var domain = domain.lowercasedASCII
    if isCanonical {
      if let plus = local.firstIndex(of: "+"), plus != local.startIndex { local = String(local[..<plus]) }
      if domain == "googlemail.com" { domain = "gmail.com" }
      if domain == "gmail.com" { local.removeAll { $0 == "." } }
    }
    let digest = function.digest(Array("\(local)@\(domain)".utf8))
    return form == .base16 ? Self.base16(digest) : Self.base32(digest)
  }

  private static func base16(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// RFC 4648 §6 in small letters, without padding.
  private static func base32(_ bytes: [UInt8]) -> String {
    let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 5 {
        count -= 5
        text.append(digits[Int(bits >> UInt32(count) & 31)])
      }
    }
    if count > 0 { text.append(digits[Int(bits << UInt32(5 - count) & 31)]) }
    return String(decoding: text, as: UTF8.self)
  }
}
