internal import Patterns
internal import RuleLanguage

/// The rules of one folder, ready to run: the admin's, a domain's, a recipient's.
final class RulePart: Sendable {
  /// `users/ada@example.org`; empty for the admin's.
  let home: String
  let plan: RulePlan
  /// By the pattern's number in the plan: where it stands, nil where a run looks for itself; and the recipe that first
  /// asks for it.
  let places: [PatternViews.Place?]
  let owners: [Int?]
  /// Files that may be included by a name that is made at run time.
  let files: @Sendable (String) -> RuleFile?
  let lists: [String: RuleList]
  /// What it asks at each stage.
  let needs: (recipient: RuleNeeds, message: RuleNeeds)

  init(
    home: String, plan: RulePlan, places: [PatternViews.Place?],
    files: @escaping @Sendable (String) -> RuleFile?, lists: [String: RuleList]
  ) {
    self.home = home
    self.plan = plan
    self.places = places
    self.files = files
    self.lists = lists
    owners = plan.patternOwners
    needs = (RuleNeeds(plan, at: .recipient), RuleNeeds(plan, at: .message))
  }
}

/// The rules that concern a recipient, in the order in which they run.
struct RuleChain: Sendable {
  struct Link: Sendable {
    let part: RulePart
    /// Recipes that do not count for these recipients, by their place in the plan.
    let skipped: Set<Int>
  }

  let links: [Link]
}
