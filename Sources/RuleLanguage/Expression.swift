/// An expression of procmail's dialect, parsed.
///
/// Every node is about octets; a line feed is an octet like others, and one stands before and one behind the area.
public struct Expression: Sendable, Hashable {
  /// What is to be matched, in one of five forms.
  public indirect enum Node: Sendable, Hashable {
    /// One octet of a set; `\n` in it only where the expression says so.
    case set(OctetSet)
    case sequence([Node])
    case choice([Node])
    /// Repeats: at least so often, and once at the most or without end.
    case repeated(Node, atLeast: Int, once: Bool)
    /// `^^`: the line feed before the area's first octet.
    case areaStart
    /// `^^` behind which nothing follows: the end of the area.
    case areaEnd
    /// `\/`: here begins what MATCH is to hold.
    case matchStart
  }

  public let node: Node
  /// A–Z and a–z are the same; the sets hold both of each.
  public let isCaseless: Bool

  /// Whether it says `\/`.
  public var capturesMatch: Bool { node.contains { if case .matchStart = $0 { true } else { false } } }

  /// Whether it matches any area, since it matches nothing at all.
  public var isAlwaysFound: Bool { node.canBeEmpty }
}

extension Expression.Node {
  func contains(_ isWanted: (Expression.Node) -> Bool) -> Bool {
    if isWanted(self) { return true }
    switch self {
    case .sequence(let nodes), .choice(let nodes): return nodes.contains { $0.contains(isWanted) }
    case .repeated(let node, _, _): return node.contains(isWanted)
    case .set, .areaStart, .areaEnd, .matchStart: return false
    }
  }

  /// Whether it matches without an octet; the end of the area is more than nothing.
  var canBeEmpty: Bool {
    switch self {
    case .set, .areaStart, .areaEnd: false
    case .matchStart: true
    case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
    case .choice(let nodes): nodes.contains(where: \.canBeEmpty)
    case .repeated(let node, let atLeast, _): atLeast == 0 || node.canBeEmpty
    }
  }
}

/// A set of octets.
public struct OctetSet: Sendable, Hashable {
  private var words: SIMD4<UInt64>

  public static let none = OctetSet(words: SIMD4(repeating: 0))
  public static let all = OctetSet(words: SIMD4(repeating: .max))
  /// All but a line feed: `.`
  public static let anyButLineFeed = all.without(0x0a)
  /// `\<` and `\>`: anything that no word has, a line feed too.
  public static let notOfWord: OctetSet = {
    var set = all
    for octet in UInt8.min...UInt8.max where octet.isNamePart { set.remove(octet) }
    return set
  }()

  private init(words: SIMD4<UInt64>) { self.words = words }

  public init(_ octet: UInt8) {
    self = .none
    insert(octet)
  }

  public func contains(_ octet: UInt8) -> Bool { words[Int(octet >> 6)] >> UInt64(octet & 63) & 1 != 0 }
  public mutating func insert(_ octet: UInt8) { words[Int(octet >> 6)] |= 1 << UInt64(octet & 63) }
  public mutating func remove(_ octet: UInt8) { words[Int(octet >> 6)] &= ~(1 << UInt64(octet & 63)) }
  mutating func toggle(_ octet: UInt8) { words[Int(octet >> 6)] ^= 1 << UInt64(octet & 63) }

  func without(_ octet: UInt8) -> OctetSet {
    var set = self
    set.remove(octet)
    return set
  }

  mutating func formUnion(_ other: OctetSet) { words |= other.words }
  var complement: OctetSet { OctetSet(words: ~words) }

  public var count: Int { (0..<4).reduce(0) { $0 + words[$1].nonzeroBitCount } }

  /// The octets in it, as runs.
  public var runs: [ClosedRange<UInt8>] {
    var runs: [ClosedRange<UInt8>] = []
    var start: UInt8?
    for octet in UInt8.min...UInt8.max {
      if contains(octet) {
        if start == nil { start = octet }
      } else if let first = start {
        runs.append(first...(octet - 1))
        start = nil
      }
    }
    if let first = start { runs.append(first...UInt8.max) }
    return runs
  }
}
