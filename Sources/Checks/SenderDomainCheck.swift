internal import DNS
internal import Filtering
internal import MailSyntax
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let senderDomainMissing: ReasonCode = "SENDER_DOMAIN_MISSING"
  static let senderNullMX: ReasonCode = "SENDER_NULL_MX"
  static let senderMXPrivate: ReasonCode = "SENDER_MX_PRIVATE"
  static let senderDomainUnavailable: ReasonCode = "SENDER_DOMAIN_UNAVAILABLE"
}

/// The domain of the envelope sender: does it exist, and could anybody answer? The null sender has none, a domain of
/// our own is `own_domain`'s matter, and an address literal is not in DNS.
struct SenderDomainCheck: Check {
  static let name = "sender_domain"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .senderDomainMissing: Weight(6),
    .senderNullMX: Weight(8),
    .senderMXPrivate: Weight(4),
    .senderDomainUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .senderDomainMissing, Reply(550, 1, 8, "The domain of sender {sender} does not exist"), .refusal,
      cause: "The sender's domain has no name in DNS, or neither exchange nor address.",
      effect: "It weighs; with checks.sender_domain.action = \"reject\" it is refused.",
      remedy: "Good senders: checks.sender_domain.except_domains."),
    Reason(
      .senderNullMX, Reply(550, 7, 27, "The domain of sender {sender} says that it takes no mail"), .refusal,
      cause: "The sender's domain has a null MX (RFC 7505).",
      effect: "It weighs; with checks.sender_domain.action = \"reject\" it is refused.",
      remedy: "Whoever runs the domain uses another for its envelope, or takes the null MX out."),
    Reason(
      .senderMXPrivate,
      Reply(550, 1, 8, "The domain of sender {sender} takes mail where nobody can reach it"),
      .refusal, cause: "All exchanges of the sender's domain stand in private or loopback networks.",
      effect: "It weighs; with checks.sender_domain.action = \"reject\" it is refused.",
      remedy: "Good senders: checks.sender_domain.except_domains."),
    Reason(
      .senderDomainUnavailable, Reply(451, 4, 3, "The domain of sender {sender} cannot be looked up now"),
      .notice, cause: "DNS gave no answer about the sender's domain: a time-out or a server's failure.",
      effect: "It is neither there nor missing; it weighs what weights.SENDER_DOMAIN_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
  ]

  private let relay: RelayControl
  private let exceptDomains: DomainSet
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    relay = materials.relay
    exceptDomains = keys.domains("except_domains")
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail),
        work: .awaited { facts, lookups in await look(facts, lookups) }))
  }

  private func look(_ facts: MailFacts, _ lookups: Lookups) async -> [Finding] {
    guard let domain = facts.sender.domain, case .name(let text) = domain, !relay.isOurDomain(domain),
      !exceptDomains.contains(text)
    else { return [] }
    guard let name = DNSName(text) else {
      return [Finding(.senderDomainMissing, evidence: "no name of DNS")]
    }
    switch await MailDomain.of(name, lookups) {
    case .reachable: return []
    case .missing(let why): return [Finding(.senderDomainMissing, evidence: "\(name): \(why)")]
    case .refusing: return [Finding(.senderNullMX, evidence: name.text)]
    case .hidden(let address): return [Finding(.senderMXPrivate, evidence: "\(name): \(address)")]
    case .unknown(let failure):
      return [Finding(.senderDomainUnavailable, evidence: "\(name): \(failure.words)")]
    }
  }
}
