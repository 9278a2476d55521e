internal import COpenSSL

/// An RSA public key as the library holds it; freed with its owner.
struct RSAReference: ~Copyable {
  private let key: OpaquePointer

  /// From numbers in network order; nil where the library refuses them.
  init?(modulus: [UInt8], exponent: [UInt8]) {
    defer { ERR_clear_error() }
    guard let builder = OSSL_PARAM_BLD_new() else { return nil }
    defer { OSSL_PARAM_BLD_free(builder) }
    guard let n = BN_bin2bn(modulus, Int32(modulus.count), nil) else { return nil }
    defer { BN_free(n) }
    guard let e = BN_bin2bn(exponent, Int32(exponent.count), nil) else { return nil }
    defer { BN_free(e) }
    guard OSSL_PARAM_BLD_push_BN(builder, "n", n) == 1, OSSL_PARAM_BLD_push_BN(builder, "e", e) == 1,
      let parameters = OSSL_PARAM_BLD_to_param(builder)
    else { return nil }
    defer { OSSL_PARAM_free(parameters) }
    guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var made: OpaquePointer?
    // EVP_PKEY_PUBLIC_KEY, a macro of macros: the public key and all parameters.
    let selection: Int32 = 0x86
    guard EVP_PKEY_fromdata_init(context) == 1,
      EVP_PKEY_fromdata(context, &made, selection, parameters) == 1, let made
    else { return nil }
    key = made
  }

  deinit { EVP_PKEY_free(key) }

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
