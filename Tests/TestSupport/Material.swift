import Foundation

/// The third-party cases: data that is not part of this repository.
public enum Material {
  /// The folder that `WEIR_MATERIAL` names, else `../shared/material` beside the repository.
  public static var folder: String {
    if let named = ProcessInfo.processInfo.environment["WEIR_MATERIAL"], !named.isEmpty { return named }
    return Repository.root + "/../shared/material"
  }

  /// Whether the folder holds `path`.
  public static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(path)")
  }

  /// The JSON of a file in the folder, decoded.
  public static func decode<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(try readBytes(atPath: "\(folder)/\(path)")))
  }

  /// Counts a set's cases, prints its line, and gives the cases that fall short and are not disputed.
  ///
  /// - Parameter fallsShort: what falls short of a case in words, nil where it holds.
  public static func judge<Case: CustomStringConvertible>(
    _ set: String, _ cases: [Case], fallsShort: (Case) throws -> String?
  ) rethrows -> [String] {
    let list = (try? readBytes(atPath: Repository.root + "/Tests/Disputed.md")) ?? []
    let result = try count(set, cases, disputes: String(decoding: list, as: UTF8.self), fallsShort)
    sayOnce(result.line)
    return result.short
  }

  /// The line of a set and its cases that fall short; `disputes` is the text of `Tests/Disputed.md`, in which
  /// a case is listed as `- smtp/open-relay 99: why`.
  public static func count<Case: CustomStringConvertible>(
    _ set: String, _ cases: [Case], disputes: String, _ fallsShort: (Case) throws -> String?
  ) rethrows -> (line: String, short: [String]) {
    let disputed = Set(
      disputes.split(separator: "\n").compactMap { line -> String? in
        guard line.hasPrefix("- \(set) ") else { return nil }
        return String(line.dropFirst(set.count + 3).prefix { $0 != ":" })
      })
    let undisputed = cases.filter { !disputed.contains($0.description) }
    let short = try undisputed.compactMap { one in try fallsShort(one).map { "\(one): \($0)" } }
    var line = "\(set): \(undisputed.count - short.count) of \(undisputed.count)"
    if undisputed.count < cases.count { line += ", \(cases.count - undisputed.count) disputed" }
    return (line + short.map { "\n  falls short: \($0)" }.joined(), short)
  }
}

/// This repository as it lies on the disk.
public enum Repository {
  /// Its top folder.
  public static var root: String {
    // Tests/TestSupport/Material.swift, three up.
    var path = (#filePath as NSString).resolvingSymlinksInPath as NSString
    for _ in 0..<3 { path = path.deletingLastPathComponent as NSString }
    return path as String
  }
}

/// One case of `smtp/smuggling.json`: bytes in the middle of a message that must not end it.
public struct SmugglingCase: Decodable, Sendable, CustomStringConvertible {
  public let id: String
  public let bytes: [UInt8]
  public var description: String { id }

  private enum Key: String, CodingKey {
    case id
    case hex = "bytes_hex"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    id = try fields.decode(String.self, forKey: .id)
    let hex = Array(try fields.decode(String.self, forKey: .hex))
    guard hex.count.isMultiple(of: 2) else {
      throw DecodingError.dataCorruptedError(forKey: .hex, in: fields, debugDescription: "odd length")
    }
    bytes = try stride(from: 0, to: hex.count, by: 2).map { index in
      guard let byte = UInt8(String(hex[index...(index + 1)]), radix: 16) else {
        throw DecodingError.dataCorruptedError(forKey: .hex, in: fields, debugDescription: "not hexadecimal")
      }
      return byte
    }
  }

  /// All cases of the material folder.
  public static func all() throws -> [SmugglingCase] {
    struct File: Decodable { let sequences: [SmugglingCase] }
    return try Material.decode(File.self, from: "smtp/smuggling.json").sequences
  }
}

/// One case of `smtp/open-relay.json`: a sender and a recipient with which a stranger tries to be relayed.
public struct OpenRelayCase: Decodable, Sendable, CustomStringConvertible {
  public let n: Int
  public let sender: String
  public let recipient: String
  public let note: String?
  public var description: String { "\(n)" }

  private enum CodingKeys: String, CodingKey {
    case n
    case sender = "mail_from"
    case recipient = "rcpt_to"
    case note
  }

  /// All cases of the material folder.
  public static func all() throws -> [OpenRelayCase] {
    struct File: Decodable { let tests: [OpenRelayCase] }
    return try Material.decode(File.self, from: "smtp/open-relay.json").tests
  }

  /// The case with its place holders filled in: the argument of MAIL FROM and that of RCPT TO, without
  /// angle brackets.
  ///
  /// - Parameters:
  ///   - server: the name in the greeting, `{srv}`.
  ///   - address: the server's address, `{ip}`.
  ///   - domain: a domain that is not local, `{domain}`.
  public func filled(
    server: String, address: String = "127.0.0.1", domain: String = "outside.example",
    from: String = "antispam",
    to: String = "relaytest"
  ) -> (sender: String, recipient: String) {
    func fill(_ template: String) -> String {
      var text = template
      for (name, value) in ["srv": server, "ip": address, "domain": domain, "from": from, "to": to] {
        text = text.replacingOccurrences(of: "{\(name)}", with: value)
      }
      return text
    }
    return (fill(sender), fill(recipient))
  }
}
