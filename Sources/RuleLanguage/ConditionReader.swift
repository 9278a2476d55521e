import Bytes

/// Reads a condition: prefixes in any order, as often as they stand there, and the test behind them.
///
/// It serves twice: when a file is read, and at run time for what a `$` condition has become. Only the first time
/// somebody can be told what looks wrong.
struct ConditionReader {
  /// What was read, and where in the text its parts stand.
  struct Result {
    var body: ConditionBody
    /// The expression, the size or the program, behind all prefixes.
    var payload: Range<Int>
    var faults: [TemplateReader.Fault] = []
  }

  private var text: RuleText
  private let place: (Range<Int>) -> RulePlace
  private var faults: [TemplateReader.Fault] = []

  /// - Parameter text: the condition without star, joined, without blanks at either end.
  init(_ text: RuleText, place: @escaping (Range<Int>) -> RulePlace) {
    self.text = text
    self.place = place
  }

  /// - Parameter before: the prefixes that were read already.
  mutating func read(after before: ConditionBody? = nil) -> Result {
    var body = before ?? ConditionBody(test: .expression(ExpressionText([])))
    let start = prefixes(&body)
    return Result(body: body, payload: start..<text.octets.count, faults: faults)
  }

  /// Reads prefixes, sets the test, and says where the test's text begins.
  private mutating func prefixes(_ body: inout ConditionBody) -> Int {
    while let octet = text.next {
      switch octet {
      case UInt8(ascii: "!"):
        body.isNegated.toggle()
        text.index += 1
        text.skipBlanks()
      case UInt8(ascii: "$"):
        text.index += 1
        body.test = .expanded(template(.line, quoted: true))
        return text.index
      case UInt8(ascii: "?"):
        text.index += 1
        body.test = .program(command())
        return text.index
      case UInt8(ascii: "<"), UInt8(ascii: ">"):
        text.index += 1
        let size = template(.line, quoted: false)
        body.test = octet == UInt8(ascii: "<") ? .smaller(size) : .greater(size)
        return text.index
      case UInt8(ascii: "\\"):
        body.test = .expression(ExpressionText(Array(text.octets[(text.index + 1)...]), isQuoted: true))
        return text.index + 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
        UInt8(ascii: ","):
        guard let weight = takeWeight() else { return expression(&body) }
        body.weight = weight
        text.skipBlanks()
      default:
        if let list = takeList() {
          body.test = .list(list, operand())
          return text.index
        }
        guard let subject = takeSubject() else { return expression(&body) }
        text.skipBlanks()
        if subject == .variable(PerlExpression.prefix) { return perl(&body) }
        body.subject = subject
      }
    }
    return expression(&body)
  }

  private func expression(_ body: inout ConditionBody) -> Int {
    body.test = .expression(ExpressionText(Array(text.octets[text.index...])))
    return text.index
  }

  /// Behind `PCRE ??` stands one subject, and then the expression to the end of the line, whatever it begins with.
  private mutating func perl(_ body: inout ConditionBody) -> Int {
    let start = text.index
    if let subject = takeSubject(), text.octets[start..<text.index].contains(where: \.isWhiteSpace),
      !text.octets[start..<text.index].contains(where: \.isLowercaseLetter)
    {
      text.skipBlanks()
      body.subject = subject
    } else {
      text.index = start
    }
    body.test = .perl(PerlExpression(text.tail(from: text.index), place: place))
    return text.index
  }

  private mutating func template(_ extent: TemplateReader.Extent, quoted: Bool) -> Template {
    var reader = TemplateReader(text.tail(from: text.index), extent, quoted: quoted, place: place)
    let template = reader.read()
    faults += reader.faults
    return template
  }

  private mutating func command() -> RuleCommand {
    text.skipBlanks()
    let rest = text.tail(from: text.index)
    return RuleCommand(
      place: place(text.range(text.index..<text.octets.count)), text: rest.octets.shown,
      words: template(.words, quoted: false))
  }

  /// `w^x` with blanks around the `^`, numbers as C reads them.
  private mutating func takeWeight() -> ConditionBody.Weight? {
    guard let weight = Number(text.octets, from: text.index) else { return nil }
    var index = weight.end
    while index < text.octets.count, text.octets[index].isWhiteSpace { index += 1 }
    guard index < text.octets.count, text.octets[index] == UInt8(ascii: "^"),
      let exponent = Number(text.octets, from: index + 1)
    else { return nil }
    text.index = exponent.end
    return ConditionBody.Weight(weight: weight.value, exponent: exponent.value)
  }

  /// `VAR ??`, `H ??`, `B ??`, `HB ??`, `BH ??`; what stands behind it is left.
  private mutating func takeSubject() -> ConditionSubject? {
    let start = text.index
    guard let name = text.takeName() else { return nil }
    guard takeQuestionMarks() else {
      text.index = start
      return nil
    }
    switch name {
    case "H": return .area(.header)
    case "B": return .area(.body)
    case "HB", "BH": return .area(.whole)
    default: return .variable(name)
    }
  }

  private mutating func takeQuestionMarks() -> Bool {
    text.skipBlanks()
    guard text.next == UInt8(ascii: "?"), text.peek(1) == UInt8(ascii: "?") else { return false }
    text.index += 2
    return true
  }

  /// `IN(list) ??`.
  private mutating func takeList() -> String? {
    guard text.next == UInt8(ascii: "I"), text.peek(1) == UInt8(ascii: "N"), text.peek(2) == UInt8(ascii: "(")
    else { return nil }
    let start = text.index
    text.index += 3
    let nameStart = text.index
    while let octet = text.next, octet != UInt8(ascii: ")") { text.index += 1 }
    let name = text.octets[nameStart..<text.index].shown
    guard text.take() == UInt8(ascii: ")"), takeQuestionMarks() else {
      text.index = start
      return nil
    }
    text.skipBlanks()
    return name
  }

  private mutating func operand() -> ListOperand {
    let start = text.index
    if let name = text.takeName(), text.isAtEnd { return .variable(name) }
    text.index = start
    return .template(template(.line, quoted: true))
  }
}

/// A number as C's `strtod` reads one in the C locale, but for hexadecimal, infinities and the like.
struct Number {
  let value: Double
  /// The index behind it.
  let end: Int

  init?(_ octets: [UInt8], from start: Int) {
    var index = start
    func digits() -> Bool {
      let first = index
      while index < octets.count, octets[index].isASCIIDigit { index += 1 }
      return index > first
    }
    while index < octets.count, octets[index].isWhiteSpace { index += 1 }
    let first = index
    if index < octets.count, octets[index] == UInt8(ascii: "-") || octets[index] == UInt8(ascii: "+") {
      index += 1
    }
    var found = digits()
    if index < octets.count, octets[index] == .dot {
      index += 1
      found = digits() || found
    }
    guard found else { return nil }
    let mantissa = index
    if index < octets.count, octets[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < octets.count, octets[index] == UInt8(ascii: "-") || octets[index] == UInt8(ascii: "+") {
        index += 1
      }
      if !digits() { index = mantissa }
    }
    // Bound: a number of more digits than these is no number that anybody means.
    guard index - first <= 64, let value = Double(Self.plain(octets[first..<index])) else { return nil }
    self.value = value
    end = index
  }

  /// Swift wants a digit on either side of the dot.
  private static func plain(_ octets: ArraySlice<UInt8>) -> String {
    var text = ""
    var previous: UInt8 = 0
    for (index, octet) in zip(octets.indices, octets) {
      if octet == .dot, !previous.isASCIIDigit { text += "0" }
      text.unicodeScalars.append(Unicode.Scalar(octet))
      let next = index + 1 < octets.endIndex ? octets[index + 1] : 0
      if octet == .dot, !next.isASCIIDigit { text += "0" }
      previous = octet
    }
    return text
  }
}
