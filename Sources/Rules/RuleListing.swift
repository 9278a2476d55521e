internal import Filtering
public import Patterns
public import RuleLanguage

/// One rule, as a list of them tells it.
public struct RuleListing: Hashable, Sendable {
  /// Its name, else `file:line`.
  public let id: String
  /// `10-spam.rc:12`.
  public let place: String
  /// Its own mode, or that of all rules where that is less.
  public let mode: RuleMode
  /// Whether the configuration names it to switch it off or to put it in shadow.
  public let isSwitched: Bool
  public let stage: RuleStage
  /// Whether a recipient may opt out of it.
  public let isOptional: Bool
  /// As it stands in the file.
  public let action: String
}

extension GatewayRuleBook {
  /// All rules in their order: the admin's, those of domains, those of recipients.
  public var listing: [RuleListing] {
    parts.flatMap { part in
      part.plan.recipes.map { recipe in
        RuleListing(
          id: recipe.id, place: recipe.reference.place.fileAndLine,
          mode: terms.mode == .shadow ? min(recipe.mode, .shadow) : recipe.mode,
          isSwitched: terms.modes[recipe.id] != nil, stage: recipe.stage, isOptional: recipe.isOptional,
          action: recipe.actionText)
      }
    }
  }

  /// What counts them; it goes on in the books that take this one's place.
  public var counters: RuleCounters { terms.counters }

  /// Expressions that look at the same text, a set each: whoever has a database for one may have it adopted.
  public var patternSets: [PatternSet] { views.views.filter(\.key.isKnownBefore).map(\.set) }
}
