internal import NIOCore
internal import NIOSSL

/// The TLS library's faults in words.
enum HandshakeWords {
  /// The fault for an error that came through the pipeline; nil for one that is not of TLS.
  static func fault(for error: any Error, isEstablished: Bool) -> TLSFault? {
    switch error {
    case let fault as TLSFault: return fault
    case is NIOSSLCloseTimedOutError:
      return TLSFault(.broken, "the peer did not answer the end of TLS in time")
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      return TLSFault(.verification, "the certificate is for another name")
    case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError, is NIOTLSUnwrappingError:
      let cause = cause(of: error)
      return isEstablished
        ? TLSFault(.broken, "TLS broke: \(cause)")
        : TLSFault(.handshake, "the TLS handshake failed: \(cause)")
    default: return nil
    }
  }

  /// What lies behind an error of the library.
  static func cause(of error: any Error) -> String {
    let text = "\(error)"
    if text.contains("EOF during") { return "the peer closed the connection in the middle of it" }
    for (token, words) in words where text.contains(token) { return words }
    // `error:100000f0:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL at …`: the reason's own name says more
    // than all of it.
    if let start = text.range(of: "OPENSSL_internal:") {
      return String(text[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }
    return String(text.prefix(200))
  }

  private static let words: [(token: String, words: String)] = [
    ("HTTP_REQUEST", "the peer spoke HTTP"),
    ("WRONG_VERSION_NUMBER", "the peer spoke no TLS, or a version that is not allowed"),
    ("UNSUPPORTED_PROTOCOL", "the peer offers only versions that are not allowed (tls.min_version)"),
    ("NO_SHARED_CIPHER", "there is no cipher suite that both sides allow"),
    ("NO_SHARED_GROUP", "there is no elliptic curve that both sides allow"),
    ("NO_COMMON_SIGNATURE_ALGORITHMS", "there is no signature algorithm that both sides allow"),
    ("INAPPROPRIATE_FALLBACK", "the peer fell back to a lower version than both could speak"),
    ("NO_RENEGOTIATION", "the peer wanted to negotiate again, which is not allowed"),
    ("CERTIFICATE_VERIFY_FAILED", "the certificate could not be verified"),
    ("ALERT_PROTOCOL_VERSION", "the peer allows none of the versions offered"),
    (
      "ALERT_HANDSHAKE_FAILURE", "the peer refused: it found no cipher suite or certificate that it could use"
    ),
    ("ALERT_UNKNOWN_CA", "the peer refused the certificate: it does not know the authority"),
    ("ALERT_BAD_CERTIFICATE", "the peer refused the certificate as a bad one"),
    ("ALERT_CERTIFICATE_EXPIRED", "the peer refused the certificate: it has expired"),
    ("ALERT_CERTIFICATE_UNKNOWN", "the peer refused the certificate"),
    ("ALERT_CERTIFICATE_REQUIRED", "the peer wants a client certificate"),
    ("ALERT_UNRECOGNIZED_NAME", "the peer does not know the name asked for"),
    ("ALERT_DECRYPT_ERROR", "the peer could not verify a signature"),
    ("ALERT_ACCESS_DENIED", "the peer refused access"),
    ("ALERT_CLOSE_NOTIFY", "the peer ended it"),
    ("ALERT_USER_CANCELLED", "the peer ended it"),
    ("ALERT_INTERNAL_ERROR", "the peer had a fault of its own"),
    ("BAD_SIGNATURE", "a signature is wrong"),
    ("BAD_DECRYPT", "what came was damaged on its way"),
    ("BAD_RECORD_MAC", "what came was damaged on its way"),
    ("uncleanShutdown", "the connection was cut without an end of TLS"),
  ]
}
