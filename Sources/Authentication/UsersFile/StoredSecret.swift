internal import Bytes
public import Cryptography
public import SASL

/// What a users file holds of a password, as one word.
public enum StoredSecret: Hashable, Sendable {
  /// `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY` (RFC 5803 §2).
  case scram(ScramVerifier)
  /// `SCRYPT$LOGN:R:P:SALT$HASH`: serves PLAIN and LOGIN only.
  case scrypt(ScryptHash)
  /// `{CLEAR}BASE64`: the password itself, which CRAM-MD5 cannot do without.
  case clear([UInt8])

  /// Reads the word, or says why it is none; the reason continues the word.
  static func read(_ word: Substring) throws(StoredSecretFault) -> StoredSecret {
    if word.hasPrefix("{CLEAR}") {
      guard let password = Base64.decoded(word.dropFirst(7)), (1...1024).contains(password.count) else {
        throw StoredSecretFault(
          reason: "is no base64 of a password: weir users passwd --reversible writes it")
      }
      return .clear(password)
    }
    guard let dollar = word.firstIndex(of: "$") else {
      throw StoredSecretFault(
        reason: "is neither SCRAM-SHA-256$…, SCRAM-SHA-1$…, SCRYPT$…, {CLEAR}…, disabled nor until=YYYY-MM-DD"
      )
    }
    let name = word[..<dollar]
    let rest = word[word.index(after: dollar)...]
    if let hash = ScramHash.allCases.first(where: { $0.name == name }) {
      guard let verifier = ScramVerifier(hash, text: rest) else {
        throw StoredSecretFault(
          reason:
            "is no verifier: write \(hash.name)$ITERATIONS:SALT$STOREDKEY:SERVERKEY (RFC 5803), ITERATIONS from \(ScramVerifier.allowedIterations.lowerBound) to \(ScramVerifier.allowedIterations.upperBound)"
        )
      }
      return .scram(verifier)
    }
    guard name == "SCRYPT" else {
      throw StoredSecretFault(
        reason: "is of a kind that is not known: SCRAM-SHA-256, SCRAM-SHA-1 or SCRYPT")
    }
    guard let hash = ScryptHash(text: rest) else {
      throw StoredSecretFault(
        reason:
          "is no hash: write SCRYPT$LOGN:R:P:SALT$HASH, of at most \(ScryptCost.mostMemory >> 20) MiB")
    }
    return .scrypt(hash)
  }

  /// As the file has it.
  public var text: String {
    switch self {
    case .scram(let verifier): verifier.text
    case .scrypt(let hash): hash.text
    case .clear(let password): "{CLEAR}" + Base64.text(password)
    }
  }

  /// Its kind, as `weir users list` shows it.
  public var kind: String {
    switch self {
    case .scram(let verifier): verifier.hash.name
    case .scrypt: "SCRYPT"
    case .clear: "CLEAR"
    }
  }

  /// Octets that checking a password against it takes.
  var memory: Int {
    switch self {
    case .scrypt(let hash): hash.cost.memory
    case .scram, .clear: 4096
    }
  }

  /// Whether this password, prepared (RFC 4013), is it; nil where that cannot be computed.
  func fits(_ password: [UInt8]) -> Bool? {
    switch self {
    case .scram(let verifier): verifier.fits(password: password)
    case .scrypt(let hash): hash.fits(password: password)
    // Digests: equally long, so that the time tells not even the length.
    case .clear(let clear):
      ConstantTime.equal(HashFunction.sha256.digest(clear), HashFunction.sha256.digest(password))
    }
  }
}

struct StoredSecretFault: Error {
  let reason: String
}

/// A password's hash by scrypt (RFC 7914).
public struct ScryptHash: Hashable, Sendable {
  public let cost: ScryptCost
  public let salt: [UInt8]
  public let hash: [UInt8]

  /// Out of a password, prepared (RFC 4013); slow on purpose. nil where there is not the memory for it.
  public init?(password: [UInt8], salt: [UInt8], cost: ScryptCost = .standard) {
    guard let hash = KeyDerivation.scrypt(password: password, salt: salt, cost: cost, length: 32) else {
      return nil
    }
    self.cost = cost
    self.salt = salt
    self.hash = hash
  }

  /// Reads `LOGN:R:P:SALT$HASH`.
  init?(text: Substring) {
    let halves = text.split(separator: "$", omittingEmptySubsequences: false)
    guard halves.count == 2, let hash = Base64.decoded(halves[1]), (16...64).contains(hash.count) else {
      return nil
    }
    let fields = halves[0].split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 4, fields[..<3].allSatisfy({ $0.utf8.allSatisfy(\.isASCIIDigit) }),
      let logN = Int(fields[0]), let r = Int(fields[1]), let p = Int(fields[2]),
      let cost = ScryptCost(logN: logN, r: r, p: p), let salt = Base64.decoded(fields[3]),
      (8...64).contains(salt.count)
    else { return nil }
    self.cost = cost
    self.salt = salt
    self.hash = hash
  }

  public var text: String {
    "SCRYPT$\(cost.logN):\(cost.r):\(cost.p):\(Base64.text(salt))$\(Base64.text(hash))"
  }

  func fits(password: [UInt8]) -> Bool? {
    KeyDerivation.scrypt(password: password, salt: salt, cost: cost, length: hash.count).map {
      ConstantTime.equal($0, hash)
    }
  }
}
