internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let fromListed: ReasonCode = "FROM_LISTED"
}

/// The domain of the From field in `block*.domains`; an entry in `allow*.domains` lifts blocks of its own kind only,
/// since anybody can write any From.
struct FromListCheck: Check {
  static let name = "from_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.fromListed: Weight(0, .reject)]
  static let reasons = [
    Reason(
      .fromListed, Reply(550, 7, 1, "The domain in From is refused: {reason}"), .refusal,
      cause: "The domain of an address in the From field stands in a block list.",
      effect: "The message is refused.",
      remedy: "weir lists check NAME shows the entry; weir lists remove takes it out.")
  ]

  private let lists: ListSnapshot

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { lists = materials.lists }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .domains) > 0 else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message),
        work: .immediate { [lists] facts in
          for domain in FromDomains.of(facts) {
            guard let match = lists.senderDomain(domain, at: facts.mail.time), match.verdict == .block
            else { continue }
            return [Finding(.fromListed, match)]
          }
          return []
        }))
  }
}
