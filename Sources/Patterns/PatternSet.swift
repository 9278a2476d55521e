internal import Synchronization

/// Expressions that look at the same texts: each is asked for by its place, and where a scan database was adopted, one
/// scan of a text answers for all of them.
///
/// Without a database, and as long as it is being made, each question is a match of its own by PCRE2, with the same
/// answer.
public final class PatternSet: Sendable {
  /// One expression, as it is asked for by its place in the set.
  public struct Member: Hashable, Sendable {
    public let text: String
    public let options: Pattern.Options

    public init(_ text: String, _ options: Pattern.Options = []) {
      self.text = text
      self.options = options
    }
  }

  /// Bound: expressions of a set.
  public static let mostMembers = 50_000

  public let members: [Member]
  public let bounds: Pattern.Bounds
  // Compiled when first asked for: of ten thousand the scan leaves a handful to be confirmed.
  private let compiled: Mutex<[Pattern?]>
  private let database = Mutex<ScanDatabase?>(nil)

  /// Throws for the first member that is no expression.
  ///
  /// - Parameter areKnown: they all compiled before, as those of a database from the cache did.
  public init(
    _ members: [Member], within bounds: Pattern.Bounds = Pattern.Bounds(), areKnown: Bool = false
  ) throws(PatternSetError) {
    guard members.count <= Self.mostMembers else {
      throw PatternSetError(
        place: Self.mostMembers,
        reason: PatternError(
          offset: 0, message: "is one more than the \(Self.mostMembers) that a set may have"))
    }
    if !areKnown {
      for (place, member) in members.enumerated() {
        do { try Pattern.validate(member.text, member.options) } catch {
          throw PatternSetError(place: place, reason: error)
        }
      }
    }
    self.members = members
    self.bounds = bounds
    compiled = Mutex(Array(repeating: nil, count: members.count))
  }

  /// The expression at a place; nil where PCRE2 has no memory for it.
  public func pattern(_ place: Int) -> Pattern? {
    if let known = compiled.withLock({ $0[place] }) { return known }
    let member = members[place]
    // Two threads may both compile it; one of the two is kept.
    guard let made = try? Pattern(member.text, member.options, within: bounds) else { return nil }
    return compiled.withLock { all in
      if let known = all[place] { return known }
      all[place] = made
      return made
    }
  }

  /// Takes over a database that was made of these very members; sessions that ask meanwhile go on with what they have.
  ///
  /// - Returns: whether it fits.
  @discardableResult
  public func adopt(_ made: ScanDatabase) -> Bool {
    guard made.count == members.count else { return false }
    database.withLock { $0 = made }
    return true
  }

  /// What answers for all at once, if there is one yet.
  public var scan: ScanDatabase? { database.withLock { $0 } }
}

/// Which member of a set is no expression, and why.
public struct PatternSetError: Error, Hashable, Sendable {
  public let place: Int
  public let reason: PatternError
}
