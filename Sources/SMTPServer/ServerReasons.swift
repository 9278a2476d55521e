public import SMTPProtocol

extension ReasonCode {
  static let recipientsDeferred: ReasonCode = "RECIPIENTS_DEFERRED"
  static let proxyMissing: ReasonCode = "PROXY_PREAMBLE_MISSING"
  static let tlsHandshakeFailed: ReasonCode = "TLS_HANDSHAKE_FAILED"
  static let loginAccepted: ReasonCode = "LOGIN"
  static let proxyMalformed: ReasonCode = "PROXY_PREAMBLE_MALFORMED"
}

/// The texts that only the server's session speaks.
public enum ServerReasons {
  public static let all: [Reason] = [
    Reason(
      .recipientsDeferred, Reply(451, 5, 1, "No recipient could be taken now, please try again"), .refusal,
      cause: "DATA after every RCPT was refused, some of them for now only.",
      effect: "The client comes again.",
      remedy: "See the refusals before it in the log."),
    Reason(
      .tlsHandshakeFailed, nil, .notice,
      cause:
        "A client began TLS and did not finish: it does not accept the certificate, knows no version or cipher that tls.min_version and tls.ciphers allow, or spoke no TLS at all.",
      effect: "The connection is closed.",
      remedy:
        "The log line has the words of the TLS library. Certificate unknown or bad: weir check looks at the certificate and its chain. Protocol version: the client is old; see tls.min_version."
    ),
    Reason(
      .loginAccepted, nil, .notice, cause: "A user logged in.",
      effect: "The session may send as that user's rights allow.", remedy: "Nothing."),
    Reason(
      .proxyMissing, nil, .warning,
      cause: "A balancer of listener.proxy_protocol connected and sent no whole PROXY preamble in time.",
      effect: "The connection is closed.",
      remedy:
        "Switch the PROXY protocol on in the balancer (HAProxy: send-proxy or send-proxy-v2), or take its address out of proxy_protocol."
    ),
    Reason(
      .proxyMalformed, nil, .warning,
      cause: "A balancer of listener.proxy_protocol began with something that is no PROXY preamble.",
      effect: "The connection is closed: nobody knows whose it is.",
      remedy:
        "Switch the PROXY protocol on in the balancer (HAProxy: send-proxy or send-proxy-v2), or take its address out of proxy_protocol."
    ),
  ]
}
