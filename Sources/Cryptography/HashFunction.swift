internal import COpenSSL

/// The hash functions that the mail protocols speak of, as libcrypto computes them.
public enum HashFunction: CaseIterable, Hashable, Sendable {
  /// RFC 1321; nothing but CRAM-MD5 asks for it.
  case md5
  case sha1
  case sha256
  case sha384
  case sha512

  /// Octets of a digest.
  public var length: Int {
    switch self {
    case .md5: 16
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// Whether this system's libcrypto computes it: one that follows FIPS 140 alone knows no MD5.
  public var isAvailable: Bool { digestIfAvailable([]) != nil }

  /// The digest of `bytes`.
  ///
  /// - Precondition: `isAvailable`.
  public func digest(_ bytes: [UInt8]) -> [UInt8] {
    guard let digest = digestIfAvailable(bytes) else {
      preconditionFailure("\(self): ask isAvailable first")
    }
    return digest
  }

  private func digestIfAvailable(_ bytes: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: length)
    var written: UInt32 = 0
    let isDone = EVP_Digest(bytes, bytes.count, &digest, &written, algorithm, nil)
    return isDone == 1 && Int(written) == length ? digest : nil
  }

  var algorithm: OpaquePointer? {
    switch self {
    case .md5: EVP_md5()
    case .sha1: EVP_sha1()
    case .sha256: EVP_sha256()
    case .sha384: EVP_sha384()
    case .sha512: EVP_sha512()
    }
  }
}

/// HMAC (RFC 2104).
public enum HMACCode {
  /// The code of `bytes` under `key`, as long as the hash function's digest.
  ///
  /// - Precondition: the hash function `isAvailable`.
  public static func of(_ bytes: [UInt8], key: [UInt8], _ hash: HashFunction) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: hash.length)
    var written: UInt32 = 0
    // A key of no octets must not be nil for libcrypto.
    let key = key.isEmpty ? [0] : key
    let isDone = HMAC(hash.algorithm, key, Int32(key.count), bytes, bytes.count, &code, &written)
    precondition(isDone != nil && Int(written) == hash.length, "\(hash): ask isAvailable first")
    return code
  }
}
