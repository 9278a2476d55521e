internal import DNS
internal import Filtering
internal import MailSyntax
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let fromDomainMissing: ReasonCode = "FROM_DOMAIN_MISSING"
  static let fromDomainNullMX: ReasonCode = "FROM_DOMAIN_NULL_MX"
  static let fromDomainMXPrivate: ReasonCode = "FROM_DOMAIN_MX_PRIVATE"
  static let fromDomainUnavailable: ReasonCode = "FROM_DOMAIN_UNAVAILABLE"
}

/// The domain of the From field: does it exist, and could anybody answer? That of the envelope sender is
/// `sender_domain`'s matter where both are the same.
struct FromDomainCheck: Check {
  static let name = "from_domain"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .fromDomainMissing: Weight(4),
    // Unlike in the envelope, RFC 7505 says nothing against it here.
    .fromDomainNullMX: Weight(1),
    .fromDomainMXPrivate: Weight(3),
    .fromDomainUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .fromDomainMissing, Reply(550, 7, 1, "The domain in From does not exist"), .refusal,
      cause: "The domain of an address in From has no name in DNS, or neither exchange nor address.",
      effect: "It weighs; with checks.from_domain.action = \"reject\" it is refused.",
      remedy: "Good senders: checks.from_domain.except_domains."),
    Reason(
      .fromDomainNullMX, Reply(550, 7, 1, "The domain in From says that it takes no mail"), .refusal,
      cause: "The domain of an address in From has a null MX (RFC 7505).",
      effect: "It weighs; with checks.from_domain.action = \"reject\" it is refused.",
      remedy: "Good senders: checks.from_domain.except_domains."),
    Reason(
      .fromDomainMXPrivate, Reply(550, 7, 1, "The domain in From takes mail where nobody can reach it"),
      .refusal, cause: "All exchanges of the domain in From stand in private or loopback networks.",
      effect: "It weighs; with checks.from_domain.action = \"reject\" it is refused.",
      remedy: "Good senders: checks.from_domain.except_domains."),
    Reason(
      .fromDomainUnavailable, Reply(451, 4, 3, "The domain in From cannot be looked up now"), .notice,
      cause: "DNS gave no answer about the domain in From: a time-out or a server's failure.",
      effect: "It is neither there nor missing; it weighs what weights.FROM_DOMAIN_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
  ]

  private let relay: RelayControl
  private let exceptDomains: DomainSet
  private let resolves: Bool
  private let judgesSender: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    relay = materials.relay
    exceptDomains = keys.domains("except_domains")
    resolves = materials.resolves
    judgesSender = materials.settings.checks[SenderDomainCheck.name]?.mode != .off
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message),
        work: .awaited { facts, lookups in await look(facts, lookups) }))
  }

  /// The worst of the domains; one alone, nearly always.
  private func look(_ facts: MessageFacts, _ lookups: Lookups) async -> [Finding] {
    let sender = judgesSender ? facts.mail.sender.domain?.lowercasedName : nil
    var findings: [Finding] = []
    for domain in FromDomains.of(facts).prefix(FromDomains.mostAsked)
    where domain != sender && !relay.isOurDomain(.name(domain)) && !exceptDomains.contains(domain) {
      if let finding = await Self.finding(domain, lookups) { findings.append(finding) }
    }
    let order: [ReasonCode] = [
      .fromDomainMissing, .fromDomainMXPrivate, .fromDomainNullMX, .fromDomainUnavailable,
    ]
    return order.lazy.compactMap { code in findings.first { $0.code == code } }.first.map { [$0] } ?? []
  }

  private static func finding(_ domain: String, _ lookups: Lookups) async -> Finding? {
    guard let name = DNSName(domain) else {
      return Finding(.fromDomainMissing, evidence: "no name of DNS")
    }
    return switch await MailDomain.of(name, lookups) {
    case .reachable: nil
    case .missing(let why): Finding(.fromDomainMissing, evidence: "\(name.shown): \(why)")
    case .refusing: Finding(.fromDomainNullMX, evidence: name.shown)
    case .hidden(let address): Finding(.fromDomainMXPrivate, evidence: "\(name.shown): \(address)")
    case .unknown(let failure): Finding(.fromDomainUnavailable, evidence: "\(name.shown): \(failure.words)")
    }
  }
}
