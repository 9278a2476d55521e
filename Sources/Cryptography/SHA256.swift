internal import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256Digest {
  /// The 32 octets of the digest of `bytes`.
  public static func of(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    bytes.withUnsafeBufferPointer { bytes in
      _ = SHA256(bytes.baseAddress, bytes.count, &digest)
    }
    return digest
  }
}
