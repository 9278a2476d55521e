internal import Bytes
internal import Filtering
internal import GRDB
internal import MailSyntax
internal import SMTPProtocol

/// A quarantine entry as the index has it.
enum EntryRow {
  static func insert(
    _ order: QuarantineOrder, id: String, message: Int64, at time: Timestamp, into db: Database
  ) throws -> Int64 {
    try db.cachedStatement(
      sql: """
        INSERT INTO entry (id, message, folder, since, expires, held, score, code, rule, findings)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      id, message, order.folder.description, time.milliseconds, order.expires.milliseconds,
      order.recipients.count, order.score, order.code.name, order.rule.cut(MessageRow.longestText),
      order.findings.cut(MessageRow.longestFindings),
    ])
    let entry = db.lastInsertedRowID
    for (place, recipient) in order.recipients.enumerated() {
      try insert(recipient, at: place, of: entry, changed: time, detail: "", into: db)
    }
    return entry
  }

  static func insert(
    _ recipient: Envelope.Recipient, at place: Int, of entry: Int64, changed: Timestamp, detail: String,
    into db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO recipient (entry, place, path, notify, originalRecipient, state, changed, detail)
        VALUES (?, ?, ?, ?, ?, 'held', ?, ?)
        """
    ).execute(arguments: [
      entry, place, recipient.path.text, recipient.parameters.notify, recipient.parameters.originalRecipient,
      changed.milliseconds, detail.cut(MessageRow.longestText),
    ])
  }

  /// The columns that `entries` reads.
  static let selection = """
    SELECT entry.key AS entryKey, entry.id AS entryID, entry.folder, entry.since, entry.expires, entry.score,
      entry.code, entry.rule, entry.findings, message.*
    FROM entry JOIN message ON message.key = entry.message
    """

  /// - Parameter rows: of `selection`.
  static func entries(_ rows: [Row], _ db: Database) throws -> [QuarantineEntry] {
    let recipients = try db.cachedStatement(
      sql: """
        SELECT path, notify, originalRecipient, state, changed, detail FROM recipient
        WHERE entry = ? ORDER BY place
        """)
    return try rows.map { row in
      let all = try Row.fetchAll(recipients, arguments: [row["entryKey"] as Int64? ?? 0]).map { row in
        QuarantineEntry.Recipient(
          MessageRow.recipient(row),
          state: (row["state"] as String?).flatMap(QuarantineState.init) ?? .held,
          changed: MessageRow.moment(row, "changed"), detail: row["detail"] ?? "")
      }
      let order = QuarantineOrder(
        folder: QuarantineFolder(row["folder"] ?? "") ?? .undeliverable, recipients: all.map(\.recipient),
        expires: MessageRow.moment(row, "expires"), score: row["score"], code: ReasonCode(row["code"] ?? ""),
        rule: row["rule"] ?? "", findings: row["findings"] ?? "")
      return QuarantineEntry(
        id: row["entryID"] ?? "", message: row["id"] ?? "", since: MessageRow.moment(row, "since"),
        sender: MessageRow.path(row["sender"] ?? ""), subject: row["subject"] ?? "",
        from: row["author"] ?? "", client: MessageRow.client(row),
        octets: UInt64(clamping: row["octets"] as Int64? ?? 0), order: order, recipients: all)
    }
  }
}
