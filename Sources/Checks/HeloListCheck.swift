internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let heloListed: ReasonCode = "HELO_LISTED"
}

/// The HELO name in `block*.helo`; an entry in `allow*.helo` lifts blocks of its own kind only, since anybody
/// can say any name.
struct HeloListCheck: Check {
  static let name = "helo_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.heloListed: Weight(0, .reject)]
  static let reasons = [
    Reason(
      .heloListed, Reply(550, 7, 1, "Your greeting is refused: {reason}"), .refusal,
      cause: "The HELO or EHLO name stands in a block list.", effect: "The client's mail is refused.",
      remedy: "weir lists check NAME shows the entry; weir lists remove takes it out.")
  ]

  private let lists: ListSnapshot

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { lists = materials.lists }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .helo) > 0 else { return }
    plan.hello.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .hello),
        work: .immediate { [lists] facts in
          guard let match = lists.helo(facts.hello.name, at: facts.connect.time),
            match.verdict == .block
          else { return [] }
          return [Finding(.heloListed, match)]
        }))
  }
}
