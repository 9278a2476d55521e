internal import Bytes
public import Cryptography

/// The two families of SCRAM that are in use.
public enum ScramHash: CaseIterable, Hashable, Sendable {
  /// RFC 5802.
  case sha1
  /// RFC 7677.
  case sha256

  public var function: HashFunction { self == .sha1 ? .sha1 : .sha256 }
  /// The mechanism's name, as RFC 5803 writes it before a verifier.
  public var name: String { self == .sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256" }
}

/// What a server keeps of a password for SCRAM (RFC 5802 §3): enough to check it, not enough to log in with.
public struct ScramVerifier: Hashable, Sendable {
  public let hash: ScramHash
  public let iterations: Int
  public let salt: [UInt8]
  public let storedKey: [UInt8]
  public let serverKey: [UInt8]

  /// What a line of a file may make us and the client compute. RFC 7677 §4 asks for 4,096 at least.
  public static let allowedIterations = 4096...1_000_000
  public static let allowedSalt = 8...64

  /// - Returns: nil for numbers that are out of bounds, and keys that are not as long as the hash.
  public init?(hash: ScramHash, iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8]) {
    guard Self.allowedIterations.contains(iterations), Self.allowedSalt.contains(salt.count),
      storedKey.count == hash.function.length, serverKey.count == hash.function.length
    else { return nil }
    self.hash = hash
    self.iterations = iterations
    self.salt = salt
    self.storedKey = storedKey
    self.serverKey = serverKey
  }

  /// Out of a password, prepared (RFC 4013). Slow on purpose.
  ///
  /// - Returns: nil for numbers that are out of bounds.
  public init?(password: [UInt8], hash: ScramHash, iterations: Int, salt: [UInt8]) {
    guard Self.allowedIterations.contains(iterations), Self.allowedSalt.contains(salt.count) else {
      return nil
    }
    self.init(
      hash: hash, iterations: iterations, salt: salt,
      saltedPassword: Self.saltedPassword(password, hash, iterations, salt))
  }

  private init(hash: ScramHash, iterations: Int, salt: [UInt8], saltedPassword: [UInt8]) {
    let clientKey = HMACCode.of(Array("Client Key".utf8), key: saltedPassword, hash.function)
    self.hash = hash
    self.iterations = iterations
    self.salt = salt
    storedKey = hash.function.digest(clientKey)
    serverKey = HMACCode.of(Array("Server Key".utf8), key: saltedPassword, hash.function)
  }

  /// Nobody's verifier: the salt is always the same for a name, so that it tells nothing, and no password fits.
  ///
  /// - Parameter key: kept for as long as the salts must stay; who knows it can tell decoys.
  public init(
    decoyFor user: String, hash: ScramHash, key: [UInt8], iterations: Int = 4096, saltLength: Int = 16
  ) {
    let salt = HMACCode.of(Array("salt \(hash.name) \(user)".utf8), key: key, .sha512)
    self.hash = hash
    self.iterations = iterations
    self.salt = Array(salt.prefix(saltLength))
    storedKey = HMACCode.of(Array("stored \(user)".utf8), key: key, hash.function)
    serverKey = HMACCode.of(Array("server \(user)".utf8), key: key, hash.function)
  }

  /// Whether it is this password's, prepared (RFC 4013). Slow on purpose, and constant in time.
  public func fits(password: [UInt8]) -> Bool {
    let salted = Self.saltedPassword(password, hash, iterations, salt)
    let other = ScramVerifier(hash: hash, iterations: iterations, salt: salt, saltedPassword: salted)
    return ConstantTime.equal(other.storedKey, storedKey)
  }

  private static func saltedPassword(
    _ password: [UInt8], _ hash: ScramHash, _ iterations: Int, _ salt: [UInt8]
  ) -> [UInt8] {
    KeyDerivation.pbkdf2(
      password: password, salt: salt, iterations: iterations, length: hash.function.length, hash.function)
  }

  /// Reads `ITERATIONS:SALT$STOREDKEY:SERVERKEY` (RFC 5803 §2), the part behind the mechanism's name.
  public init?(_ hash: ScramHash, text: some StringProtocol) {
    let halves = text.split(separator: "$", omittingEmptySubsequences: false)
    guard halves.count == 2 else { return nil }
    let cost = halves[0].split(separator: ":", omittingEmptySubsequences: false)
    let keys = halves[1].split(separator: ":", omittingEmptySubsequences: false)
    guard cost.count == 2, keys.count == 2, cost[0].utf8.allSatisfy(\.isASCIIDigit),
      let iterations = Int(cost[0]),
      let salt = Base64.decoded(cost[1]), let storedKey = Base64.decoded(keys[0]),
      let serverKey = Base64.decoded(keys[1])
    else { return nil }
    self.init(hash: hash, iterations: iterations, salt: salt, storedKey: storedKey, serverKey: serverKey)
  }

  /// `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY` (RFC 5803 §2).
  public var text: String {
    "\(hash.name)$\(iterations):\(Base64.text(salt))$\(Base64.text(storedKey)):\(Base64.text(serverKey))"
  }
}
