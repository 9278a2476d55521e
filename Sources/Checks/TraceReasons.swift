internal import Filtering
internal import SMTPProtocol

extension ReasonCode {
  static let traceHeloForged: ReasonCode = "TRACE_HELO_FORGED"
  static let traceGap: ReasonCode = "TRACE_GAP"
  static let traceTimeBackwards: ReasonCode = "TRACE_TIME_BACKWARDS"
  static let traceTimeImpossible: ReasonCode = "TRACE_TIME_IMPOSSIBLE"
  static let traceZoneForged: ReasonCode = "TRACE_ZONE_FORGED"
  static let traceDateForged: ReasonCode = "TRACE_DATE_FORGED"
  static let tracePrivateAddress: ReasonCode = "TRACE_PRIVATE_ADDRESS"
  static let traceAddressForged: ReasonCode = "TRACE_ADDRESS_FORGED"
  static let traceLineInvented: ReasonCode = "TRACE_LINE_INVENTED"
  static let traceIDTime: ReasonCode = "TRACE_ID_TIME"
  static let traceAmbiguous: ReasonCode = "TRACE_AMBIGUOUS"
  static let traceHopsTooMany: ReasonCode = "TRACE_HOPS_TOO_MANY"
}

/// The reasons of the trace check: what each weighs, and what it says.
///
/// The weights come from the messages of the public corpus: what no honest message shows weighs 2 and more, what one in
/// twenty shows weighs half a point or nothing.
enum TraceReasons {
  private struct Row {
    let code: ReasonCode
    let weight: Double
    let cause: String
  }

  private static let rows = [
    Row(
      code: .traceHeloForged, weight: 2,
      cause:
        "By a Received line, a relay on the way was greeted with an address that the client did not have."),
    Row(
      code: .traceGap, weight: 0.5,
      cause:
        "A Received line names a client that is of another house than the server which wrote the line below it."
    ),
    Row(
      code: .traceTimeBackwards, weight: 0.3,
      cause: "A Received line is hours older than the one below it, which was written before it."),
    Row(
      code: .traceTimeImpossible, weight: 1.5,
      cause: "A Received line is more than a day older than the one below it, or than now."),
    Row(
      code: .traceZoneForged, weight: 1.5,
      cause: "A Received line has a time zone that no place has, or that does not fit the zone's name."),
    Row(
      code: .traceDateForged, weight: 1.5,
      cause:
        "A Received line has a date that never was, a weekday that is not that date's, or a form that no server writes."
    ),
    Row(
      code: .tracePrivateAddress, weight: 0.3,
      cause: "By a Received line, a private address spoke to a server of another house."),
    Row(
      code: .traceAddressForged, weight: 2.5, cause: "A Received line has an address that no host can have."),
    Row(
      code: .traceLineInvented, weight: 2.5,
      cause: "A Received line has a protocol or an id that the server it names never writes."),
    Row(
      code: .traceIDTime, weight: 1.5,
      cause: "The id in a Received line tells another day than the line's date."),
    Row(
      code: .traceAmbiguous, weight: 2,
      cause: "A client on the way greeted with a text that looks like a server's Received line."),
    Row(
      code: .traceHopsTooMany, weight: 3,
      cause: "The message went through more servers than mail does (checks.trace.hops)."),
  ]

  /// In the order in which findings are listed.
  static let codes = rows.map(\.code)

  static let weights = [ReasonCode: Weight](uniqueKeysWithValues: rows.map { ($0.code, Weight($0.weight)) })

  static let reasons = rows.map { row in
    Reason(
      row.code, Reply(550, 7, 1, "The Received lines of the message do not fit together"), .refusal,
      cause: row.cause,
      effect: "It weighs a little; with checks.trace.action = \"reject\" the message is refused.",
      remedy:
        "Look at the message with weir trace; put servers of your own into trust.networks, or lower checks.trace.weights.\(row.code)."
    )
  }
}

extension TraceCheck {
  static let weights = TraceReasons.weights
  static let reasons = TraceReasons.reasons
}
