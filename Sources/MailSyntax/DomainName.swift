internal import Bytes

/// Host and mail domain names as SMTP writes them (RFC 5321 §4.1.2, RFC 1035 §2.3.1, RFC 5890 for U-labels).
public enum DomainName {
  /// The name as text if each label is well formed: 1–63 octets, no hyphen at either end, 255 octets in all.
  ///
  /// Deviation: underscores are taken, since hosts with such names exist and send mail. A label that says it
  /// is an A-label (`xn--`) must go on behind it.
  public static func validated(_ bytes: some Collection<UInt8>) -> String? {
    guard !bytes.isEmpty, bytes.count <= 255 else { return nil }
    for label in bytes.split(separator: .dot, omittingEmptySubsequences: false) {
      guard isLabel(Array(label)) else { return nil }
    }
    guard let text = String(validating: Array(bytes), as: UTF8.self) else { return nil }
    return text
  }

  /// Whether `text` is a well-formed name; a trailing dot is not.
  public static func isValid(_ text: String) -> Bool { validated(Array(text.utf8)) != nil }

  private static func isLabel(_ label: [UInt8]) -> Bool {
    guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
    else { return false }
    guard
      label.allSatisfy({
        $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 >= 0x80
      })
    else { return false }
    if label.count <= 4, String(decoding: label, as: UTF8.self).lowercasedASCII.hasPrefix("xn--") {
      return false
    }
    return true
  }
}
