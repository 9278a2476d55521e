public import Filtering
internal import SMTPProtocol
public import Settings

extension ReasonCode {
  static let earlyTalker: ReasonCode = "EARLY_TALKER"
}

/// A client that spoke before it was greeted (RFC 5321 §3.1): no mail server does, many a spam engine does.
///
/// How strangers are made to wait for their greeting stands in this check's table as well; see ``GreetingTerms``.
public struct EarlyTalkerCheck: Check {
  static let name = "early_talker"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.earlyTalker: Weight(6)]
  static let reasons = [
    Reason(
      .earlyTalker, Reply(550, 5, 1, "You spoke before you were greeted"), .refusal,
      cause: "The client sent commands before it had read the greeting.",
      effect: "It weighs; with checks.early_talker.action = \"reject\" it is refused.",
      remedy: "Mend the sending software. Good clients: relay.networks, or an allow list of addresses.")
  ]

  /// How strangers are greeted by the settings; what is wrong with them is told where the plan is made.
  public static func terms(_ settings: Settings) -> GreetingTerms {
    let own = settings.checks[name]
    var keys = own?.keys ?? CheckKeys.none
    var terms = read(&keys)
    terms.mode = own?.mode.flatMap { CheckMode(rawValue: $0.rawValue) } ?? defaultMode
    return terms
  }

  private static func read(_ keys: inout CheckKeys) -> GreetingTerms {
    // Bound: RFC 5321 §4.5.3.2.1 lets a client wait five minutes; no user of ours wants to wait that long.
    let delay = keys.duration("delay", in: .zero...(.seconds(60)), default: .zero)
    let teaser = keys.string("teaser", default: "")
    if let fault = fault(in: teaser) { keys.report("teaser", fault) }
    let remember = keys.duration("remember", default: .seconds(30 * 86_400))
    return GreetingTerms(delay: delay, teaser: teaser, remember: remember)
  }

  private static func fault(in teaser: String) -> String? {
    if teaser.utf8.count > 400 { return "is longer than a line of the greeting: 400 octets at most" }
    return teaser.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
      ? nil : "is said in the greeting: one line of printable ASCII"
  }

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { _ = Self.read(&keys) }

  /// At HELO, when it is known for sure what came before the greeting.
  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.hello.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .hello),
        work: .immediate { facts in facts.connect.manners.spokeEarly ? [Finding(.earlyTalker)] : [] }))
  }
}
