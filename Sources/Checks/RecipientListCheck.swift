internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let recipientListed: ReasonCode = "RECIPIENT_LISTED"
}

/// The recipient in `*.recipients`. A `trap` is an address that nobody ever gave to anybody: who writes to it
/// is blocked for a while.
struct RecipientListCheck: Check {
  static let name = "recipient_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .recipientListed: Weight(0, .reject),
    .recipientTrap: Weight(0, .reject),
  ]
  static let reasons = [
    Reason(
      .recipientListed, Reply(550, 7, 1, "Recipient {recipient} is refused: {reason}"), .refusal,
      cause: "The recipient stands in a block list.", effect: "It is refused; other recipients are not.",
      remedy: "weir lists check ADDRESS shows the entry; weir lists remove takes it out."),
    Reason(
      .recipientTrap, Reply(550, 1, 1, "No such user: {recipient}"), .refusal, as: .recipientUnknown,
      cause: "The recipient is a trap.",
      effect: "It is refused, and the client is blocked for limits.trap_block.",
      remedy: "weir status shows the blocks, weir unblock ADDRESS lifts one."),
  ]

  private let lists: ListSnapshot

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { lists = materials.lists }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .recipients) > 0 else { return }
    plan.recipient.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .recipient),
        work: .immediate { [lists] facts in
          guard let domain = facts.recipient.domain?.description,
            let match = lists.recipient(
              local: facts.recipient.localPart, domain: domain, at: facts.mail.time),
            match.verdict == .block
          else { return [] }
          return [Finding(match.isTrap ? .recipientTrap : .recipientListed, match)]
        }))
  }
}
