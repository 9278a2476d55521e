internal import Bytes
public import NetAddress

/// A mail server that the gateway hands mail to (`[[backend]]`).
public struct BackendSettings: Sendable, Hashable {
  /// What the backend speaks.
  public enum WireProtocol: String, WordEnum {
    case smtp
    case lmtp
  }

  /// Whether the session to the backend is encrypted.
  public enum TLS: String, WordEnum {
    case off
    /// STARTTLS where offered, whatever the certificate; in the clear where the handshake fails.
    case optional
    /// No mail without it, whatever the certificate.
    case required
    /// No mail without it and the right certificate.
    case verify
  }

  /// How the backend is told the client's address.
  public enum Identity: String, WordEnum {
    /// xforward where it is offered, else header.
    case auto
    /// By the Received line alone.
    case header
    case xforward
    case xclient
    case proxyV2 = "proxy-v2"
  }

  /// How the gateway knows which recipients there are.
  public enum Recipients: Sendable, Hashable {
    /// It asks the backend.
    case probe
    /// A file of addresses; the path as written, for ``Settings/resolve(_:)``.
    case file(String)
    /// All are taken.
    case any
  }

  /// Its name in routes and in the log; the address as written if none was given.
  public let name: String
  public let endpoint: Endpoint
  public let wireProtocol: WireProtocol
  public let tls: TLS
  /// The name that its certificate has to be for, in small letters; nil: that of the endpoint.
  public let tlsName: String?
  /// A file of authorities, as written; nil: the system's.
  public let tlsAuthorities: String?
  /// SHA-256 of the public keys, one of which it has to have, in place of name and authority; empty: any.
  public let tlsPins: [[UInt8]]
  public let identity: Identity
  public let recipients: Recipients
  /// Only recipients in these domains go here; empty: all.
  public let domains: DomainSet
  /// A map file of routes, as written.
  public let routes: String?
  /// Most delivery sessions open at once.
  public let connections: Int
  /// A session older than this is closed after its message.
  public let sessionAge: Duration
  /// A session that carried that many messages is closed.
  public let sessionMessages: Int
  /// Most probe sessions open at once.
  public let probeSessions: Int
  /// How often it is tried again after it failed.
  public let healthInterval: Duration
  /// Where to point when something is wrong with this backend: `backend[0]`.
  public let path: String

  /// True when recipients of this domain may go here.
  public func serves(_ domain: String) -> Bool { domains.isEmpty || domains.contains(domain) }
}

extension BackendSettings {
  /// Nil without an address.
  init?(_ section: Section, _ files: FileLookup, probeSessions: Int) {
    let endpoint = section.endpoint("address")
    wireProtocol = section.defaultedWord("protocol")
    tls = section.defaultedWord("tls")
    tlsName = section.hostname("tls_name")
    tlsAuthorities = section.text("tls_ca")
    if let tlsAuthorities { files.check(tlsAuthorities, of: section, "tls_ca") }
    tlsPins = Self.pins(section)
    Self.checkTLS(section, tls, endpoint)
    identity = section.defaultedWord("identity")
    recipients = Self.recipients(section)
    domains = section.domains("domains")
    routes = section.text("routes")
    connections = section.count("connections")
    sessionAge = section.duration("session_age")
    sessionMessages = section.count("session_messages")
    self.probeSessions = section.optionalCount("probe_sessions") ?? probeSessions
    healthInterval = section.duration("health_interval")
    path = section.path
    let name = Self.name(section)
    guard let endpoint else {
      if !section.has("address") { section.requireKey("address", "write address = \"127.0.0.1:10025\"") }
      return nil
    }
    switch endpoint {
    case .ip(_, port: 0), .name(_, port: 0):
      section.report(
        "address", "backend.address: port 0 is none to connect to: write the backend's, such as 25")
    default: break
    }
    self.endpoint = endpoint
    self.name = name ?? endpoint.description
  }

  private static func recipients(_ section: Section) -> Recipients {
    switch section.defaultedText("recipients") {
    case "probe": return .probe
    case "any": return .any
    case let text where text.hasPrefix("file:") && text != "file:": return .file(String(text.dropFirst(5)))
    case let text:
      section.report(
        "recipients",
        "backend.recipients: expected \"probe\", \"any\" or \"file:PATH\", such as \"file:recipients\";"
          + " found the text \(quoted(text))")
      return .probe
    }
  }

  /// `sha256:` and 64 hexadecimal digits.
  private static func pins(_ section: Section) -> [[UInt8]] {
    section.texts("tls_pins").enumerated().compactMap { index, text in
      let digits = text.hasPrefix("sha256:") ? Array(text.utf8.dropFirst(7)) : []
      guard digits.count == 64, digits.allSatisfy(\.isASCIIHexDigit) else {
        section.reading.report(
          SettingPath.element(section.path(of: "tls_pins"), index),
          "backend.tls_pins: expected \"sha256:\" and 64 hexadecimal digits, the SHA-256 of the public key;"
            + " found the text \(quoted(text))")
        return nil
      }
      return stride(from: 0, to: 64, by: 2).compactMap { place in
        UInt8(String(decoding: digits[place..<(place + 2)], as: UTF8.self), radix: 16)
      }
    }
  }

  /// What asks for a right certificate in vain would leave the backend weaker than it is written.
  private static func checkTLS(_ section: Section, _ tls: TLS, _ endpoint: Endpoint?) {
    if tls != .verify {
      for key in ["tls_ca", "tls_pins"] where section.has(key) {
        section.report(
          key, "backend.\(key): only tls = \"verify\" looks at the certificate: write that, or leave this out"
        )
      }
      if tls == .off, section.has("tls_name") {
        section.report("tls_name", as: .warning, "backend.tls_name has no effect with tls = \"off\"")
      }
    } else if section.has("tls_pins") {
      for key in ["tls_ca"] where section.has(key) {
        section.report(key, as: .warning, "backend.\(key) has no effect: tls_pins say which key is right")
      }
    } else if case .unix? = endpoint, !section.has("tls_name") {
      section.report(
        "tls", "backend.tls = \"verify\": a local socket has no name: write tls_name = \"mail.example.org\"")
    }
  }

  private static func name(_ section: Section) -> String? {
    guard let name = section.text("name") else { return nil }
    // A name is a word of the routes map.
    if name.contains(where: \.isWhitespace) || name.hasPrefix("#") {
      section.report("name", "backend.name: \(quoted(name)) has to be one word, such as \"main\"")
    }
    return name
  }

  /// The backends of a file, in its order.
  static func all(_ root: Section, _ files: FileLookup, probeSessions: Int) -> [BackendSettings] {
    let backends = root.sections("backend").compactMap {
      BackendSettings($0, files, probeSessions: probeSessions)
    }
    if !root.has("backend") || root.values["backend"] == .array([]) {
      root.reading.report(
        "",
        "no [[backend]]: write [[backend]] and below it address = \"127.0.0.1:10025\", where your mail server"
          + " listens")
    }
    var seen: [String: BackendSettings] = [:]
    for backend in backends {
      if let first = seen.updateValue(backend, forKey: backend.name) {
        let line = root.reading.document.place(of: first.path).key.line
        root.reading.report(
          SettingPath.child(backend.path, "name"),
          "backend.name: \(quoted(backend.name)) is the name of the backend in line \(line) too: give each its own"
        )
      }
    }
    return backends
  }
}
