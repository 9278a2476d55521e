/// The user event of a pipeline whose TLS handshake is done.
public struct TLSEstablished: Hashable, Sendable {
  /// The certificate that the peer showed.
  public struct PeerCertificate: Hashable, Sendable {
    /// SHA-256 of the DER form, in small hexadecimal digits.
    public let fingerprint: String
    /// RFC 4514, such as `CN=printer,O=Example`.
    public let subject: String
    /// Whether it leads to an authority that the configuration names (of a server: and, where its name is asked
    /// for, is the one's meant).
    public let isVerified: Bool

    public init(fingerprint: String, subject: String, isVerified: Bool) {
      self.fingerprint = fingerprint
      self.subject = subject
      self.isVerified = isVerified
    }
  }

  /// `TLSv1.3`.
  public let version: String
  /// `TLS_AES_256_GCM_SHA384`, `ECDHE-RSA-AES256-GCM-SHA384`; the number as `0xC0FF` for one without a name.
  public let cipher: String
  /// The name that the client asked for (SNI), in small letters.
  public let serverName: String?
  /// nil where the peer showed none.
  public let certificate: PeerCertificate?
  /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate; empty where it has none.
  public let channelBinding: [UInt8]

  public init(
    version: String, cipher: String, serverName: String?, certificate: PeerCertificate?,
    channelBinding: [UInt8]
  ) {
    self.version = version
    self.cipher = cipher
    self.serverName = serverName
    self.certificate = certificate
    self.channelBinding = channelBinding
  }
}
