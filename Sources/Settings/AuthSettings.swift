internal import Bytes
internal import NetAddress

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

    /// Its row of the table of mechanisms.
    public var kind: MechanismTable.Backend {
      switch self {
      case .file: .file
      case .dovecot: .dovecot
      case .saslauthd: .saslauthd
      case .backend: .backend
      case .ldap: .ldap
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
    /// What a token has to be good for, all of it; empty: any token of a user.
    public let scopes: [String]
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
    if case .dovecot(let socket)? = backend, let place = Endpoint(socket), !Self.isLocal(place) {
      section.report(
        "backend", as: .warning,
        "auth.backend: passwords go to \(place) in the clear: Dovecot's socket knows no TLS; use its socket on this"
          + " machine, or a tunnel")
    }
  }

  private static func isLocal(_ place: Endpoint) -> Bool {
    switch place {
    case .ip(let address, _): address.isLoopback
    case .name(let name, _): name.lowercasedASCII == "localhost"
    case .unix: true
    }
  }

  private static func mechanisms(_ section: Section, _ backend: Backend?, hasIntrospection: Bool) -> [String]
  {
    var all: [String] = []
    let known = MechanismTable.mechanisms
    for (index, text) in section.texts("mechanisms").enumerated() {
      let name = text.uppercasedASCII
      let place = SettingPath.element(section.path(of: "mechanisms"), index)
      func report(_ message: String) { section.reading.report(place, "auth.mechanisms: \(message)") }
      guard known.contains(name) else {
        let near = Suggestion.nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
        report("unknown mechanism \(quoted(text)); \(near ?? "there are " + known.joined(separator: ", "))")
        continue
      }
      if let backend, let reason = reason(against: name, backend.kind, hasIntrospection: hasIntrospection) {
        report(reason)
      }
      if all.contains(name) { report("\(name) is named twice") } else { all.append(name) }
    }
    return all
  }

  /// Why a mechanism cannot be served by these.
  private static func reason(
    against name: String, _ kind: MechanismTable.Backend, hasIntrospection: Bool
  ) -> String? {
    if hasIntrospection, MechanismTable.service(of: name, by: .introspection).isServed { return nil }
    guard case .unserved(let why) = MechanismTable.service(of: name, by: kind) else { return nil }
    let others = MechanismTable.backends(serving: name).map(\.written).joined(separator: " or ")
    return
      "\(name) is not served by \(kind.written): \(why); \(others.isEmpty ? "nobody does" : "write \(others)")"
  }

  /// Those that can be offered: the ones named, else all that the backend and introspection serve.
  var offered: [String] {
    if !mechanisms.isEmpty { return mechanisms }
    let served = Set(
      (backend.map { MechanismTable.mechanisms(of: $0.kind) } ?? [])
        + (introspection == nil ? [] : MechanismTable.mechanisms(of: .introspection)))
    return MechanismTable.mechanisms.filter {
      served.contains($0) && !MechanismTable.onlyByName.contains($0)
    }
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
    scopes = (section.text("introspection_scope") ?? "").split(separator: " ").map(String.init)
    guard let url = section.text("introspection_url") else {
      for key in [
        "introspection_client", "introspection_secret_file", "introspection_ca", "introspection_scope",
      ]
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
    let place = url.dropFirst("ldap://".count).prefix { $0 != "/" && $0 != "?" }
    if place == "[::1]" || place.hasPrefix("[::1]:") { return true }
    let host = String(place.prefix { $0 != ":" })
    return host.lowercasedASCII == "localhost" || IPAddress(host)?.isLoopback ?? false
  }
}
