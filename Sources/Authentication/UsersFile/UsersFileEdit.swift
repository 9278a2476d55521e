internal import Bytes
internal import SASL
internal import Settings

/// Changes to the text of a users file. Everything else in it stays as it is, comments among it.
public enum UsersFileEdit {
  /// What a user is to have.
  public enum Form: Sendable {
    /// SCRAM verifiers, SHA-256 and SHA-1, which serve every mechanism but CRAM-MD5.
    case scram(iterations: Int)
    /// A hash by scrypt: PLAIN and LOGIN only.
    case scrypt
    /// The password itself beside SCRAM verifiers, which serve every mechanism.
    case reversible(iterations: Int)
  }

  /// The secrets to be kept of a password; slow on purpose.
  ///
  /// - Parameter salt: gives chance, so many octets of it.
  /// - Throws: for a password that RFC 4013 does not take.
  public static func secrets(
    of password: String, _ form: Form, salt: (Int) -> [UInt8]
  ) throws(UsersFileEditError) -> [StoredSecret] {
    let prepared: [UInt8]
    do throws(SASLprepFault) {
      prepared = Array(try SASLprep.prepared(password, stored: true).utf8)
    } catch {
      throw UsersFileEditError("a password that \(error)")
    }
    guard (1...1024).contains(prepared.count) else {
      throw UsersFileEditError("a password of \(prepared.count) octets; 1,024 are the most")
    }
    switch form {
    case .scrypt:
      guard let hash = ScryptHash(password: prepared, salt: salt(16)) else {
        throw UsersFileEditError("there is no memory for scrypt")
      }
      return [.scrypt(hash)]
    case .scram(let iterations): return try verifiers(prepared, iterations, salt)
    case .reversible(let iterations):
      return try verifiers(prepared, iterations, salt) + [.clear(prepared)]
    }
  }

  private static func verifiers(
    _ password: [UInt8], _ iterations: Int, _ salt: (Int) -> [UInt8]
  ) throws(UsersFileEditError) -> [StoredSecret] {
    var secrets: [StoredSecret] = []
    for hash in [ScramHash.sha256, .sha1] {
      guard
        let verifier = ScramVerifier(
          password: password, hash: hash, iterations: iterations, salt: salt(16))
      else {
        let allowed = ScramVerifier.allowedIterations
        throw UsersFileEditError("from \(allowed.lowerBound) to \(allowed.upperBound) iterations")
      }
      secrets.append(.scram(verifier))
    }
    return secrets
  }

  /// Adds a user at the end.
  ///
  /// - Parameter decoyKey: 32 octets of chance, taken where the file has no `!decoys` line yet.
  public static func add(
    _ name: String, _ secrets: [StoredSecret], to text: [UInt8], file: String, domain: String?,
    decoyKey: [UInt8]
  ) throws -> [UInt8] {
    let (read, written) = try free(name, in: text, file, domain)
    var text = text
    if let last = text.last, last != .lineFeed { text.append(.lineFeed) }
    if text.isEmpty {
      text += Array("# Users of Weir; weir users changes this file safely. Format: Authentication.md.\n".utf8)
    }
    if read.decoyKey == nil {
      text += Array("\(UsersFileReader.decoys) \(Base64.text(decoyKey))\n".utf8)
    }
    text += Array("\(([written] + secrets.map(\.text)).joined(separator: " "))\n".utf8)
    return try checked(text, file, domain)
  }

  /// Whether a user of that name could be added: throws where not.
  public static func checkFree(_ name: String, in text: [UInt8], file: String, domain: String?) throws {
    _ = try free(name, in: text, file, domain)
  }

  private static func free(
    _ name: String, in text: [UInt8], _ file: String, _ domain: String?
  ) throws -> (UsersFile, written: String) {
    let read = try sound(text, file, domain)
    let written = try writable(name)
    if let user = read.user(name) {
      throw UsersFileEditError(
        "\(file):\(user.line): \(user.name) is a user already: weir users passwd changes the password")
    }
    return (read, written)
  }

  /// Gives a user other secrets; `disabled` and `until=` stay.
  public static func change(
    _ name: String, _ secrets: [StoredSecret], in text: [UInt8], file: String, domain: String?
  ) throws -> [UInt8] {
    try replace(name, in: text, file, domain) { line in
      let words = UsersFileReader.words(Substring(line))
      let kept = words.dropFirst().map(\.text).filter { $0 == "disabled" || $0.hasPrefix("until=") }
      let all = words.prefix(1).map { String($0.text) } + secrets.map(\.text) + kept.map(String.init)
      return all.joined(separator: " ") + comment(line)
    }
  }

  /// The kinds of secrets that a user has, as `weir users list` names them; throws where there is no such user.
  public static func kinds(
    of name: String, in text: [UInt8], file: String, domain: String?
  ) throws -> Set<String> {
    guard let user = try sound(text, file, domain).user(name) else {
      throw UsersFileEditError("\(file): there is no user \(name)")
    }
    return Set(user.secrets.map(\.kind))
  }

  /// Takes a user's line away.
  public static func remove(
    _ name: String, from text: [UInt8], file: String, domain: String?
  ) throws -> [UInt8] {
    try replace(name, in: text, file, domain) { _ in nil }
  }

  private static func replace(
    _ name: String, in text: [UInt8], _ file: String, _ domain: String?, _ edit: (String) -> String?
  ) throws -> [UInt8] {
    let read = try sound(text, file, domain)
    guard let user = read.user(name) else { throw UsersFileEditError("\(file): there is no user \(name)") }
    var lines = text.split(separator: .lineFeed, omittingEmptySubsequences: false)
    let line = lines[user.line - 1]
    guard let edited = edit(String(decoding: line, as: UTF8.self)) else {
      lines.remove(at: user.line - 1)
      return try checked(Array(lines.joined(separator: [.lineFeed])), file, domain)
    }
    lines[user.line - 1] = Array(edited.utf8)[...]
    return try checked(Array(lines.joined(separator: [.lineFeed])), file, domain)
  }

  /// The `#` that begins a word, and what stands behind it.
  private static func comment(_ line: String) -> String {
    var isBehindSpace = true
    for index in line.unicodeScalars.indices {
      let scalar = line.unicodeScalars[index]
      if scalar == "#", isBehindSpace { return "  " + line[index...] }
      isBehindSpace = scalar == " " || scalar == "\t" || scalar == "\r"
    }
    return ""
  }

  /// A name that a line can hold.
  private static func writable(_ name: String) throws(UsersFileEditError) -> String {
    guard let prepared = try? SASLprep.prepared(name, stored: true), !prepared.isEmpty,
      prepared.utf8.count <= 320, !prepared.hasPrefix("#"), !prepared.hasPrefix("!"),
      !prepared.unicodeScalars.contains(where: { $0.properties.isWhitespace })
    else {
      throw UsersFileEditError(
        "\(name.printable(limit: 60)) is no name for a user: no white space, no # or ! in front, nothing that RFC 4013 forbids"
      )
    }
    return prepared
  }

  private static func sound(_ text: [UInt8], _ file: String, _ domain: String?) throws -> UsersFile {
    let (read, problems) = UsersFile.read(text: text, file: file, domain: domain)
    guard let read else { throw UsersFileError(problems: problems, mark: FileMark(file)) }
    return read
  }

  /// What we write is what we read.
  private static func checked(_ text: [UInt8], _ file: String, _ domain: String?) throws -> [UInt8] {
    _ = try sound(text, file, domain)
    return text
  }
}

/// Why a users file is not changed.
public struct UsersFileEditError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
