internal import DNS
internal import Filtering
internal import MailAuthentication

/// What proves that a message comes from an organisation: SPF or a signature of one of its domains.
struct AuthorProof: Sendable {
  enum Answer { case given, missing, unknown }

  let suffixes: PublicSuffixes
  let hostname: String

  /// Whether SPF or a signature passes for a domain, or for one of the same organisation (RFC 7489 §3.1).
  func answer(for domain: DNSName, _ facts: MessageFacts, _ lookups: Lookups) async -> Answer {
    let spf = await SPFCheck.outcome(facts.mail, lookups, hostname: hostname)
    let isSender = spf.identity == .mailFrom && spf.domain.map { isAligned($0, with: domain) } ?? false
    if isSender, spf.result == .pass { return .given }
    let signatures = await DKIMCheck.verifications(facts, lookups)
    let own = signatures.filter { $0.domain.map { isAligned($0, with: domain) } ?? false }
    if own.contains(where: { $0.status == .pass && !$0.isTesting && !$0.signsPartOfBody }) { return .given }
    let isUnknown = isSender && spf.result == .temperror || own.contains { $0.status == .temperror }
    return isUnknown ? .unknown : .missing
  }

  private func isAligned(_ one: DNSName, with other: DNSName) -> Bool {
    if one == other { return true }
    guard let organisation = suffixes.organizationalDomain(of: one) else { return false }
    return suffixes.organizationalDomain(of: other) == organisation
  }
}
