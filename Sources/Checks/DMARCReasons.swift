internal import Filtering
internal import SMTPProtocol

extension DMARCCheck {
  static let reasons: [Reason] = [
    Reason(
      .dmarcPass, nil, .notice, cause: "SPF or DKIM proves the domain of From.",
      effect: "None by itself; lists of allowed senders rest on it.", remedy: "Nothing."),
    Reason(
      .dmarcNone, nil, .notice, cause: "The domain of From has no DMARC record, or there is no such domain.",
      effect: "None by default.", remedy: "Nothing; weights.DMARC_NONE can make it count."),
    Reason(
      .dmarcFail, Reply(550, 7, 26, "Neither SPF nor DKIM proves the domain in From: {reason}"), .refusal,
      cause:
        "Neither SPF nor DKIM proves the domain of From, whose owner asks for nothing to be done (p=none).",
      effect: "It weighs a little.", remedy: "Nothing; the domain's owner is still counting."),
    Reason(
      .dmarcQuarantine,
      Reply(
        550, 7, 26,
        "Neither SPF nor DKIM proves the domain in From, whose DMARC policy is quarantine: {reason}"),
      .refusal,
      cause:
        "Neither SPF nor DKIM proves the domain of From, whose owner asks for such mail to be set aside.",
      effect: "It weighs as much as a suspicion.",
      remedy: "Forwarders that seal: checks.arc.trusted. Domains: checks.dmarc.except_domains."),
    Reason(
      .dmarcReject,
      Reply(
        550, 7, 26, "Neither SPF nor DKIM proves the domain in From, whose DMARC policy is reject: {reason}"),
      .refusal,
      cause: "Neither SPF nor DKIM proves the domain of From, whose owner asks for such mail to be refused.",
      effect: "It weighs as much as a refusal takes; what speaks for the message can still outweigh it.",
      remedy: "Forwarders that seal: checks.arc.trusted. Domains: checks.dmarc.except_domains."),
    Reason(
      .dmarcOverridden, nil, .notice,
      cause: "DMARC fails, but a sealer of checks.arc.trusted saw it pass before the message was changed.",
      effect: "None: the failure does not count.", remedy: "Nothing."),
    Reason(
      .dmarcPermanentError,
      Reply(550, 7, 26, "DMARC record of the domain in From cannot be understood: {reason}"),
      .refusal,
      cause: "The DMARC record of From's domain cannot be read, or From is more than can be judged.",
      effect: "None by default: there is no policy to go by.", remedy: "The domain's owner mends the record."),
    Reason(
      .dmarcUnavailable,
      Reply(451, 7, 26, "DMARC of the domain in From cannot be looked up now, try again later"),
      .notice,
      cause:
        "DNS gave no answer about the policy, or about what could have proved the domain of From, whose owner asks for nothing to be done.",
      effect: "Unknown is neither pass nor fail: it weighs what weights.DMARC_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
    Reason(
      .dmarcUndecided,
      Reply(
        451, 7, 26, "What could prove the domain in From cannot be looked up now, try again later: {reason}"),
      .refusal,
      cause:
        "From's owner asks for mail without proof to be refused or set aside, and nothing proves this message: DNS gave no answer about SPF or a signature of that owner's own.",
      effect:
        "It weighs as much as a suspicion; with checks.dmarc.action = \"defer\" or \"reject\" the client is told to come again.",
      remedy:
        "Nothing, where it is rare. Where it is not, look at weir status, and at the name servers of that domain."
    ),
    Reason(
      .fromMultiple, Reply(550, 6, 0, "Message has more than one From"), .refusal,
      cause: "The header has several From fields.",
      effect:
        "It weighs: readers differ in which they show (RFC 5322 §3.6 has one). DMARC judges by the worst.",
      remedy: "Whoever runs the sending software mends it."),
    Reason(
      .fromExcessive, Reply(550, 6, 0, "From of this message names too many"), .refusal,
      cause: "From names more than ten domains, or is longer than 64 KiB: more than anybody writes for.",
      effect: "It weighs, and the message never passes DMARC. The first ten domains are judged.",
      remedy: "Whoever runs the sending software mends it."),
    Reason(
      .fromMissing, Reply(550, 6, 0, "Message has no From"), .refusal,
      cause: "The header has no From field (RFC 5322 §3.6).",
      effect: "It weighs: nobody answers for the message.",
      remedy: "Whoever runs the sending software mends it."),
    Reason(
      .fromUnreadable, Reply(550, 6, 0, "From of this message names nobody"), .refusal,
      cause: "From is there, and no domain can be read in it, not even as a mail client would show it.",
      effect: "It weighs: nobody answers for the message.",
      remedy: "Whoever runs the sending software mends it."),
  ]
}
