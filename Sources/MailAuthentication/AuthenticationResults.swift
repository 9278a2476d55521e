internal import Bytes
internal import DNS

/// What somebody found out about a message, read from `Authentication-Results` or `ARC-Authentication-Results`
/// (RFC 8601 §2.2, RFC 8617 §4.1.1).
public struct AuthenticationResults: Hashable, Sendable {
  public struct Property: Hashable, Sendable {
    /// `smtp`, `header`, `body`, `policy`, in small letters.
    public let type: String
    /// `mailfrom`, `d`, …, in small letters.
    public let name: String
    /// As written, quotes undone.
    public let value: String
  }

  public struct Result: Hashable, Sendable {
    /// `spf`, `dkim`, …, in small letters.
    public let method: String
    /// `pass`, `fail`, …, in small letters.
    public let result: String
    public let reason: String
    public let properties: [Property]

    /// The value of the first property of that name: `value("smtp", "mailfrom")`.
    public func value(_ type: String, _ name: String) -> String? {
      properties.first { $0.type == type && $0.name == name }?.value
    }
  }

  /// Bound: results of one field, and properties of one result.
  public static let most = 64

  /// `i=` of an ARC-Authentication-Results.
  public let instance: Int?
  /// Whose results these are.
  public let servid: String
  /// Empty for `none`.
  public let results: [Result]

  /// Reads the body of a field: what follows its colon.
  ///
  /// - Parameter isSealed: whether it is an ARC-Authentication-Results, which begins with `i=`.
  /// - Returns: nil where it breaks the grammar, or is of a version that nobody knows.
  public init?(_ body: ArraySlice<UInt8>, isSealed: Bool = false) {
    var lexer = CommentedWords(body)
    var instance: Int?
    if isSealed {
      guard let number = Self.instance(&lexer) else { return nil }
      instance = number
    }
    guard let servid = lexer.value() else { return nil }
    if let version = lexer.token(), version != "1" { return nil }
    var results: [Result] = []
    while lexer.takes(";") {
      if lexer.isAtEnd { break }
      guard results.count < Self.most else { return nil }
      guard let method = lexer.keyword() else { return nil }
      if method == "none", results.isEmpty, lexer.isAtEnd { break }
      guard let result = Self.result(method, &lexer) else { return nil }
      results.append(result)
    }
    guard lexer.isAtEnd, !lexer.isBroken else { return nil }
    self.instance = instance
    self.servid = servid
    self.results = results
  }

  /// Whether a field's body speaks in the name of `servid` (RFC 8601 §5): such a field from outside is forged, and is
  /// removed. So is one that some reader could take for it: where that name stands as a word before the first `;`, or,
  /// where the body cannot be read, anywhere in it.
  public static func isOurs(_ fieldBody: ArraySlice<UInt8>, servid: String) -> Bool {
    let servid = servid.lowercasedASCII
    var lexer = CommentedWords(fieldBody)
    guard let name = lexer.value(), !lexer.isBroken, lexer.isAtEnd || lexer.token() != nil || lexer.takes(";")
    else {
      let text = String(decoding: fieldBody, as: UTF8.self).lowercasedASCII
      return text.utf8.containsSequence(servid.utf8) || head(of: fieldBody).contains(servid)
    }
    if name.lowercasedASCII == servid { return true }
    if let theirs = DNSName(name), let ours = DNSName(servid), theirs == ours { return true }
    return head(of: fieldBody).contains(servid)
  }

  /// The words that stand before the results, as somebody sees them who knows neither quotes nor comments; a `;` in
  /// those ends nothing.
  private static func head(of body: ArraySlice<UInt8>) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    func end() {
      while word.last == .dot { word.removeLast() }
      if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
      word = []
    }
    var depth = 0
    var isQuoted = false
    var index = body.startIndex
    while index < body.endIndex {
      var byte = body[index]
      index += 1
      switch byte {
      case UInt8(ascii: ";") where depth == 0 && !isQuoted:
        end()
        return words
      case UInt8(ascii: "\"") where depth == 0: isQuoted.toggle()
      case UInt8(ascii: "(") where !isQuoted: depth += 1
      case UInt8(ascii: ")") where !isQuoted: depth = max(0, depth - 1)
      case UInt8(ascii: "\\") where (depth > 0 || isQuoted) && index < body.endIndex:
        byte = body[index]
        index += 1
      default: break
      }
      if byte.isASCIILetterOrDigit || byte >= 0x80 || "-._".utf8.contains(byte) {
        word.append(byte.lowercasedASCII)
      } else {
        end()
      }
    }
    end()
    return words
  }

  /// `i=1;` at the beginning (RFC 8617 §4.1.1, §4.2.1: 1 to 50, no zero in front).
  private static func instance(_ lexer: inout CommentedWords) -> Int? {
    guard lexer.keyword() == "i", lexer.takes("="), let digits = lexer.token(),
      let number = ARCValidator.instance(digits), lexer.takes(";")
    else { return nil }
    return number
  }

  /// What follows a method's name: `/version = result reason=… ptype.property=value …`.
  private static func result(_ method: String, _ lexer: inout CommentedWords) -> Result? {
    if lexer.takes("/") {
      guard let version = lexer.token(), version.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
    }
    guard lexer.takes("="), let result = lexer.keyword() else { return nil }
    var reason = ""
    var properties: [Property] = []
    while let type = lexer.keyword() {
      if lexer.takes("=") {
        // `action=` and others of the kind are no part of the grammar, but are written.
        guard let text = lexer.value() else { return nil }
        if type == "reason" { reason = text }
        continue
      }
      guard properties.count < most, lexer.takes("."), let name = lexer.keyword(), lexer.takes("="),
        let value = lexer.propertyValue()
      else { return nil }
      properties.append(Property(type: type, name: name, value: value))
    }
    return Result(method: method, result: result, reason: reason, properties: properties)
  }
}

extension Sequence where Element == UInt8 {
  func containsSequence(_ other: some Collection<UInt8>) -> Bool {
    let all = Array(self)
    guard let first = other.first, all.count >= other.count else { return false }
    return (0...(all.count - other.count)).contains { start in
      all[start] == first && all[start..<(start + other.count)].elementsEqual(other)
    }
  }
}
