internal import COpenSSL

/// An RSA public key as the library holds it; freed with its owner.
struct RSAReference: ~Copyable {
  private let key: OpaquePointer

  private static let modulusName: StaticString = "n"
  private static let exponentName: StaticString = "e"

  /// From numbers in network order; nil where the library refuses them.
  init?(modulus: [UInt8], exponent: [UInt8]) {
    // The library wants them in the machine's own order.
    var modulus = Array(modulus.reversed())
    var exponent = Array(exponent.reversed())
    guard UInt16(1).littleEndian == 1, let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else {
      return nil
    }
    defer {
      EVP_PKEY_CTX_free(context)
      ERR_clear_error()
    }
    // EVP_PKEY_PUBLIC_KEY, a macro of macros: the public key and all parameters.
    let selection: Int32 = 0x86
    var made: OpaquePointer?
    let isMade = modulus.withUnsafeMutableBufferPointer { n in
      exponent.withUnsafeMutableBufferPointer { e in
        var parameters = [
          Self.number(Self.modulusName, n), Self.number(Self.exponentName, e), OSSL_PARAM_construct_end(),
        ]
        return EVP_PKEY_fromdata_init(context) == 1
          && EVP_PKEY_fromdata(context, &made, selection, &parameters) == 1
      }
    }
    guard isMade, let made else { return nil }
    key = made
  }

  deinit { EVP_PKEY_free(key) }

  private static func number(_ name: StaticString, _ value: UnsafeMutableBufferPointer<UInt8>) -> OSSL_PARAM {
    // The name has to outlive the parameter: that of a literal does.
    name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
      OSSL_PARAM_construct_BN($0, value.baseAddress, value.count)
    }
  }

  /// RSASSA-PKCS1-v1_5 over a digest.
  func verifies(_ signature: [UInt8], _ digest: [UInt8], _ hash: HashFunction) -> Bool {
    defer { ERR_clear_error() }
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_verify_init(context) == 1,
      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
      EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1
    else { return false }
    return EVP_PKEY_verify(context, signature, signature.count, digest, digest.count) == 1
  }
}
