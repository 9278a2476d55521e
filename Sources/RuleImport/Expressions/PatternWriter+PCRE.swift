import Bytes

/// What a line must and must not match, for one thing to be done.
struct LineTest: Hashable, Sendable {
  struct Term: Hashable, Sendable {
    var pattern: Pattern
    var isNegated = false
  }

  /// All of them hold of the same line.
  var terms: [Term]

  /// The header that a matching line is; nil where it may be any.
  var headerName: String? { terms.lazy.filter { !$0.isNegated }.compactMap(\.pattern.headerName).first }

  /// False where no line can match both: each names another header.
  func canMeet(_ other: LineTest) -> Bool {
    guard let mine = headerName, let theirs = other.headerName else { return true }
    return mine == theirs
  }
}

extension PatternWriter {
  /// The expression for PCRE2, octet by octet: it finds a line for which all of `test` and none of `exceptions` holds. It
  /// says itself whether case counts: a recipe without flag D is caseless.
  ///
  /// - Parameters:
  ///   - wanted: groups of the last term whose text is asked for; they are named `M1`, `M2`, ….
  ///   - onlyHeaders: lines that begin as a header does.
  static func pcre(
    _ test: LineTest, except exceptions: [LineTest] = [], unit: Unit = .line, wanted: Set<Int> = [],
    onlyHeaders: Bool = false
  ) -> String? {
    var writer = PCREWriter(unit: unit)
    guard let main = test.terms.last, !main.isNegated else {
      // Only what must not be: some line that is not empty.
      guard let conditions = writer.looks(test), let except = writer.exceptions(exceptions) else {
        return nil
      }
      return "(?m-i)\(writer.start)(?=.)" + (onlyHeaders ? header : "") + except + conditions
    }
    let before = LineTest(terms: test.terms.dropLast())
    guard let conditions = writer.looks(before), let except = writer.exceptions(exceptions) else {
      return nil
    }
    writer.wanted = wanted
    guard let body = writer.write(main.pattern) else { return nil }
    let isPlain = conditions.isEmpty && except.isEmpty && !onlyHeaders
    let isCaseSensitive = main.pattern.isCaseSensitive
    let text =
      isPlain
      ? "(?m\(isCaseSensitive ? "-i" : "i"))\(body)"
      : "(?m-i)\(writer.start)\(onlyHeaders ? header : "")\(except)\(conditions)\(writer.reach(main.pattern))"
        + "(?\(isCaseSensitive ? "" : "i"):\(body))"
    guard text.utf8.count <= mostOctets else { return nil }
    // A blank at the end is not part of a condition.
    return text.hasSuffix(" ") ? text.dropLast() + "[ ]" : text
  }

  private static let header = "(?=[!-9;-~]+:)"
}

private struct PCREWriter {
  let unit: PatternWriter.Unit
  var wanted: Set<Int> = []
  private var isUTF8 = true
  private var term = 0
  private var referenced: Set<Int> = []

  init(unit: PatternWriter.Unit) { self.unit = unit }

  /// Any octet of the line.
  var any: String { unit == .line ? "." : "(?:.|\\n(?=[ \\t]))" }
  var start: String { unit == .line ? "^" : "^(?![ \\t])" }

  /// From the line's start to where the pattern may begin.
  func reach(_ pattern: Pattern) -> String {
    if case .sequence(let parts) = pattern.node, parts.first == .lineStart { return "" }
    return any + "*?"
  }

  mutating func exceptions(_ tests: [LineTest]) -> String? {
    var text = ""
    for test in tests {
      guard var looks = looks(test) else { return nil }
      // One look ahead that must not be is written as such.
      if test.terms.count == 1, looks.hasPrefix("(?=") { looks = String(looks.dropFirst(3).dropLast()) }
      text += "(?!\(looks))"
      if text.utf8.count > PatternWriter.mostOctets { return nil }
    }
    return text
  }

  /// Every term as a look ahead from the line's start.
  mutating func looks(_ test: LineTest) -> String? {
    var text = ""
    for term in test.terms {
      guard let body = write(term.pattern) else { return nil }
      let sign = term.pattern.isCaseSensitive ? "" : "i"
      text += "(?\(term.isNegated ? "!" : "=")\(reach(term.pattern))(?\(sign):\(body)))"
      if text.utf8.count > PatternWriter.mostOctets { return nil }
    }
    return text
  }

  mutating func write(_ pattern: Pattern) -> String? {
    term += 1
    isUTF8 = pattern.isUTF8
    referenced = []
    Self.references(pattern.node, &referenced)
    if let text = text(pattern.node) { return text }
    // Octets past ASCII that are no UTF-8 are written by number.
    isUTF8 = false
    return text(pattern.node)
  }

  private func text(_ node: PatternNode) -> String? {
    var octets: [UInt8] = []
    guard write(node, &octets), octets.count <= PatternWriter.mostOctets else { return nil }
    return String(validating: octets, as: UTF8.self)
  }

  private static func references(_ node: PatternNode, _ found: inout Set<Int>) {
    switch node {
    case .backReference(let number): found.insert(number)
    case .group(let inner, _), .caseless(_, let inner), .look(_, let inner), .repeated(let inner, _, _, _):
      references(inner, &found)
    case .sequence(let parts), .choice(let parts): for part in parts { references(part, &found) }
    case .empty, .octet, .set, .lineStart, .lineEnd, .assertion: break
    }
  }

  /// Appends the node; false where it grew too long.
  private func write(_ node: PatternNode, _ octets: inout [UInt8]) -> Bool {
    guard octets.count <= PatternWriter.mostOctets else { return false }
    switch node {
    case .empty: return true
    case .octet(let octet): append(octet, &octets)
    case .set(let set): octets += Array(bracket(set).utf8)
    case .lineStart: octets += Array(start.utf8)
    case .lineEnd: octets += Array((unit == .line ? "$" : "$(?!\\n[ \\t])").utf8)
    case .assertion(let text): octets += Array(text.utf8)
    case .backReference(let number): octets += Array("\\k<\(name(number))>".utf8)
    case .group(let inner, let number):
      let isNamed = number.map { wanted.contains($0) || referenced.contains($0) } ?? false
      return wrapped(isNamed ? "(?<\(name(number ?? 0))>" : "(?:", inner, &octets)
    case .caseless(let isOn, let inner): return wrapped(isOn ? "(?i:" : "(?-i:", inner, &octets)
    case .look(let sign, let inner): return wrapped("(\(sign)", inner, &octets)
    case .sequence(let parts):
      for part in parts {
        if case .choice = part {
          guard wrapped("(?:", part, &octets) else { return false }
        } else {
          guard write(part, &octets) else { return false }
        }
      }
    case .choice(let branches):
      for (index, branch) in branches.enumerated() {
        if index > 0 { octets.append(UInt8(ascii: "|")) }
        guard write(branch, &octets) else { return false }
      }
    case .repeated(let inner, let least, let most, let manner):
      return repeated(inner, least, most, manner, &octets)
    }
    return true
  }

  private func name(_ number: Int) -> String { wanted.contains(number) ? "M\(number)" : "t\(term)_\(number)" }

  private func wrapped(_ open: String, _ node: PatternNode, _ octets: inout [UInt8]) -> Bool {
    octets += Array(open.utf8)
    guard write(node, &octets) else { return false }
    octets.append(UInt8(ascii: ")"))
    return true
  }

  private func repeated(
    _ node: PatternNode, _ least: Int, _ most: Int?, _ manner: PatternNode.Manner, _ octets: inout [UInt8]
  ) -> Bool {
    switch node {
    case .octet, .set, .group, .look:
      guard write(node, &octets) else { return false }
    default:
      guard wrapped("(?:", node, &octets) else { return false }
    }
    let sign =
      switch (least, most) {
      case (0, nil): "*"
      case (1, nil): "+"
      case (0, 1): "?"
      case (let least, nil): "{\(least),}"
      case (let least, let most?): least == most ? "{\(least)}" : "{\(least),\(most)}"
      }
    octets += Array((sign + manner.rawValue).utf8)
    return true
  }

  private func append(_ octet: UInt8, _ octets: inout [UInt8]) {
    if octet == .lineFeed {
      // An unfolded line has a blank there.
      octets += Array((unit == .line ? " " : "\\n").utf8)
    } else if octet >= 0x80 && !isUTF8 || octet.isASCIIControl {
      octets += Array(Self.hex(octet).utf8)
    } else if "\\^$.[]|()*+?{}#".utf8.contains(octet) {
      octets += [UInt8(ascii: "\\"), octet]
    } else {
      octets.append(octet)
    }
  }

  private static func hex(_ octet: UInt8) -> String {
    let digits = String(octet, radix: 16, uppercase: true)
    return "\\x" + (digits.utf8.count < 2 ? "0" + digits : digits)
  }

  /// The set within the line; across a fold where the unit is a folded line and the set holds the line feed.
  private func bracket(_ set: OctetSet) -> String {
    let inner = set.withinLine
    let text: String
    switch inner {
    case OctetSet.all.withinLine: text = "."
    case OctetSet.digits: text = "\\d"
    case OctetSet.word: text = "\\w"
    case OctetSet.space.withinLine: text = "[^\\S\\n]"
    case OctetSet.space.inverted: text = "\\S"
    default:
      let isNegated = inner.count > 128
      let members = isNegated ? inner.inverted : inner
      // A set that holds nothing matches nothing.
      if members.isEmpty { return "(?!)" }
      text = "[" + (isNegated ? "^" : "") + members.runs.map(Self.run).joined() + "]"
    }
    return unit == .foldedLine && set.contains(.lineFeed) ? "(?:\(text)|\\n(?=[ \\t]))" : text
  }

  private static func run(_ run: ClosedRange<UInt8>) -> String {
    func sign(_ octet: UInt8) -> String {
      if octet == .lineFeed { return "\\n" }
      if octet == 0x09 { return "\\t" }
      if octet.isASCIIControl || octet >= 0x80 { return hex(octet) }
      let text = String(Character(Unicode.Scalar(octet)))
      return octet.isASCIILetterOrDigit || octet == .space ? text : "\\" + text
    }
    if run.count == 1 { return sign(run.lowerBound) }
    let joint = run.count == 2 ? "" : "-"
    return sign(run.lowerBound) + joint + sign(run.upperBound)
  }
}
