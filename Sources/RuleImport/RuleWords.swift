import Bytes

/// Pieces of the rule language.
enum RuleWords {
  /// A text in double quotes, in which nothing is put in.
  static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

  /// A text as it stands between double quotes; bounded, on one line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.replacing("\t", with: " ").printable(limit: 380).unicodeScalars {
      if "\"\\$`".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  /// An address as an argument of `redirect` or `copy`; nil where it is none that can stand there.
  static func address(_ text: some StringProtocol) -> String? {
    let octets = Array(text.utf8)
    let isPlain = octets.allSatisfy { $0 >= 0x80 || $0.isASCIILetterOrDigit || "@.-_+=".utf8.contains($0) }
    guard isPlain, octets.count(where: { $0 == UInt8(ascii: "@") }) == 1, octets.first != UInt8(ascii: "@"),
      octets.last != UInt8(ascii: "@"), octets.first != UInt8(ascii: "-"), octets.count <= 254
    else { return nil }
    return String(text)
  }

  /// A header as `Name` and value; nil where the text is none.
  static func header(_ text: some StringProtocol) -> (name: String, value: String)? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let name = String(text[..<colon])
    guard !name.isEmpty, name.utf8.count <= 100,
      name.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == 0x2d || $0 == 0x5f })
    else { return nil }
    return (name, String(String(text[text.index(after: colon)...]).trimmed))
  }
}

/// A reply of SMTP as another program's table has it.
struct TableReply: Hashable, Sendable {
  var code: Int
  /// `5.7.1`.
  var enhanced: String
  var text: String
  /// Whether the table says no code of its own, and any will do.
  var isGeneric = false

  var isTemporary: Bool { code < 500 }

  /// The action of a rule that says it.
  var action: String {
    let words = text.isEmpty ? "" : " " + RuleWords.quoted(text)
    return "\(isTemporary ? "defer" : "reject") \(code) \(enhanced)\(words)"
  }

  /// `5.7.1 text`, `text`: the class has to be that of the code.
  init(code: Int, rest: some StringProtocol, standard: String? = nil, isGeneric: Bool = false) {
    self.code = code
    self.isGeneric = isGeneric
    let (word, behind) = Substring(rest).firstWord
    let first = code < 500 ? "4" : "5"
    enhanced = standard ?? "\(first).7.1"
    text = String(Substring(rest).trimmed)
    if Self.isEnhanced(word) {
      text = String(behind)
      enhanced = first + word.dropFirst()
    }
  }

  static func isEnhanced(_ word: some StringProtocol) -> Bool {
    let parts = word.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 3 && (parts[0].elementsEqual("4".utf8) || parts[0].elementsEqual("5".utf8))
      && parts.dropFirst().allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) }
  }

  /// A code of 400…599 in three digits.
  static func code(_ word: some StringProtocol) -> Int? {
    guard word.utf8.count == 3, word.utf8.allSatisfy(\.isASCIIDigit), let code = Int(word),
      (400...599).contains(code)
    else { return nil }
    return code
  }
}

/// What a table says of a key.
enum TableVerdict: Hashable, Sendable {
  case allow
  /// For good; the reply is said in full where a rule has to.
  case block(TableReply)
  /// What no list can say, as the lines of a rule's action.
  case rule([String])
  /// Nothing: the search ends, and wider keys do not count.
  case hole

  var isList: Bool {
    switch self {
    case .allow, .block: true
    case .rule, .hole: false
    }
  }

  /// The action where a rule stands in a list's place.
  var action: [String] {
    switch self {
    case .allow: ["accept"]
    case .block(let reply): [reply.action]
    case .rule(let action): action
    case .hole: []
    }
  }

  /// What differs from the table where a list says it.
  var difference: String? {
    guard case .block(let reply) = self, !reply.isGeneric, reply.code != 550 || reply.enhanced != "5.7.1"
    else { return nil }
    return "a list answers 550 5.7.1, not \(reply.code) \(reply.enhanced)"
  }

  var reason: String? {
    guard case .block(let reply) = self, !reply.text.isEmpty else { return nil }
    return reply.text
  }
}
