internal import Bytes
internal import Filtering
internal import MailAuthentication
internal import MailSyntax
internal import SMTPProtocol
internal import Settings
internal import TraceAnalysis

extension ReasonCode {
  static let fromNotThere: ReasonCode = "HEADER_MISSING_FROM"
  static let dateNotThere: ReasonCode = "HEADER_MISSING_DATE"
  static let messageIDNotThere: ReasonCode = "HEADER_MISSING_MESSAGE_ID"
  static let headerDoubled: ReasonCode = "HEADER_DOUBLED"
  static let fromMalformed: ReasonCode = "FROM_MALFORMED"
  static let dateMalformed: ReasonCode = "DATE_MALFORMED"
  static let dateFarOff: ReasonCode = "DATE_FAR_OFF"
  static let messageIDMalformed: ReasonCode = "MESSAGE_ID_MALFORMED"
  static let mailerForged: ReasonCode = "MAILER_FORGED"
}

/// The header as RFC 5322 §3.6 has it: what is missing, doubled or malformed, a Date far off, and marks of mail programs
/// that contradict each other. Reads nothing but the header.
struct HeaderShapeCheck: Check {
  static let name = "header_shape"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .fromNotThere, 2, reply: "Message has no From",
      cause:
        "The header has no From field (RFC 5322 §3.6). Where the check dmarc counts, it says so itself: FROM_MISSING."
    ),
    ContentCode(
      .dateNotThere, 1, reply: "Message has no Date",
      cause: "The header has no Date field (RFC 5322 §3.6)."),
    ContentCode(
      .messageIDNotThere, 0.5, reply: "Message has no Message-ID",
      cause: "The header has no Message-ID field, which every message should have (RFC 5322 §3.6.4)."),
    ContentCode(
      .headerDoubled, 1, reply: "Message has a header field twice that may stand once",
      cause:
        "A field of which RFC 5322 has one stands there twice: readers differ in which they show. Two From fields are the matter of dmarc where it counts: FROM_MULTIPLE."
    ),
    ContentCode(
      .fromMalformed, 1, reply: "From of this message is no list of addresses",
      cause:
        "From names somebody only to a generous reader: it is not of the grammar of RFC 5322. One that names nobody is the matter of dmarc where it counts: FROM_UNREADABLE."
    ),
    ContentCode(
      .dateMalformed, 1, reply: "Date of this message is none",
      cause: "Date cannot be read, never was, has a weekday that is not its own, or a zone that no place has."
    ),
    ContentCode(
      .dateFarOff, 1.5, reply: "Date of this message is far off",
      cause: "Date lies more than a day ahead (future) or four weeks back (past).",
      remedy: "checks.header_shape.future and past say how far it may be off."),
    ContentCode(
      .messageIDMalformed, 1, reply: "Message-ID of this message is none",
      cause: "Message-ID is not of the form <left@right>."),
    ContentCode(
      .mailerForged, 2.5, reply: "Header of this message is not the one its mail program writes",
      cause:
        "The header names a mail program, or bears its marks, and lacks or contradicts what that program always writes."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Those of RFC 5322 §3.6 that may stand once, From apart; of MIME's `encoding` speaks.
  private static let once = [
    "Date", "Message-ID", "Subject", "Sender", "Reply-To", "To", "Cc", "In-Reply-To", "References",
  ]

  private let future: Duration
  private let past: Duration
  /// Whether this check says what is wrong with From. Where `dmarc` counts it does, and one fault is to weigh once; in
  /// shadow, off or without a resolver it does not.
  private let judgesFrom: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let year = Duration.seconds(365 * 86_400)
    future = keys.duration("future", in: .seconds(60)...year, default: .seconds(86_400))
    past = keys.duration("past", in: .seconds(60)...year, default: .seconds(28 * 86_400))
    let dmarc = materials.settings.checks[DMARCCheck.name]?.mode ?? .enforce
    judgesFrom = !materials.resolves || dmarc != .enforce
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .immediate { facts in findings(facts) }))
  }

  private func findings(_ facts: MessageFacts) -> [Finding] {
    var notes = ContentNotes()
    let header = facts.header
    // What is not there may stand beyond the bound.
    if !header.isCut {
      if judgesFrom, !header.contains("From") { notes.note(.fromNotThere) }
      if !header.contains("Date") { notes.note(.dateNotThere) }
      if !header.contains("Message-ID") { notes.note(.messageIDNotThere) }
    }
    for name in judgesFrom ? ["From"] + Self.once : Self.once where header.count(name) > 1 {
      notes.note(.headerDoubled, "\(name) \(header.count(name)) times")
    }
    judgeFrom(facts, &notes)
    let date = judgeDate(facts, &notes)
    judgeID(facts, &notes)
    if let why = MailerMarks.contradiction(in: facts, date: date ?? facts.mail.time) {
      notes.note(.mailerForged, why)
    }
    return notes.findings(Self.rows)
  }

  private func judgeFrom(_ facts: MessageFacts, _ notes: inout ContentNotes) {
    guard let field = facts.header.first("From") else { return }
    let authors = facts.authors
    let text = facts.headerText(of: field)
    if authors.isNobody ? judgesFrom : (!authors.isReadable && !Self.isPlain(text)) {
      notes.note(.fromMalformed, text)
    }
  }

  /// `name@host.example <name@host.example>`: a name that is only not quoted, as many forms on the web write it. Nobody
  /// reads it otherwise.
  static func isPlain(_ from: String) -> Bool {
    let octets = Array(from.utf8)
    guard octets.last == UInt8(ascii: ">"), let open = octets.firstIndex(of: UInt8(ascii: "<")) else {
      return false
    }
    let address = octets[(open + 1)...].dropLast()
    func isSpecial(_ octet: UInt8) -> Bool { octet < 0x20 || "<>,;:\"()[]\\".utf8.contains(octet) }
    return !octets[..<open].contains(where: isSpecial) && !address.contains { isSpecial($0) || $0 == 0x20 }
      && address.count(where: { $0 == UInt8(ascii: "@") }) == 1
  }

  private func judgeID(_ facts: MessageFacts, _ notes: inout ContentNotes) {
    guard let id = facts.headerText("Message-ID") else { return }
    // RFC 6532 §3.2 has UTF-8 in ids.
    let allows = facts.mail.parameters.isInternationalized
    if !Self.isMessageID(id, allowsUTF8: allows) { notes.note(.messageIDMalformed, id) }
  }

  /// The moment that Date tells, where it can be read.
  private func judgeDate(_ facts: MessageFacts, _ notes: inout ContentNotes) -> Timestamp? {
    guard let field = facts.header.first("Date") else { return nil }
    switch MailDate.read(facts.octets(of: field)).0 {
    case .failure:
      notes.note(.dateMalformed, facts.headerText(of: field))
      return nil
    case .success(let date):
      if date.oddities.contains(where: \.isNoClocks) {
        notes.note(.dateMalformed, facts.headerText(of: field))
      }
      let ahead = date.moment - facts.mail.time
      // What was sent again keeps its old Date (RFC 5322 §3.6.6).
      if ahead > future || ahead < .zero - past && !facts.header.contains("Resent-Date") {
        let days = abs(ahead.milliseconds) / 86_400_000
        notes.note(
          .dateFarOff, "\(date.moment.isoDay): \(days) days \(ahead > .zero ? "ahead" : "back")")
      }
      return date.moment
    }
  }

  /// `<left@right>`, perhaps with a comment behind it, as some servers write that they added it.
  static func isMessageID(_ text: String, allowsUTF8: Bool = false) -> Bool {
    let octets = Array(text.utf8)
    guard octets.first == UInt8(ascii: "<"), let end = octets.firstIndex(of: UInt8(ascii: ">")) else {
      return false
    }
    let id = octets[1..<end]
    let rest = octets[(end + 1)...].drop { $0.isWhiteSpace }
    guard rest.isEmpty || rest.first == UInt8(ascii: "(") else { return false }
    guard let at = id.lastIndex(of: UInt8(ascii: "@")) else { return false }
    return at > id.startIndex && at + 1 < id.endIndex
      && id.allSatisfy { $0 > 0x20 && $0 != 0x7f && (allowsUTF8 || $0 < 0x80) && $0 != UInt8(ascii: "<") }
  }
}

extension MailDate.Oddity {
  /// Whether no clock makes it by being wrong; a zone's name beside its offset people set by hand.
  fileprivate var isNoClocks: Bool { if case .zoneNameDiffers = self { false } else { true } }
}
