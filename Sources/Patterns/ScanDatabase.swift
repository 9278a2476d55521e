/// Expressions made into a few automata, by the library behind the Hyperscan API: a scan of a text tells of each whether
/// it matches.
///
/// Most are told exactly. Of some the scan knows only where they cannot match (look-around, back references): those that it does not rule out are asked of PCRE2. A few it cannot take at all.
public final class ScanDatabase: Sendable {
  /// What a scan says of an expression.
  public enum Kind: UInt8, Hashable, Sendable {
    /// Whether it matches.
    case exact
    /// That it does not match, or that it may.
    case candidate
    /// Nothing.
    case unscanned
  }

  /// Which expressions a scan has seen.
  public struct Hits: Sendable {
    var words: [UInt64]

    public func contains(_ place: Int) -> Bool { words[place >> 6] & 1 << UInt64(place & 63) != 0 }

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
  }

  /// By the place of each expression in its set.
  public let kinds: [Kind]
  /// Whether some expression is of characters, so that only UTF-8 may be scanned.
  public let wantsText: Bool
  let engine: ScanEngine
  /// Those that are told exactly, and those that a scan sees at all: a bit each.
  let exact: [UInt64]
  let seen: [UInt64]

  public var count: Int { kinds.count }

  private init(kinds: [Kind], wantsText: Bool, engine: ScanEngine) {
    self.kinds = kinds
    self.wantsText = wantsText
    self.engine = engine
    exact = Self.words(kinds) { $0 == .exact }
    seen = Self.words(kinds) { $0 != .unscanned }
  }

  private static func words(_ kinds: [Kind], _ isIn: (Kind) -> Bool) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: (kinds.count + 63) >> 6)
    for (place, kind) in kinds.enumerated() where isIn(kind) { words[place >> 6] |= 1 << UInt64(place & 63) }
    return words
  }

  /// The library and its version, for the key of a cache; nil where it is not built in or the processor lacks what it
  /// needs (SSSE3).
  public static var library: String? { ScanEngine.library }

  /// Makes a database. It takes milliseconds for ten expressions and many seconds for thousands, so never on an event
  /// loop.
  ///
  /// - Returns: nil where the library is not there, or can take none of them.
  public static func make(of members: [PatternSet.Member]) -> ScanDatabase? {
    guard library != nil, !members.isEmpty else { return nil }
    var kinds = members.map(ScanEngine.kind)
    guard let engine = ScanEngine.compile(members, &kinds) else { return nil }
    return ScanDatabase(kinds: kinds, wantsText: wantsText(members, kinds), engine: engine)
  }

  private static func wantsText(_ members: [PatternSet.Member], _ kinds: [Kind]) -> Bool {
    zip(members, kinds).contains { $0.options.contains(.characters) && $1 != .unscanned }
  }

  /// Scans a text; nil where that cannot be done (no memory).
  public func scan(_ subject: Span<UInt8>) -> Hits? {
    // The library sees no match in nothing, not even of what matches nothing.
    guard !subject.isEmpty else { return nil }
    return engine.scan(subject, count: count).map(Hits.init)
  }
}

// MARK: - Keeping it

extension ScanDatabase {
  private static let mark = Array("weir scan 3\n".utf8)

  /// What a database of those members depends on: whoever keeps one keeps it under a digest of this.
  public static func key(of members: [PatternSet.Member]) -> [UInt8]? {
    guard let library else { return nil }
    var key = mark + Array(library.utf8)
    for member in members {
      key.append(0)
      key.append(UInt8(truncatingIfNeeded: member.options.rawValue))
      key.append(contentsOf: member.text.utf8)
    }
    return key
  }

  /// The octets to keep; nil where the library has no memory for them.
  public func serialized() -> [UInt8]? {
    engine.serialized().map { Self.mark + [wantsText ? 1 : 0] + kinds.map(\.rawValue) + $0 }
  }

  /// A database that was kept. The octets have to be those that `serialized` gave: whoever reads them from a file
  /// makes sure of that by a digest.
  ///
  /// - Returns: nil where they are of another version or of another number of expressions.
  public convenience init?(serialized octets: [UInt8], count: Int) {
    let head = Self.mark.count + 1
    guard octets.count > head + count, octets.starts(with: Self.mark) else { return nil }
    var kinds: [Kind] = []
    for octet in octets[head..<head + count] {
      guard let kind = Kind(rawValue: octet) else { return nil }
      kinds.append(kind)
    }
    guard let engine = ScanEngine(serialized: octets.span.extracting(droppingFirst: head + count)) else {
      return nil
    }
    self.init(kinds: kinds, wantsText: octets[head - 1] == 1, engine: engine)
  }
}
