internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let senderAllowed: ReasonCode = "SENDER_ALLOWED"
}

/// A sender, domain or greeting in an allow list for which SPF or DKIM vouch: then it is no forgery, and speaks for the
/// message. Without a voucher the entry lifts blocks of its own kind, and nothing else.
struct SenderAllowedCheck: Check {
  static let name = "sender_allowed"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.senderAllowed: Weight(-6)]
  static let reasons = [
    Reason(
      .senderAllowed, nil, .notice,
      cause:
        "The sender, its domain, the domain in From or the greeting stands in an allow list, and SPF or an aligned DKIM signature vouches for it.",
      effect: "It weighs for the message.",
      remedy: "weir lists check NAME shows the entry; checks.sender_allowed.weights says how much it weighs.")
  ]

  private let lists: ListSnapshot
  private let suffixes: PublicSuffixes
  private let hostname: String
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    lists = materials.lists
    suffixes = materials.suffixes
    hostname = materials.settings.hostname
    resolves = materials.resolves
  }

  /// At MAIL by SPF, so that it weighs where a client's faults do; with the message by what speaks for its author.
  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves, lists.count(of: .senders) + lists.count(of: .domains) + lists.count(of: .helo) > 0 else {
      return
    }
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail), reports: .eachOnce,
        work: .awaited { facts, lookups in await vouched(facts, lookups).map { [$0] } ?? [] }))
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message), reports: .eachOnce,
        wantsBody: true,
        work: .awaited { facts, lookups in await vouched(facts, lookups).map { [$0] } ?? [] }))
  }

  // MARK: Envelope

  private func vouched(_ facts: MailFacts, _ lookups: Lookups) async -> Finding? {
    if let match = allowedSender(facts) {
      let outcome = await SPFCheck.outcome(facts, lookups, hostname: hostname)
      if outcome.result == .pass, outcome.identity == .mailFrom { return Self.finding(match, by: "SPF") }
    }
    guard let match = lists.helo(facts.hello.name, at: facts.time), match.verdict == .allow else {
      return nil
    }
    let outcome = await SPFCheck.heloOutcome(facts, lookups, hostname: hostname)
    return outcome.result == .pass ? Self.finding(match, by: "SPF of the greeting") : nil
  }

  private func allowedSender(_ facts: MailFacts) -> ListMatch? {
    guard let domain = facts.sender.domain?.description else { return nil }
    let match =
      lists.sender(local: facts.sender.localPart, domain: domain, at: facts.time)
      ?? lists.senderDomain(domain, at: facts.time)
    return match?.verdict == .allow ? match : nil
  }

  // MARK: Message

  private func vouched(_ facts: MessageFacts, _ lookups: Lookups) async -> Finding? {
    var allowed: [(domain: DNSName, match: ListMatch)] = []
    if let match = allowedSender(facts.mail), let domain = facts.mail.sender.domain?.description {
      if let name = DNSName(domain) { allowed.append((name, match)) }
    }
    for domain in FromDomains.of(facts) {
      guard let match = lists.senderDomain(domain, at: facts.mail.time), match.verdict == .allow,
        let name = DNSName(domain)
      else { continue }
      allowed.append((name, match))
    }
    if allowed.isEmpty { return nil }
    // What weighed at MAIL does not weigh twice.
    if await vouched(facts.mail, lookups) != nil { return nil }
    let spf = await SPFCheck.outcome(facts.mail, lookups, hostname: hostname)
    if spf.result == .pass, spf.identity == .mailFrom, let domain = spf.domain,
      let one = allowed.first(where: { isAligned($0.domain, with: domain) })
    {
      return Self.finding(one.match, by: "SPF")
    }
    let passed = await DKIMCheck.verifications(facts, lookups).filter(\.isProof)
    for signature in passed {
      guard let domain = signature.domain,
        let one = allowed.first(where: { isAligned($0.domain, with: domain) })
      else { continue }
      return Self.finding(one.match, by: "DKIM of \(domain)")
    }
    return nil
  }

  /// Of one organisation (RFC 7489 §3.1.1, relaxed).
  private func isAligned(_ domain: DNSName, with other: DNSName) -> Bool {
    if domain == other { return true }
    guard let organization = suffixes.organizationalDomain(of: domain) else { return false }
    return suffixes.organizationalDomain(of: other) == organization
  }

  private static func finding(_ match: ListMatch, by voucher: String) -> Finding {
    Finding(
      .senderAllowed, evidence: "\(match.file):\(match.line) \(match.entry), \(voucher)",
      list: "\(match.file):\(match.line)")
  }
}
