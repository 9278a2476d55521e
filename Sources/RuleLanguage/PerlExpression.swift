import Bytes
import Settings

/// An expression of PCRE2 as a condition has it (`PCRE ?? …`), and what can be said of it without PCRE2.
public struct PerlExpression: Sendable, Hashable {
  /// As it was written; its octets that are no UTF-8 were replaced, and `isText` says so.
  public let text: String
  /// Whether it is UTF-8.
  let isText: Bool
  /// Its named groups, each once, in the order in which they open.
  let names: [String]
  /// Where its lines begin: a condition may be continued.
  private let lines: [Line]

  private struct Line: Sendable, Hashable {
    /// The octet of the expression that stands at `place`.
    let start: Int
    let place: RulePlace
  }

  /// What says that an expression is of this kind.
  static let prefix = "PCRE"

  /// - Parameter written: the expression, from its first octet to its last.
  init(_ written: RuleText, place: (Range<Int>) -> RulePlace) {
    let octets = written.octets
    let valid = String(validating: octets, as: UTF8.self)
    text = valid ?? octets.shown
    isText = valid != nil
    names = Self.names(octets)
    var lines: [Line] = []
    for index in octets.indices where index == 0 || written.offset(index) != written.offset(index - 1) + 1 {
      lines.append(Line(start: index, place: place(written.range(index..<(index + 1)))))
    }
    if lines.isEmpty { lines = [Line(start: 0, place: place(written.range(0..<0)))] }
    self.lines = lines
  }

  /// Where an octet of the expression stands in its file.
  func place(ofOctet offset: Int) -> RulePlace {
    let line = lines.last { $0.start <= offset } ?? lines[0]
    let octets = text.utf8.dropFirst(line.start).prefix(max(0, offset - line.start))
    let columns = octets.count { $0 & 0xc0 != 0x80 }
    return RulePlace(
      file: line.place.file,
      position: SourcePosition(line: line.place.line, column: line.place.column + columns),
      length: offset < text.utf8.count ? 1 : 0)
  }

  /// Those of its groups that set a variable where they take part in a match. Others begin with a small letter: they
  /// are for the expression's own use.
  var variables: [String] { names.filter { $0.utf8.first.map { !$0.isLowercaseLetter } ?? false } }

  /// A name that a group cannot set, and where it stands.
  var wrongName: (name: String, octet: Int)? {
    guard
      let name = variables.first(where: { !Self.isVariable($0) || BehaviouralVariable(rawValue: $0) != nil })
    else { return nil }
    let octets = Array(text.utf8)
    let wanted = Array(name.utf8)
    let place = octets.indices.first {
      octets[$0...].starts(with: wanted) && $0 > 0 && "<'".utf8.contains(octets[$0 - 1])
    }
    return (name, place ?? 0)
  }

  private static func isVariable(_ name: String) -> Bool {
    name.utf8.first?.isASCIILetter == true
      && name.utf8.allSatisfy {
        $0.isASCIIDigit || $0 == UInt8(ascii: "_") || $0.isASCIILetter && !$0.isLowercaseLetter
      }
  }

  /// `(?<name>`, `(?'name'`, `(?P<name>`; what is quoted or in a class opens no group.
  private static func names(_ octets: [UInt8]) -> [String] {
    var names: [String] = []
    var index = 0
    while index < octets.count {
      switch octets[index] {
      case UInt8(ascii: "\\"):
        if index + 1 < octets.count, octets[index + 1] == UInt8(ascii: "Q") {
          index = endOfQuote(octets, index + 2)
        } else {
          index += 2
        }
      case UInt8(ascii: "["): index = endOfClass(octets, index)
      case UInt8(ascii: "("):
        if let name = name(octets, index), !names.contains(name) { names.append(name) }
        index += 1
      default: index += 1
      }
    }
    return names
  }

  private static func endOfQuote(_ octets: [UInt8], _ start: Int) -> Int {
    var index = start
    while index + 1 < octets.count {
      if octets[index] == UInt8(ascii: "\\"), octets[index + 1] == UInt8(ascii: "E") { return index + 2 }
      index += 1
    }
    return octets.count
  }

  private static func endOfClass(_ octets: [UInt8], _ start: Int) -> Int {
    var index = start + 1
    if index < octets.count, octets[index] == UInt8(ascii: "^") { index += 1 }
    if index < octets.count, octets[index] == UInt8(ascii: "]") { index += 1 }
    while index < octets.count {
      switch octets[index] {
      case UInt8(ascii: "]"): return index + 1
      case UInt8(ascii: "\\"): index += 2
      case UInt8(ascii: "["):
        // A class by its name has a `]` of its own.
        guard index + 1 < octets.count, octets[index + 1] == UInt8(ascii: ":"),
          let end = octets[index...].firstIndex(of: UInt8(ascii: "]")), octets[end - 1] == UInt8(ascii: ":")
        else {
          index += 1
          continue
        }
        index = end + 1
      default: index += 1
      }
    }
    return octets.count
  }

  private static func name(_ octets: [UInt8], _ open: Int) -> String? {
    var index = open + 1
    guard index < octets.count, octets[index] == UInt8(ascii: "?") else { return nil }
    index += 1
    if index < octets.count, octets[index] == UInt8(ascii: "P") { index += 1 }
    guard index < octets.count, octets[index] == UInt8(ascii: "<") || octets[index] == UInt8(ascii: "'")
    else { return nil }
    let name = octets[(index + 1)...].prefix { $0.isNamePart }
    // `(?<=` and `(?<!` look behind.
    return name.isEmpty ? nil : name.shown
  }
}

extension UInt8 {
  var isLowercaseLetter: Bool { isASCIILetter && lowercasedASCII == self }
}
