/// Which SASL mechanism which backend of users can serve: the one place where it stands. What is offered, the errors
/// of `weir check` and the page in the documentation are made from it.
public enum MechanismTable {
  /// Who knows users.
  public enum Backend: String, CaseIterable, Hashable, Sendable {
    case file
    case dovecot
    case saslauthd
    /// The backend MTA itself, by a login of its own with the client's name and password.
    case backend
    case ldap
    /// Token introspection (RFC 7662), beside any of the others.
    case introspection

    /// As the configuration names it.
    public var written: String {
      switch self {
      case .file: "backend = \"file:PATH\""
      case .dovecot: "backend = \"dovecot:SOCKET\""
      case .saslauthd: "backend = \"saslauthd:SOCKET\""
      case .backend: "backend = \"backend:NAME\""
      case .ldap: "backend = \"ldap://HOST\""
      case .introspection: "introspection_url"
      }
    }
  }

  /// How a backend serves a mechanism.
  public enum Service: Hashable, Sendable {
    case served
    /// Served where this holds.
    case servedWhere(String)
    /// Not served, and why.
    case unserved(String)

    public var isServed: Bool {
      switch self {
      case .served, .servedWhere: true
      case .unserved: false
      }
    }
  }

  /// The mechanisms by their registered names, the strongest first.
  public static let mechanisms = [
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "OAUTHBEARER",
    "XOAUTH2", "PLAIN", "LOGIN",
  ]
  /// Those that are offered only where `mechanisms` names them.
  public static let onlyByName: Set<String> = ["CRAM-MD5"]

  public static func service(of mechanism: String, by backend: Backend) -> Service {
    switch backend {
    case .file: file(mechanism)
    case .dovecot: dovecot(mechanism)
    case .saslauthd, .backend, .ldap: passwordOnly(mechanism)
    case .introspection: introspection(mechanism)
    }
  }

  /// What a backend can serve, the strongest first.
  public static func mechanisms(of backend: Backend) -> [String] {
    mechanisms.filter { service(of: $0, by: backend).isServed }
  }

  /// Who can serve a mechanism.
  public static func backends(serving mechanism: String) -> [Backend] {
    Backend.allCases.filter { service(of: mechanism, by: $0).isServed }
  }

  private static func file(_ mechanism: String) -> Service {
    switch mechanism {
    case "PLAIN", "LOGIN": .served
    case "SCRAM-SHA-256", "SCRAM-SHA-1": .servedWhere("the user has a verifier of that hash")
    case "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS":
      .servedWhere("the user has a verifier of that hash and TLS ends at Weir")
    case "CRAM-MD5":
      .servedWhere("the user has a secret that can be read back (`weir users passwd --reversible`)")
    default: .unserved("it knows passwords, no tokens")
    }
  }

  private static func dovecot(_ mechanism: String) -> Service {
    switch mechanism {
    case "LOGIN": .servedWhere("Dovecot announces PLAIN, which it is asked by")
    case "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS":
      .unserved("Dovecot's auth protocol has no word for the channel binding")
    default: .servedWhere("Dovecot announces it")
    }
  }

  private static func passwordOnly(_ mechanism: String) -> Service {
    switch mechanism {
    case "PLAIN", "LOGIN": .served
    case "OAUTHBEARER", "XOAUTH2": .unserved("it knows passwords, no tokens")
    default: .unserved("it must be shown the password, which the mechanism never shows")
    }
  }

  private static func introspection(_ mechanism: String) -> Service {
    switch mechanism {
    case "OAUTHBEARER", "XOAUTH2": .served
    default: .unserved("it knows tokens, no passwords")
    }
  }
}
