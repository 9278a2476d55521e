internal import Bytes

/// Host and mail domain names as SMTP writes them (RFC 5321 §4.1.2, RFC 1035 §2.3.1, RFC 5890 for U-labels).
public enum DomainName {
  /// The name as text if each label is well formed: 1–63 octets, no hyphen at either end, 255 octets in all.
  ///
  /// Deviation: underscores are taken, since hosts with such names exist and send mail. A label that says it
  /// is an A-label (`xn--`) must go on behind it.
  public static func validated(_ bytes: ArraySlice<UInt8>) -> String? {
    guard isWellFormed(bytes) else { return nil }
    return String(utf8: bytes)
  }

  /// Whether `text` is a well-formed name; a trailing dot is not.
  public static func isValid(_ text: String) -> Bool { isWellFormed(Array(text.utf8)[...]) }

  private static func isWellFormed(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard !bytes.isEmpty, bytes.count <= 255 else { return false }
    return bytes.withUnsafeBufferPointer { name in
      var start = 0
      for index in 0...name.count where index == name.count || name[index] == .dot {
        guard isLabel(UnsafeBufferPointer(rebasing: name[start..<index])) else { return false }
        start = index + 1
      }
      return true
    }
  }

  private static func isLabel(_ label: UnsafeBufferPointer<UInt8>) -> Bool {
    let hyphen = UInt8(ascii: "-")
    guard (1...63).contains(label.count), label.first != hyphen, label.last != hyphen else { return false }
    for byte in label
    where !(byte.isASCIILetterOrDigit || byte == hyphen || byte == UInt8(ascii: "_") || byte >= 0x80) {
      return false
    }
    // `xn--` has something behind it; with no more it ended with a hyphen above.
    return true
  }
}
