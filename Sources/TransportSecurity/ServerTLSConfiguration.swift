/// How the gateway speaks TLS with its clients.
public struct ServerTLSConfiguration: Hashable, Sendable {
  /// A certificate and its key, both in PEM form.
  public struct Pair: Hashable, Sendable {
    /// For which names it is chosen (`mx.example.net`, `*.example.net`); empty for the default one.
    public var names: [String]
    /// The path of the chain: the gateway's own certificate first.
    public var certificate: String
    public var key: String

    public init(names: [String] = [], certificate: String, key: String) {
      self.names = names
      self.certificate = certificate
      self.key = key
    }
  }

  public enum ClientCertificates: Hashable, Sendable {
    case off
    /// Asked for, not required.
    case ask
  }

  /// For who asks for no name, or for one that no other certificate has.
  public var standard: Pair
  public var others: [Pair]
  public var minimumVersion: TLSProtocolVersion
  /// The suites up to TLS 1.2; empty for the usual ones. TLS 1.3 has all of its own always.
  public var ciphers: [CipherSuite]
  public var clientCertificates: ClientCertificates
  /// The path of the authorities (PEM) that make a client's certificate a verified one; nil: none is.
  public var clientAuthorities: String?

  public init(
    standard: Pair, others: [Pair] = [], minimumVersion: TLSProtocolVersion = .v1_2,
    ciphers: [CipherSuite] = [], clientCertificates: ClientCertificates = .off,
    clientAuthorities: String? = nil
  ) {
    self.standard = standard
    self.others = others
    self.minimumVersion = minimumVersion
    self.ciphers = ciphers
    self.clientCertificates = clientCertificates
    self.clientAuthorities = clientAuthorities
  }

  /// All pairs, the default one first.
  var pairs: [Pair] { [standard] + others }

  /// Each file that it names, once.
  var files: [String] {
    var seen: Set<String> = []
    return (pairs.flatMap { [$0.certificate, $0.key] } + [clientAuthorities].compactMap { $0 })
      .filter { seen.insert($0).inserted }
  }
}
