public import Bytes
internal import Cryptography
internal import SASL
public import Settings

/// A users file, read: one user a line, `#` comments.
///
///     ann@example.org  SCRAM-SHA-256$65536:…$…:…  SCRAM-SHA-1$65536:…$…:…
///     bob  SCRYPT$14:8:1:…$…  until=2026-12-31
///     !decoys  BASE64
///
/// A name is written without white space; it is compared prepared (RFC 4013) and in small letters.
public struct UsersFile: Sendable {
  /// One line of it.
  public struct User: Hashable, Sendable {
    /// Prepared, in small letters, with the domain.
    public let name: String
    /// One of a kind.
    public let secrets: [StoredSecret]
    public let isDisabled: Bool
    /// The first moment at which it counts no more.
    public let end: Timestamp?
    /// From 1.
    public let line: Int

    /// Why he may not log in at `now`, whatever his password; nil where he may.
    func obstacle(at now: Timestamp) -> String? {
      if isDisabled { return "the account is disabled (line \(line))" }
      if let end, now >= end { return "the account has ended (until= on line \(line))" }
      return nil
    }

    func verifier(_ hash: ScramHash) -> ScramVerifier? {
      for case .scram(let verifier) in secrets where verifier.hash == hash { return verifier }
      return nil
    }

    var clear: [UInt8]? {
      for case .clear(let password) in secrets { return password }
      return nil
    }

    /// What his password is checked against where the client shows it: the hardest to compute.
    var strongest: StoredSecret? { secrets.max { $0.rank < $1.rank } }
  }

  /// In the order of the file.
  public let users: [User]
  private let byName: [String: Int]
  private let domain: String?
  /// Under which decoys are made; nil where the file has none.
  let decoyKey: [UInt8]?

  // Bound: a larger file is somebody else's.
  static let largest = 64 << 20

  /// Reads the text and reports everything that is wrong with it; the file is nil where anything is.
  ///
  /// - Parameters:
  ///   - file: its name in the problems.
  ///   - domain: completes names without one (`[auth] domain`).
  public static func read(text: [UInt8], file: String, domain: String? = nil) -> (
    file: UsersFile?, problems: [SettingsProblem]
  ) {
    var reader = UsersFileReader(file: file, domain: domain)
    guard text.count <= largest else {
      reader.report(1, 1, "larger than \(largest >> 20) MiB")
      return (nil, reader.problems)
    }
    guard let text = String(validating: text, as: UTF8.self) else {
      reader.report(1, 1, "not UTF-8 text")
      return (nil, reader.problems)
    }
    reader.read(text)
    guard !reader.problems.contains(where: \.isError) else { return (nil, reader.problems) }
    return (
      UsersFile(
        users: reader.users, byName: reader.byName, domain: domain?.lowercased(), decoyKey: reader.decoyKey),
      reader.problems
    )
  }

  /// The user of that name; nil where there is none. A name without a domain is completed.
  public func user(_ name: String) -> User? {
    guard let name = Self.canonical(name, domain: domain), let index = byName[name] else { return nil }
    return users[index]
  }

  /// The name as the file and the log have it; nil for what RFC 4013 does not take.
  static func canonical(_ name: String, domain: String?, stored: Bool = false) -> String? {
    guard let prepared = try? SASLprep.prepared(name, stored: stored).lowercased(), !prepared.isEmpty else {
      return nil
    }
    guard let domain, !prepared.contains("@") else { return prepared }
    return "\(prepared)@\(domain)"
  }

  /// Some user that is `isOf` the kind asked for, always the same for a name and a key: nobody's attempt is made to
  /// look and to last like one of his.
  func likeness(of name: String, key: KeyedDigest, where isOf: (User) -> Bool) -> User? {
    guard !users.isEmpty else { return nil }
    let start = Int(key.of(Array(name.utf8)) % UInt64(users.count))
    return (users[start...] + users[..<start]).first(where: isOf)
  }
}

extension StoredSecret {
  /// Which is taken where there are several: the best first.
  fileprivate var rank: Int {
    switch self {
    case .scrypt: 3
    case .scram(let verifier): verifier.hash == .sha256 ? 2 : 1
    case .clear: 0
    }
  }
}
