public import DNS
public import Filtering
public import MailAuthentication

/// The message's DKIM signatures (RFC 6376). A signature that holds says who answers for the message, and one that does
/// not hold says nothing (RFC 6376 §6.1): lists break them in good faith. What a domain wants done is said by DMARC.
public struct DKIMCheck {
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
}

extension MessageFacts {
  /// The digests computed on the way in; else those of a message that is whole in memory; else nil.
  var digestsOfBody: BodyDigests? {
    if let bodyDigests { return bodyDigests }
    guard message.spool == nil else { return nil }
    return BodyDigests.of(message.memory, header: header, isBinary: message.isBinary)
  }
}
