/// The SASL mechanisms that the gateway knows (RFC 4422), by their registered names.
public enum Mechanism: String, CaseIterable, Hashable, Sendable {
  case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
  case scramSHA1Plus = "SCRAM-SHA-1-PLUS"
  case scramSHA256 = "SCRAM-SHA-256"
  case scramSHA1 = "SCRAM-SHA-1"
  case cramMD5 = "CRAM-MD5"
  case oauthBearer = "OAUTHBEARER"
  case xoauth2 = "XOAUTH2"
  case plain = "PLAIN"
  case login = "LOGIN"

  /// Reads the name in any case; nil for others.
  public init?(name: some StringProtocol) {
    self.init(rawValue: name.uppercased())
  }

  /// Whether the password or token itself crosses the wire: not without TLS, save by an explicit word.
  public var sendsSecret: Bool {
    switch self {
    case .plain, .login, .oauthBearer, .xoauth2: true
    case .cramMD5, .scramSHA1, .scramSHA256, .scramSHA1Plus, .scramSHA256Plus: false
    }
  }

  /// Whether it is bound to the TLS channel (`tls-server-end-point`, RFC 5929 §4), and so needs one.
  public var isBoundToChannel: Bool { self == .scramSHA1Plus || self == .scramSHA256Plus }
}
