internal import Bytes
public import DNS
public import Filtering
public import MailAuthentication
internal import MailSyntax
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let dmarcPass: ReasonCode = "DMARC_PASS"
  static let dmarcNone: ReasonCode = "DMARC_NONE"
  static let dmarcFail: ReasonCode = "DMARC_FAIL"
  static let dmarcQuarantine: ReasonCode = "DMARC_QUARANTINE"
  static let dmarcReject: ReasonCode = "DMARC_REJECT"
  static let dmarcOverridden: ReasonCode = "DMARC_OVERRIDDEN"
  static let dmarcPermanentError: ReasonCode = "DMARC_PERMERROR"
  static let dmarcUnavailable: ReasonCode = "DMARC_UNAVAILABLE"
  static let fromMultiple: ReasonCode = "FROM_MULTIPLE"
}

/// Whether the author's domain answers for the message, and what it asks for where not (RFC 7489).
///
/// A policy of `reject` weighs as much as a refusal takes, so that what speaks for a message can still outweigh it. What
/// a trusted ARC sealer saw pass is overridden: mailing lists break signatures in good faith.
public struct DMARCCheck: Check {
  static let name = "dmarc"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .dmarcPass: Weight(0), .dmarcNone: Weight(0), .dmarcFail: Weight(0.5), .dmarcQuarantine: Weight(6),
    .dmarcReject: Weight(12), .dmarcOverridden: Weight(0), .dmarcPermanentError: Weight(0),
    .dmarcUnavailable: Weight(0), .fromMultiple: Weight(4),
  ]

  /// `action` is for what the domain itself wants refused.
  static let leftToScore: Set<ReasonCode> = [.dmarcFail, .dmarcQuarantine, .fromMultiple]

  private let evaluator: DMARCEvaluator
  private let trust: ARCTrust
  private let resolves: Bool
  private let exceptDomains: DomainSet
  private let reports: Reports

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let word = keys.word(
      "discovery", of: DMARCEvaluator.Discovery.allCases.map(\.rawValue), default: "suffixes")
    // Read with the list itself, before any check.
    _ = keys.string("suffixes", default: "")
    exceptDomains = keys.domains("except_domains")
    evaluator = DMARCEvaluator(
      materials.suffixes, discovery: DMARCEvaluator.Discovery(rawValue: word) ?? .suffixes)
    trust = ARCTrust(materials)
    // One word about the author's domain, and that there is more than one From.
    let results = Self.weights.keys.filter { $0 != .fromMultiple }
    reports = .oneOfEach(
      [[.fromMultiple], results].map { $0.map { materials.weight(of: $0, in: Self.self) } })
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message), reports: reports,
        work: .awaited { facts, lookups in await look(facts, lookups) }))
  }

  private func look(_ facts: MessageFacts, _ lookups: Lookups) async -> [Finding] {
    let authors = DMARCAuthors(facts.header, of: facts.message.memory)
    var findings: [Finding] = []
    if authors.fields > 1 || authors.isCut {
      let evidence = authors.fields > 1 ? "\(authors.fields) From fields" : "From of too many domains"
      findings.append(Finding(.fromMultiple, evidence: evidence))
    }
    if let domain = authors.domains.first, authors.domains.count == 1, exceptDomains.contains(domain.text) {
      return findings
    }
    let outcome = await Self.outcome(facts, lookups, evaluator)
    if outcome.result == .fail, let voucher = await voucher(for: outcome, authors, facts, lookups) {
      let evidence = "\(voucher.sealer) (i=\(voucher.instance)) saw \(voucher.result)"
      return findings + [Finding(.dmarcOverridden, evidence: evidence)]
    }
    let domain = outcome.fromDomain?.text ?? ""
    findings.append(Finding(outcome.code, evidence: outcome.evidence, reason: domain))
    return findings
  }

  /// DMARC of a message, found once, whoever asks first.
  public static func outcome(
    _ facts: MessageFacts, _ lookups: Lookups, _ evaluator: DMARCEvaluator
  ) async -> DMARCOutcome {
    await facts.evidence.dmarc.value {
      let authors = DMARCAuthors(facts.header, of: facts.message.memory)
      let (spf, dkim) = await proofs(authors, facts, lookups)
      return await evaluator.check(
        authors, spf: spf, dkim: dkim, sample: sample(of: facts), lookups)
    }
  }

  /// SPF and DKIM; where the policy is not known yet it is asked for meanwhile.
  private static func proofs(
    _ authors: DMARCAuthors, _ facts: MessageFacts, _ lookups: Lookups
  ) async -> (SPFOutcome, [DKIMVerification]) {
    guard let question = authors.domains.first?.prefixed("_dmarc").map({ DNSQuestion($0, .txt) }),
      lookups.resolver.remembered(question) == nil
    else {
      return (
        await SPFCheck.outcome(facts.mail, lookups), await DKIMCheck.verifications(facts, lookups)
      )
    }
    async let policy = lookups.resolve(question.name, .txt)
    async let spf = SPFCheck.outcome(facts.mail, lookups)
    let dkim = await DKIMCheck.verifications(facts, lookups)
    _ = await policy
    return (await spf, dkim)
  }

  /// What tells one message from another, however often it is sent: its id, else its whole header.
  private static func sample(of facts: MessageFacts) -> [UInt8] {
    let range = facts.header.first("Message-ID")?.body ?? 0..<facts.header.end
    return Array(facts.message.memory[range])
  }

  /// A trusted sealer who saw the author proved.
  private func voucher(
    for outcome: DMARCOutcome, _ authors: DMARCAuthors, _ facts: MessageFacts, _ lookups: Lookups
  ) async -> ARCVoucher? {
    guard let author = outcome.fromDomain, authors.domains.count == 1, !trust.sealers.isEmpty,
      facts.header.contains("ARC-Seal")
    else { return nil }
    let suffixes = evaluator.suffixes
    let organization = suffixes.organizationalDomain(of: author)
    return await ARCCheck.outcome(facts, lookups).voucher(for: author, isTrusted: trust.includes) {
      $0 == author || organization != nil && suffixes.organizationalDomain(of: $0) == organization
    }
  }
}

extension DMARCOutcome {
  fileprivate var code: ReasonCode {
    switch result {
    case .none: .dmarcNone
    case .pass: .dmarcPass
    case .temperror: .dmarcUnavailable
    case .permerror: .dmarcPermanentError
    case .fail:
      switch policy {
      case .reject?: .dmarcReject
      case .quarantine?: .dmarcQuarantine
      case DMARCPolicy.none?, nil: .dmarcFail
      }
    }
  }

  /// `example.org p=reject: neither SPF nor DKIM passes …`
  fileprivate var evidence: String {
    let domain = fromDomain.map {
      policyDomain == nil || policyDomain == $0 ? $0.text : "\($0) by \(policyDomain ?? $0)"
    }
    let asked = requested.map { " p=\($0.rawValue)" } ?? ""
    return domain.map { "\($0)\(asked): \(reason)" } ?? reason
  }
}
