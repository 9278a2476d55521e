import Bytes
import Filtering
import NetAddress
import SMTPProtocol
import Testing

@testable import Telemetry

/// 2026-11-20T12:00:01.123Z
private let moment = Timestamp(milliseconds: 1_795_176_001_123)

private func weighed(
  _ code: ReasonCode, _ score: Double, evidence: String = "", reason: String = "", list: String = "",
  ruling: Ruling = .none, mode: CheckMode = .enforce
) -> WeighedFinding {
  WeighedFinding(
    Finding(code, evidence: evidence, reason: reason, list: list), weight: Weight(score, ruling), mode: mode,
    found: .connect, enforceAt: .recipient)
}

private func refusal() -> Event {
  var event = Event(.reject, at: moment)
  event.id = "4F2A"
  event.stage = .recipient
  event.found = .connect
  event.code = "DNSBL_LISTED"
  event.client = IPAddress(v4: 0xC000_0207)
  event.helo = "mail.example"
  event.sender = "a@b.example"
  event.recipients = ["c@d.example"]
  event.score = 12.4
  event.findings = [weighed("DNSBL_LISTED", 8, evidence: "zen…=127.0.0.4"), weighed("HELO_BARE_IP", 2.4)]
  event.reply = Reply(550, 7, 1, "Refused")
  event.took = .milliseconds(31)
  return event
}

@Suite struct LogLineTests {
  @Test func isTheLineOfTheDesign() {
    #expect(
      LogLine.text(refusal())
        == "2026-11-20T12:00:01.123Z reject id=4F2A stage=recipient found=connect code=DNSBL_LISTED"
        + " client=192.0.2.7 ptr=- helo=mail.example from=<a@b.example> to=<c@d.example> score=12.4"
        + " findings=DNSBL_LISTED(zen…=127.0.0.4;8.0),HELO_BARE_IP(2.4) reply=\"550 5.7.1 Refused\" took=31ms"
    )
  }

  @Test func whoIsNotKnownIsSaidToBeSo() throws {
    var event = refusal()
    event.client = nil
    event.via = IPAddress("192.0.2.1")
    #expect(LogLine.text(event).contains(" client=unknown ptr=- via=192.0.2.1 helo=mail.example "))
    let object = try JSONValue.parse(LogLine.text(event, as: .json))
    #expect(object["client"] == .null && object["ptr"] == .null && object["via"] == .text("192.0.2.1"))
  }

  @Test func restStandsInItsOrder() {
    var event = Event(.accept, at: moment)
    event.client = IPAddress("2001:db8::1")
    event.clientName = "mx.example"
    event.sender = ""
    event.recipients = ["a@b", "c@d"]
    event.backend = "main"
    event.octets = 123_456_789_012
    event.detail = "sent again"
    event.took = .microseconds(900)
    event.reply = Reply(250, nil, ["one", "two"])
    #expect(
      LogLine.text(event)
        == "2026-11-20T12:00:01.123Z accept client=2001:db8::1 ptr=mx.example from=<> to=<a@b>,<c@d>"
        + " reply=\"250 one / two\" backend=main size=123456789012 detail=\"sent again\" took=0ms")
    let notice = Event.system(.error, "RELOAD_REFUSED", "weir.toml:3:1: no", at: moment)
    #expect(
      LogLine.text(notice)
        == "2026-11-20T12:00:01.123Z system code=RELOAD_REFUSED"
        + " detail=\"weir.toml:3:1: no\" level=error")
  }

  @Test func timesAndNumbersAreExact() {
    for milliseconds in [0, 1, 951_782_400_000, 1_709_164_799_999, 4_102_444_800_000] as [Int64] {
      let time = Timestamp(milliseconds: milliseconds)
      #expect(LogLine.text(Event(.accept, at: time)) == "\(time.rfc3339) accept")
    }
    for score in [0, -0.04, 0.05, 9.96, -12.34, 1e12, .nan, -.infinity] as [Double] {
      var event = Event(.accept, at: moment)
      event.score = score
      #expect(LogLine.text(event).hasSuffix(" score=\(Score.text(score))"))
    }
    for octets in [0, 9, 10, 99, 100, UInt64.max] {
      var event = Event(.accept, at: moment)
      event.octets = octets
      #expect(LogLine.text(event).hasSuffix(" size=\(octets)"))
    }
    var slow = Event(.accept, at: moment)
    slow.took = .milliseconds(-5)
    #expect(LogLine.text(slow).hasSuffix(" took=-5ms"))
  }

  @Test func longListsAreCutAndSaySo() {
    var event = Event(.accept, at: moment)
    event.recipients = (0..<25).map { "r\($0)@b" }
    event.findings = (0..<40).map { weighed(ReasonCode("F_\($0)"), 1) }
    let line = LogLine.text(event)
    #expect(line.contains(",<r19@b>,…+5 findings=F_0(1.0)"))
    #expect(line.hasSuffix("F_31(1.0),…+8"))
    event.detail = String(repeating: "ü", count: 5000)
    event.helo = String(repeating: "h", count: 5000)
    #expect(LogLine.text(event).utf8.count < 3500)
    #expect(LogLine.text(event).hasSuffix("üü…\""))
  }

  @Test func aRefusalHasAllItsKeys() {
    for kind in [Event.Kind.reject, .defer, .limit, .shadow] {
      #expect(
        LogLine.text(Event(kind, at: moment))
          == "2026-11-20T12:00:01.123Z \(kind.rawValue) id=- stage=- found=- helo=- from=- to=- score=0.0"
          + " findings=- reply=-")
      #expect(
        LogLine.text(Event(kind, at: moment), as: .json)
          == "{\"time\":\"2026-11-20T12:00:01.123Z\",\"event\":\"\(kind.rawValue)\",\"id\":\"\",\"stage\":\"\","
          + "\"found\":\"\",\"helo\":null,\"from\":null,\"to\":[],\"score\":0.0,\"findings\":[],\"reply\":\"\"}"
      )
    }
  }

  @Test func findingsShowRulingShadowListAndReason() {
    var event = Event(.session, at: moment)
    event.findings = [
      weighed(
        "CLIENT_BLOCKED", 0, evidence: "203.0.113.0/24", reason: "seen in May", list: "block.cidr:12",
        ruling: .reject),
      weighed("X", 0, mode: .shadow),
    ]
    #expect(
      LogLine.text(event)
        == "2026-11-20T12:00:01.123Z session"
        + " findings=\"CLIENT_BLOCKED(block.cidr:12;203.0.113.0/24;seen in May;reject),X(shadow)\"")
  }
}

@Suite struct LogForgeryTests {
  /// What a hostile peer would like to see in the log.
  private static let hostile = [
    "x\r\n2026-11-20T12:00:01.123Z accept id=FORGED", "x\nfake", "a b=c", "a\" code=FORGED x=\"",
    "back\\slash",
    "\\\" id=FORGED", "\u{0}\u{1b}[31m", "\u{202e}gro.live@moc", "\u{2028}line", "\u{85}next",
    "\u{a0}id=FORGED",
    "\u{3000}id=FORGED", "\u{feff}bom", "\u{200b}zero", "\u{e000}", "\u{10ffff}", "\u{e0041}tag", "\u{7f}",
    "caf\u{e9}", "), FAKE(9.0", "x;reject;99.0", "\u{fffd}", "", " ", "-", "\u{1f600}", "…",
  ]

  private func event(_ value: String) -> Event {
    var event = Event(.reject, at: moment)
    event.id = "4F2A"
    event.code = "CODE"
    event.client = IPAddress(v4: 1)
    event.clientName = value
    event.helo = value
    event.sender = value
    event.recipients = [value, "b@c"]
    event.findings = [weighed("ONE", 1, evidence: value), weighed("TWO", 2)]
    event.reply = Reply(550, 7, 1, value)
    event.detail = value
    event.took = .zero
    return event
  }

  @Test(arguments: hostile)
  func textKeepsItsFields(_ value: String) throws {
    let line = LogLine.text(event(value))
    for scalar in line.unicodeScalars {
      #expect(
        scalar == " "
          || ![.control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator].contains(
            scalar.properties.generalCategory)
      )
    }
    let fields = try TextFields(line)
    #expect(
      fields.keys
        == [
          "id", "stage", "found", "code", "client", "ptr", "helo", "from", "to", "score", "findings", "reply",
        ]
        + (value.isEmpty ? [] : ["detail"]) + ["took"])
    #expect(fields.values["ptr"] == (value.isEmpty ? "-" : value))
    #expect(fields.values["helo"] == (value.isEmpty ? "-" : value))
    #expect(fields.values["from"] == "<\(value)>")
    #expect(fields.values["to"] == "<\(value)>,<b@c>")
    #expect(fields.values["detail"] == (value.isEmpty ? nil : value))
    #expect(fields.values["reply"] == "550 5.7.1 \(value)")
    // The signs that part a finding's pieces are escaped before the quotes are.
    let findings = try #require(fields.raw["findings"])
    let unquoted = findings.hasPrefix("\"") ? String(findings.dropFirst().dropLast()) : findings
    let pieces = unquoted.split(separator: ",TWO")
    #expect(pieces.last == "(2.0)")
    #expect(unquoted.hasPrefix("ONE("))
    #expect(unquoted.filter { $0 == "(" || $0 == ")" }.count == 4)
    #expect(unquoted.filter { $0 == ";" }.count == (value.isEmpty ? 0 : 1))
  }

  @Test(arguments: hostile)
  func jsonReadsBackAsItWas(_ value: String) throws {
    let line = LogLine.text(event(value), as: .json)
    #expect(!line.utf8.contains(0x0a))
    let object = try JSONValue.parse(line)
    #expect(object["helo"] == (value.isEmpty ? .null : .text(value)))
    #expect(object["ptr"] == (value.isEmpty ? .null : .text(value)))
    #expect(object["from"]?.text == value)
    #expect(object["to"] == .list([.text(value), .text("b@c")]))
    #expect(object["reply"]?.text == "550 5.7.1 \(value)")
    #expect(object["findings"]?.items?.count == 2)
    #expect(object["findings"]?.items?.first?["evidence"]?.text == value)
    #expect(object["findings"]?.items?.last?["score"] == .number(2))
    #expect(object["took"] == .number(0))
  }

  @Test func jsonIsTyped() throws {
    var event = refusal()
    event.octets = 77
    event.severity = .warning
    let object = try JSONValue.parse(LogLine.text(event, as: .json))
    #expect(
      object.keys == [
        "time", "event", "id", "stage", "found", "code", "client", "ptr", "helo", "from", "to", "score",
        "findings", "reply", "size", "took", "level",
      ])
    #expect(object["score"] == .number(12.4))
    #expect(object["size"] == .number(77))
    #expect(object["took"] == .number(31))
    #expect(object["level"]?.text == "warning")
    #expect(object["time"]?.text == "2026-11-20T12:00:01.123Z")
  }
}
