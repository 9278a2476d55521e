internal import RuleLanguage

/// What the rules of a plan ask at a stage, of all that is not there from the start.
struct RuleNeeds: Sendable {
  let variables: Set<GatewayVariable>
  /// Whether they look at the message itself.
  let asksMessage: Bool
  /// Whether two recipients of one message, alike at RCPT, may be told apart.
  let asksRecipient: Bool
  var asksFindings: Bool { !variables.isDisjoint(with: [.score, .findings]) }

  init(_ plan: RulePlan, at stage: RuleStage) {
    variables = plan.asked(at: stage)
    asksRecipient = stage == .message ? plan.asksForRecipient : variables.contains(.recipient)
    asksMessage = stage == .message && (!plan.askedAreas.isEmpty || !variables.isDisjoint(with: Self.ofText))
  }

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

  /// What is read in the message's views.
  private static let ofText: Set<GatewayVariable> = [
    .subject, .from, .to, .cc, .replyTo, .text, .htmlText, .folded, .urls, .hosts, .attachments,
    .attachmentTypes, .charsets, .language,
  ]
}
