internal import Bytes

/// What is wrong with a name or a password that a client showed.
enum ClaimFault: Error, Hashable {
  /// Not of the grammar.
  case malformed(String)
  /// Of the grammar, and yet nobody's.
  case refused(String)

  func step(user: String = "") -> ServerStep {
    switch self {
    case .malformed(let detail): .malformed(detail)
    case .refused(let detail): .failure(user: user, detail: detail)
    }
  }
}

/// Names and passwords as they come in.
enum Claims {
  // Bound: the longest mailbox, and a little.
  static let longestName = 320
  // Bound: RFC 4616 §2 asks for 255 at least.
  static let longestPassword = 1024

  /// The name that is meant; RFC 4013 has it that `ｕｓｅｒ` is `user`.
  static func name(_ bytes: ArraySlice<UInt8>) throws(ClaimFault) -> String {
    guard bytes.count <= longestName else {
      throw .malformed("a name of more than \(longestName) octets")
    }
    guard let text = String(utf8: bytes) else { throw .malformed("a name that is not UTF-8") }
    guard !text.isEmpty else { throw .refused("an empty name") }
    let name: String
    do throws(SASLprepFault) {
      name = try SASLprep.prepared(text)
    } catch {
      throw .refused("a name that \(error)")
    }
    guard !name.isEmpty else { throw .refused("an empty name") }
    return name
  }

  /// A password as it came, sound in form.
  static func password(_ bytes: ArraySlice<UInt8>) throws(ClaimFault) -> [UInt8] {
    guard bytes.count <= longestPassword else {
      throw .malformed("a password of more than \(longestPassword) octets")
    }
    // Abuse: an LDAP bind without a password succeeds as nobody (RFC 4513 §5.1.2).
    guard !bytes.isEmpty else { throw .refused("an empty password") }
    guard !bytes.contains(0) else { throw .malformed("a password with NUL in it") }
    guard String(utf8: bytes) != nil else { throw .malformed("a password that is not UTF-8") }
    return Array(bytes)
  }
}
