internal import Bytes
internal import NetAddress

/// A file of the operator's that has one entry a line, `#` comments, and words between white space; the first word
/// may have a quoted local part (`"john doe"@example.org`).
struct LineFile {
  /// A word and where it stands.
  struct Word {
    let text: Substring
    let position: SourcePosition
  }

  // Bound: whoever names a wrong file reads this many problems, not a million.
  static let maximumProblems = 100

  let file: String
  private(set) var problems: [SettingsProblem] = []
  private var left = 0

  init(file: String) {
    self.file = file
  }

  /// Calls `body` with the words of each line that has any.
  mutating func forEachLine(of text: String, _ body: (inout LineFile, [Word]) -> Void) {
    var number = 0
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let words = Self.words(Substring(line), number)
      if !words.isEmpty { body(&self, words) }
    }
    if left > 0 {
      let end = SourcePosition(line: number, column: 1)
      problems.append(
        SettingsProblem(file: file, position: end, message: "and \(left) more problems like these"))
    }
  }

  mutating func report(_ position: SourcePosition, _ message: String) {
    if problems.count < Self.maximumProblems {
      problems.append(SettingsProblem(file: file, position: position, message: message))
    } else {
      left += 1
    }
  }

  private static func words(_ line: Substring, _ number: Int) -> [Word] {
    let bytes = line.utf8
    var words: [Word] = []
    var index = bytes.startIndex
    while true {
      while index < bytes.endIndex, isSpace(bytes[index]) { index = bytes.index(after: index) }
      guard index < bytes.endIndex, bytes[index] != UInt8(ascii: "#") else { return words }
      let start = index
      if bytes[index] == UInt8(ascii: "\"") { index = endOfQuotes(bytes, index) }
      while index < bytes.endIndex, !isSpace(bytes[index]) { index = bytes.index(after: index) }
      let column = line[..<start].unicodeScalars.count + 1
      words.append(Word(text: line[start..<index], position: SourcePosition(line: number, column: column)))
    }
  }

  /// The index behind the closing quote, or the end of the line.
  private static func endOfQuotes(_ bytes: Substring.UTF8View, _ start: String.Index) -> String.Index {
    var index = bytes.index(after: start)
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
      if bytes[index] == UInt8(ascii: "\\"), bytes.index(after: index) < bytes.endIndex {
        index = bytes.index(after: index)
      }
      index = bytes.index(after: index)
    }
    return index < bytes.endIndex ? bytes.index(after: index) : index
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}

/// An address in a file of the operator's.
enum WrittenAddress {
  /// The local part without its quotes and the domain, both in small letters, or why it is no address; the reason
  /// continues the text.
  static func parse(_ text: Substring) throws(DomainFault) -> (localPart: String, domain: String) {
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else {
      throw DomainFault(reason: "is no address: write user@example.org")
    }
    let domain = try checkedDomain(String(text[text.utf8.index(after: at)...]))
    let local = text[..<at]
    guard (1...64).contains(local.utf8.count) else {
      throw DomainFault(reason: "has a local part of \(local.utf8.count) bytes: RFC 5321 allows 1 to 64")
    }
    if local.utf8.first == UInt8(ascii: "\"") { return (try unquoted(local).lowercasedASCII, domain) }
    if let wrong = local.utf8.first(where: { $0.isASCIIControl || isSpecial($0) }) {
      throw DomainFault(reason: "holds \(quoted(String(Unicode.Scalar(wrong)))) outside quotes")
    }
    return (local.lowercasedASCII, domain)
  }

  /// RFC 5322 §3.2.3 without the dot: only within quotes.
  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "["),
      UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: ";"), UInt8(ascii: "@"), UInt8(ascii: "\\"),
      UInt8(ascii: ","), UInt8(ascii: "\""), .space:
      true
    default: false
    }
  }

  /// A domain or an address literal in small letters.
  private static func checkedDomain(_ text: String) throws(DomainFault) -> String {
    guard text.hasPrefix("[") else { return try DomainName.checked(text) }
    let inner = text.dropFirst().dropLast()
    let address = inner.lowercasedASCII.hasPrefix("ipv6:") ? String(inner.dropFirst(5)) : String(inner)
    guard text.hasSuffix("]"), let parsed = IPAddress(address) else {
      throw DomainFault(reason: "has a wrong address literal: write [192.0.2.1] or [IPv6:2001:db8::1]")
    }
    return parsed.isV4 ? "[\(parsed)]" : "[ipv6:\(parsed)]"
  }

  private static func unquoted(_ text: Substring) throws(DomainFault) -> String {
    var result = ""
    var rest = text.dropFirst()
    while let character = rest.first {
      rest = rest.dropFirst()
      if character == "\"" {
        if rest.isEmpty { return result }
        break
      }
      if character == "\\" {
        guard let escaped = rest.first else { break }
        result.append(escaped)
        rest = rest.dropFirst()
      } else {
        result.append(character)
      }
    }
    throw DomainFault(reason: "has a local part with a quote in the wrong place")
  }
}
