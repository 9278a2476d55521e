public import NetAddress

/// What holds on one listener.
public struct ListenerTerms: Sendable {
  public enum Profile: Hashable, Sendable {
    /// Mail from the world.
    case mx
    /// One's own users (RFC 6409): AUTH before MAIL.
    case submission
  }

  public enum TLS: Hashable, Sendable {
    case off
    /// STARTTLS is offered (RFC 3207).
    case optional
    /// Nothing but EHLO, STARTTLS, NOOP and QUIT before STARTTLS.
    case required
    /// From the first octet (RFC 8314).
    case implicit
  }

  public var profile: Profile
  public var tls: TLS
  /// Whose PROXY preamble is believed, and required.
  public var proxies: IPPrefixSet
  /// Whose XCLIENT and XFORWARD are believed.
  public var trustedClients: IPPrefixSet
  /// Whether AUTH is offered at all.
  public var authenticates: Bool
  /// The explicit word: mechanisms that show the password, without TLS.
  public var allowsPlaintext: Bool
  /// Whether `AUTH=PLAIN LOGIN` is offered too, for clients of before RFC 2554.
  public var offersLegacyAuthLine: Bool

  public init(
    profile: Profile = .mx, tls: TLS = .off, proxies: IPPrefixSet = [], trustedClients: IPPrefixSet = [],
    authenticates: Bool = false, allowsPlaintext: Bool = false, offersLegacyAuthLine: Bool = false
  ) {
    self.profile = profile
    self.tls = tls
    self.proxies = proxies
    self.trustedClients = trustedClients
    self.authenticates = authenticates
    self.allowsPlaintext = allowsPlaintext
    self.offersLegacyAuthLine = offersLegacyAuthLine
  }
}

/// The TLS of a client's connection.
public struct TLSFacts: Hashable, Sendable {
  /// `TLSv1.3`.
  public let version: String
  /// The cipher suite's name as OpenSSL and the logs of other servers write it: `TLS_AES_256_GCM_SHA384`; empty
  /// where it is not known.
  public let cipher: String
  /// The name asked for by SNI, in small letters.
  public let serverName: String?
  /// nil where the client showed none.
  public let certificate: ClientCertificate?
  /// Whether it ended at a balancer, which told so in its PROXY preamble.
  public let isForeign: Bool

  public init(
    version: String, cipher: String, serverName: String? = nil, certificate: ClientCertificate? = nil,
    isForeign: Bool = false
  ) {
    self.version = version
    self.cipher = cipher
    self.serverName = serverName
    self.certificate = certificate
    self.isForeign = isForeign
  }
}

/// The certificate that a client showed.
public struct ClientCertificate: Hashable, Sendable {
  /// SHA-256 of the DER form, in small hexadecimal digits; empty where only the subject is known.
  public let fingerprint: String
  /// RFC 4514, such as `CN=printer,O=Example`.
  public let subject: String
  /// Whether it leads to an authority of `tls.client_ca`.
  public let isVerified: Bool

  public init(fingerprint: String, subject: String, isVerified: Bool) {
    self.fingerprint = fingerprint
    self.subject = subject
    self.isVerified = isVerified
  }
}

/// Why a client may do more than a stranger.
public enum Trust: Hashable, Sendable {
  case none
  /// It stands in `relay.networks`.
  case network
  /// It showed a certificate of `relay.certificates`.
  case certificate
  case user(AuthenticatedUser)
}
