internal import Bytes
public import Filtering
public import MailSyntax
internal import RuleLanguage

/// The rules of one folder: the admin's, of domains and of recipients. Immutable, and asked from any thread.
public final class GatewayRuleBook: RuleBook {
  public let general: RuleSet
  /// How many rules there are, those of domains and recipients among them.
  public let count: Int
  let terms: RuleTerms
  let views: PatternViews
  /// By the set's number.
  let sets: [RuleSet]
  let chains: [RuleChain]
  /// The admin's, of domains, of recipients.
  let parts: [RulePart]
  /// Numbers of sets, by domains and addresses in small letters.
  private let domains: [String: Int]
  private let users: [String: Int]

  init(
    terms: RuleTerms, views: PatternViews, sets: [RuleSet], chains: [RuleChain], parts: [RulePart],
    domains: [String: Int], users: [String: Int]
  ) {
    self.parts = parts
    self.terms = terms
    self.views = views
    self.sets = sets
    self.chains = chains
    self.domains = domains
    self.users = users
    count = parts.reduce(0) { $0 + $1.plan.recipes.count }
    general = sets[0]
  }

  public var mayDiffer: Bool { sets.contains { !$0.isEmpty } }

  /// A book without rules.
  public static let empty = GatewayRuleBook.read(RuleFolder(), RuleTerms()).book

  public func set(for recipient: Path) -> RuleSet {
    if domains.isEmpty && users.isEmpty { return general }
    let domain = recipient.domain.map { "\($0)".lowercasedASCII } ?? ""
    if !users.isEmpty {
      let local = recipient.localPart.lowercasedASCII
      if let set = users["\(local)@\(domain)"] { return sets[set] }
      // An extension is for the recipient's own sorting, where it has no rules of its own.
      if let plus = local.firstIndex(of: "+"), plus != local.startIndex,
        let set = users["\(local[..<plus])@\(domain)"]
      {
        return sets[set]
      }
    }
    return domains[domain].map { sets[$0] } ?? general
  }
}
