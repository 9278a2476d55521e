internal import COpenSSL

/// Why octets are no key that could be used.
public enum SignatureKeyFault: Error, Hashable, Sendable {
  /// Not DER, or not of the form that was asked for.
  case malformed
  /// A modulus or an exponent that no proper key has, or one so large that using it would be an attack.
  case outOfBounds
}

/// A public key that verifies signatures, read from octets that a stranger published.
public struct SignatureKey: Hashable, Sendable {
  private enum Material: Hashable, Sendable {
    case rsa(modulus: [UInt8], exponent: [UInt8])
    case ed25519([UInt8])
  }

  /// Bounds: what verifying with a key may cost (0.2 ms at most). RFC 8301 §3.2 asks for no more bits than 4096; the
  /// exponents in use are 3, 17 and 65,537.
  public static let mostBits = 4096
  public static let mostExponentBits = 17

  private let material: Material
  /// Bits of the RSA modulus; 256 for Ed25519.
  public let bits: Int

  /// An RSA key from a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) or a bare RSAPublicKey (RFC 8017 §A.1.1): mail domains
  /// publish both (RFC 6376 erratum 3017). Octets behind it are passed over.
  public static func rsa(der: [UInt8]) throws(SignatureKeyFault) -> SignatureKey {
    var outer = DERReader(der[...])
    guard var sequence = outer.sequence() else { throw .malformed }
    var numbers = sequence
    if var algorithm = sequence.sequence() {
      guard algorithm.objectIdentifier() == rsaEncryption, var bits = sequence.bitString(),
        let inner = bits.sequence()
      else { throw .malformed }
      numbers = inner
    }
    guard let modulus = numbers.positiveInteger(), let exponent = numbers.positiveInteger() else {
      throw .malformed
    }
    return try rsa(modulus: Array(modulus), exponent: Array(exponent))
  }

  /// An Ed25519 key of 32 octets (RFC 8032 §5.1.5).
  public static func ed25519(raw: [UInt8]) throws(SignatureKeyFault) -> SignatureKey {
    guard raw.count == 32 else { throw .malformed }
    return SignatureKey(material: .ed25519(raw), bits: 256)
  }

  private static let rsaEncryption: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]

  private static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(SignatureKeyFault) -> SignatureKey {
    let bits = bitCount(modulus)
    let exponentBits = bitCount(exponent)
    guard let last = modulus.last, let lastOfExponent = exponent.last, bits >= 256, bits <= mostBits,
      exponentBits >= 2, exponentBits <= mostExponentBits, last & 1 == 1, lastOfExponent & 1 == 1
    else { throw .outOfBounds }
    return SignatureKey(material: .rsa(modulus: modulus, exponent: exponent), bits: bits)
  }

  private static func bitCount(_ number: [UInt8]) -> Int {
    guard let first = number.first else { return 0 }
    return number.count * 8 - first.leadingZeroBitCount
  }

  /// Whether `signature` is this key's over a digest: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2), or Ed25519 with the digest
  /// as its message (RFC 8463 §3).
  public func verifies(_ signature: [UInt8], ofDigest digest: [UInt8], by hash: HashFunction) -> Bool {
    guard digest.count == hash.length, !signature.isEmpty else { return false }
    switch material {
    case .rsa(let modulus, let exponent):
      return RSAReference(modulus: modulus, exponent: exponent)?.verifies(signature, digest, hash) ?? false
    case .ed25519(let key): return Self.verifiesEd25519(key, signature, digest)
    }
  }

  private static func verifiesEd25519(_ key: [UInt8], _ signature: [UInt8], _ message: [UInt8]) -> Bool {
    guard signature.count == 64 else { return false }
    defer { ERR_clear_error() }
    guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key, key.count) else { return false }
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
