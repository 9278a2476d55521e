internal import COpenSSL

/// Chance that nobody can foretell, from libcrypto.
public enum RandomOctets {
  /// `count` octets.
  ///
  /// - Precondition: the system gives us randomness; a process that goes on without it would hand out secrets.
  public static func next(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the system gives no random octets")
    return bytes
  }
}

/// Comparison that takes the same time wherever the difference is.
public enum ConstantTime {
  /// Whether both are the same octets. Only their lengths show in the time.
  public static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && (one.isEmpty || CRYPTO_memcmp(one, other, one.count) == 0)
  }
}

/// A digest of 64 bits that nobody without the key can compute or foretell: equal secrets are counted together,
/// and no memory dump or log line of these digests tells a secret by itself.
public struct KeyedDigest: Sendable {
  private let key: [UInt8]

  /// - Parameter key: 32 octets.
  public init(key: [UInt8]) { self.key = key }

  /// With a key of this process's own, which is never written down.
  public static func random() -> KeyedDigest { KeyedDigest(key: RandomOctets.next(32)) }

  /// The first eight octets of HMAC-SHA-256.
  public func of(_ bytes: [UInt8]) -> UInt64 {
    HMACCode.of(bytes, key: key, .sha256).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
