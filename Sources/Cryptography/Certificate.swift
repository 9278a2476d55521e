public import Bytes
internal import COpenSSL

/// An X.509 certificate (RFC 5280), read.
public struct Certificate: Hashable, Sendable {
  /// Bound: no chain that one meets has more than half a dozen.
  public static let longestChain = 32

  public let der: [UInt8]
  /// RFC 4514, such as `CN=mx.example.org,O=Example`; empty where there is none, or one of more than 1,024 octets.
  public let subject: String
  public let issuer: String
  /// The DNS names of the subject's alternative names in small letters, wildcards as they stand; where there are
  /// neither names nor addresses, the common name (RFC 6125 §6.4.4).
  public let names: [String]
  /// The addresses of the subject's alternative names, 4 or 16 octets each.
  public let addresses: [[UInt8]]
  public let notBefore: Timestamp
  public let notAfter: Timestamp
  /// SHA-256 of the DER form.
  public let fingerprint: [UInt8]
  /// SHA-256 of the SubjectPublicKeyInfo, by which a key is pinned (RFC 7469 §2.4).
  public let publicKeyHash: [UInt8]
  /// What `tls-server-end-point` binds to (RFC 5929 §4.1); empty where the signature names no hash (Ed25519), for
  /// which the binding is undefined.
  public let channelBinding: [UInt8]
  /// Whether it is its own issuer.
  public let isSelfIssued: Bool

  /// Reads the DER form.
  public init(der: [UInt8]) throws(CertificateFault) {
    guard let certificate = X509Reference(der: der) else { throw .malformedCertificate }
    try self.init(certificate)
  }

  init(_ certificate: borrowing X509Reference) throws(CertificateFault) {
    guard let der = certificate.der, let notBefore = certificate.notBefore,
      let notAfter = certificate.notAfter, let publicKey = certificate.publicKey
    else { throw .malformedCertificate }
    self.der = der
    self.notBefore = notBefore
    self.notAfter = notAfter
    subject = certificate.subject
    issuer = certificate.issuer
    isSelfIssued = certificate.isSelfIssued
    fingerprint = HashFunction.sha256.digest(der)
    publicKeyHash = HashFunction.sha256.digest(publicKey)
    channelBinding = certificate.channelBinding
    let (names, addresses) = certificate.alternativeNames
    self.names = names.isEmpty && addresses.isEmpty ? [certificate.commonName].compactMap { $0 } : names
    self.addresses = addresses
  }

  /// Reads all certificates of a PEM text, in their order: the server's own first, then those that vouch for it.
  public static func chain(pem: [UInt8]) throws(CertificateFault) -> [Certificate] {
    var chain: [Certificate] = []
    guard let file = PEMText(pem) else { throw .noCertificate }
    while let certificate = try file.nextCertificate() {
      guard chain.count < longestChain else { throw .tooManyCertificates }
      chain.append(try Certificate(certificate))
    }
    guard !chain.isEmpty else { throw .noCertificate }
    return chain
  }
}

extension Certificate {
  /// Whether the certificate's private key is the first one of a PEM text.
  ///
  /// - Throws: what is wrong with the key; `keyDoesNotMatch` where it is another one's.
  public func check(key pem: [UInt8]) throws(CertificateFault) {
    guard let certificate = X509Reference(der: der) else { throw .malformedCertificate }
    guard let file = PEMText(pem) else { throw .noKey }
    guard try file.holdsKey(of: certificate) else { throw .keyDoesNotMatch }
  }

  /// Whether `issuer` issued it, to go by names and key identifiers; the signature is not computed.
  public func isIssued(by issuer: Certificate) -> Bool {
    guard let own = X509Reference(der: der), let other = X509Reference(der: issuer.der) else { return false }
    return X509_check_issued(other.pointer, own.pointer) == X509_V_OK
  }

  /// Whether it is for that name: one of its names is the same, or is `*.` and all but the first label of it
  /// (RFC 6125 §6.4.3).
  public func covers(_ name: String) -> Bool {
    let name = name.lowercased()
    let parent = name.firstIndex(of: ".").map { name[name.index(after: $0)...] }
    return names.contains { own in
      own == name || (own.hasPrefix("*.") && parent.map { own.dropFirst(2) == $0 } == true)
    }
  }
}
