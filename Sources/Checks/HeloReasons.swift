internal import SMTPProtocol

/// The reasons of `HeloCheck`.
enum HeloReasons {
  static let all = [
    refusal(
      .heloSyntax, "is no domain name and no address literal", cause: "HELO or EHLO with what is neither.",
      remedy: "The client says its name, as RFC 5321 §4.1.1.1 asks."),
    refusal(
      .heloBareAddress, "is an address without brackets",
      cause: "HELO 192.0.2.1 in place of HELO [192.0.2.1].",
      remedy: "The client says its name, or its address in brackets."),
    refusal(
      .heloOtherAddress, "is the address of somebody else",
      cause: "The client greets with an address literal that is not its address.",
      remedy: "The client says its name, or its own address."),
    Reason(
      .heloOwnName, Reply(550, 7, 1, "You are not me: say your own name in the greeting"), .refusal,
      cause:
        "A stranger greets with our hostname, or with a domain of relay.domains none of whose addresses is the client's.",
      effect: "Its mail is refused.",
      remedy:
        "Where the client is a server of one's own: name it in relay.networks or checks.helo.except_networks."
    ),
    refusal(
      .heloLocalhost, "is every host's name for itself", cause: "The client greets as localhost.",
      remedy: "The client says its name in DNS."),
    refusal(
      .heloNotQualified, "is no full name", cause: "The greeting is one label, such as that of a PC.",
      remedy: "The client says its full name in DNS."),
    refusal(
      .heloUnresolvable, "is not in DNS", cause: "The greeting's name has neither address nor mail exchange.",
      remedy: "The client says a name that is in DNS, or whoever runs it adds an address record."),
    refusal(
      .heloMismatch, "leads elsewhere",
      cause: "The greeting's name has addresses, and the client's is not among them.",
      remedy: "Nothing, by itself it says little; RFC 5321 §4.1.4 allows it."),
    Reason(
      .heloUnavailable, Reply(451, 4, 3, "Your greeting's name cannot be looked up now"), .notice,
      cause: "DNS gave no answer about the greeting's name: a time-out or a server's failure.",
      effect: "It is neither there nor missing; it weighs what weights.HELO_UNAVAILABLE says.",
      remedy: "Nothing, where it is rare. Where it is not, look at weir status: is the resolver cut off?"),
  ]

  private static func refusal(_ code: ReasonCode, _ what: String, cause: String, remedy: String) -> Reason {
    Reason(
      code, Reply(550, 7, 1, "The name in your greeting \(what)"), .refusal, cause: cause,
      effect: "It weighs; with checks.helo.action = \"reject\" it is refused.",
      remedy: remedy + " Good clients: checks.helo.except_networks, except_names.")
  }
}
