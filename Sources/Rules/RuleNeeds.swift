internal import RuleLanguage

/// What the rules of a plan ask at a stage, of all that is not there from the start.
struct RuleNeeds: Sendable {
  let variables: Set<GatewayVariable>
  /// Whether they look at the message itself.
  let asksMessage: Bool

  init(_ plan: RulePlan, at stage: RuleStage) {
    // Seam: all of it may be asked, until a plan says what it asks.
    guard !plan.recipes.isEmpty, stage == .message || plan.hasRecipientStage else {
      variables = []
      asksMessage = false
      return
    }
    variables = Set(GatewayVariable.allCases.filter { $0.stage <= stage })
    asksMessage = stage == .message
  }

  /// Whether two recipients of one message may be told apart by it.
  var asksRecipient: Bool { variables.contains(.recipient) }
  var asksFindings: Bool { !variables.isDisjoint(with: [.score, .findings]) }

  /// Whether it asks for what others find out, which may be under way still.
  func waits(at stage: RuleStage) -> Bool {
    var awaited: Set<GatewayVariable> = [.spf, .clientName, .dnsbl]
    if stage == .message {
      awaited.formUnion([
        .dkim, .dmarc, .arc, .originIP, .traceFaults, .hops, .score, .findings, .attachmentTypes,
      ])
    }
    return !variables.isDisjoint(with: awaited)
  }
}
