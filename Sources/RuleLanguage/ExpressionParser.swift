import Bytes

/// Reads procmail's expressions: `^ $ . * + ? [ ] | ( ) \`, and no more.
struct ExpressionParser {
  /// Something that is no expression, and where.
  struct Fault: Error, Equatable {
    let message: String
    let cure: String
    let range: Range<Int>
  }

  /// Bound: brackets in brackets.
  private static let deepest = 200

  private let octets: [UInt8]
  private let isCaseless: Bool
  private var index = 0
  private var depth = 0

  /// Whether a class that is never closed is a fault; procmail takes it for closed at the end.
  private let isStrict: Bool
  /// Whether characters of UTF-8 are one each.
  private let isText: Bool

  private init(_ octets: [UInt8], isCaseless: Bool, isStrict: Bool, isText: Bool) {
    self.octets = octets
    self.isCaseless = isCaseless
    self.isStrict = isStrict
    self.isText = isText
  }

  /// - Parameters:
  ///   - octets: macros put in already.
  ///   - isStrict: as an author's line is read; what a value has made of it is taken as procmail takes it.
  static func parse(
    _ octets: [UInt8], isCaseless: Bool, isStrict: Bool = false, isText: Bool = false
  ) throws(Fault) -> Expression {
    var parser = ExpressionParser(octets, isCaseless: isCaseless, isStrict: isStrict, isText: isText)
    let node = try parser.alternatives()
    guard parser.index >= octets.count else {
      throw Fault(
        message: "this bracket closes none", cure: #"write \) for the character itself"#,
        range: parser.index..<(parser.index + 1))
    }
    return Expression(node: parser.ended(node), isCaseless: isCaseless)
  }

  private var next: UInt8? { index < octets.count ? octets[index] : nil }
  private var isAtGroupEnd: Bool {
    next == nil || next == UInt8(ascii: "|") || next == UInt8(ascii: ")")
  }

  private mutating func alternatives() throws(Fault) -> Expression.Node {
    var all: [Expression.Node] = []
    while true {
      all.append(try sequence())
      guard next == UInt8(ascii: "|") else { break }
      index += 1
    }
    return all.count == 1 ? all[0] : .choice(all)
  }

  private mutating func sequence() throws(Fault) -> Expression.Node {
    var nodes: [Expression.Node] = []
    while !isAtGroupEnd {
      open = nil
      var node = try element()
      // One sign of repetition; a second one is a character.
      switch next {
      case UInt8(ascii: "*"): node = repeated(node, open, atLeast: 0)
      case UInt8(ascii: "+"): node = repeated(node, open, atLeast: 1)
      case UInt8(ascii: "?"): node = .repeated(node, atLeast: 0, once: true)
      default:
        nodes.append(node)
        continue
      }
      index += 1
      nodes.append(node)
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func element() throws(Fault) -> Expression.Node {
    let start = index
    let octet = octets[index]
    index += 1
    switch octet {
    case UInt8(ascii: "("): return try group(from: start)
    case UInt8(ascii: "["): return isText ? try textClass(from: start) : .set(try characterClass(from: start))
    case UInt8(ascii: "."): return open(.anyButLineFeed)
    case UInt8(ascii: "$"): return .set(OctetSet(.lineFeed))
    case UInt8(ascii: "^"):
      guard next == UInt8(ascii: "^") else { return .set(OctetSet(.lineFeed)) }
      index += 1
      return .areaStart
    case UInt8(ascii: "\\"):
      guard let escaped = next else { return .set(single(octet)) }
      if isText, escaped >= 0x80 { return character() }
      index += 1
      switch escaped {
      case UInt8(ascii: "/"): return .matchStart
      case UInt8(ascii: "<"), UInt8(ascii: ">"): return open(.notOfWord)
      default: return .set(single(escaped))
      }
    default:
      guard isText, octet >= 0x80 else { return .set(single(octet)) }
      index = start
      return character()
    }
  }

  // MARK: - Characters of UTF-8

  /// The octets of the element at hand where it is a set that has all characters past ASCII: repeated without end it
  /// can go octet by octet, since what stands behind it begins with no octet from within a character.
  private var open: OctetSet?

  /// One character that is in a set of octets: past ASCII all are, or all are not.
  private mutating func open(_ set: OctetSet) -> Expression.Node {
    guard isText else { return .set(set) }
    open = set
    return CharacterSet(ascii: set, hasAllOthers: true).node
  }

  private func repeated(_ node: Expression.Node, _ open: OctetSet?, atLeast: Int) -> Expression.Node {
    guard let open else { return .repeated(node, atLeast: atLeast, once: false) }
    let loop = Expression.Node.repeated(.set(open), atLeast: 0, once: false)
    return atLeast == 0 ? loop : .sequence([node, loop])
  }

  /// The character that begins at the cursor, or an octet that is none.
  private mutating func takeScalar() -> UInt32 {
    let first = octets[index]
    index += 1
    let count = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0
    let rest = octets[index...].prefix(count)
    guard count > 0, rest.count == count, let text = String(validating: [first] + rest, as: UTF8.self),
      let scalar = text.unicodeScalars.first
    else { return UInt32(first) }
    index += count
    return scalar.value
  }

  private mutating func character() -> Expression.Node {
    let start = index
    _ = takeScalar()
    return .sequence(octets[start..<index].map { .set(OctetSet($0)) })
  }

  /// As ``characterClass(from:)``, for characters.
  private mutating func textClass(from start: Int) throws(Fault) -> Expression.Node {
    let isNegated = next == UInt8(ascii: "^")
    if isNegated { index += 1 }
    var ascii = isNegated ? OctetSet.anyButLineFeed : OctetSet.none
    var others: [ClosedRange<UInt32>] = []
    var last: UInt32 = 0
    func mark(_ range: ClosedRange<UInt32>) {
      if range.upperBound >= 0x80 { others.append(max(0x80, range.lowerBound)...range.upperBound) }
      guard range.lowerBound < 0x80 else { return }
      for octet in UInt8(range.lowerBound)...UInt8(min(0x7f, range.upperBound)) {
        self.mark(octet, in: &ascii, isNegated)
      }
    }
    if let first = next, first == UInt8(ascii: "]") || first == UInt8(ascii: "-") {
      ascii.toggle(first)
      last = UInt32(first)
      index += 1
    }
    var isClosed = false
    while next != nil, !isClosed {
      let scalar = takeScalar()
      if scalar == UInt32(UInt8(ascii: "]")) {
        isClosed = true
      } else if scalar == UInt32(UInt8(ascii: "-")), let to = next, to != UInt8(ascii: "]") {
        let end = takeScalar()
        mark(min(last, end)...end)
        last = end
      } else {
        mark(scalar...scalar)
        last = scalar
      }
    }
    guard isClosed || !isStrict else {
      throw Fault(
        message: "this class is never closed",
        cure: #"close it with ], or write \[ for the character itself"#, range: start..<(start + 1))
    }
    if others.isEmpty {
      if isNegated { return open(ascii) }
      return .set(ascii)
    }
    return CharacterSet(ascii: ascii, others: others, isNegated: isNegated).node
  }

  private mutating func group(from start: Int) throws(Fault) -> Expression.Node {
    depth += 1
    guard depth <= Self.deepest else {
      throw Fault(
        message: "brackets are nested deeper than \(Self.deepest)", cure: "write it flatter",
        range: start..<index)
    }
    let node = try alternatives()
    guard next == UInt8(ascii: ")") else {
      throw Fault(
        message: "this bracket is never closed", cure: #"write \( for the character itself"#,
        range: start..<(start + 1))
    }
    index += 1
    depth -= 1
    open = nil
    return node
  }

  /// Behind `[`: `]` or `-` at the start stand for themselves, a backslash does so anywhere, a line feed is in no
  /// class that begins with `^`.
  private mutating func characterClass(from start: Int) throws(Fault) -> OctetSet {
    let isNegated = next == UInt8(ascii: "^")
    var set = isNegated ? OctetSet.anyButLineFeed : OctetSet.none
    if isNegated { index += 1 }
    var last: UInt8 = 0
    if let first = next, first == UInt8(ascii: "]") || first == UInt8(ascii: "-") {
      set.toggle(first)
      last = first
      index += 1
    }
    while let octet = next {
      index += 1
      if octet == UInt8(ascii: "]") { return set }
      var end = octet
      if octet == UInt8(ascii: "-"), let to = next, to != UInt8(ascii: "]") {
        index += 1
        if last < to { for between in last...to { mark(between, in: &set, isNegated) } }
        end = to
      }
      mark(end, in: &set, isNegated)
      last = end
    }
    guard isStrict else { return set }
    throw Fault(
      message: "this class is never closed", cure: #"close it with ], or write \[ for the character itself"#,
      range: start..<(start + 1))
  }

  private func mark(_ octet: UInt8, in set: inout OctetSet, _ isNegated: Bool) {
    let other = octet.lowercasedASCII == octet ? octet.uppercasedASCII : octet.lowercasedASCII
    for one in isCaseless ? [octet, other] : [octet] {
      if isNegated { set.remove(one) } else { set.insert(one) }
    }
  }

  private func single(_ octet: UInt8) -> OctetSet {
    var set = OctetSet.none
    mark(octet, in: &set, false)
    return set
  }

  /// `^^` is the end of the area where nothing follows it, its brackets' ends and all, and it is not repeated.
  private func ended(_ node: Expression.Node) -> Expression.Node {
    switch node {
    case .areaStart: return .areaEnd
    case .choice(let nodes): return .choice(nodes.map(ended))
    case .sequence(var nodes):
      guard let last = nodes.popLast() else { return node }
      return .sequence(nodes + [ended(last)])
    case .repeated(let inner, atLeast: 0, once: true):
      return .repeated(ended(inner), atLeast: 0, once: true)
    case .repeated, .set, .areaEnd, .matchStart: return node
    }
  }
}
