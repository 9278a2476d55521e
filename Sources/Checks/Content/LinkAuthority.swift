internal import Bytes
internal import MailSyntax

/// What stands between the slashes of a link as it was written, as browsers split it.
struct LinkAuthority {
  /// In front of an `@`, up to the colon of a password; nil where there is none.
  let user: String?
  /// Without user and port.
  let host: String
  /// Path, query and fragment, in small letters.
  let rest: String

  /// nil where the text has no host.
  init?(_ written: String) {
    let octets = Array(written.utf8.filter { $0 > 0x20 })
    var start = octets.startIndex
    // With a scheme any number of slashes, without one two.
    let scheme = octets.prefix { $0.isASCIILetterOrDigit || $0 == 0x2b || $0 == 0x2d || $0 == .dot }
    if scheme.endIndex < octets.endIndex, octets[scheme.endIndex] == UInt8(ascii: ":") {
      start = scheme.endIndex + 1
    } else if !octets.starts(with: "//".utf8), !octets.starts(with: "\\\\".utf8) {
      return nil
    }
    let behind = octets[start...].drop(while: Self.isSlash)
    let authority = behind.prefix { !Self.isSlash($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    guard !authority.isEmpty else { return nil }
    let at = authority.lastIndex(of: UInt8(ascii: "@"))
    user = at.map { at in
      Self.text(PercentEncoding.undone(Array(authority[..<at].prefix { $0 != UInt8(ascii: ":") })))
    }
    let place = at.map { authority[($0 + 1)...] } ?? authority
    host = Self.text(place.first == UInt8(ascii: "[") ? place : place.prefix { $0 != UInt8(ascii: ":") })
    rest = Self.text(behind[authority.endIndex...]).lowercasedASCII
  }

  /// Whether the host is written otherwise than anybody writes it, and leads somewhere nevertheless.
  func obscures(_ target: Link) -> Bool {
    if target.address != nil { return host.first != "[" && host != target.host }
    if host.utf8.contains(UInt8(ascii: "%")) { return true }
    // What is wide, decorated or invisible comes out as ASCII.
    return host.utf8.contains { $0 >= 0x80 } && target.host.utf8.allSatisfy { $0 < 0x80 }
  }

  private static func text(_ octets: some Collection<UInt8>) -> String {
    String(decoding: octets, as: UTF8.self)
  }

  private static func isSlash(_ octet: UInt8) -> Bool {
    octet == UInt8(ascii: "/") || octet == UInt8(ascii: "\\")
  }
}
