/// One text and what the expressions of a set say of it, each found out once and only when asked for.
public struct PatternAnswers: ~Copyable {
  private let set: PatternSet
  private let subject: [UInt8]
  private let isText: Bool
  private var scanned = Scanned.not
  /// What the scan settled, a bit each: those that match, and those that do not.
  private var found: [UInt64] = []
  private var missing: [UInt64] = []
  private var confirmed: [Int: Pattern.Outcome] = [:]
  /// Matches of single expressions that it took so far.
  public private(set) var matches = 0

  private enum Scanned {
    case not
    /// There was nothing to scan with, or it failed: each is asked of PCRE2.
    case failed
    case done
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

  /// What is said of a place, where that is known without a match.
  public func known(_ place: Int) -> PatternAnswer? {
    let word = place >> 6
    let bit: UInt64 = 1 << UInt64(place & 63)
    if word < missing.count {
      if missing[word] & bit != 0 { return .notFound }
      if found[word] & bit != 0 { return .found }
    }
    return confirmed.isEmpty ? nil : confirmed[place].map(PatternAnswer.init)
  }

  /// Whether the member at a place matches anywhere.
  public mutating func isFound(_ place: Int) -> PatternAnswer {
    prepare()
    return known(place) ?? PatternAnswer(firstMatch(place))
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
    scanned = .done
    found = zip(hits.words, database.exact).map { $0 & $1 }
    missing = zip(hits.words, database.seen).map { ~$0 & $1 }
  }
}

/// What an expression says of a text.
public enum PatternAnswer: Hashable, Sendable {
  case found
  case notFound
  /// A bound was passed: nobody knows.
  case unfinished
}

extension PatternAnswer {
  fileprivate init(_ outcome: Pattern.Outcome) {
    switch outcome {
    case .found: self = .found
    case .notFound: self = .notFound
    case .unfinished: self = .unfinished
    }
  }
}
