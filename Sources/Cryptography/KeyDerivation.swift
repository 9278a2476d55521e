internal import COpenSSL

/// Keys out of passwords, slowly on purpose: never on an event loop.
public enum KeyDerivation {
  /// PBKDF2 with HMAC (RFC 8018 §5.2).
  ///
  /// - Precondition: `iterations` and `length` are at least 1; the hash function `isAvailable`.
  public static func pbkdf2(
    password: [UInt8], salt: [UInt8], iterations: Int, length: Int, _ hash: HashFunction
  ) -> [UInt8] {
    precondition(iterations >= 1 && iterations <= Int(Int32.max) && length >= 1)
    var key = [UInt8](repeating: 0, count: length)
    let isDone = password.withUnsafeBytes { password in
      PKCS5_PBKDF2_HMAC(
        password.bindMemory(to: CChar.self).baseAddress, Int32(password.count), salt, Int32(salt.count),
        Int32(iterations), hash.algorithm, Int32(length), &key)
    }
    precondition(isDone == 1, "\(hash): ask isAvailable first")
    return key
  }

  /// scrypt (RFC 7914).
  ///
  /// - Returns: nil where libcrypto refuses the cost, or has not the memory for it.
  public static func scrypt(password: [UInt8], salt: [UInt8], cost: ScryptCost, length: Int) -> [UInt8]? {
    var key = [UInt8](repeating: 0, count: length)
    let isDone = password.withUnsafeBytes { password in
      EVP_PBE_scrypt(
        password.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count,
        UInt64(1) << UInt64(cost.logN), UInt64(cost.r), UInt64(cost.p), UInt64(cost.memory + (1 << 20)), &key,
        length)
    }
    return isDone == 1 ? key : nil
  }
}

/// What one derivation by scrypt costs (RFC 7914 §2).
public struct ScryptCost: Hashable, Sendable {
  /// The binary logarithm of N.
  public let logN: Int
  /// The block size.
  public let r: Int
  /// The parallelisation.
  public let p: Int

  /// Bound: no line of a file makes us take more than this many octets for one password.
  public static let mostMemory = 256 << 20

  /// - Returns: nil for what RFC 7914 does not allow, and for more than `mostMemory`.
  public init?(logN: Int, r: Int, p: Int) {
    guard (1...24).contains(logN), (1...64).contains(r), (1...64).contains(p), logN < 128 * r / 8,
      128 * r << logN <= Self.mostMemory
    else { return nil }
    self.logN = logN
    self.r = r
    self.p = p
  }

  private init(trustedLogN logN: Int, _ r: Int, _ p: Int) {
    self.logN = logN
    self.r = r
    self.p = p
  }

  /// N = 16,384, r = 8, p = 1: 16 MiB and about 30 ms.
  public static let standard = ScryptCost(trustedLogN: 14, 8, 1)

  /// Octets that a derivation takes while it runs.
  public var memory: Int { 128 * r * (1 << logN) + 128 * r * p + 256 * r + 64 }
}
