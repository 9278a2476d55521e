internal import Filtering
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let commandsOutOfTurn: ReasonCode = "COMMANDS_OUT_OF_TURN"
}

/// A client that sent commands ahead of a reply that it has to wait for (RFC 2920 §3.1), or in a group though it said
/// HELO and so cannot know that it may.
struct CommandOrderCheck: Check {
  static let name = "command_order"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.commandsOutOfTurn: Weight(3)]
  static let reasons = [
    Reason(
      .commandsOutOfTurn, Reply(550, 5, 1, "You did not wait for my replies"), .refusal,
      cause: "The client sent commands before it had read a reply that it has to wait for.",
      effect: "It weighs; with checks.command_order.action = \"reject\" it is refused.",
      remedy: "Mend the sending software. Good clients: relay.networks, or an allow list of addresses.")
  ]

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {}

  /// At MAIL: what was out of turn before it says what the client is.
  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail),
        work: .immediate { facts in
          facts.connect.manners.spokeOutOfTurn ? [Finding(.commandsOutOfTurn)] : []
        }))
  }
}
