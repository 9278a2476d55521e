internal import Bytes
internal import NetAddress

/// An address or a host name as the lines of the world write them.
enum HostText {
  /// An address: with or without brackets, `IPv6:`, a zone, a port behind `:` or `.`, leading zeros.
  static func address(_ text: some StringProtocol) -> IPAddress? {
    guard text.utf8.count <= 80, mayBeAddress(text) else { return nil }
    var bytes = Substring(text).utf8
    while let first = bytes.first, "[( ".utf8.contains(first) { bytes = bytes.dropFirst() }
    while let last = bytes.last, "]), ;".utf8.contains(last) { bytes = bytes.dropLast() }
    // A port outside the brackets: `[192.0.2.1]:25`.
    if let end = bytes.firstIndex(of: UInt8(ascii: "]")) { bytes = bytes[..<end] }
    guard (2...64).contains(bytes.count) else { return nil }
    var text = Substring(bytes)
    if text.lowercasedASCII.hasPrefix("ipv6:") { text = text.dropFirst(5) }
    if let zone = text.utf8.firstIndex(of: UInt8(ascii: "%")) { text = text[..<zone] }
    if let address = IPAddress(String(text)) { return address }
    return dottedQuad(text)
  }

  /// Most words are none, and that shows at once: without a colon, a zone or something behind a bracket there are only
  /// digits and what stands between and around them.
  private static func mayBeAddress(_ text: some StringProtocol) -> Bool {
    var hasOther = false
    for octet in text.utf8 {
      switch octet {
      case UInt8(ascii: ":"), UInt8(ascii: "%"), UInt8(ascii: "]"): return true
      case 0x30...0x39, .dot, UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: ")"),
        UInt8(ascii: ","), UInt8(ascii: ";"), .space:
        continue
      default: hasOther = true
      }
    }
    return !hasOther
  }

  /// Four numbers, perhaps with leading zeros, perhaps with a port behind a dot, a colon or a slash.
  private static func dottedQuad(_ text: Substring) -> IPAddress? {
    var parts = text.utf8.split(maxSplits: 4, omittingEmptySubsequences: false) { ".:/".utf8.contains($0) }
    guard parts.count == 4 || parts.count == 5 else { return nil }
    guard
      text.utf8.prefix(parts[0].count + parts[1].count + parts[2].count + parts[3].count + 3)
        .allSatisfy({ $0.isASCIIDigit || $0 == .dot })
    else { return nil }
    if parts.count == 5 {
      guard (1...5).contains(parts[4].count), parts[4].allSatisfy(\.isASCIIDigit) else { return nil }
      parts.removeLast()
    }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy(\.isASCIIDigit) else { return nil }
      let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
      guard number <= 255 else { return nil }
      value = value << 8 | number
    }
    return IPAddress(v4: value)
  }

  /// Whether it can be a host's name: letters, digits, hyphens and underscores in labels.
  static func isName(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    guard (1...255).contains(bytes.count), let first = bytes.first, first != .dot else { return false }
    return bytes.allSatisfy {
      $0.isASCIILetterOrDigit || $0 == .dot || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        || $0 >= 0x80
    }
  }

  /// Whether it is a name with a dot in it that is no address.
  static func isFullName(_ text: some StringProtocol) -> Bool {
    isName(text) && text.utf8.dropLast().contains(.dot) && address(text) == nil
  }

  private static let homely: Set<String> = [
    "local", "localdomain", "lan", "internal", "intranet", "corp", "home", "localhost", "private", "priv",
    "office",
    "int", "loc", "arpa",
  ]

  /// Whether a name is one of a network that nobody outside sees.
  static func isHomely(_ name: String) -> Bool {
    let octets = name.utf8
    let end = octets.lastIndex { $0 != .dot }.map(octets.index(after:)) ?? octets.startIndex
    let last =
      octets[..<end].lastIndex(of: .dot).map { octets[octets.index(after: $0)..<end] } ?? octets[..<end]
    guard last.count <= 11 else { return false }
    return homely.contains(Substring(last).lowercasedASCII)
  }

  private static let placeholders: Set<String> = [
    "unknown", "unverified", "softdnserr", "unknown.domain", "nodnsquery", "no", "may", "noptr", "norevdns",
    "not",
    "untrusted", "no-reverse-dns", "[unknown]", "none", "-", "rdns", "unix", "dynamic", "trusted",
  ]

  /// The words that servers write for a name they do not know.
  static func isPlaceholder(_ text: some StringProtocol) -> Bool {
    text.utf8.count <= 14 && placeholders.contains(text.lowercasedASCII)
  }
}

/// The protocols of `with` and `via` (RFC 3848, RFC 6531, and what servers write).
enum Protocols {
  private static let names: Set<String> = [
    "SMTP", "SMTPS", "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA", "ASMTP", "ASMTPS", "SMTPA", "SMTPSA", "UTF8SMTP",
    "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA", "LMTP", "LMTPS", "LMTPA", "LMTPSA", "UTF8LMTP", "UTF8LMTPS",
    "UTF8LMTPA", "UTF8LMTPSA", "BSMTP", "HTTP", "HTTPS", "HTTPU", "HTTPREST", "QMQP", "QMTP", "POP3", "POP3S",
    "POP", "APOP", "IMAP", "IMAP4", "IMAPS", "MAPI", "LOCAL", "NNTP", "UUCP", "MMS", "X400", "NNFMP",
    "HTTP-DAV",
  ]

  /// The protocol that a text names, in capitals; nil for none.
  static func named(_ text: String?) -> String? {
    guard let text else { return nil }
    for word in text.utf8.split(whereSeparator: { $0 == .space || $0 == UInt8(ascii: "/") }).prefix(8) {
      let whole = String(Substring(word)).uppercasedASCII
      if names.contains(whole) { return whole }
      if whole == "ESMTP-TLS" { return "ESMTPS" }
      if whole.hasPrefix("SMTPSVC") || whole == "SMTPSVC" { return "SMTP" }
      let parts = whole.pieces(by: UInt8(ascii: "-"))
      if parts.first == "LOCAL" {
        return parts.count > 1 && names.contains(String(parts[1])) ? String(parts[1]) : "LOCAL"
      }
      if let first = parts.first, names.contains(String(first)) { return String(first) }
    }
    return nil
  }
}
