internal import Bytes
internal import SASL

/// Whom a client says to be in a message that is handed on unread otherwise: for the log and for the defence against
/// guessing, and for nothing else.
enum ClaimedName {
  static func find(in response: [UInt8], of mechanism: Mechanism) -> String? {
    let text = String(decoding: response, as: UTF8.self)
    let name: String? =
      switch mechanism {
      // RFC 2195: user SP digest.
      case .cramMD5: text.split(separator: " ").dropLast().joined(separator: " ")
      // RFC 5802 §7: gs2-header n=user,r=nonce. The final message holds c= and no n=.
      case .scramSHA1, .scramSHA256, .scramSHA1Plus, .scramSHA256Plus: attribute("n=", of: text)
      // RFC 7628 §3.1: n,a=user,
      case .oauthBearer: attribute("a=", of: text)
      case .xoauth2:
        text.split(separator: "\u{1}").first { $0.hasPrefix("user=") }.map { String($0.dropFirst(5)) }
      case .plain, .login: nil
      }
    return name.flatMap { $0.isEmpty ? nil : $0.printable(limit: UserName.longest) }
  }

  private static func attribute(_ start: String, of text: String) -> String? {
    text.prefix { $0 != "\u{1}" }.split(separator: ",").first { $0.hasPrefix(start) }
      .map { String($0.dropFirst(start.count)) }
      .map { $0.replacing("=2C", with: ",").replacing("=3D", with: "=") }
  }
}
