import SMTPProtocol

extension ReasonCode {
  static let started: ReasonCode = "STARTED"
  static let stopping: ReasonCode = "STOPPING"
  static let reloaded: ReasonCode = "RELOADED"
  static let reloadRefused: ReasonCode = "RELOAD_REFUSED"
  static let certificatesReloaded: ReasonCode = "CERTIFICATES_RELOADED"
  static let certificatesRefused: ReasonCode = "CERTIFICATES_REFUSED"
  static let certificateExpires: ReasonCode = "CERTIFICATE_EXPIRES"
  static let listening: ReasonCode = "LISTENING"
  static let metricsUnavailable: ReasonCode = "METRICS_UNAVAILABLE"
  static let configurationWarning: ReasonCode = "CONFIGURATION_WARNING"
}

/// What the gateway says of itself in the log.
enum SystemReasons {
  static let all: [Reason] = [
    Reason(.started, nil, .notice, cause: "weir serve began.", effect: "Mail flows.", remedy: "Nothing."),
    Reason(
      .stopping, nil, .notice, cause: "SIGTERM or SIGINT.",
      effect: "No new connections; sessions in the middle of a message may finish.", remedy: "Nothing."),
    Reason(
      .reloaded, nil, .notice, cause: "SIGHUP or weir reload, and all was sound.",
      effect: "New sessions follow the new configuration.", remedy: "Nothing."),
    Reason(
      .reloadRefused, nil, .alarm, cause: "SIGHUP or weir reload, and something was wrong.",
      effect: "The old configuration stays; no session was dropped.",
      remedy: "weir check says what is wrong and where."),
    Reason(
      .certificatesReloaded, nil, .notice,
      cause: "A file of a certificate or a key was changed, and all of them are sound.",
      effect: "New connections get the new certificate; those that stand keep theirs.", remedy: "Nothing."),
    Reason(
      .certificatesRefused, nil, .alarm,
      cause: "A file of a certificate or a key was changed, and it is broken, or belongs to another pair.",
      effect: "The old certificates stay in force, all of them.",
      remedy: "Put the file right that the line names; it is looked at again when it changes."),
    Reason(
      .certificateExpires, nil, .alarm, cause: "A certificate ends within three weeks, or has ended.",
      effect: "From then on senders that verify refuse to deliver, and users' programs warn.",
      remedy: "Renew it; the gateway reads the new files by itself. Said once a day."),
    Reason(
      .listening, nil, .notice, cause: "A listener was opened or closed.", effect: "As it says.",
      remedy: "Nothing."),
    Reason(
      .metricsUnavailable, nil, .warning,
      cause: "metrics.address cannot be listened on: another server has the port, or it needs root.",
      effect: "No metrics are served; mail flows.",
      remedy: "Free the port or name another; weir reload tries again."),
    Reason(
      .configurationWarning, nil, .warning, cause: "The configuration was read with a warning.",
      effect: "As it says.", remedy: "weir check shows all of them."),
  ]
}
