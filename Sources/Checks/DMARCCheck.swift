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
  static let dmarcUndecided: ReasonCode = "DMARC_UNDECIDED"
  static let fromMultiple: ReasonCode = "FROM_MULTIPLE"
  static let fromExcessive: ReasonCode = "FROM_EXCESSIVE"
  static let fromMissing: ReasonCode = "FROM_MISSING"
  static let fromUnreadable: ReasonCode = "FROM_UNREADABLE"
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
    .dmarcUnavailable: Weight(0), .dmarcUndecided: Weight(6), .fromMultiple: Weight(4),
    .fromExcessive: Weight(6), .fromMissing: Weight(4), .fromUnreadable: Weight(4),
  ]

  /// `action` is for what the domain itself wants refused.
  static let leftToScore: Set<ReasonCode> = [
    .dmarcFail, .dmarcQuarantine, .fromMultiple, .fromExcessive, .fromMissing, .fromUnreadable,
  ]
  static let deferredAtMost: Set<ReasonCode> = [.dmarcUndecided]
  /// SPF might have passed.
  static let needsClient: Set<ReasonCode> = [.dmarcUndecided]
  static let needsSender: Set<ReasonCode> = [.dmarcFail, .dmarcQuarantine, .dmarcReject, .dmarcUndecided]

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
    // One word about the author's domain, and what is wrong with From itself.
    let ofFrom: Set<ReasonCode> = [.fromMissing, .fromUnreadable, .fromMultiple, .fromExcessive]
    let results = Self.weights.keys.filter { !ofFrom.contains($0) }
    reports = .oneOfEach(
      (ofFrom.map { [$0] } + [results]).map { $0.map { materials.weight(of: $0, in: Self.self) } })
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message), reports: reports, wantsBody: true,
        work: .awaited { facts, lookups in await look(facts, lookups) }))
  }

  private func look(_ facts: MessageFacts, _ lookups: Lookups) async -> [Finding] {
    let authors = facts.authors
    var findings = Self.findings(authors)
    if let domain = authors.domains.first, authors.domains.count == 1, !authors.isCut,
      exceptDomains.contains(domain.text)
    {
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

  /// What is to be said of From itself.
  private static func findings(_ authors: DMARCAuthors) -> [Finding] {
    var findings: [Finding] = []
    if authors.fields == 0 { findings.append(Finding(.fromMissing)) }
    if authors.isNobody {
      findings.append(
        Finding(.fromUnreadable, evidence: authors.isReadable ? "names no domain" : "no list of addresses"))
    }
    if authors.fields > 1 {
      findings.append(Finding(.fromMultiple, evidence: "\(authors.fields) From fields"))
    }
    if authors.isCut {
      let evidence =
        "more than \(DMARCAuthors.mostDomains) domains, \(DMARCAuthors.mostNamed) mailboxes or \(DMARCAuthors.mostOctets) octets"
      findings.append(Finding(.fromExcessive, evidence: evidence))
    }
    return findings
  }

  /// DMARC of a message, found once, whoever asks first.
  public static func outcome(
    _ facts: MessageFacts, _ lookups: Lookups, _ evaluator: DMARCEvaluator
  ) async -> DMARCOutcome {
    await facts.evidence.dmarc.value {
      let authors = facts.authors
      let (policies, spf, dkim) = await proofs(authors, facts, lookups, evaluator)
      return await evaluator.check(
        authors, policies, spf: spf, dkim: dkim, sample: sample(of: facts), lookups)
    }
  }

  /// The policies, SPF and DKIM.
  ///
  /// Abuse: all of them are asked for at once. A signature whose key nobody serves takes the time of the stage, and an
  /// author whose policy is asked for after it would go free.
  private static func proofs(
    _ authors: DMARCAuthors, _ facts: MessageFacts, _ lookups: Lookups, _ evaluator: DMARCEvaluator
  ) async -> (DMARCPolicies, SPFOutcome, [DKIMVerification]) {
    if evaluator.remembers(authors, lookups.resolver) {
      let policies = await evaluator.policies(of: authors, lookups)
      let spf = await SPFCheck.outcome(facts.mail, lookups)
      return (policies, spf, await DKIMCheck.verifications(facts, lookups))
    }
    async let policies = evaluator.policies(of: authors, lookups)
    async let spf = SPFCheck.outcome(facts.mail, lookups)
    let dkim = await DKIMCheck.verifications(facts, lookups)
    return (await policies, await spf, dkim)
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
    case .temperror:
      switch policy {
      case .reject?, .quarantine?: .dmarcUndecided
      case DMARCPolicy.none?, nil: .dmarcUnavailable
      }
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
