internal import Bytes
public import DNS
public import Filtering
public import MailAuthentication
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let arcPass: ReasonCode = "ARC_PASS"
  static let arcTrusted: ReasonCode = "ARC_TRUSTED"
  static let arcFail: ReasonCode = "ARC_FAIL"
  static let arcUnavailable: ReasonCode = "ARC_UNAVAILABLE"
}

/// The Authenticated Received Chain of a message that came through somebody else (RFC 8617).
///
/// A chain that passes says who handled the message, and no more: anybody can seal. What the sealers named in
/// `trusted` saw is believed, and rescues forwarded mail whose DMARC is broken. A message without a chain is not
/// spoken of.
public struct ARCCheck: Check {
  static let name = "arc"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .arcPass: Weight(0), .arcTrusted: Weight(0), .arcFail: Weight(0.5), .arcUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .arcPass, nil, .notice, cause: "The message carries a whole ARC chain; the evidence names its sealers.",
      effect: "None: anybody can seal.",
      remedy: "Nothing; a forwarder of yours belongs in checks.arc.trusted."),
    Reason(
      .arcTrusted, nil, .notice, cause: "A sealer of the chain stands in checks.arc.trusted.",
      effect: "What it saw is believed: where it saw DMARC pass, a failure here is overridden.",
      remedy: "Nothing."),
    Reason(
      .arcFail, Reply(550, 7, 29, "ARC chain is broken"), .refusal,
      cause: "The message carries an ARC chain that does not hold; the log says which part.",
      effect: "It weighs; with checks.arc.action = \"reject\" it is refused.",
      remedy: "Forwarders that change mail after sealing cause this in good faith."),
    Reason(
      .arcUnavailable, Reply(451, 7, 29, "ARC key could not be looked up, try again later"), .notice,
      cause: "A key of the chain could not be looked up.", effect: "The chain counts as absent.",
      remedy: "Where it is frequent, see weir status for the state of DNS."),
  ]

  private let resolves: Bool
  private let trust: ARCTrust

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    resolves = materials.resolves
    let names = keys.strings("trusted", default: [])
    trust = ARCTrust(names: names)
    for (index, name) in names.enumerated() where DNSName(name) == nil {
      keys.report("trusted", element: index, "“\(name)” is no domain name")
    }
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message), reports: .eachOnce,
        wantsBody: true,
        work: .awaited { [trust] facts, lookups in
          Self.findings(await Self.outcome(facts, lookups), trust)
        }))
  }

  /// The state of a message's chain, found once, whoever asks first.
  public static func outcome(_ facts: MessageFacts, _ lookups: Lookups) async -> ARCOutcome {
    await facts.evidence.arc.value {
      guard let digests = facts.digestsOfBody else {
        return ARCOutcome(
          .none, isUnavailable: facts.header.contains("ARC-Seal"),
          reason: "digest of the body was not computed")
      }
      return await ARCValidator.validate(
        header: facts.header, in: facts.message.memory, isBinary: facts.message.isBinary,
        bodyDigests: digests,
        lookups)
    }
  }

  static func findings(_ outcome: ARCOutcome, _ trust: ARCTrust) -> [Finding] {
    if outcome.isUnavailable { return [Finding(.arcUnavailable, evidence: outcome.reason)] }
    switch outcome.status {
    case .none: return []
    case .fail: return [Finding(.arcFail, evidence: outcome.reason)]
    case .pass:
      let names = outcome.sealers.prefix(5).map(\.text).joined(separator: ",")
      let sealers = outcome.sealers.count > 5 ? names + ",…" : names
      let trusted = outcome.sealers.first(where: trust.includes)
      return [Finding(.arcPass, evidence: sealers)]
        + (trusted.map { [Finding(.arcTrusted, evidence: $0.text)] } ?? [])
    }
  }
}

/// The sealers that `checks.arc.trusted` names, each with its sub-domains.
public struct ARCTrust: Sendable {
  public let sealers: [DNSName]

  init(names: [String]) { sealers = names.compactMap { DNSName($0) } }

  /// For checks other than `arc` itself: nobody where that is off.
  init(_ materials: CheckMaterials) {
    let own = materials.settings.checks[ARCCheck.name]
    var keys = own?.keys ?? CheckKeys.none
    self.init(names: own?.mode == .off ? [] : keys.strings("trusted", default: []))
  }

  public func includes(_ sealer: DNSName) -> Bool { sealers.contains { sealer.isWithin($0) } }
}
