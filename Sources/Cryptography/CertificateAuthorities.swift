public import Bytes
internal import COpenSSL
internal import Synchronization

/// Whom one believes: the roots to which a chain must lead.
public final class CertificateAuthorities: Sendable {
  /// What the certificate is to vouch for.
  public enum Purpose: Sendable {
    case server
    case client
  }

  fileprivate struct Roots: ~Copyable {
    let pointer: OpaquePointer

    deinit {
      X509_STORE_free(pointer)
    }
  }

  private let roots: Mutex<Roots>

  private init(_ roots: consuming sending Roots) {
    self.roots = Mutex(roots)
  }

  /// The system's own, looked up in its folder (`/etc/ssl/certs`) when they are needed.
  public static func ofSystem() throws(CertificateFault) -> CertificateAuthorities {
    guard let pointer = X509_STORE_new() else { throw .noCertificate }
    let roots = Roots(pointer: pointer)
    guard X509_STORE_set_default_paths(pointer) == 1 else { throw .noCertificate }
    return CertificateAuthorities(roots)
  }

  /// Those of a PEM text; an authority between, or a server's own certificate, serves as well as a root.
  public convenience init(pem: [UInt8]) throws(CertificateFault) {
    guard let file = PEMText(pem) else { throw .noCertificate }
    guard let pointer = X509_STORE_new() else { throw .noCertificate }
    let roots = Roots(pointer: pointer)
    var isEmpty = true
    while let certificate = try file.nextCertificate() {
      guard X509_STORE_add_cert(pointer, certificate.pointer) == 1 else { throw .malformedCertificate }
      isEmpty = false
    }
    guard !isEmpty else { throw .noCertificate }
    X509_STORE_set_flags(pointer, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    self.init(roots)
  }

  /// Why a chain does not lead to one of them at that time: nil where it does.
  ///
  /// - Parameter chain: in DER form, the peer's own first. More than ``Certificate/longestChain`` are not looked at.
  public func fault(in chain: [[UInt8]], for purpose: Purpose, at time: Timestamp) -> String? {
    roots.withLock { $0.fault(in: chain.prefix(Certificate.longestChain), for: purpose, at: time) }
  }
}

extension CertificateAuthorities.Roots {
  fileprivate borrowing func fault(
    in chain: ArraySlice<[UInt8]>, for purpose: CertificateAuthorities.Purpose, at time: Timestamp
  ) -> String? {
    guard let first = chain.first, let leaf = X509Reference(der: first) else { return "it cannot be read" }
    guard let others = OPENSSL_sk_new_null(), let context = X509_STORE_CTX_new() else {
      return "there is no memory"
    }
    defer {
      X509_STORE_CTX_free(context)
      while let raw = OPENSSL_sk_pop(others) { X509_free(OpaquePointer(raw)) }
      OPENSSL_sk_free(others)
      ERR_clear_error()
    }
    for der in chain.dropFirst() {
      guard let other = X509Reference(der: der), X509_up_ref(other.pointer) == 1 else { continue }
      if OPENSSL_sk_push(others, UnsafeRawPointer(other.pointer)) == 0 { X509_free(other.pointer) }
    }
    guard X509_STORE_CTX_init(context, pointer, leaf.pointer, others) == 1,
      X509_STORE_CTX_set_default(context, purpose == .server ? "ssl_server" : "ssl_client") == 1
    else { return "it cannot be verified" }
    X509_STORE_CTX_set_time(context, 0, time_t(time.milliseconds / 1000))
    if X509_verify_cert(context) == 1 { return nil }
    guard let words = X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context))) else {
      return "it is not valid"
    }
    return String(cString: words)
  }
}
