internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let clientAllowed: ReasonCode = "CLIENT_ALLOWED"
  static let clientListed: ReasonCode = "CLIENT_LISTED"
}

/// The client's address in `allow*.cidr` and `block*.cidr`: the longest prefix wins, on the same prefix `allow`.
struct ClientListCheck: Check {
  static let name = "client_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .clientAllowed: Weight(0, .allow),
    .clientListed: Weight(0, .reject),
  ]
  static let reasons = [
    Reason(
      .clientAllowed, nil, .notice, cause: "The client's address stands in an allow list.",
      effect: "Blocks, checks and score are lifted for it; syntax, limits and relay control are not.",
      remedy: "weir lists check ADDRESS shows the entry."),
    Reason(
      .clientListed, Reply(550, 7, 1, "Client host {client} is refused: {reason}"), .refusal,
      cause: "The client's address stands in a block list.", effect: "Its mail is refused.",
      remedy: "weir lists check ADDRESS shows the entry; weir lists remove takes it out."),
  ]

  private let lists: ListSnapshot

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { lists = materials.lists }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .cidr) > 0 else { return }
    let examination = Examination<ConnectFacts>(
      check: Self.name, mode: mode, enforceAt: enforceAt,
      work: .immediate { [lists] facts in
        guard let address = facts.knownAddress, let match = lists.client(address, at: facts.time) else {
          return []
        }
        return [Finding(match.verdict == .allow ? .clientAllowed : .clientListed, match)]
      })
    plan.connect.append(examination)
  }
}
