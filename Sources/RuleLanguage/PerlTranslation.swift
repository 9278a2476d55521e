import Bytes

/// An expression in the syntax of Perl's kind (PCRE2, and what Hyperscan takes of it), for a *framed* area: a line
/// feed, the octets of the area, a line feed.
///
/// In procmail's dialect `^` and `$` match line feeds, of which one stands before and one behind the area without
/// being in it. With the frame they are octets like others, and all else is the same in both dialects.
public struct PerlTranslation: Sendable, Hashable {
  /// Found in the framed area just where procmail finds the expression in the area. ASCII only.
  public let text: String
  /// The same without lookaround; it is found wherever `text` is, and where `isScanExact` says so nowhere else.
  public let scanText: String
  /// Whether `scanText` is as good as `text`.
  public let isScanExact: Bool
  /// A–Z and a–z are the same (no other octets are: neither UTF nor UCP is meant).
  public let isCaseless: Bool

  public init(_ expression: Expression) {
    isCaseless = expression.isCaseless
    if expression.isAlwaysFound {
      text = ""
      scanText = ""
      isScanExact = true
      return
    }
    // No search begins at the line feed behind the area, so that the end of the area is found only behind something;
    // with nothing before it `^^` is the area's start too.
    isScanExact = !Self.beginsWithEnd(expression.node, isFirst: true)
    var writer = Writer(isCaseless: expression.isCaseless, end: isScanExact ? #"\n\z"# : #"(?:\n\z|\A\n)"#)
    writer.write(expression.node)
    scanText = writer.text
    text = isScanExact ? scanText : #"(?!\n\z)(?:"# + scanText + ")"
  }

  /// The octets of an area between two line feeds.
  public static func framed(_ area: some Collection<UInt8>) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(area.count + 2)
    octets.append(.lineFeed)
    octets += area
    octets.append(.lineFeed)
    return octets
  }

  /// Whether the end of the area can be reached with no octet before it.
  private static func beginsWithEnd(_ node: Expression.Node, isFirst: Bool) -> Bool {
    switch node {
    case .areaEnd: return isFirst
    case .set, .areaStart, .matchStart: return false
    case .choice(let nodes): return nodes.contains { beginsWithEnd($0, isFirst: isFirst) }
    case .repeated(let inner, _, _): return beginsWithEnd(inner, isFirst: isFirst)
    case .sequence(let nodes):
      var first = isFirst
      for node in nodes {
        if beginsWithEnd(node, isFirst: first) { return true }
        first = first && node.canBeEmpty
      }
      return false
    }
  }

  private struct Writer {
    let isCaseless: Bool
    let end: String
    var text = ""

    mutating func write(_ node: Expression.Node) {
      switch node {
      case .set(let set): write(set)
      case .sequence(let nodes): write(all: nodes)
      case .choice(let nodes):
        for (index, node) in nodes.enumerated() {
          if index > 0 { text += "|" }
          write(node)
        }
      case .repeated(let inner, let atLeast, let once):
        write(inner, in: !inner.isSet)
        text += once ? "?" : atLeast == 0 ? "*" : "+"
      case .areaStart: text += #"\A\n"#
      case .areaEnd: text += end
      case .matchStart: break
      }
    }

    /// One behind the other. `.?.?.?` in a text is three times all that a character can be: said once, with how often.
    private mutating func write(all nodes: [Expression.Node]) {
      var rest = nodes[...]
      while let node = rest.first {
        let alike = rest.prefix { $0 == node }.count
        if alike > 1, case .repeated(let inner, 0, once: true) = node {
          write(inner, in: !inner.isSet)
          text += "{0,\(alike)}"
          rest = rest.dropFirst(alike)
        } else {
          write(node, in: node.isChoice)
          rest = rest.dropFirst()
        }
      }
    }

    private mutating func write(_ node: Expression.Node, in group: Bool) {
      if group { text += "(?:" }
      write(node)
      if group { text += ")" }
    }

    private mutating func write(_ set: OctetSet) {
      let runs = set.runs
      if isCaseless, runs.count == 2, set.count == 2, runs[0].lowerBound | 0x20 == runs[1].lowerBound,
        runs[0].lowerBound.isASCIILetter
      {
        text += Self.literal(runs[1].lowerBound)
      } else if runs.count == 1, set.count == 1 {
        text += Self.literal(runs[0].lowerBound)
      } else {
        // What is not in the set is often shorter to say.
        let others = set.complement.runs
        let isShorter = others.count < runs.count && !others.isEmpty
        text += isShorter ? "[^" : "["
        for run in isShorter ? others : runs {
          text += Self.classOctet(run.lowerBound)
          if run.count == 2 { text += Self.classOctet(run.upperBound) }
          if run.count > 2 { text += "-" + Self.classOctet(run.upperBound) }
        }
        // A class of nothing: `[^…]` of everything.
        if runs.isEmpty { text += #"^\x00-\xff"# }
        text += "]"
      }
    }

    private static func literal(_ octet: UInt8) -> String {
      if octet == .lineFeed { return #"\n"# }
      if octet.isASCIILetterOrDigit || Array(" _-@%<>=!:;,'\"&~/`".utf8).contains(octet) {
        return String(Unicode.Scalar(octet))
      }
      return octet > 0x20 && octet < 0x7f ? "\\" + String(Unicode.Scalar(octet)) : hex(octet)
    }

    private static func classOctet(_ octet: UInt8) -> String {
      if octet == .lineFeed { return #"\n"# }
      if octet.isNamePart { return String(Unicode.Scalar(octet)) }
      return octet > 0x20 && octet < 0x7f ? "\\" + String(Unicode.Scalar(octet)) : hex(octet)
    }

    private static func hex(_ octet: UInt8) -> String {
      let digits = String(octet, radix: 16)
      return "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
    }
  }
}

extension Expression.Node {
  fileprivate var isChoice: Bool { if case .choice = self { true } else { false } }
  fileprivate var isSet: Bool { if case .set = self { true } else { false } }
}
