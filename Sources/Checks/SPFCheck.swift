public import DNS
public import Filtering
public import MailAuthentication
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let spfPass: ReasonCode = "SPF_PASS"
  static let spfNone: ReasonCode = "SPF_NONE"
  static let spfNeutral: ReasonCode = "SPF_NEUTRAL"
  static let spfSoftFail: ReasonCode = "SPF_SOFTFAIL"
  static let spfFail: ReasonCode = "SPF_FAIL"
  static let spfPermanentError: ReasonCode = "SPF_PERMERROR"
  static let spfUnavailable: ReasonCode = "SPF_UNAVAILABLE"
  static let spfHeloFail: ReasonCode = "SPF_HELO_FAIL"
  static let spfHeloSoftFail: ReasonCode = "SPF_HELO_SOFTFAIL"
}

/// Whether the client may send for the domain of the envelope sender, and for the name of its greeting (RFC 7208).
///
/// A fail is a weight by default and refuses nobody alone: whoever forwards mail fails in good faith. What the domain
/// says to who is refused (`exp=`) stands in the reply.
public struct SPFCheck: Check {
  static let name = "spf"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .spfPass: Weight(0), .spfNone: Weight(0), .spfNeutral: Weight(0), .spfSoftFail: Weight(1.5),
    .spfFail: Weight(4), .spfPermanentError: Weight(0.5), .spfUnavailable: Weight(0),
    .spfHeloFail: Weight(2), .spfHeloSoftFail: Weight(0.5),
  ]

  /// RFC 7208 §8.5: a softfail alone refuses nobody; nor does a record that its owner wrote wrong.
  static let leftToScore: Set<ReasonCode> = [.spfSoftFail, .spfPermanentError, .spfHeloSoftFail]

  static let needsSender: Set<ReasonCode> = [.spfSoftFail, .spfFail, .spfPermanentError]

  private let hostname: String
  private let resolves: Bool
  private let exceptNetworks: IPPrefixSet
  private let reports: Reports

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    hostname = materials.settings.hostname
    resolves = materials.resolves
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    // One word about the sender's domain, one about the greeting's name.
    reports = .oneOfEach(
      [
        [.spfPass, .spfNone, .spfNeutral, .spfSoftFail, .spfFail, .spfPermanentError, .spfUnavailable],
        [.spfHeloFail, .spfHeloSoftFail],
      ].map { $0.map { materials.weight(of: $0, in: Self.self) } })
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail), reports: reports,
        work: .awaited { facts, lookups in await look(facts, lookups) }))
  }

  private func look(_ facts: MailFacts, _ lookups: Lookups) async -> [Finding] {
    guard let address = facts.connect.knownAddress, !exceptNetworks.contains(address) else { return [] }
    let outcome = await Self.outcome(facts, lookups, hostname: hostname)
    var findings = [Finding(outcome.code, evidence: outcome.evidence, reason: outcome.explained)]
    // Behind a null sender both are the same name, and count once.
    if !facts.sender.isNull {
      let helo = await Self.heloOutcome(facts, lookups, hostname: hostname)
      if helo.result == .fail || helo.result == .softfail {
        let code: ReasonCode = helo.result == .fail ? .spfHeloFail : .spfHeloSoftFail
        findings.append(Finding(code, evidence: helo.evidence, reason: helo.explained))
      }
    }
    return findings
  }

  /// SPF of the envelope sender, found once for a transaction, whoever asks first; `temperror` where nobody knows
  /// the client's address.
  ///
  /// - Parameter hostname: our own, for explanations that ask for it.
  public static func outcome(
    _ facts: MailFacts, _ lookups: Lookups, hostname: String = "unknown"
  ) async -> SPFOutcome {
    guard let address = facts.connect.knownAddress else {
      let isNamed = !facts.sender.isNull
      return unanswerable(
        isNamed ? .mailFrom : .helo, isNamed ? facts.sender.domain?.description ?? "" : facts.hello.name)
    }
    return await facts.evidence.spf.value {
      let sender =
        facts.sender.isNull ? "" : facts.sender.localPart + (facts.sender.domain.map { "@\($0)" } ?? "")
      return await SPFEvaluator(hostname: hostname).check(
        ip: address, sender: sender, helo: facts.hello.name, now: facts.time, lookups)
    }
  }

  /// SPF of the greeting's name, found once for a transaction, whoever asks first.
  public static func heloOutcome(
    _ facts: MailFacts, _ lookups: Lookups, hostname: String = "unknown"
  ) async -> SPFOutcome {
    guard let address = facts.connect.knownAddress else { return unanswerable(.helo, facts.hello.name) }
    return await facts.evidence.heloSPF.value {
      await SPFEvaluator(hostname: hostname).check(
        ip: address, helo: facts.hello.name, now: facts.time, lookups)
    }
  }

  /// Whether a client may send for the domain cannot be told of one that nobody knows.
  private static func unanswerable(_ identity: SPFOutcome.Identity, _ domain: String) -> SPFOutcome {
    SPFOutcome(
      .temperror, identity: identity, domain: DNSName(domain), problem: "the client's address is not known")
  }
}

extension SPFOutcome {
  fileprivate var code: ReasonCode {
    switch result {
    case .none: .spfNone
    case .neutral: .spfNeutral
    case .pass: .spfPass
    case .fail: .spfFail
    case .softfail: .spfSoftFail
    case .temperror: .spfUnavailable
    case .permerror: .spfPermanentError
    }
  }

  /// `example.org -all`, or what is wrong with the record.
  fileprivate var evidence: String {
    if !problem.isEmpty { return problem }
    guard let domain else { return "" }
    return mechanism.isEmpty ? domain.text : "\(domain) \(mechanism)"
  }

  /// The domain's own words, marked as such: they are nobody's of here (RFC 7208 §6.2, §11.5).
  fileprivate var explained: String {
    guard let domain, !explanation.isEmpty else { return "" }
    return "\(domain) explains: \(explanation)"
  }
}
