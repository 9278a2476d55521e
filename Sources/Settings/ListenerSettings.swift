public import NetAddress

/// An address that the gateway listens on (`[[listener]]`).
public struct ListenerSettings: Sendable, Hashable {
  /// Whom the listener is for.
  public enum Profile: String, WordEnum {
    /// Mail from the world.
    case mx
    /// One's own users, STARTTLS and AUTH (RFC 6409).
    case submission
    /// One's own users, TLS from the first byte (RFC 8314).
    case submissions
  }

  /// Whether the connection is encrypted.
  public enum TLS: String, WordEnum {
    case off
    /// STARTTLS is offered where there is a `[tls]`.
    case optional
    /// No mail without it.
    case required
  }

  /// The one word of `auth_without_tls`.
  enum PlaintextWord: String, WordEnum {
    case plaintext = "plaintext-passwords-in-the-clear"
  }

  /// An address and port, or a Unix socket; never a name. Port 0 is any free port.
  public let endpoint: Endpoint
  public let profile: Profile
  public let tls: TLS
  /// Whose PROXY preamble is believed, and then required.
  public let proxyProtocol: IPPrefixSet
  /// Whose XCLIENT and XFORWARD are believed.
  public let xclient: IPPrefixSet
  /// Whether AUTH is offered, where there is an `[auth]`.
  public let authenticates: Bool
  /// The explicit word: mechanisms that show the password, without TLS.
  public let allowsPlaintext: Bool
  /// Whether `AUTH=PLAIN LOGIN` is said too, for clients of before RFC 2554.
  public let offersLegacyAuthLine: Bool
  /// Where to point when something is wrong with this listener: `listener[0]`.
  public let path: String

  /// What there is without any `[[listener]]`: `[::]:25`, both families, profile mx.
  public static let standard = ListenerSettings(
    endpoint: .ip(IPAddress(high: 0, low: 0), port: 25), profile: .mx, tls: .optional, proxyProtocol: [],
    xclient: [], authenticates: true, allowsPlaintext: false, offersLegacyAuthLine: false, path: "listener")
  /// True when only this host can reach it: a loopback address or a Unix socket.
  public var isLoopback: Bool {
    switch endpoint {
    case .ip(let address, _): address.isLoopback
    case .unix: true
    case .name: false
    }
  }
}

extension ListenerSettings {
  /// Nil without an address to listen on.
  init?(_ section: Section) {
    let endpoint = section.endpoint("address")
    profile = section.defaultedWord("profile")
    tls = section.defaultedWord("tls")
    proxyProtocol = IPPrefixSet(section.networks("proxy_protocol"))
    xclient = IPPrefixSet(section.networks("xclient"))
    authenticates = section.flag("auth")
    allowsPlaintext = section.word("auth_without_tls", of: PlaintextWord.self) != nil
    offersLegacyAuthLine = section.flag("legacy_auth_line")
    path = section.path
    guard let endpoint else {
      if !section.has("address") { section.requireKey("address", "write address = \"0.0.0.0:25\"") }
      return nil
    }
    if case .name(let name, let port) = endpoint {
      section.report(
        "address",
        "listener.address: \(quoted(name)) is a name: write the address to listen on, such as \"0.0.0.0:\(port)\""
      )
    }
    self.endpoint = endpoint
  }

  /// The listeners of a file, or the standard one.
  static func all(_ root: Section) -> [ListenerSettings] {
    let sections = root.sections("listener")
    let listeners = sections.compactMap { ListenerSettings($0) }
    var seen: [Endpoint: ListenerSettings] = [:]
    for listener in listeners {
      if let first = seen.updateValue(listener, forKey: listener.endpoint) {
        let line = root.reading.document.place(of: SettingPath.child(first.path, "address")).key.line
        root.reading.report(
          SettingPath.child(listener.path, "address"),
          "listener.address: \(listener.endpoint) is listened on already in line \(line): remove one of the two"
        )
      }
    }
    return sections.isEmpty ? [.standard] : listeners
  }
}
