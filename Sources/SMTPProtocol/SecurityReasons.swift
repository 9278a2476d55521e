/// The texts of STARTTLS (RFC 3207), AUTH (RFC 4954 §4, §6), XCLIENT and XFORWARD.
extension ReasonCode {
  public static let tlsReady: ReasonCode = "STARTTLS_READY"
  public static let tlsRequired: ReasonCode = "TLS_REQUIRED"
  public static let tlsUnavailable: ReasonCode = "TLS_UNAVAILABLE"
  public static let tlsInjection: ReasonCode = "STARTTLS_INJECTION"
  public static let authOK: ReasonCode = "AUTH_OK"
  public static let authFailed: ReasonCode = "AUTH_FAILED"
  public static let authUnavailable: ReasonCode = "AUTH_UNAVAILABLE"
  public static let authRequired: ReasonCode = "AUTH_REQUIRED"
  public static let authMechanism: ReasonCode = "AUTH_MECHANISM"
  public static let authNeedsTLS: ReasonCode = "AUTH_NEEDS_TLS"
  public static let authMalformed: ReasonCode = "AUTH_MALFORMED"
  public static let authCancelled: ReasonCode = "AUTH_CANCELLED"
  public static let authTooLong: ReasonCode = "AUTH_TOO_LONG"
  public static let authDone: ReasonCode = "AUTH_DONE"
  public static let authBlocked: ReasonCode = "AUTH_BLOCKED"
  public static let clientIdentityRefused: ReasonCode = "CLIENT_IDENTITY_REFUSED"
  public static let forwardOK: ReasonCode = "FORWARD_OK"
}

extension ProtocolReasons {
  static let encryption: [Reason] = [
    Reason(
      .tlsReady, Reply(220, 0, 0, "Ready to start TLS"), .notice, cause: "A client said STARTTLS.",
      effect: "The handshake follows; the session begins afresh behind it.", remedy: "Nothing."),
    Reason(
      .tlsRequired, Reply(530, 7, 0, "Must issue a STARTTLS command first"), .refusal,
      cause: "A command in the clear where the listener's tls is \"required\".",
      effect: "It counts as a mistake. Nothing was said that is worth protecting, unless it was AUTH.",
      remedy:
        "Switch TLS on in the client. If servers of the world that know no TLS should get through, say tls = \"optional\" for that listener; never on a submission listener, where passwords pass."
    ),
    Reason(
      .tlsUnavailable, Reply(454, 7, 0, "TLS not available due to temporary reason"), .warning,
      cause:
        "STARTTLS while no handshake can be taken on: the certificate or its key cannot be used, or too many handshakes are under way.",
      effect: "The client tries again later, or goes on in the clear if the listener lets it.",
      remedy:
        "weir status tells the certificates in use and weir check what is wrong with the files; the log line has the detail. With many at once: see whether one network floods (weir log)."
    ),
    Reason(
      .tlsInjection, Reply(421, 5, 1, "Nothing may follow STARTTLS before its answer"), .refusal,
      cause: "Octets in the clear right behind STARTTLS.",
      effect:
        "The connection is closed: somebody between the client and us may have put them there, to be taken for the client's own under TLS (RFC 3207 §6).",
      remedy:
        "If it is always the same client, its software pipelines what it must not: update it. If it is many, look for a device on the path that rewrites SMTP."
    ),
  ]

  static let authentication: [Reason] = [
    Reason(
      .authOK, Reply(235, 7, 0, "Authentication successful"), .notice, cause: "A client logged in.",
      effect: "It may send as its rights allow; the checks on strangers do not concern it.",
      remedy: "Nothing."),
    Reason(
      .authFailed, Reply(535, 7, 8, "Authentication credentials invalid"), .refusal,
      cause:
        "No such user, a wrong password or token, an account that is disabled, or a channel binding that does not fit. The client is not told which; the log line names the user tried, never the password.",
      effect: "It counts as a mistake, and against the client's network in the defence against guessing.",
      remedy:
        "One user, one address: a wrong or old password in a device; set a new one (weir users passwd NAME, or where the users are kept). Many names from one network: guessing, which is slowed down and blocked by itself."
    ),
    Reason(
      .authUnavailable, Reply(454, 7, 0, "Temporary authentication failure"), .alarm,
      cause:
        "Whoever knows the users ([auth] backend) cannot be asked: it is down, slow, or the queue for it is full.",
      effect:
        "Nobody can log in by it; clients keep their mail and try again. Nobody was told of a wrong password.",
      remedy:
        "The log line says what failed. See that Dovecot, saslauthd, the LDAP server or the token service runs, that its socket may be opened by Weir's user, and weir check."
    ),
    Reason(
      .authRequired, Reply(530, 7, 0, "Authentication required"), .refusal,
      cause: "MAIL before a login on a submission listener.", effect: "It counts as a mistake.",
      remedy:
        "Set user name and password in the client. A server that delivers mail from the world belongs on port 25, a listener of profile \"mx\"; a device that cannot log in belongs into relay.networks, on such a listener."
    ),
    Reason(
      .authMechanism, Reply(504, 5, 4, "Unrecognized authentication type"), .refusal,
      cause: "AUTH with a mechanism that EHLO did not offer.", effect: "It counts as a mistake.",
      remedy:
        "Choose another method in the client (\"normal password\" is PLAIN or LOGIN), or name it in auth.mechanisms if its backend can serve it: weir check says which can."
    ),
    Reason(
      .authNeedsTLS, Reply(538, 7, 11, "Encryption required for requested authentication mechanism"),
      .refusal,
      cause: "AUTH in the clear with a mechanism that shows the password.",
      effect:
        "It counts as a mistake. If the password came with the command, it has crossed the wire in the clear.",
      remedy:
        "Switch on STARTTLS or TLS in the client; then consider that password known, and set a new one."),
    Reason(
      .authMalformed, Reply(501, 5, 2, "Cannot decode the authentication data"), .refusal,
      cause: "What a client said in a login is no base64, or not of its mechanism's grammar.",
      effect: "The login is over; it counts as a mistake.", remedy: "The client's software is at fault."),
    Reason(
      .authCancelled, Reply(501, 7, 0, "Authentication cancelled"), .refusal,
      cause: "A client gave up its login with *.",
      effect: "It counts as a mistake; the client may try another way.",
      remedy:
        "Nothing, if another login follows. A client that always does so distrusts the server: see its own log, for SCRAM tells it that we do not know the password, or a channel binding that the TLS of another ends on the way."
    ),
    Reason(
      .authTooLong, Reply(500, 5, 6, "Authentication exchange line is too long"), .refusal,
      cause: "A line of a login past 12288 octets.",
      effect: "It is skipped unread, the login is over, and it counts as a mistake.",
      remedy: "The client's software is at fault, or a token is far larger than tokens are."),
    Reason(
      .authDone, Reply(503, 5, 1, "Already authenticated"), .refusal, cause: "AUTH after a login.",
      effect: "It counts as a mistake; the first login stands.", remedy: "The client's software is at fault."),
    Reason(
      .authBlocked, Reply(454, 7, 0, "Too many failed logins, try again later"), .warning,
      cause: "Too many logins failed from the client's network.",
      effect:
        "The connection is closed, and logins from there are refused for limits.login_block. No user name is locked out: it is taken from elsewhere, and from there of who logged in from there lately.",
      remedy:
        "weir log shows the names tried, weir unblock ADDRESS lifts the block. If it is an office with an old password in some device, mend that device; raise limits.login_failures_per_subnet if you must."
    ),
  ]

  static let identity: [Reason] = [
    Reason(
      .clientIdentityRefused, Reply(550, 7, 0, "Insufficient authorization"), .refusal,
      cause: "XCLIENT or XFORWARD from an address outside of the listener's xclient networks.",
      effect: "It is not believed, and counts as a mistake.",
      remedy:
        "If it is your own server in front (Postfix, nginx, a balancer), add its address to the listener's xclient; trust nobody else with it, for it changes who a client is said to be."
    ),
    Reason(
      .forwardOK, Reply(250, 0, 0, "Ok"), .notice, cause: "A server in front said XFORWARD.",
      effect: "The log and the backend are told the client that it names.", remedy: "Nothing."),
  ]
}
