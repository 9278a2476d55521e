/// One text and what the expressions of a set say of it, each found out once and only when asked for.
public struct PatternAnswers: ~Copyable {
  private let set: PatternSet
  private let subject: [UInt8]
  private let isText: Bool
  fileprivate var scanned = Scanned.not
  fileprivate var confirmed: [Int: Pattern.Outcome] = [:]
  /// Matches of single expressions that it took so far.
  public private(set) var matches = 0

  fileprivate enum Scanned {
    case not
    /// There was nothing to scan with, or it failed: each is asked of PCRE2.
    case failed
    case done(ScanDatabase, ScanDatabase.Hits)
  }

  /// Asks about octets of any kind.
  public init(_ set: PatternSet, octets: [UInt8]) {
    self.set = set
    subject = octets
    isText = false
  }

  /// Asks about a text. Expressions of characters (`Pattern.Options.characters`) are scanned for only here, where
  /// what is scanned is UTF-8 for certain.
  public init(_ set: PatternSet, text: String) {
    self.set = set
    subject = Array(text.utf8)
    isText = true
  }

  /// Asks about a text whose octets are UTF-8 for certain.
  public init(_ set: PatternSet, validText octets: [UInt8]) {
    self.set = set
    subject = octets
    isText = true
  }

  /// Scans now, where there is something to scan with: what is asked then costs no more than a match of its own.
  public mutating func prepare() { if case .not = scanned { scan() } }

  /// Whether the member at a place matches anywhere.
  public mutating func isFound(_ place: Int) -> PatternAnswer {
    if case .not = scanned { scan() }
    if case .done(let database, let hits) = scanned {
      switch database.kinds[place] {
      case .exact: return hits.contains(place) ? .found : .notFound
      case .candidate: if !hits.contains(place) { return .notFound }
      case .unscanned: break
      }
    }
    switch firstMatch(place) {
    case .found: return .found
    case .notFound: return .notFound
    case .unfinished: return .unfinished
    }
  }

  /// Where the member at a place first matches.
  public mutating func firstMatch(_ place: Int) -> Pattern.Outcome {
    if let known = confirmed[place] { return known }
    matches += 1
    let outcome = set.pattern(place)?.firstMatch(in: subject.span) ?? .unfinished
    confirmed[place] = outcome
    return outcome
  }

  private mutating func scan() {
    guard let database = set.scan, isText || !database.wantsText, let hits = database.scan(subject.span)
    else {
      scanned = .failed
      return
    }
    scanned = .done(database, hits)
  }
}

/// What an expression says of a text.
public enum PatternAnswer: Hashable, Sendable {
  case found
  case notFound
  /// A bound was passed: nobody knows.
  case unfinished
}

extension PatternAnswers {
  /// Whether the answer about a place is there without a match or a scan.
  public func isAtHand(_ place: Int) -> Bool {
    if confirmed[place] != nil { return true }
    guard case .done(let database, let hits) = scanned else { return false }
    switch database.kinds[place] {
    case .exact: return true
    case .candidate: return !hits.contains(place)
    case .unscanned: return false
    }
  }
}
