import Bytes

/// A line of a regexp or pcre table, cut into its parts.
struct CheckLine: Hashable, Sendable {
  enum Form: Hashable, Sendable { case rule, `if`, endif }

  var form: Form
  var isNegated = false
  /// Without delimiters.
  var expression: [UInt8] = []
  var flags: [UInt8] = []
  /// Where the expression begins, in octets from the line's beginning.
  var offset = 0
  /// The action and its text.
  var result: [UInt8] = []
}

/// Reads lines of the tables regexp_table(5) and pcre_table(5).
enum CheckTable {
  struct Fault: Error, Hashable, Sendable {
    var offset: Int
    var message: String
  }

  static func read(_ octets: [UInt8]) throws(Fault) -> CheckLine {
    var index = 0
    func skipBlanks() { while index < octets.count, octets[index].isWhiteSpace { index += 1 } }
    skipBlanks()
    if let word = word(octets, index) {
      guard word == "if" || word == "endif" else {
        throw Fault(offset: index, message: "neither an expression between delimiters nor if or endif")
      }
      index += word.utf8.count
      if word == "endif" { return CheckLine(form: .endif) }
      skipBlanks()
      return try expression(octets, &index, .if)
    }
    return try expression(octets, &index, .rule)
  }

  /// The letters that begin at an index; nil where none do.
  private static func word(_ octets: [UInt8], _ index: Int) -> String? {
    let letters = octets[index...].prefix { $0.isASCIILetterOrDigit }
    return letters.isEmpty ? nil : String(decoding: letters, as: UTF8.self).lowercasedASCII
  }

  private static func expression(
    _ octets: [UInt8], _ index: inout Int, _ form: CheckLine.Form
  ) throws(Fault) -> CheckLine {
    var line = CheckLine(form: form)
    while index < octets.count, octets[index] == UInt8(ascii: "!") || octets[index].isWhiteSpace {
      if octets[index] == UInt8(ascii: "!") { line.isNegated.toggle() }
      index += 1
    }
    guard index < octets.count else { throw Fault(offset: index, message: "no expression") }
    let delimiter = octets[index]
    guard !delimiter.isASCIILetterOrDigit, delimiter != UInt8(ascii: "\\") else {
      throw Fault(offset: index, message: "an expression stands between delimiters such as /")
    }
    let open = index
    index += 1
    line.offset = index
    while index < octets.count, octets[index] != delimiter {
      index += octets[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard index < octets.count else {
      throw Fault(offset: open, message: "no `\(Character(Unicode.Scalar(delimiter)))` ends this expression")
    }
    line.expression = Array(octets[line.offset..<index])
    index += 1
    let flags = octets[index...].prefix { !$0.isWhiteSpace }
    line.flags = Array(flags)
    index += flags.count
    if let bad = flags.firstIndex(where: { !$0.isASCIILetter }) {
      throw Fault(offset: bad, message: "no flag: `\(Character(Unicode.Scalar(octets[bad])))`")
    }
    while index < octets.count, octets[index].isWhiteSpace { index += 1 }
    line.result = Array(octets[index...])
    while line.result.last?.isWhiteSpace ?? false { line.result.removeLast() }
    return line
  }

  /// The expression understood.
  static func pattern(
    _ line: CheckLine, _ dialect: PatternParser.Dialect, isUTF8: Bool
  ) throws(PatternError) -> Pattern {
    // Each flag turns over what is the case without it; case does not count, and `s` is on.
    func isTurned(_ flag: Character) -> Bool {
      !line.flags.count(where: { Character(Unicode.Scalar($0)) == flag }).isMultiple(of: 2)
    }
    let known = dialect == .pcre ? "imsxAEUX" : "imx"
    if let bad = line.flags.first(where: { !known.utf8.contains($0) }) {
      throw PatternError(offset: 0, message: "no flag: `\(Character(Unicode.Scalar(bad)))`", isWrong: true)
    }
    if dialect == .posix, isTurned("x") {
      throw PatternError(offset: 0, message: "basic regular expressions")
    }
    return try Pattern.read(
      line.expression, dialect: dialect, isCaseSensitive: isTurned("i"),
      isExtended: dialect == .pcre && isTurned("x"), isUngreedy: isTurned("U"), isAnchored: isTurned("A"),
      isUTF8: isUTF8)
  }
}

/// A text with `$1`, `${1}`, `$(1)` in it.
struct SubstitutedText: Hashable, Sendable {
  enum Part: Hashable, Sendable {
    case text(String)
    case group(Int)
  }

  var parts: [Part] = []

  /// nil where a `$` stands before something else than a number.
  init?(_ text: String) {
    var literal = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      literal += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.hasPrefix("$") {
        literal += "$"
        rest = rest.dropFirst()
        continue
      }
      let close: Character? = rest.hasPrefix("{") ? "}" : rest.hasPrefix("(") ? ")" : nil
      if close != nil { rest = rest.dropFirst() }
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits), (1...99).contains(number) else { return nil }
      rest = rest.dropFirst(digits.count)
      if let close {
        guard rest.first == close else { return nil }
        rest = rest.dropFirst()
      }
      if !literal.isEmpty { parts.append(.text(literal)) }
      literal = ""
      parts.append(.group(number))
    }
    literal += rest
    if !literal.isEmpty { parts.append(.text(literal)) }
  }

  var groups: Set<Int> {
    Set(parts.compactMap { if case .group(let number) = $0 { number } else { nil } })
  }

  /// As it stands between double quotes of a rule: groups as the variables that a match sets.
  var ruleText: String {
    parts.map { part in
      switch part {
      case .text(let text): RuleWords.escaped(text)
      case .group(let number): "${M\(number)}"
      }
    }.joined()
  }

  /// The text where nothing is put in; nil where something is.
  var plain: String? {
    if parts.isEmpty { return "" }
    guard parts.count == 1, case .text(let text) = parts[0] else { return nil }
    return text
  }
}
