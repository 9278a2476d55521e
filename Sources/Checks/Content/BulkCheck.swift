internal import Bytes
internal import Filtering
internal import MailSyntax
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let bulk: ReasonCode = "BULK"
  static let bulkImitated: ReasonCode = "BULK_IMITATED"
}

/// Mail to many: by the headers that lists and newsletters write (RFC 2369, RFC 2919, RFC 8058), told from their
/// imitation. Reads nothing but the header.
struct BulkCheck: Check {
  static let name = "bulk"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .bulk, 0, reply: nil,
      cause: "The header says that the message goes to many: List-Id, List-Unsubscribe, Precedence."),
    ContentCode(
      .bulkImitated, 1, reply: "Header of this message imitates that of a mailing list",
      cause:
        "Headers of lists that no list writes: a List-Unsubscribe that leads nowhere, a List-Id that is none, one-click unsubscribing without an address or a signature, a bulk precedence on what pretends to be an answer to its reader."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {}

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .immediate { facts in Self.findings(facts) }))
  }

  private static func findings(_ facts: MessageFacts) -> [Finding] {
    let marks = BulkMarks(facts)
    guard !marks.isEmpty else { return [] }
    var notes = ContentNotes()
    notes.note(.bulk, marks.words)
    if let why = marks.imitation { notes.note(.bulkImitated, why) }
    return notes.findings(rows)
  }
}

/// What a header says of lists.
struct BulkMarks {
  private let facts: MessageFacts
  private let listID: String?
  private let unsubscribe: String?
  private let oneClick: String?
  private let precedence: String?

  init(_ facts: MessageFacts) {
    self.facts = facts
    listID = facts.headerText("List-Id")
    // Long addresses come encoded, from programs that take them for text.
    unsubscribe = facts.decodedHeaderText("List-Unsubscribe")?.trimmingSpace
    oneClick = facts.headerText("List-Unsubscribe-Post")
    precedence = facts.headerText("Precedence")?.lowercasedASCII
  }

  private var isBulkPrecedence: Bool { precedence.map { ["bulk", "list", "junk"].contains($0) } ?? false }

  var isEmpty: Bool { listID == nil && unsubscribe == nil && oneClick == nil && !isBulkPrecedence }

  var words: String {
    var words: [String] = []
    if let listID { words.append("List-Id \(listID.suffix(60))") }
    if unsubscribe != nil { words.append("List-Unsubscribe") }
    if isBulkPrecedence, let precedence { words.append("Precedence \(precedence)") }
    if facts.recipients.count > 1 { words.append("\(facts.recipients.count) recipients") }
    return words.joined(separator: ", ")
  }

  /// Why no list wrote this; nil where one may have.
  var imitation: String? {
    // RFC 2369 §2: angle brackets with URLs in them; some leave the brackets out. Empty is no header, but no trick.
    if let unsubscribe, !unsubscribe.isEmpty, !Self.leadsSomewhere(unsubscribe) {
      return "List-Unsubscribe leads nowhere"
    }
    if let listID, !listID.isEmpty, !listID.contains(".") && !listID.contains("<") {
      return "List-Id is none"
    }
    if let oneClick {
      guard oneClick.lowercasedASCII.filter({ $0 != " " }) == "list-unsubscribe=one-click" else {
        return "List-Unsubscribe-Post is none"
      }
      // RFC 8058 §3.1 and §4: an https address beside it (some houses leave it at http), and a signature over both.
      guard let unsubscribe, unsubscribe.lowercasedASCII.contains("http") else {
        return "one-click unsubscribing without an address"
      }
      // A list takes the signature off, and puts its own List-Unsubscribe beside what was there.
      if listID == nil, !isListed, !facts.header.isCut, !facts.header.contains("DKIM-Signature") {
        return "one-click unsubscribing without a signature"
      }
    }
    if isBulkPrecedence, !facts.header.isCut, listID == nil, unsubscribe == nil, isAnswer, !hasThread,
      !isAutomatic, !isListed
    {
      return "an answer to nothing with Precedence \(precedence ?? "")"
    }
    return nil
  }

  private static func leadsSomewhere(_ text: String) -> Bool {
    let octets = Array(text.utf8)
    // What a template left unfilled has no host.
    return !LinkFinder.links(in: octets).isEmpty || HostLabel.mailHosts(in: octets).contains { !$0.isEmpty }
  }

  private var isAnswer: Bool {
    let subject = (facts.decodedHeaderText("Subject") ?? "").lowercasedASCII
    return ["re:", "aw:", "fwd:", "fw:", "回复:", "回复：", "答复:", "答复："].contains { subject.hasPrefix($0) }
  }

  private var hasThread: Bool {
    facts.header.contains("In-Reply-To") || facts.header.contains("References")
      || facts.header.contains("Thread-Index")
  }

  /// Answering machines answer with a bulk precedence, and are to (RFC 3834 §2).
  private var isAutomatic: Bool {
    facts.header.contains("Auto-Submitted") || facts.header.contains("X-Autoreply")
      || facts.header.contains("X-Auto-Response-Suppress")
  }

  /// Older lists wrote headers of their own.
  private var isListed: Bool {
    [
      "List-Post", "List-Help", "List-Subscribe", "Mailing-List", "X-Mailing-List", "X-Mailman-Version",
      "X-BeenThere", "X-List", "X-Loop", "Sender", "Errors-To",
    ].contains(where: facts.header.contains)
  }
}
