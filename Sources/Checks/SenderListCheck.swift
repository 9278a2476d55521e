internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let senderListed: ReasonCode = "SENDER_LISTED"
}

/// The envelope sender in `*.senders`, then its domain in `*.domains`. A mailbox entry speaks before a domain
/// entry; an allowed sender lifts blocks of its own kind only, since a sender can be forged.
struct SenderListCheck: Check {
  static let name = "sender_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.senderListed: Weight(0, .reject)]
  static let reasons = [
    Reason(
      .senderListed, Reply(550, 7, 1, "Sender {sender} is refused: {reason}"), .refusal,
      cause: "The envelope sender or its domain stands in a block list.", effect: "Its mail is refused.",
      remedy: "weir lists check ADDRESS shows the entry; weir lists remove takes it out.")
  ]

  private let lists: ListSnapshot

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { lists = materials.lists }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .senders) + lists.count(of: .domains) > 0 else { return }
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail),
        work: .immediate { [lists] facts in
          guard let domain = facts.sender.domain?.description else { return [] }
          let match =
            lists.sender(local: facts.sender.localPart, domain: domain, at: facts.time)
            ?? lists.senderDomain(domain, at: facts.time)
          guard let match, match.verdict == .block else { return [] }
          return [Finding(.senderListed, match)]
        }))
  }
}
