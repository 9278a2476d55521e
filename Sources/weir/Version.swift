import CPCRE2
import COpenSSL

/// What this program is made of.
enum Version {
  static let number = "0.1.0"

  static var text: String {
    "\(number) (\(openSSL), PCRE2 \(pcre2))"
  }

  static var openSSL: String {
    guard let text = OpenSSL_version(OPENSSL_VERSION) else { return "OpenSSL" }
    return String(cString: text).split(separator: " ").prefix(2).joined(separator: " ")
  }

  static var pcre2: String {
    var bytes = [CChar](repeating: 0, count: 64)
    guard pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), &bytes) > 0 else { return "?" }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: " ").first.map(String.init) ?? "?"
  }
}
