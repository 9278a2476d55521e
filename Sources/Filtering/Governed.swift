public import MailSyntax

/// By what a recipient's mail is judged.
public struct Governed: Sendable {
  /// Recipients of one group are judged alike, and told alike.
  public struct Group: Hashable, Sendable {
    public let policy: Int
    public let rules: Int
  }

  public let policy: RecipientPolicy
  public let rules: RuleSet
  /// What the rules said at RCPT; nil where they were not asked.
  public var early: RuleOutcome?

  public var group: Group { Group(policy: policy.id, rules: rules.id) }

  /// Where a client may relay, or users log in, one policy holds for the whole message: the login's own, or everybody's,
  /// and the admin's rules alone.
  ///
  /// - Parameter takesStrangers: whether the listener is for those who do not log in.
  public init(
    _ recipient: Path, of connect: ConnectFacts, _ policies: RecipientPolicies, _ book: any RuleBook,
    takesStrangers: Bool = true
  ) {
    if connect.isStranger, takesStrangers {
      policy = policies.policy(for: recipient)
      rules = policy.followsRules ? book.set(for: recipient) : .none
    } else {
      policy = connect.user.map { policies.policy(forLogin: $0.name) } ?? policies.standard
      rules = policy.followsRules ? book.general : .none
    }
  }

  /// By which nobody in particular is judged: everybody's policy, the admin's rules.
  public init(_ policies: RecipientPolicies, _ book: any RuleBook) {
    policy = policies.standard
    rules = book.general
  }
}

extension [WeighedFinding] {
  /// Whether it comes to the rules: nothing that counts refuses or allows before them.
  public func leavesToRules(at stage: Stage) -> Bool {
    Decision(outright: filter { $0.mode == .enforce }, at: stage) == nil
  }
}

extension Disposition {
  /// Whose decision speaks for the message, by place: that which all are told, else the first that takes it.
  public func speaker(among verdicts: [RecipientVerdict]) -> Int? {
    refusal ?? verdicts.indices.first { !verdicts[$0].isRefusal }
  }
}
