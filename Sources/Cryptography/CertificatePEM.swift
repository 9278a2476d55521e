internal import COpenSSL

/// A PEM text (RFC 7468), read from its beginning to its end.
struct PEMText: ~Copyable {
  private let input: OpaquePointer
  /// What `input` reads from: the library does not copy it.
  private let storage: UnsafeMutableBufferPointer<UInt8>

  /// nil for an empty text.
  init?(_ text: [UInt8]) {
    guard !text.isEmpty, text.count <= Int(Int32.max) else { return nil }
    let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
    _ = storage.initialize(from: text)
    guard let input = BIO_new_mem_buf(storage.baseAddress, Int32(text.count)) else {
      storage.deallocate()
      return nil
    }
    self.storage = storage
    self.input = input
  }

  deinit {
    BIO_free(input)
    // It may have held a key.
    OPENSSL_cleanse(storage.baseAddress, storage.count)
    storage.deallocate()
  }

  /// The next certificate; nil where there are no more.
  func nextCertificate() throws(CertificateFault) -> X509Reference? {
    ERR_clear_error()
    guard let pointer = PEM_read_bio_X509(input, nil, nil, nil) else {
      guard Self.hasReachedEnd() else { throw .malformedCertificate }
      return nil
    }
    return X509Reference(owning: pointer)
  }

  /// Whether the text's first private key belongs to the certificate.
  func holdsKey(of certificate: borrowing X509Reference) throws(CertificateFault) -> Bool {
    ERR_clear_error()
    var wasAsked = false
    // Without a function of ours the library would ask on the terminal.
    let key = withUnsafeMutablePointer(to: &wasAsked) { asked in
      PEM_read_bio_PrivateKey(
        input, nil,
        { _, _, _, asked in
          asked?.assumingMemoryBound(to: Bool.self).pointee = true
          return -1
        }, asked)
    }
    guard let key else {
      if wasAsked {
        ERR_clear_error()
        throw .encryptedKey
      }
      ERR_clear_error()
      throw mentionsKey ? .malformedKey : .noKey
    }
    defer { EVP_PKEY_free(key) }
    let matches = X509_check_private_key(certificate.pointer, key) == 1
    ERR_clear_error()
    return matches
  }

  /// Whether anything says of itself that it is a key: the library's fault does not tell.
  private var mentionsKey: Bool {
    let label: StaticString = "PRIVATE KEY-----"
    let count = label.utf8CodeUnitCount
    guard storage.count >= count else { return false }
    return (0...(storage.count - count)).contains { start in
      (0..<count).allSatisfy { storage[start + $0] == label.utf8Start[$0] }
    }
  }

  /// Whether the last fault was that nothing more of the kind begins.
  private static func hasReachedEnd() -> Bool {
    let fault = ERR_peek_last_error()
    ERR_clear_error()
    // ERR_GET_REASON: the low 23 bits.
    return Int32(truncatingIfNeeded: fault & 0x7F_FFFF) == PEM_R_NO_START_LINE
  }
}
