internal import DNS
internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let clientNameListed: ReasonCode = "CLIENT_NAME_LISTED"
}

/// The client's confirmed name in `block*.domains`; an entry in `allow*.domains` lifts blocks of its own kind only.
/// A name that does not lead back to the client says nothing about it: whoever runs the address can write any.
struct ClientNameListCheck: Check {
  static let name = "client_name_list"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.clientNameListed: Weight(0, .reject)]
  static let reasons = [
    Reason(
      .clientNameListed, Reply(550, 7, 1, "Client host {client} is refused by its name: {reason}"), .refusal,
      cause: "The client's confirmed name stands in a block list.", effect: "Its mail is refused.",
      remedy: "weir lists check NAME shows the entry; weir lists remove takes it out.")
  ]

  private let lists: ListSnapshot
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    lists = materials.lists
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard lists.count(of: .domains) > 0 else { return }
    let work: Examination<ConnectFacts>.Work =
      resolves
      ? .awaited { [lists] facts, lookups in
        await facts.clientName(lookups).confirmedName.map { Self.look($0, lists, facts) } ?? []
      }
      // What a server in front tells of the name is known without anybody to ask.
      : .immediate { [lists] facts in facts.toldName.map { Self.look($0, lists, facts) } ?? [] }
    plan.connect.append(Examination(check: Self.name, mode: mode, enforceAt: enforceAt, work: work))
  }

  private static func look(_ name: String, _ lists: ListSnapshot, _ facts: ConnectFacts) -> [Finding] {
    guard let match = lists.clientName(name, at: facts.time), match.verdict == .block else { return [] }
    return [Finding(.clientNameListed, match)]
  }
}
