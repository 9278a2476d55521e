internal import Filtering
internal import SMTPProtocol
internal import Settings

/// The null sender with more than one recipient: a notification has one (RFC 5321 §4.5.5), so this is none.
/// Nothing of such a transaction is delivered.
struct NullSenderCheck: Check {
  static let name = "null_sender"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.nullSenderRecipients: Weight(0, .limit)]
  static let reasons = [
    Reason(
      .nullSenderRecipients, Reply(550, 7, 1, "A notification (null sender) has one recipient"), .refusal,
      cause: "MAIL FROM:<> with a second RCPT.",
      effect: "Every recipient from the second on is refused, and DATA too.",
      remedy: "Mend the sending software; checks.null_sender.mode = \"off\" lets it pass.")
  ]

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {}

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.recipient.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .recipient),
        work: .immediate { facts in
          guard facts.taken > 0, facts.mail.sender.isNull else { return [] }
          return [Finding(.nullSenderRecipients, evidence: "recipient \(facts.taken + 1)")]
        }))
  }
}
