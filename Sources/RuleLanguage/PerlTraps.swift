import Bytes

/// What the author of a condition on an expression of PCRE2 hardly meant. Whether it is one, PCRE2 says when it is
/// loaded.
enum PerlTraps {
  static func report(
    _ expression: PerlExpression, _ result: ConditionReader.Result, _ line: RuleText,
    _ parser: inout RuleParser
  ) {
    let start = result.payload.lowerBound
    let octets = Array(line.octets[start...])
    func place(_ range: Range<Int>) -> Range<Int> {
      line.range((range.lowerBound + start)..<(range.upperBound + start))
    }
    let whole = line.range(0..<line.octets.count)
    if octets.isEmpty {
      parser.error(
        "no expression", cure: "write PCRE ?? and an expression, or PCRE ?? B ?? expression", at: whole)
      return
    }
    if !expression.isText {
      parser.error(
        "this is no UTF-8", cure: #"write other octets by number: \xe4"#, at: place(0..<octets.count))
      return
    }
    if let wrong = expression.wrongName {
      parser.error(
        "a group sets the variable of its name, and '\(wrong.name)' is none that it can set",
        cure: "write capital letters, digits and _, or begin with a small letter: then it sets none",
        at: place(wrong.octet..<(wrong.octet + wrong.name.utf8.count)))
    }
    if let weight = result.body.weight, weight.exponent != 0, !result.body.isNegated {
      parser.error(
        "the matches of an expression of PCRE2 are not counted",
        cure: "write an exponent of 0: it is found, or not",
        at: whole)
    }
    prefix(octets, place, &parser)
    if !expression.text.contains("x)"), !expression.text.contains("x:") {
      ConditionTraps.comment(octets, place, &parser)
    }
  }

  /// What would be a prefix elsewhere.
  private static func prefix(
    _ octets: [UInt8], _ place: (Range<Int>) -> Range<Int>, _ parser: inout RuleParser
  ) {
    if octets[0] == UInt8(ascii: "!"), octets.count > 1, octets[1].isWhiteSpace {
      parser.warn(
        "this is part of the expression", cure: "write ! before PCRE; for the character itself write [!]",
        at: place(0..<1))
      return
    }
    let name = octets.prefix { $0.isNamePart }
    let rest = octets.dropFirst(name.count)
    guard rest.starts(with: "??".utf8),
      ["H", "B", "HB", "BH"].contains(name.shown) || GatewayVariable(rawValue: name.shown) != nil
    else { return }
    parser.warn(
      "this is part of the expression", cure: "write a blank before ?? if \(name.shown) is to be looked at",
      at: place(0..<(name.count + 2)))
  }

  /// Whether what a `$` condition becomes begins with `PCRE ??`.
  static func isAsked(_ template: Template) -> Bool {
    guard case .text(let octets)? = template.pieces.first(where: { $0 != .wordMark }) else { return false }
    let text = octets.drop { $0.isWhiteSpace || $0 == UInt8(ascii: "!") }
    guard text.starts(with: PerlExpression.prefix.utf8) else { return false }
    return text.dropFirst(PerlExpression.prefix.utf8.count).drop(while: \.isWhiteSpace).starts(
      with: "??".utf8)
  }
}
