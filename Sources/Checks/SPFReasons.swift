internal import Filtering
internal import SMTPProtocol

extension SPFCheck {
  static let reasons: [Reason] = [
    Reason(
      .spfPass, nil, .notice, cause: "The sender's domain says that this client may send for it.",
      effect: "None by itself: anybody has a domain. DMARC and the lists of allowed senders rest on it.",
      remedy: "Nothing."),
    Reason(
      .spfNone, nil, .notice, cause: "The sender's domain has no SPF record, or there is no domain.",
      effect: "None by default.", remedy: "Nothing; weights.SPF_NONE can make it count."),
    Reason(
      .spfNeutral, nil, .notice, cause: "The sender's domain has an SPF record that leaves this client open.",
      effect: "None by default.", remedy: "Nothing."),
    Reason(
      .spfSoftFail, Reply(550, 7, 23, "SPF: {client} is probably not to send mail as {sender}"), .refusal,
      cause: "The sender's domain says that mail from other clients than it names is suspect (~all).",
      effect: "It weighs, and refuses nobody alone (RFC 7208 §8.5).",
      remedy: "Forwarders do so in good faith: checks.spf.except_networks."),
    Reason(
      .spfFail, Reply(550, 7, 23, "SPF: {client} may not send mail as {sender}: {reason}"), .refusal,
      cause:
        "The sender's domain says that this client may not send for it; the evidence is the term that says so.",
      effect: "It weighs; with checks.spf.action = \"reject\" it is refused.",
      remedy: "Good forwarders: checks.spf.except_networks. Else the domain's owner mends the record."),
    Reason(
      .spfPermanentError, Reply(550, 7, 24, "SPF record for {sender} cannot be understood"), .refusal,
      cause:
        "The SPF record of the sender's domain, or one that it includes, is faulty, or asks too much of DNS.",
      effect: "It weighs a little.",
      remedy: "The domain's owner mends the record; the evidence says what is wrong."),
    Reason(
      .spfUnavailable, Reply(451, 7, 24, "SPF for {sender} cannot be looked up now, try again later"),
      .notice,
      cause: "DNS gave no answer to a question that the SPF record asks.",
      effect: "Unknown is neither pass nor fail: it weighs what weights.SPF_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
    Reason(
      .spfHeloFail, Reply(550, 7, 23, "SPF: {client} may not use the name of its greeting: {reason}"),
      .refusal,
      cause: "The name of the greeting has an SPF record that excludes this client: it is not who it says.",
      effect: "It weighs; with checks.spf.action = \"reject\" it is refused.",
      remedy: "Whoever runs the client greets with its own name, or mends the record of that name."),
    Reason(
      .spfHeloSoftFail, Reply(550, 7, 23, "SPF: {client} is probably not who its greeting says"), .refusal,
      cause: "The name of the greeting has an SPF record that holds this client for suspect.",
      effect: "It weighs a little.", remedy: "As for SPF_HELO_FAIL."),
  ]
}
