import SMTPProtocol

extension ReasonCode {
  static let started: ReasonCode = "STARTED"
  static let stopping: ReasonCode = "STOPPING"
  static let reloaded: ReasonCode = "RELOADED"
  static let reloadRefused: ReasonCode = "RELOAD_REFUSED"
  static let listening: ReasonCode = "LISTENING"
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
      .listening, nil, .notice, cause: "A listener was opened or closed.", effect: "As it says.",
      remedy: "Nothing."),
    Reason(
      .configurationWarning, nil, .warning, cause: "The configuration was read with a warning.",
      effect: "As it says.", remedy: "weir check shows all of them."),
  ]
}
