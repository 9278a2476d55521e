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

  struct View: Sendable {
    let view: RulePattern.View
    let set: PatternSet
  }

  private(set) var views: [View] = []

  static let none = PatternViews()

  /// Collects the expressions of all plans.
  struct Builder {
    private var places: [RulePattern.View: Int] = [:]
    private var members: [(view: RulePattern.View, all: [PatternSet.Member])] = []
    private var known: [[PatternSet.Member: Int]] = []

    /// The place of an expression; nil where no engine takes it, and a run looks for itself.
    mutating func place(of pattern: RulePattern) -> Place? {
      let translation = pattern.perl
      guard translation.text.utf8.count <= Pattern.longest else { return nil }
      let member = PatternSet.Member(translation.text, translation.isCaseless ? .caseless : [])
      let view = places[pattern.view] ?? newView(pattern.view)
      if let index = known[view][member] { return Place(view: view, index: index) }
      let index = members[view].all.count
      guard index < PatternSet.mostMembers, (try? Pattern.validate(member.text, member.options)) != nil else {
        return nil
      }
      members[view].all.append(member)
      known[view][member] = index
      return Place(view: view, index: index)
    }

    private mutating func newView(_ view: RulePattern.View) -> Int {
      places[view] = members.count
      members.append((view, []))
      known.append([:])
      return members.count - 1
    }

    /// The sets; one of an earlier book that has the very same expressions goes on, with all that it has compiled.
    func built(replacing old: PatternViews) -> PatternViews {
      var made = PatternViews()
      for (view, members) in members {
        let kept = old.views.first { $0.view == view && $0.set.members == members }
        // Each was looked at when it came in.
        guard let set = kept?.set ?? (try? PatternSet(members, areKnown: true)) else {
          preconditionFailure("a set of expressions that were all sound")
        }
        made.views.append(View(view: view, set: set))
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
