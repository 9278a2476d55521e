/// A directory whose users log in by a simple bind (RFC 4513 §5.1.3).
public struct LDAPDirectory: Hashable, Sendable {
  /// How a name becomes the entry to bind as. `{user}`, `{local}` and `{domain}` stand for the name, what is before
  /// its `@` and what is behind.
  public enum Finding: Hashable, Sendable {
    /// The entry's name itself: `uid={user},ou=people,dc=example,dc=org`.
    case name(String)
    /// The one entry below `base` that matches `filter`, searched for as `account`, or anonymously.
    case search(base: String, filter: String, account: Account?)
  }

  /// Whom the search is done as.
  public struct Account: Hashable, Sendable {
    public let name: String
    public let password: String

    public init(name: String, password: String) {
      self.name = name
      self.password = password
    }
  }

  /// `ldap://`, `ldaps://` and `ldapi://` URLs, tried in turn.
  public var servers: [String]
  public var finding: Finding
  /// STARTTLS before anything else; without it no bind.
  public var startsTLS: Bool
  /// A PEM file of the authorities; nil for the system's.
  public var authorities: String?
  /// For a whole login, all servers together.
  public var timeout: Duration

  public init(
    servers: [String], finding: Finding, startsTLS: Bool = false, authorities: String? = nil,
    timeout: Duration = .seconds(10)
  ) {
    self.servers = servers
    self.finding = finding
    self.startsTLS = startsTLS
    self.authorities = authorities
    self.timeout = timeout
  }

  /// Whether this build holds libldap.
  public static var isBuiltIn: Bool {
    #if LDAP
      true
    #else
      false
    #endif
  }

  /// What an operator reads where it does not.
  public static let notBuiltIn =
    "LDAP is not built in: this binary was built without the package trait LDAP (libldap-dev)"
}

/// How one server answered.
enum LDAPAnswer: Hashable, Sendable {
  case accepted
  case refused(String)
  case unavailable(String)
}
