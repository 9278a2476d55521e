public import SMTPProtocol

extension ReasonCode {
  public static let logLinesDropped: ReasonCode = "LOG_LINES_DROPPED"
}

/// The catalogue's entries for what the log says of itself.
public enum TelemetryReasons {
  public static let all: [Reason] = [
    Reason(
      .logLinesDropped, nil, .warning, cause: "The disk, or the reader of standard output, is too slow.",
      effect: "So many lines are missing from the log; no mail is lost by it.",
      remedy: "A faster disk, or log.level = \"warning\".")
  ]
}
