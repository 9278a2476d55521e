/// Why a certificate, a chain or a key cannot be used.
public enum CertificateFault: Error, Hashable, Sendable {
  /// The text holds no `BEGIN CERTIFICATE`.
  case noCertificate
  case malformedCertificate
  /// More certificates than ``Certificate/longestChain``.
  case tooManyCertificates
  /// The text holds no private key.
  case noKey
  case malformedKey
  /// The key is protected by a passphrase, which nobody is there to type.
  case encryptedKey
  /// The key is another one's.
  case keyDoesNotMatch
}

extension CertificateFault: CustomStringConvertible {
  /// In words for the operator; it follows the name of the file.
  public var description: String {
    switch self {
    case .noCertificate: "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    case .malformedCertificate: "holds a certificate that cannot be read: it is damaged or cut off"
    case .tooManyCertificates: "holds more than \(Certificate.longestChain) certificates"
    case .noKey: "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
    case .malformedKey: "holds a private key that cannot be read: it is damaged or cut off"
    case .encryptedKey:
      "holds a key with a passphrase, which a gateway cannot type: write it without one (openssl pkey -in … -out …)"
    case .keyDoesNotMatch: "holds a key that does not belong to the certificate"
    }
  }
}
