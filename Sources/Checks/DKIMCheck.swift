public import DNS
public import Filtering
public import MailAuthentication
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let dkimPass: ReasonCode = "DKIM_PASS"
  static let dkimNone: ReasonCode = "DKIM_NONE"
  static let dkimFail: ReasonCode = "DKIM_FAIL"
  static let dkimPermanentError: ReasonCode = "DKIM_PERMERROR"
  static let dkimUnavailable: ReasonCode = "DKIM_UNAVAILABLE"
  static let dkimWeakKey: ReasonCode = "DKIM_WEAK_KEY"
  static let dkimSHA1: ReasonCode = "DKIM_SHA1"
  static let dkimOutOfTime: ReasonCode = "DKIM_OUT_OF_TIME"
  static let dkimPartSigned: ReasonCode = "DKIM_PART_SIGNED"
  static let dkimTesting: ReasonCode = "DKIM_TESTING"
}

/// The message's DKIM signatures (RFC 6376). One that holds says who answers for the message; one that does not says
/// little (RFC 6376 §6.1), since lists break them in good faith. What a domain wants done about it is DMARC's.
public struct DKIMCheck: Check {
  static let name = "dkim"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .dkimPass: Weight(0), .dkimNone: Weight(0), .dkimFail: Weight(0.5), .dkimPermanentError: Weight(0.5),
    .dkimUnavailable: Weight(0), .dkimWeakKey: Weight(0), .dkimSHA1: Weight(0.5), .dkimOutOfTime: Weight(0.5),
    .dkimPartSigned: Weight(1), .dkimTesting: Weight(0),
  ]

  init(_ materials: CheckMaterials, keys: inout CheckKeys) { resolves = materials.resolves }

  private let resolves: Bool

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .message), reports: .eachOnce,
        wantsBody: true,
        work: .awaited { facts, lookups in
          Self.findings(await Self.verifications(facts, lookups))
        }))
  }

  /// The results for a message, found once, whoever asks first.
  public static func verifications(_ facts: MessageFacts, _ lookups: Lookups) async -> [DKIMVerification] {
    await facts.evidence.dkim.value {
      guard let digests = facts.digestsOfBody else {
        return facts.header.contains("DKIM-Signature")
          ? [DKIMVerification(.temperror, reason: "digest of the body was not computed")] : []
      }
      return await DKIMVerifier.verify(
        header: facts.header, in: facts.message.memory, isBinary: facts.message.isBinary,
        bodyDigests: digests,
        lookups, now: facts.mail.time)
    }
  }

  /// What the results amount to: one finding for the best of them, and what is remarkable about it. A signature that
  /// fails beside one that holds is nothing to speak of.
  static func findings(_ results: [DKIMVerification]) -> [Finding] {
    guard !results.isEmpty else { return [Finding(.dkimNone)] }
    let passes = results.filter { $0.status == .pass }
    guard passes.isEmpty else { return findings(ofPasses: passes) }
    // What could not be found out might have passed.
    if let one = results.first(where: { $0.status == .temperror }) {
      return [Finding(.dkimUnavailable, evidence: one.evidence)]
    }
    for status in [DKIMStatus.policy, .fail, .permerror, .neutral] {
      guard let one = results.first(where: { $0.status == status }) else { continue }
      return [Finding(one.failureCode, evidence: one.evidence)]
    }
    return [Finding(.dkimNone)]
  }

  private static func findings(ofPasses passes: [DKIMVerification]) -> [Finding] {
    var domains: [String] = []
    for one in passes {
      if let name = one.domain?.text, !domains.contains(name) { domains.append(name) }
    }
    var findings = [Finding(.dkimPass, evidence: domains.joined(separator: ","))]
    // Only what holds for each of them lessens what the message as a whole has.
    if passes.allSatisfy(\.signsPartOfBody), let one = passes.first {
      findings.append(Finding(.dkimPartSigned, evidence: one.place))
    }
    if passes.allSatisfy(\.hasWeakKey), let one = passes.first {
      findings.append(Finding(.dkimWeakKey, evidence: "\(one.place) \(one.keyBits) bits"))
    }
    if passes.allSatisfy(\.isTesting), let one = passes.first {
      findings.append(Finding(.dkimTesting, evidence: one.place))
    }
    return findings
  }
}

extension DKIMVerification {
  /// What the key's owner should mend: 1,024 bits are the least, 2,048 what is asked for (RFC 8301 §3.2).
  fileprivate var hasWeakKey: Bool { keyBits > 0 && keyBits < 2048 }

  /// Where the key lies, as far as the signature says so.
  fileprivate var place: String {
    guard let domain else { return selector }
    return selector.isEmpty ? domain.text : "\(selector)._domainkey.\(domain.text)"
  }

  fileprivate var evidence: String { place.isEmpty ? reason : "\(place): \(reason)" }

  /// The code for a result that is no pass.
  fileprivate var failureCode: ReasonCode {
    switch status {
    case .fail: .dkimFail
    case .temperror: .dkimUnavailable
    case .policy where algorithm == "rsa-sha1": .dkimSHA1
    case .policy where keyBits > 0 && keyBits < 1024: .dkimWeakKey
    case .policy: .dkimOutOfTime
    default: .dkimPermanentError
    }
  }
}

extension MessageFacts {
  /// The digests computed on the way in; else those of a message that is whole in memory; else nil.
  var digestsOfBody: BodyDigests? {
    if let bodyDigests { return bodyDigests }
    guard message.spool == nil else { return nil }
    return BodyDigests.of(message.memory, header: header, isBinary: message.isBinary)
  }
}
