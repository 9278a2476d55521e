internal import Bytes
internal import Patterns
internal import RuleLanguage

/// All expressions of a book by the view that they look at: one set each, which one scan answers for.
struct PatternViews: Sendable {
  /// Where an expression stands among those of its view.
  struct Place: Sendable, Hashable {
    let view: Int
    let index: Int
  }

  /// What is looked at, and how.
  struct Key: Sendable, Hashable {
    let view: RulePattern.View
    /// Whether it stands between two line feeds, as procmail's dialect wants it.
    let isFramed: Bool
    /// Whether it is UTF-8 for certain.
    let isText: Bool

    init(_ pattern: RulePattern) {
      view = pattern.view
      isFramed = pattern.syntax == .procmail
      isText = pattern.isText
    }

    /// Whether it can be looked at before a rule asks: what rules set themselves cannot.
    var isKnownBefore: Bool { view != .own }
  }

  struct View: Sendable {
    let key: Key
    let set: PatternSet
  }

  private(set) var views: [View] = []

  static let none = PatternViews()

  /// Expressions of one view that PCRE2 looks for one by one without holding up an event loop.
  private static let few = 100

  /// Whether all views that many expressions look at are scanned.
  var isWarm: Bool { views.allSatisfy { $0.set.members.count <= Self.few || $0.set.scan != nil } }

  /// Collects the expressions of all plans.
  struct Builder {
    private var keys: [Key: Int] = [:]
    private var members: [(key: Key, all: [PatternSet.Member])] = []
    private var known: [[PatternSet.Member: Int]] = []

    /// The place of an expression; nil where no engine takes it, and a run looks for itself.
    ///
    /// - Throws: what is wrong with an expression that nobody but an engine can look for.
    mutating func place(of pattern: RulePattern) throws(PatternError) -> Place? {
      guard let member = Self.member(pattern) else { return nil }
      let view = view(Key(pattern))
      if let index = known[view][member] { return Place(view: view, index: index) }
      do throws(PatternError) {
        try Pattern.validate(member.text, member.options)
        let index = members[view].all.count
        guard index < PatternSet.mostMembers else {
          throw PatternError(
            offset: 0,
            message: "is one more than the \(PatternSet.mostMembers) that are looked for in one place")
        }
        members[view].all.append(member)
        known[view][member] = index
        return Place(view: view, index: index)
      } catch {
        if pattern.syntax == .perl { throw error }
        return nil
      }
    }

    private static func member(_ pattern: RulePattern) -> PatternSet.Member? {
      guard pattern.syntax == .procmail else {
        var options: Pattern.Options = []
        if pattern.isCaseless { options.insert(.caseless) }
        if pattern.isText { options.insert(.characters) }
        return PatternSet.Member(pattern.text, options)
      }
      guard let translation = pattern.perl, translation.text.utf8.count <= Pattern.longest else { return nil }
      return PatternSet.Member(translation.text, translation.isCaseless ? .caseless : [])
    }

    private mutating func view(_ key: Key) -> Int {
      if let known = keys[key] { return known }
      keys[key] = members.count
      members.append((key, []))
      known.append([:])
      return members.count - 1
    }

    /// The sets; one of an earlier book that has the very same expressions goes on, with all that it has compiled.
    func built(replacing old: PatternViews) -> PatternViews {
      var made = PatternViews()
      for (key, members) in members {
        let kept = old.views.first { $0.key == key && $0.set.members == members }
        // Each was looked at when it came in.
        guard let set = kept?.set ?? (try? PatternSet(members, areKnown: true)) else {
          preconditionFailure("a set of expressions that were all sound")
        }
        made.views.append(View(key: key, set: set))
      }
      return made
    }
  }
}

extension RulePattern.View {
  /// Whether what it shows differs between the recipients of a message.
  var isOfRecipient: Bool {
    switch self {
    case .variable(.recipient), .variable(.score), .variable(.findings): true
    default: false
    }
  }
}
