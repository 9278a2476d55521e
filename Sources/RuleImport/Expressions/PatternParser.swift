import Bytes

/// Reads an expression of PCRE or of POSIX (extended) into its parts.
///
/// Only what has one meaning for octets without Unicode properties is understood; the rest is told apart: wrong, or
/// merely not known here.
struct PatternParser {
  enum Dialect: Hashable, Sendable { case pcre, posix }

  /// Bounds: octets of an expression, nesting, the number behind which nobody repeats.
  static let mostOctets = 16_384
  static let mostDepth = 60
  static let mostRepeats = 65_535

  let octets: [UInt8]
  let dialect: Dialect
  var index = 0
  var isExtended: Bool
  let isUngreedy: Bool
  var groups = 0
  private var depth = 0

  init(_ octets: [UInt8], dialect: Dialect, isExtended: Bool = false, isUngreedy: Bool = false) {
    self.octets = octets
    self.dialect = dialect
    self.isExtended = isExtended
    self.isUngreedy = isUngreedy
  }

  mutating func read() throws(PatternError) -> PatternNode {
    guard octets.count <= Self.mostOctets else {
      throw PatternError(offset: 0, message: "an expression of more than \(Self.mostOctets) octets")
    }
    let node = try choice()
    guard index == octets.count else { throw wrong("a `)` without its `(`") }
    return node
  }

  var next: UInt8? { index < octets.count ? octets[index] : nil }

  func peek(_ offset: Int) -> UInt8? { index + offset < octets.count ? octets[index + offset] : nil }

  mutating func take(_ octet: UInt8) -> Bool {
    guard next == octet else { return false }
    index += 1
    return true
  }

  mutating func take(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { wanted in
      guard octets.count - index >= wanted.count, octets[index..<(index + wanted.count)].elementsEqual(wanted)
      else {
        return false
      }
      index += wanted.count
      return true
    }
  }

  func wrong(_ message: String) -> PatternError {
    PatternError(offset: index, message: message, isWrong: true)
  }
  func unknown(_ message: String) -> PatternError { PatternError(offset: index, message: message) }

  mutating func choice() throws(PatternError) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.mostDepth else { throw unknown("nested deeper than \(Self.mostDepth)") }
    var branches = [try sequence()]
    while take(UInt8(ascii: "|")) { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(PatternError) -> PatternNode {
    var parts: [PatternNode] = []
    while let octet = next, octet != UInt8(ascii: "|"), octet != UInt8(ascii: ")") {
      if isExtended, skipExtended() { continue }
      let before = index
      if let rest = try inlineOptions() {
        // `a(?i)b|c` is not `a(b|c)`.
        if !parts.isEmpty, octets[before..<index].contains(UInt8(ascii: "|")) {
          index = before
          throw unknown("an option in the middle, and alternatives behind it")
        }
        parts.append(rest)
        continue
      }
      guard let atom = try atom() else { continue }
      parts += try quantified(atom)
    }
    if parts.isEmpty { return .empty }
    return .sequence(parts)
  }

  /// White space and comments, where `x` says that they do not count.
  private mutating func skipExtended() -> Bool {
    guard let octet = next else { return false }
    if OctetSet.space.contains(octet) {
      index += 1
      return true
    }
    guard octet == UInt8(ascii: "#") else { return false }
    while let octet = next, octet != .lineFeed { index += 1 }
    return true
  }

  /// `(?i)` and its like stand for the rest of the group that they are in.
  private mutating func inlineOptions() throws(PatternError) -> PatternNode? {
    guard dialect == .pcre, next == UInt8(ascii: "("), peek(1) == UInt8(ascii: "?") else { return nil }
    var end = index + 2
    while end < octets.count, octets[end].isASCIILetter || octets[end] == UInt8(ascii: "-") { end += 1 }
    guard end < octets.count, octets[end] == UInt8(ascii: ")"), end > index + 2 else { return nil }
    let letters = Array(octets[(index + 2)..<end])
    index = end + 1
    let wasExtended = isExtended
    let caseless = try options(letters)
    defer { isExtended = wasExtended }
    let rest = try choice()
    guard let caseless else { return .group(rest, number: nil) }
    return .caseless(caseless, rest)
  }

  /// Whether the letters set or lift the ignoring of case; nil where they do not speak of it.
  mutating func options(_ letters: [UInt8]) throws(PatternError) -> Bool? {
    var isOn = true
    var caseless: Bool?
    for letter in letters {
      switch letter {
      case UInt8(ascii: "-"): isOn = false
      case UInt8(ascii: "i"): caseless = isOn
      // Within one line these change nothing.
      case UInt8(ascii: "s"), UInt8(ascii: "m"): break
      case UInt8(ascii: "x"): isExtended = isOn
      default: throw unknown("the option `\(Character(Unicode.Scalar(letter)))`")
      }
    }
    return caseless
  }

  private mutating func quantified(_ atom: [PatternNode]) throws(PatternError) -> [PatternNode] {
    guard var last = atom.last else { return [] }
    var result = atom.dropLast()
    while let (least, most) = try quantifier() {
      switch last {
      case .lineStart, .lineEnd, .assertion:
        // `^*` means something else to every reader.
        throw unknown("a repeated anchor")
      default: break
      }
      var manner = isUngreedy ? PatternNode.Manner.lazy : .greedy
      if dialect == .pcre {
        if take(UInt8(ascii: "?")) {
          manner = isUngreedy ? .greedy : .lazy
        } else if take(UInt8(ascii: "+")) {
          manner = .possessive
        }
      }
      if case .repeated = last { last = .group(last, number: nil) }
      last = .repeated(last, least: least, most: most, manner: manner)
      if dialect == .pcre, next == UInt8(ascii: "*") || next == UInt8(ascii: "+") || next == UInt8(ascii: "?")
      {
        throw wrong("a repetition of a repetition")
      }
    }
    result.append(last)
    return Array(result)
  }

  private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
    switch next {
    case UInt8(ascii: "*"):
      index += 1
      return (0, nil)
    case UInt8(ascii: "+"):
      index += 1
      return (1, nil)
    case UInt8(ascii: "?"):
      index += 1
      return (0, 1)
    case UInt8(ascii: "{"):
      return try counted()
    default:
      return nil
    }
  }

  /// `{n}`, `{n,}`, `{n,m}`; anything else is a brace and no quantifier.
  private mutating func counted() throws(PatternError) -> (Int, Int?)? {
    let start = index
    index += 1
    guard let least = number() else {
      index = start
      return nil
    }
    var most: Int? = least
    if take(UInt8(ascii: ",")) { most = next == UInt8(ascii: "}") ? nil : number() ?? -1 }
    guard take(UInt8(ascii: "}")), most != -1 else {
      index = start
      return nil
    }
    guard least <= Self.mostRepeats, most ?? 0 <= Self.mostRepeats, most ?? least >= least else {
      throw wrong("a repetition that cannot be")
    }
    return (least, most)
  }

  private mutating func number() -> Int? {
    let start = index
    var value = 0
    while let octet = next, octet.isASCIIDigit, index - start < 6 {
      value = value * 10 + Int(octet - 0x30)
      index += 1
    }
    return index > start ? value : nil
  }

  /// One atom; a quoted run is several, of which the last may be repeated. nil where nothing was there.
  private mutating func atom() throws(PatternError) -> [PatternNode]? {
    guard let octet = next else { return nil }
    switch octet {
    case UInt8(ascii: "("): return [try group()]
    case UInt8(ascii: "["): return [try bracket()]
    case UInt8(ascii: "."):
      index += 1
      return [.set(.all)]
    case UInt8(ascii: "^"):
      index += 1
      return [.lineStart]
    case UInt8(ascii: "$"):
      index += 1
      return [.lineEnd]
    case UInt8(ascii: "\\"): return try escape()
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      throw wrong("nothing before the `\(Character(Unicode.Scalar(octet)))` to repeat")
    default:
      index += 1
      return [.octet(octet)]
    }
  }

  private mutating func group() throws(PatternError) -> PatternNode {
    let open = index
    index += 1
    var kind: (PatternNode) -> PatternNode
    let wasExtended = isExtended
    if dialect == .pcre, next == UInt8(ascii: "*") { throw unknown("a verb `(*…`") }
    if dialect == .pcre, take(UInt8(ascii: "?")) {
      kind = try groupKind()
    } else {
      groups += 1
      let number = groups
      kind = { .group($0, number: number) }
    }
    let inner = try choice()
    isExtended = wasExtended
    guard take(UInt8(ascii: ")")) else {
      throw PatternError(offset: open, message: "a `(` without its `)`", isWrong: true)
    }
    return kind(inner)
  }

  /// What stands behind `(?`.
  private mutating func groupKind() throws(PatternError) -> (PatternNode) -> PatternNode {
    if take(":") { return { .group($0, number: nil) } }
    for (text, sign) in [("=", "?="), ("!", "?!"), (">", "?>")] where next == text.utf8.first {
      index += 1
      return { .look(sign, $0) }
    }
    if take("<=") { return { .look("?<=", $0) } }
    if take("<!") { return { .look("?<!", $0) } }
    if take("#") { throw unknown("a comment `(?#…)`") }
    _ = take("P")
    if next == UInt8(ascii: "<") || next == UInt8(ascii: "'") {
      let close: UInt8 = next == UInt8(ascii: "<") ? UInt8(ascii: ">") : UInt8(ascii: "'")
      index += 1
      while let octet = next, octet.isASCIILetterOrDigit || octet == UInt8(ascii: "_") { index += 1 }
      guard take(close) else { throw wrong("a group's name without its end") }
      groups += 1
      let number = groups
      return { .group($0, number: number) }
    }
    let start = index
    while let octet = next, octet.isASCIILetter || octet == UInt8(ascii: "-") { index += 1 }
    let letters = Array(octets[start..<index])
    guard take(UInt8(ascii: ":")), !letters.isEmpty else {
      index = start
      throw unknown("a group `(?\(next.map { String(Character(Unicode.Scalar($0))) } ?? "")…`")
    }
    let caseless = try options(letters)
    guard let caseless else { return { .group($0, number: nil) } }
    return { .caseless(caseless, $0) }
  }
}
