internal import Filtering
internal import SMTPProtocol

extension DKIMCheck {
  static let reasons: [Reason] = [
    Reason(
      .dkimPass, nil, .notice, cause: "A DKIM signature holds; the evidence names who signed.",
      effect: "None by itself; DMARC and the lists of allowed senders rest on it.", remedy: "Nothing."),
    Reason(
      .dkimNone, nil, .notice, cause: "The message has no DKIM signature.", effect: "None by default.",
      remedy: "Nothing; weights.DKIM_NONE can make it count."),
    refusal(
      .dkimFail, "DKIM signature does not hold",
      cause:
        "No signature holds, and one does not match the message: it was changed on the way, or is forged.",
      remedy:
        "The log names key and reason. Mailing lists do this in good faith; the sender looks at what changes its mail."
    ),
    refusal(
      .dkimPermanentError, "DKIM signature cannot be verified",
      cause: "No signature holds, and one is malformed, or its key is missing, revoked or unfit.",
      remedy: "The log names key and reason; the sender mends the signature or the key record."),
    Reason(
      .dkimUnavailable, Reply(451, 7, 20, "DKIM key could not be looked up, try again later"), .notice,
      cause: "The key of a signature could not be looked up.",
      effect: "Unknown is neither pass nor fail: nothing by default.",
      remedy: "Where it is frequent, see weir status for the state of DNS."),
    refusal(
      .dkimWeakKey, "DKIM key is too short",
      cause:
        "The RSA key of the signature has fewer than 2,048 bits; with fewer than 1,024 it proves nothing (RFC 8301 §3.2).",
      remedy: "The sender publishes a key of 2,048 bits."),
    refusal(
      .dkimSHA1, "DKIM signature with SHA-1",
      cause: "The only signature is rsa-sha1, which proves nothing any more (RFC 8301 §3.1).",
      remedy: "The sender signs with rsa-sha256."),
    refusal(
      .dkimOutOfTime, "DKIM signature has expired, or is not yet valid",
      cause: "The signature matches, but its x= is past, or its t= lies in the future.",
      remedy:
        "Look at the clock of the gateway; else the message was long on its way, or is sent again by somebody."
    ),
    refusal(
      .dkimPartSigned, "DKIM signature leaves a part of the body out",
      cause: "The signature's l= ends before the body does: anybody could have added the rest.",
      remedy: "The sender signs without l=. Lists that append a footer cause this in good faith."),
    Reason(
      .dkimTesting, nil, .notice, cause: "The signer's key record says that he is testing DKIM (t=y).",
      effect: "None by default.", remedy: "Nothing."),
  ]

  private static func refusal(_ code: ReasonCode, _ text: String, cause: String, remedy: String) -> Reason {
    Reason(
      code, Reply(550, 7, 20, text), .refusal, cause: cause,
      effect: "It weighs; with checks.dkim.action = \"reject\" it is refused.", remedy: remedy)
  }
}
