internal import Bytes
internal import Filtering
internal import MailSyntax
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let lookalikeDomain: ReasonCode = "LOOKALIKE_DOMAIN"
  static let lookalikeLink: ReasonCode = "LOOKALIKE_LINK"
  static let lookalikeMisspelt: ReasonCode = "LOOKALIKE_MISSPELT"
  static let lookalikeVariant: ReasonCode = "LOOKALIKE_VARIANT"
}

/// Domains that could be taken for one's own, or for one of `domains`: in From, Reply-To, the envelope, and in links.
struct LookalikeDomainCheck: Check {
  static let name = "lookalike_domain"
  static let defaultMode = CheckMode.enforce
  private static let remedy =
    "checks.lookalike_domain.except_domains takes names that are yours or a partner's."
  static let rows = [
    ContentCode(
      .lookalikeDomain, 3, reply: "Message comes from a domain that imitates one of ours",
      cause:
        "The domain of From, Reply-To or the sender is drawn like one of relay.domains or of checks.lookalike_domain.domains, or has it in front.",
      remedy: remedy),
    ContentCode(
      .lookalikeLink, 2, reply: "A link in this message leads to a domain that imitates one of ours",
      cause: "The host of a link resembles one's own domain in the same way.", remedy: remedy),
    ContentCode(
      .lookalikeMisspelt, 1.5, reply: "Message names a domain that is one of ours but for a letter",
      cause:
        "A domain of the sender or of a link is that of one's own with one letter more, less or other, or with two that changed places.",
      remedy: remedy),
    ContentCode(
      .lookalikeVariant, 0.5, reply: "Message names a domain that is nearly one of ours",
      cause:
        "A domain of the sender or of a link has the same name under another suffix, or with a word added by a hyphen.",
      remedy: remedy),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  private let lookalikes: LookalikeDomains
  private let exceptDomains: DomainSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let named = keys.domains("domains")
    exceptDomains = keys.domains("except_domains")
    let relayed = materials.settings.relay.domains
    let all = [named, relayed].flatMap { $0.names.sorted() + $0.parents.sorted() }
    lookalikes = LookalikeDomains(all, HostNames(suffixes: materials.suffixes))
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard !lookalikes.isEmpty else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in findings(facts, await facts.views().links) }))
  }

  private func findings(_ facts: MessageFacts, _ links: [LinkView]) -> [Finding] {
    var notes = ContentNotes()
    var seen: Set<String> = []
    for (place, domain) in senders(of: facts) where seen.insert(domain).inserted {
      judge(domain, .lookalikeDomain, place, &notes)
    }
    for link in links where link.target.address == nil && seen.insert(link.target.host).inserted {
      judge(link.target.host, .lookalikeLink, "link", &notes)
    }
    return notes.findings(Self.rows)
  }

  private func judge(_ domain: String, _ code: ReasonCode, _ place: String, _ notes: inout ContentNotes) {
    guard !exceptDomains.contains(domain), let likeness = lookalikes.likeness(of: domain) else { return }
    switch likeness {
    case .deceptive(let own): notes.note(code, "\(place) \(domain), not \(own)")
    case .misspelt(let own): notes.note(.lookalikeMisspelt, "\(place) \(domain), not \(own)")
    case .variant(let own): notes.note(.lookalikeVariant, "\(place) \(domain), not \(own)")
    }
  }

  private func senders(of facts: MessageFacts) -> [(place: String, domain: String)] {
    var domains = FromDomains.of(facts).map { (place: "From", domain: $0) }
    if let field = facts.header.first("Reply-To"),
      let list = try? AddressList(facts.message.memory, in: field.body)
    {
      domains += list.mailboxes.prefix(FromDomains.most).compactMap { mailbox in
        mailbox.domain.map { ("Reply-To", $0.lowercasedASCII) }
      }
    }
    if let domain = facts.mail.sender.domain?.lowercasedName { domains.append(("sender", domain)) }
    return domains
  }
}
