internal import Bytes

/// How users prove who they are (`[auth]`). Paths are as written, for ``Settings/resolve(_:)``.
public struct AuthSettings: Sendable, Hashable {
  /// Who knows the users.
  public enum Backend: Sendable, Hashable {
    /// A users file.
    case file(String)
    /// Dovecot's auth socket.
    case dovecot(String)
    /// saslauthd's socket.
    case saslauthd(String)
    /// The `[[backend]]` of that name: the login is passed through to it.
    case backend(String)
    /// LDAP URLs, tried in turn.
    case ldap([String])

    /// The word in front of the colon; `ldap` for each of its URLs.
    public var word: String {
      switch self {
      case .file: "file"
      case .dovecot: "dovecot"
      case .saslauthd: "saslauthd"
      case .backend: "backend"
      case .ldap: "ldap"
      }
    }
  }

  /// The mechanisms named, in capital letters; empty: all that the backend can serve, CRAM-MD5 aside.
  public let mechanisms: [String]
  /// Nil where it cannot be read, which is an error.
  public let backend: Backend?
  /// Completes a user's name that has no domain.
  public let domain: String?
  /// Most passwords verified at once; nil: the number of processors.
  public let verifications: Int?
  /// How long the answer to a first failed login waits.
  public let tarpit: Duration
  /// For an answer of whoever knows the users.
  public let timeout: Duration
  public let introspection: Introspection?
  /// Nil unless the backend is LDAP.
  public let ldap: LDAP?

  /// Where tokens are introspected (RFC 7662).
  public struct Introspection: Sendable, Hashable {
    public let url: String
    public let client: String?
    public let secretFile: String?
    public let authorities: String?
  }

  /// How a user's entry is found in a directory, and the way there.
  public struct LDAP: Sendable, Hashable {
    public let servers: [String]
    public let bindDN: String?
    public let base: String?
    public let filter: String?
    public let searchDN: String?
    public let searchPasswordFile: String?
    public let startsTLS: Bool
    public let authorities: String?
  }
}

extension AuthSettings {
  init?(_ section: Section) {
    guard section.isWritten else { return nil }
    backend = Backend(section)
    domain = section.hostname("domain")
    verifications = section.optionalCount("verifications")
    tarpit = section.duration("tarpit")
    timeout = section.duration("timeout")
    introspection = Introspection(section)
    ldap = LDAP(section, backend)
    mechanisms = Self.mechanisms(section, backend, hasIntrospection: introspection != nil)
  }

  private static func mechanisms(_ section: Section, _ backend: Backend?, hasIntrospection: Bool) -> [String]
  {
    var all: [String] = []
    for (index, text) in section.texts("mechanisms").enumerated() {
      let name = text.uppercasedASCII
      let place = SettingPath.element(section.path(of: "mechanisms"), index)
      func report(_ message: String) { section.reading.report(place, "auth.mechanisms: \(message)") }
      guard MechanismMatrix.names.contains(name) else {
        let near = Suggestion.nearest(to: name, in: MechanismMatrix.names).map { "did you mean \"\($0)\"?" }
        report(
          "unknown mechanism \(quoted(text)); \(near ?? "there are " + MechanismMatrix.names.joined(separator: ", "))"
        )
        continue
      }
      if MechanismMatrix.tokens.contains(name) {
        if !hasIntrospection {
          report("\(name) needs auth.introspection_url, where its tokens are introspected")
        }
      } else if let backend, !MechanismMatrix.served(by: backend).contains(name) {
        let others = MechanismMatrix.words(serving: name).map { "\"\($0):…\"" }.joined(separator: ", ")
        report("\(name) cannot be served by \"\(backend.word):…\"; who can: \(others)")
      }
      if all.contains(name) { report("\(name) is named twice") } else { all.append(name) }
    }
    return all
  }
}

/// Which backend can serve which mechanism.
public enum MechanismMatrix {
  /// The strongest first.
  static let names = [
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "OAUTHBEARER",
    "XOAUTH2", "PLAIN", "LOGIN",
  ]
  /// Those that are verified by token introspection, whoever knows the users.
  static let tokens: Set<String> = ["OAUTHBEARER", "XOAUTH2"]

  /// The mechanisms that a backend can serve, tokens aside, the strongest first.
  ///
  /// SCRAM needs verifiers, which only a users file and Dovecot have; its -PLUS variants need our own TLS in the
  /// exchange, which Dovecot's socket does not carry; the others are shown a password to try it.
  public static func served(by backend: AuthSettings.Backend) -> [String] {
    switch backend {
    case .file: names.filter { !tokens.contains($0) }
    case .dovecot: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]
    case .saslauthd, .backend, .ldap: ["PLAIN", "LOGIN"]
    }
  }

  static func words(serving name: String) -> [String] {
    let all: [AuthSettings.Backend] = [.file(""), .dovecot(""), .saslauthd(""), .backend(""), .ldap([])]
    return all.filter { served(by: $0).contains(name) }.map(\.word)
  }
}

extension AuthSettings.Backend {
  fileprivate init?(_ section: Section) {
    let text = section.text("backend") ?? ""
    let forms: [(String, (String) -> Self)] = [
      ("file:", { .file($0) }), ("dovecot:", { .dovecot($0) }), ("saslauthd:", { .saslauthd($0) }),
      ("backend:", { .backend($0) }),
    ]
    for (word, make) in forms where text.hasPrefix(word) && text != word {
      self = make(String(text.dropFirst(word.count)))
      return
    }
    let urls = text.split(separator: " ").map(String.init)
    let schemes = ["ldap://", "ldaps://", "ldapi://"]
    if !urls.isEmpty, urls.allSatisfy({ url in schemes.contains { url.hasPrefix($0) && url != $0 } }) {
      self = .ldap(urls)
      return
    }
    if !section.has("backend") {
      section.requireKey("backend", "write backend = \"file:/etc/weir/users\"")
    } else if !text.isEmpty {
      section.report(
        "backend",
        "auth.backend: expected \"file:PATH\", \"dovecot:SOCKET\", \"saslauthd:SOCKET\", \"backend:NAME\" or"
          + " \"ldap://…\"; found the text \(quoted(text))")
    }
    return nil
  }
}

extension AuthSettings.Introspection {
  fileprivate init?(_ section: Section) {
    client = section.text("introspection_client")
    secretFile = section.text("introspection_secret_file")
    authorities = section.text("introspection_ca")
    guard let url = section.text("introspection_url") else {
      for key in ["introspection_client", "introspection_secret_file", "introspection_ca"]
      where section.has(key) {
        section.report(key, as: .warning, "auth.\(key): has no effect without auth.introspection_url")
      }
      return nil
    }
    self.url = url
    let isLocal = ["http://127.0.0.1", "http://[::1]", "http://localhost"].contains { start in
      url.hasPrefix(start) && [nil, ":", "/"].contains(url.dropFirst(start.count).first)
    }
    if !isLocal, !url.hasPrefix("https://") || url == "https://" {
      section.report(
        "introspection_url",
        "auth.introspection_url: \(quoted(url)): write an https:// URL; tokens would cross the network in the clear"
      )
    }
  }
}

extension AuthSettings.LDAP {
  fileprivate init?(_ section: Section, _ backend: AuthSettings.Backend?) {
    bindDN = section.text("ldap_bind_dn")
    base = section.text("ldap_base")
    filter = section.text("ldap_filter")
    searchDN = section.text("ldap_search_dn")
    searchPasswordFile = section.text("ldap_search_password_file")
    startsTLS = section.flag("ldap_starttls")
    authorities = section.text("ldap_ca")
    let keys = [
      "ldap_bind_dn", "ldap_base", "ldap_filter", "ldap_search_dn", "ldap_search_password_file",
      "ldap_starttls", "ldap_ca",
    ]
    guard case .ldap(let servers)? = backend else {
      for key in keys where backend != nil && section.has(key) {
        section.report(key, as: .warning, "auth.\(key): has no effect: auth.backend is no directory")
      }
      return nil
    }
    self.servers = servers
    check(section)
  }

  private func check(_ section: Section) {
    if bindDN == nil, base == nil || filter == nil {
      section.requireKey(
        "ldap_bind_dn",
        "write ldap_bind_dn = \"uid={user},ou=people,dc=example,dc=org\", or ldap_base and ldap_filter")
    }
    if bindDN != nil, base != nil || filter != nil {
      section.report(
        "ldap_bind_dn",
        "auth.ldap_bind_dn: ldap_base and ldap_filter say another way: leave out one of the two")
    }
    for (key, text) in [("ldap_bind_dn", bindDN), ("ldap_filter", filter)] {
      guard let text, !text.contains("{user}") else { continue }
      section.report(key, "auth.\(key): \(quoted(text)) names no {user}: everyone would be the same one")
    }
    for server in servers where server.hasPrefix("ldap://") && !startsTLS && !Self.isLocal(server) {
      section.report(
        "backend", as: .warning,
        "auth.backend: passwords go to \(quoted(server)) in the clear: write ldaps://, or ldap_starttls = true"
      )
    }
  }

  private static func isLocal(_ url: String) -> Bool {
    let host = url.dropFirst("ldap://".count).prefix { $0 != "/" }
    return ["127.", "localhost", "[::1]"].contains { host.hasPrefix($0) }
  }
}
