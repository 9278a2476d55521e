/// A regular expression of another program, understood.
struct Pattern: Hashable, Sendable {
  var node: PatternNode
  /// Whether the case of letters counts.
  var isCaseSensitive: Bool
  /// The octets as they were written, delimiters and flags taken off.
  var source: [UInt8]
  /// The number of groups that remember.
  var groups: Int
  /// Whether octets past ASCII stand for UTF-8 (else each for itself).
  var isUTF8: Bool
}

/// A part of an expression.
indirect enum PatternNode: Hashable, Sendable {
  case empty
  case octet(UInt8)
  case set(OctetSet)
  /// `^` and `$`: of the line that is looked at.
  case lineStart
  case lineEnd
  /// `\b`, `\B` and what else looks without taking, as PCRE writes it.
  case assertion(String)
  /// A group; its number where it remembers.
  case group(PatternNode, number: Int?)
  /// `(?i:…)`, `(?-i:…)`.
  case caseless(Bool, PatternNode)
  /// `?=`, `?!`, `?<=`, `?<!`, `?>`.
  case look(String, PatternNode)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repeated(PatternNode, least: Int, most: Int?, manner: Manner)
  case backReference(Int)

  /// How a repetition gives back what it took.
  enum Manner: String, Hashable, Sendable {
    case greedy = ""
    case lazy = "?"
    case possessive = "+"
  }
}

/// Why an expression was not understood.
struct PatternError: Error, Hashable, Sendable {
  /// In octets from the expression's beginning.
  var offset: Int
  var message: String
  /// False for what PCRE takes and this parser does not know; true for what no reader takes.
  var isWrong = false
}

extension Pattern {
  /// The header that every match begins with, in small letters: `subject` for `^Subject:…`; nil where none is named.
  var headerName: String? { Self.headerName(node).map(\.name) }

  /// True where a header line of that name matches whatever its value is: `^Subject:`, `^Subject:.*`.
  var matchesWholeHeader: Bool {
    guard let found = Self.headerName(node) else { return false }
    return found.rest.allSatisfy { node in
      switch node {
      case .repeated(.set, least: 0, _, _), .lineEnd, .empty: true
      default: false
      }
    }
      && found.rest.allSatisfy { node in
        guard case .repeated(.set(let set), _, _, _) = node else { return true }
        // Before an end of line all must be able to pass.
        return found.rest.contains(.lineEnd) ? set.withinLine == OctetSet.all.withinLine : true
      }
  }

  /// A name of RFC 5322 §2.2 between `^` and `:` at the beginning.
  private static func headerName(_ node: PatternNode) -> (name: String, rest: [PatternNode])? {
    guard case .sequence(let parts) = node, parts.first == .lineStart else { return nil }
    var name: [UInt8] = []
    for (index, part) in parts.enumerated().dropFirst() {
      guard case .octet(let octet) = part, (0x21...0x7e).contains(octet) else { return nil }
      if octet == UInt8(ascii: ":") {
        guard !name.isEmpty else { return nil }
        let text = String(decoding: name.map { $0 | ($0 &- 0x41 < 26 ? 0x20 : 0) }, as: UTF8.self)
        return (text, Array(parts[(index + 1)...]))
      }
      name.append(octet)
    }
    return nil
  }
}
