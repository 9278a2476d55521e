import Bytes

/// What procmail takes without a word, and what the author of a condition hardly meant.
enum ConditionTraps {
  static func report(_ result: ConditionReader.Result, in line: RuleText, to parser: inout RuleParser) {
    switch result.body.test {
    case .expression(let expression): report(expression, result, line, &parser)
    case .perl(let expression): PerlTraps.report(expression, result, line, &parser)
    case .smaller(let size), .greater(let size):
      if let octets = size.constant { reportSize(octets, result, line, &parser) }
      for command in size.commands { parser.check(command) }
    case .list(let name, _):
      if name.isEmpty || name.contains(where: \.isWhitespace) {
        parser.error("no list", cure: "write IN(name) ?? SENDER", at: line.range(0..<line.octets.count))
      }
    case .expanded(let template):
      for command in template.commands { parser.check(command) }
      if PerlTraps.isAsked(template) {
        parser.error(
          "an expression of PCRE2 cannot be made at run time",
          cure: "take the $ out, and write what it stands for",
          at: line.range(result.payload.lowerBound - 1..<line.octets.count))
      }
      if asksProgram(template) {
        parser.error(
          "a program cannot be named at run time", cure: "take the $ out, and write the program's name",
          at: line.range(result.payload.lowerBound - 1..<line.octets.count))
      }
    case .program: break
    }
  }

  /// Whether what a `$` condition becomes begins with `?`.
  static func asksProgram(_ template: Template) -> Bool {
    guard case .text(let octets)? = template.pieces.first(where: { $0 != .wordMark }) else { return false }
    return octets.first { !$0.isWhiteSpace && $0 != UInt8(ascii: "!") } == UInt8(ascii: "?")
  }

  private static func reportSize(
    _ octets: [UInt8], _ result: ConditionReader.Result, _ line: RuleText, _ parser: inout RuleParser
  ) {
    let digits = octets.drop(while: \.isWhiteSpace)
    let number = digits.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }.prefix(
      while: \.isASCIIDigit)
    guard number.isEmpty || number.endIndex != octets.endIndex else { return }
    parser.error(
      "a size is a number of octets, and '\(digits.shown)' is none",
      cure: "write < 10000; an expression that begins with < is written ()<",
      at: line.range(max(0, result.payload.lowerBound - 1)..<line.octets.count))
  }

  private static func report(
    _ expression: ExpressionText, _ result: ConditionReader.Result, _ line: RuleText,
    _ parser: inout RuleParser
  ) {
    let octets = line.octets
    let start = result.payload.lowerBound
    func place(_ range: Range<Int>) -> Range<Int> {
      line.range((range.lowerBound + start)..<(range.upperBound + start))
    }
    if expression.isQuoted, let first = expression.octets.first {
      leadingBackslash(first, line.range((start - 1)..<min(octets.count, start + 1)), &parser)
    }
    comment(expression.octets, place, &parser)
    comma(expression.octets, place, &parser)
    perlisms(expression.octets, place, &parser)
    do {
      _ = try ExpressionParser.parse(expression.octets, isCaseless: false, isStrict: true)
    } catch {
      parser.error(error.message, cure: error.cure, at: place(error.range))
    }
  }

  /// `* \<word\>`: the first backslash only says that `<` is no sign of a size, and is gone.
  private static func leadingBackslash(_ octet: UInt8, _ range: Range<Int>, _ parser: inout RuleParser) {
    guard Array("<>.^$([|)/".utf8).contains(octet) else { return }
    let sign = [octet].shown
    parser.error(
      "a backslash that begins a condition is taken away, so that '\\\(sign)' means '\(sign)' here",
      cure: "write ()\\\(sign) or \\\\\(sign)", at: range)
  }

  /// `* ^Subject: x  # why`: the comment is part of the expression.
  static func comment(
    _ octets: [UInt8], _ place: (Range<Int>) -> Range<Int>, _ parser: inout RuleParser
  ) {
    for index in octets.indices.dropFirst() where octets[index] == UInt8(ascii: "#") {
      guard octets[index - 1].isWhiteSpace else { continue }
      let follower = index + 1 < octets.count ? octets[index + 1] : .space
      let range = place(index..<octets.count)
      if follower.isWhiteSpace || follower == UInt8(ascii: "#") {
        parser.error(
          "a comment cannot stand behind a condition: it is part of the expression",
          cure: "put it on a line of its own; for the character itself write [#]", at: range)
        return
      }
      if follower.isASCIILetter {
        parser.warn(
          "if this is a comment, it is part of the expression",
          cure: "put it on a line of its own; for the character itself write [#]", at: range)
        return
      }
    }
  }

  /// `1,5^0`: a number with a comma is no number.
  private static func comma(
    _ octets: [UInt8], _ place: (Range<Int>) -> Range<Int>, _ parser: inout RuleParser
  ) {
    var index = 0
    var commas = 0
    while index < octets.count, octets[index].isASCIIDigit || Array(",.+-".utf8).contains(octets[index]) {
      if octets[index] == UInt8(ascii: ",") { commas += 1 }
      index += 1
    }
    guard commas > 0, index > 1, index < octets.count, octets[index] == UInt8(ascii: "^") else { return }
    parser.warn(
      "this is no weight but an expression: a number has a dot, not a comma",
      cure: "write \(octets[..<index].shown.split(separator: ",").joined(separator: "."))^…",
      at: place(0..<(index + 1)))
  }

  /// What other dialects know and this one reads as it stands.
  private static func perlisms(
    _ octets: [UInt8], _ place: (Range<Int>) -> Range<Int>, _ parser: inout RuleParser
  ) {
    var index = 0
    var isInClass = false
    while index < octets.count {
      let octet = octets[index]
      let next = index + 1 < octets.count ? octets[index + 1] : 0
      switch octet {
      case UInt8(ascii: "\\") where !isInClass:
        letterEscape(next, place(index..<min(octets.count, index + 2)), &parser)
        index += 1
      case UInt8(ascii: "["):
        if !isInClass {
          isInClass = true
          // A bracket that closes stands for itself at the start.
          if next == UInt8(ascii: "^") { index += 1 }
          if index + 1 < octets.count, octets[index + 1] == UInt8(ascii: "]") { index += 1 }
        }
        if let end = posixEnd(
          octets, index + (octets[index] == UInt8(ascii: "[") && next != UInt8(ascii: ":") ? 1 : 0))
        {
          parser.error(
            "there are no named classes here: this is a class of the characters in the name",
            cure: "write the characters: a-zA-Z, 0-9", at: place(index..<end))
          index = end - 1
          isInClass = true
        }
      case UInt8(ascii: "]"): isInClass = false
      case UInt8(ascii: "{") where !isInClass && index > 0:
        if let end = quantifierEnd(octets, index) {
          parser.error(
            "'\(octets[index..<end].shown)' is not a quantifier here: it stands for itself",
            cure: #"repeat what is before it, or use * + ?; for the braces themselves write \{"#,
            at: place(index..<end))
        }
      case UInt8(ascii: "(") where !isInClass && next == UInt8(ascii: "?"):
        parser.error(
          "'(?' begins nothing special here: the question mark stands for itself",
          cure: #"leave it out; for the character itself write (\?"#, at: place(index..<(index + 2)))
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
        guard !isInClass, index > 0, Array("?+".utf8).contains(next), octets[index - 1] != UInt8(ascii: "(")
        else { break }
        parser.warn(
          "the second sign is not part of a quantifier: it stands for itself",
          cure: "leave it out; for the character itself write \\\([next].shown)",
          at: place(index..<(index + 2)))
        index += 1
      default: break
      }
      index += 1
    }
  }

  private static func letterEscape(_ octet: UInt8, _ range: Range<Int>, _ parser: inout RuleParser) {
    let meant: String
    switch octet {
    case UInt8(ascii: "d"): meant = "[0-9]"
    case UInt8(ascii: "s"): meant = "a class of a blank and a tab"
    case UInt8(ascii: "w"): meant = "[a-zA-Z0-9_]"
    case UInt8(ascii: "S"): meant = "[^ ] with a tab in it"
    case UInt8(ascii: "W"), UInt8(ascii: "b"): meant = #"\< or \>, which take a character"#
    case UInt8(ascii: "D"): meant = "[^0-9]"
    case UInt8(ascii: "n"), UInt8(ascii: "r"): meant = "$"
    case UInt8(ascii: "t"): meant = "the tab itself"
    default: return
    }
    parser.warn("'\\\([octet].shown)' is the letter \([octet].shown) here", cure: "write \(meant)", at: range)
  }

  /// Behind `[:name:]`; nil where none begins at the index.
  private static func posixEnd(_ octets: [UInt8], _ start: Int) -> Int? {
    guard start + 3 < octets.count, octets[start] == UInt8(ascii: "["), octets[start + 1] == UInt8(ascii: ":")
    else { return nil }
    var index = start + 2
    while index < octets.count, octets[index].isASCIILetter { index += 1 }
    guard index > start + 2, index + 1 < octets.count, octets[index] == UInt8(ascii: ":"),
      octets[index + 1] == UInt8(ascii: "]")
    else { return nil }
    return index + 2
  }

  /// Behind `{n}`, `{n,}`, `{n,m}`; nil where none begins at the index.
  private static func quantifierEnd(_ octets: [UInt8], _ start: Int) -> Int? {
    var index = start + 1
    let digits = index
    while index < octets.count, octets[index].isASCIIDigit { index += 1 }
    guard index > digits else { return nil }
    if index < octets.count, octets[index] == UInt8(ascii: ",") { index += 1 }
    while index < octets.count, octets[index].isASCIIDigit { index += 1 }
    guard index < octets.count, octets[index] == UInt8(ascii: "}") else { return nil }
    return index + 1
  }
}
