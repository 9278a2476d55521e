public import SMTPProtocol

extension ReasonCode {
  public static let backendDown: ReasonCode = "BACKEND_DOWN"
  public static let backendUp: ReasonCode = "BACKEND_UP"
  public static let backendBusy: ReasonCode = "BACKEND_BUSY"
  public static let backendTimeout: ReasonCode = "BACKEND_TIMEOUT"
  public static let backendLost: ReasonCode = "BACKEND_LOST"
  public static let backendLacksExtension: ReasonCode = "BACKEND_LACKS_EXTENSION"
  public static let backendIdentity: ReasonCode = "BACKEND_REFUSED_IDENTITY"
  public static let backendTLS: ReasonCode = "BACKEND_TLS"
  public static let backendAcceptsAll: ReasonCode = "BACKEND_ACCEPTS_ALL"
  public static let recipientChanged: ReasonCode = "RECIPIENT_CHANGED"
  public static let partlyDelivered: ReasonCode = "LMTP_MIXED"
  public static let probesBusy: ReasonCode = "PROBES_BUSY"
}

/// What can go wrong between the gateway and its backends.
public enum RelayReasons {
  public static let all: [Reason] = sessions + messages + recipients

  private static let sessions: [Reason] = [
    Reason(
      .backendDown, Reply(451, 4, 1, "The mail server cannot be reached now, please try again ({id})"),
      .alarm,
      cause: "No session to any backend of the route could be opened, or each was closed at once.",
      effect: "The client keeps the message and comes again. The backend is tried after growing pauses.",
      remedy: "See that the backend runs and takes connections from here: weir status."),
    Reason(
      .backendUp, nil, .notice,
      cause: "A backend that was down answers again, or answered for the first time.",
      effect: "Mail is routed to it.", remedy: "Nothing."),
    Reason(
      .backendBusy, Reply(451, 4, 5, "The mail server is busy, please try again ({id})"), .warning,
      cause: "backend.connections sessions were busy until the message's time was up, or too many waited.",
      effect: "The client keeps the message and comes again.",
      remedy: "Raise backend.connections as far as the backend itself allows, or see why it is slow."),
    Reason(
      .backendTimeout, Reply(451, 4, 2, "The mail server does not answer in time, please try again ({id})"),
      .warning,
      cause: "A reply of the backend, or the whole delivery, took longer than its timeout.",
      effect: "The client keeps the message and comes again.",
      remedy: "See why the backend is slow; timeouts.backend_reply is how long it may take."),
    Reason(
      .backendLost, Reply(451, 4, 2, "The mail server broke off, please try again ({id})"), .warning,
      cause: "The session with the backend ended behind the content, before its reply.",
      effect:
        "Whether the backend has the message is not known: the client comes again, and it may come twice.",
      remedy: "See the backend's log for why it closed the session."),
    Reason(
      .backendIdentity, Reply(451, 3, 5, "The mail server is not ready for mail, please try again ({id})"),
      .alarm,
      cause:
        "The backend offered XFORWARD and refused it, or refused XCLIENT, or backend.identity asks for either in vain.",
      effect: "No message goes through this backend, and none in another's name.",
      remedy:
        "Allow the gateway there (Postfix: smtpd_authorized_xforward_hosts, smtpd_authorized_xclient_hosts), or set"
        + " identity = \"header\"."),
    Reason(
      .backendTLS, Reply(451, 4, 7, "The mail server cannot be reached safely now, please try again ({id})"),
      .alarm,
      cause:
        "The session with the backend could not be encrypted as backend.tls wants: STARTTLS is not offered or is"
        + " refused, the handshake failed, or the certificate is not the right one; detail= says which.",
      effect:
        "With tls = \"required\" or \"verify\" the client keeps the message and comes again; with \"optional\" mail"
        + " goes there in the clear for ten minutes, and this line is a warning.",
      remedy:
        "See the backend's certificate; backend.tls_name, tls_ca and tls_pins say which one is right: weir check."
    ),
  ]

  private static let messages: [Reason] = [
    Reason(
      .backendLacksExtension,
      Reply(451, 3, 3, "The mail server cannot take a message of this kind now, please try again ({id})"),
      .warning,
      cause: "The backend no longer offers an extension that this message needs and that it offered before.",
      effect: "The client comes again; what the gateway itself offers is learned anew.",
      remedy: "Have all backends of a route offer the same extensions."),
    Reason(
      .partlyDelivered, Reply(451, 4, 0, "Not all recipients could be served, please try again ({id})"),
      .warning,
      cause: "An LMTP backend took the message for some recipients and refused it for others.",
      effect:
        "Who has it is skipped when the client comes again; who was refused for good is refused at RCPT.",
      remedy: "Nothing; see the backend's words in detail=."),
  ]

  private static let recipients: [Reason] = [
    Reason(
      .recipientChanged, Reply(451, 3, 0, "A recipient cannot be served any more, please try again ({id})"),
      .warning,
      cause: "The backend refused a recipient at delivery that it, or the recipients file, accepted before.",
      effect:
        "Nothing was delivered. When the client comes again, a recipient refused for good is refused at RCPT.",
      remedy: "Nothing if the mailbox was removed just now; else see the backend's words in detail=."),
    Reason(
      .probesBusy, nil, .warning,
      cause: "More recipients are being asked for than the bound allows.",
      effect: "The recipient is told to come again.",
      remedy: "See whether someone harvests addresses; raise recipients.probes_waiting otherwise."),
    Reason(
      .backendAcceptsAll, nil, .warning,
      cause: "The backend accepted a made-up recipient.",
      effect: "Unknown recipients cannot be refused: the backend will bounce what the gateway let in.",
      remedy:
        "Have the backend refuse unknown users at RCPT, or give the gateway a file of them: recipients = \"file:…\"."
    ),
  ]
}
