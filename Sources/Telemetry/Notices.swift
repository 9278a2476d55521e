public import Bytes
public import Filtering
public import SMTPProtocol

extension ReasonCode {
  public static let started: ReasonCode = "STARTED"
  public static let reloaded: ReasonCode = "RELOADED"
  public static let reloadRefused: ReasonCode = "RELOAD_REFUSED"
  public static let draining: ReasonCode = "DRAINING"
  public static let stopped: ReasonCode = "STOPPED"
  public static let configurationWarning: ReasonCode = "CONFIGURATION_WARNING"
  public static let logLinesDropped: ReasonCode = "LOG_LINES_DROPPED"
  public static let logUnwritable: ReasonCode = "LOG_UNWRITABLE"
}

/// What the gateway says of itself in its log, in plain words.
public enum Notices {
  public static func started(version: String, listeners: [String], user: String?, at time: Timestamp) -> Event
  {
    let who = user.map { " as user \($0)" } ?? ""
    return .system(
      .info, .started, "weir \(version) listens on \(listeners.joined(separator: ", "))\(who)", at: time)
  }

  /// - Parameter changes: what is different now, in words; empty: nothing that matters to a session.
  public static func reloaded(_ changes: [String], at time: Timestamp) -> Event {
    .system(
      .info, .reloaded,
      changes.isEmpty ? "reloaded; nothing has changed" : "reloaded: \(changes.joined(separator: "; "))",
      at: time)
  }

  /// The first few problems; the rest are counted.
  public static func reloadRefused(_ problems: [String], at time: Timestamp) -> Event {
    let shown = problems.prefix(5).joined(separator: "; ")
    let rest = problems.count > 5 ? "; and \(problems.count - 5) more" : ""
    return .system(
      .error, .reloadRefused, "not reloaded, what was in force stays in force: \(shown)\(rest)", at: time)
  }

  public static func warning(_ words: String, at time: Timestamp) -> Event {
    .system(.warning, .configurationWarning, words, at: time)
  }

  public static func draining(sessions: Int, deadline: Duration, at time: Timestamp) -> Event {
    .system(
      .info, .draining,
      "stopping: no new connections; \(sessions) open, given \(deadline.components.seconds) s to finish",
      at: time)
  }

  public static func stopped(cut: Int, at time: Timestamp) -> Event {
    .system(
      .info, .stopped, cut == 0 ? "stopped" : "stopped; \(cut) sessions were cut off with 421", at: time)
  }
}

/// The catalogue's entries for what is said here.
public enum TelemetryReasons {
  public static let all: [Reason] = [
    Reason(
      .started, nil, .notice, cause: "The gateway was started.", effect: "It takes mail.", remedy: "Nothing."),
    Reason(
      .reloaded, nil, .notice, cause: "weir reload, SIGHUP, or an edit of a list.",
      effect: "New sessions meet the new settings; those that are open keep theirs.", remedy: "Nothing."),
    Reason(
      .reloadRefused, nil, .alarm, cause: "The configuration or a list has errors.",
      effect: "Nothing has changed: all that was in force stays in force.",
      remedy: "weir check names file, line and column of each error."),
    Reason(
      .draining, nil, .notice, cause: "SIGTERM: the gateway is stopping.",
      effect: "No new connections; messages under way are finished within the deadline.", remedy: "Nothing."),
    Reason(
      .stopped, nil, .notice, cause: "The gateway has stopped.", effect: "It takes no mail.",
      remedy: "Start it again: weir serve."),
    Reason(
      .configurationWarning, nil, .warning, cause: "The configuration is sound but says something odd.",
      effect: "It is in force as the line says.", remedy: "weir check shows all of them."),
    Reason(
      .logLinesDropped, nil, .warning, cause: "The disk, or the reader of standard output, is too slow.",
      effect: "So many lines are missing from the log; no mail is lost by it.",
      remedy: "A faster disk, or log.level = \"warning\"."),
    Reason(
      .logUnwritable, nil, .alarm, cause: "The log cannot be written: disk full, or not allowed.",
      effect: "Mail flows on and the lines are lost; weir status counts them.",
      remedy: "Make room, or mend owner and mode of the file, then weir reload."),
  ]
}
