internal import Bytes
internal import DNS
internal import MailSyntax
internal import NetAddress

/// What the argument of HELO or EHLO is, by its form alone (RFC 5321 §4.1.1.1, §4.1.3, §2.3.5).
enum HeloName: Hashable {
  /// `[192.0.2.1]`, `[IPv6:2001:db8::1]`
  case literal(IPAddress)
  /// An address without its brackets.
  case bareAddress
  /// `localhost` and what lies in `localdomain`: every host's name for itself.
  case localhost
  /// One label.
  case notQualified
  case name(DNSName)
  /// None of these, and why.
  case malformed(String)

  init(_ text: String) {
    if text.utf8.first == UInt8(ascii: "[") {
      self = Self.literal(text)
      return
    }
    guard IPAddress(text) == nil else {
      self = .bareAddress
      return
    }
    // A final dot is in no grammar of SMTP, and harmless.
    let name = text.utf8.last == .dot ? String(text.dropLast()) : text
    guard let known = DNSName(name), DomainName.isValid(known.text) else {
      self = .malformed("no domain name")
      return
    }
    let labels = known.labels
    // RFC 3696 §2: no top-level domain is a number.
    guard let top = labels.last, !top.utf8.allSatisfy(\.isASCIIDigit) else {
      self = .malformed("ends in a number")
      return
    }
    if top == "localhost" || top == "localdomain" {
      self = .localhost
    } else {
      self = labels.count == 1 ? .notQualified : .name(known)
    }
  }

  private static func literal(_ text: String) -> HeloName {
    guard text.utf8.last == UInt8(ascii: "]") else { return .malformed("no address literal") }
    let inner = text.dropFirst().dropLast()
    let tag = "IPv6:"
    let isTagged = inner.prefix(tag.count).equalsIgnoringASCIICase(tag)
    let address = IPAddress(String(isTagged ? inner.dropFirst(tag.count) : inner))
    // Deviation: an IPv6 address without its tag is read as well; nobody can take it for something else.
    return address.map { .literal($0) } ?? .malformed("no address literal")
  }
}
