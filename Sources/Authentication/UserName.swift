internal import Bytes
internal import Foundation

/// A user's name as a client wrote it, held to what a backend may be asked.
enum UserName {
  /// Bound: octets of a name; an address has 320 at most (RFC 3696 errata).
  static let longest = 320
  /// Bound: octets of a password or of what stands for one.
  static let longestPassword = 1024

  /// Why this name is asked of nobody; nil where it may be asked.
  static func fault(_ name: String) -> String? {
    if name.isEmpty { return "no user name" }
    if name.utf8.count > longest { return "the user name is longer than \(longest) octets" }
    // A directory takes no notice of these (RFC 4518 §2.6.1): one user would have many names.
    if name.hasPrefix(" ") || name.hasSuffix(" ") || name.contains("  ") { return "spaces in the user name" }
    for scalar in name.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        return "the user name holds a character that no name has"
      default: continue
      }
    }
    return nil
  }

  /// Why this password is asked of nobody. A directory takes an empty one for an anonymous bind, which succeeds
  /// (RFC 4513 §5.1.2), and some take what stands behind a NUL for nothing.
  static func fault(password: [UInt8]) -> String? {
    if password.isEmpty { return "empty password" }
    if password.contains(0) { return "NUL in the password" }
    if password.count > longestPassword { return "the password is longer than \(longestPassword) octets" }
    return nil
  }

  /// One spelling for all that a backend takes for the same: compatibility characters composed, small letters.
  static func normalised(_ name: String) -> String {
    name.precomposedStringWithCompatibilityMapping.lowercased()
  }

  /// The name with the configured domain where it has none.
  static func completed(_ name: String, domain: String?) -> String {
    guard let domain, !domain.isEmpty, !name.contains("@") else { return name }
    return "\(name)@\(domain)"
  }

  /// What stands before and behind the last `@`.
  static func parts(_ name: String) -> (local: String, domain: String) {
    guard let at = name.lastIndex(of: "@") else { return (name, "") }
    return (String(name[..<at]), String(name[name.index(after: at)...]))
  }

  /// A backend's own words for a user or a reason, bounded and on one line.
  static func words(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).printable(limit: 200)
  }
}
