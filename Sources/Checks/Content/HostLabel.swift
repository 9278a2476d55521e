internal import Bytes
internal import MailSyntax

/// Labels of links that are hosts or addresses themselves.
enum HostLabel {
  /// Names of things that look like hosts.
  private static let things: Set<String> = ["asp.net", "vb.net", "ado.net", "ml.net", "paint.net", "node.js"]
  /// Without a scheme, `www.` or a path a name counts only below these: files and sentences end in others.
  private static let common: Set<String> = [
    "com", "net", "org", "edu", "gov", "info", "biz", "mil", "int", "cn", "de", "uk", "jp", "fr", "nl", "ru",
    "it", "es", "eu", "ch", "at", "br", "au", "ca", "kr", "tw", "hk",
  ]

  /// The host that a whole label is the address of; nil where it is text.
  static func host(in label: String) -> String? {
    let text = label.trimmingSpace.lowercasedASCII
    guard !text.isEmpty, text.utf8.count <= 255, !text.utf8.contains(where: { $0 <= 0x20 }),
      !text.contains("@")
    else { return nil }
    var rest = Substring(text)
    var isCertain = false
    for scheme in ["http://", "https://", "ftp://"] where rest.hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.count)
      isCertain = true
    }
    let host = String(rest.prefix { !"/?#:".contains($0) })
    guard isHost(host), !things.contains(host) else { return nil }
    if isCertain || host.hasPrefix("www.") { return host }
    guard let last = host.split(separator: ".").last, common.contains(String(last)) else { return nil }
    return host
  }

  /// Whether a text has the form of a host's full name.
  static func isHost(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, DomainName.isValid(text), let last = labels.last else { return false }
    return last.utf8.count >= 2 && !last.utf8.allSatisfy(\.isASCIIDigit)
      && (last.utf8.allSatisfy { $0.isASCIILetter || $0 >= 0x80 } || last.hasPrefix("xn--"))
  }

  /// The hosts of mail addresses in a text, at most 10.
  static func mailHosts(in text: [UInt8]) -> [String] {
    var hosts: [String] = []
    for (index, byte) in text.enumerated() where byte == UInt8(ascii: "@") && hosts.count < 10 {
      let host = text[(index + 1)...].prefix { $0.isASCIILetterOrDigit || $0 == .dot || $0 == 0x2d }
      hosts.append(String(decoding: host, as: UTF8.self).lowercasedASCII)
    }
    return hosts
  }
}
