public import SMTPProtocol

extension ReasonCode {
  static let recipientsDeferred: ReasonCode = "RECIPIENTS_DEFERRED"
}

/// The texts that only the server's session speaks.
public enum ServerReasons {
  public static let all: [Reason] = [
    Reason(
      .recipientsDeferred, Reply(451, 5, 1, "No recipient could be taken now, please try again"), .refusal,
      cause: "DATA after every RCPT was refused, some of them for now only.",
      effect: "The client comes again.",
      remedy: "See the refusals before it in the log.")
  ]
}
