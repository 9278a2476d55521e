internal import Bytes
internal import Filtering
internal import Foundation
internal import GRDB
internal import SMTPProtocol

/// A leg of the outbox as the index has it.
enum LegRow {
  /// - Returns: its key.
  static func insert(
    _ order: OutboxOrder, message: Int64, entry: Int64?, isProvisional: Bool = false, at time: Timestamp,
    into db: Database
  ) throws -> Int64 {
    try db.cachedStatement(
      sql: """
        INSERT INTO leg (message, entry, kind, sender, path, notify, originalRecipient, header, hops, created,
          expires, state, attempts, next, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '')
        """
    ).execute(arguments: [
      message, entry, order.kind.rawValue, order.sender.text, order.recipient.path.text,
      order.recipient.parameters.notify, order.recipient.parameters.originalRecipient,
      Data(order.header), order.hops, time.milliseconds, order.expires.milliseconds,
      isProvisional ? "provisional" : LegState.waiting.rawValue, time.milliseconds,
    ])
    return db.lastInsertedRowID
  }

  /// The columns that `leg` reads.
  static let selection = """
    SELECT leg.key AS legKey, leg.kind, leg.sender AS legSender, leg.path, leg.notify, leg.originalRecipient,
      leg.header, leg.hops, leg.created, leg.expires, leg.state, leg.attempts, leg.next, leg.detail, message.*
    FROM leg JOIN message ON message.key = leg.message
    """

  /// - Parameter row: of `selection`.
  static func leg(_ row: Row) -> OutboxLeg {
    let order = OutboxOrder(
      kind: (row["kind"] as String?).flatMap(LegKind.init) ?? .release,
      sender: MessageRow.path(row["legSender"] ?? ""), recipient: MessageRow.recipient(row),
      header: Array(row["header"] as Data? ?? Data()), hops: Int(row["hops"] as Int64? ?? 0),
      expires: MessageRow.moment(row, "expires"))
    return OutboxLeg(
      id: row["legKey"] ?? 0, message: row["id"] ?? "", order: order,
      parameters: MessageRow.parameters(row), client: MessageRow.client(row),
      isBinary: row["isBinary"] ?? false, octets: UInt64(clamping: row["octets"] as Int64? ?? 0),
      created: MessageRow.moment(row, "created"),
      state: (row["state"] as String?).flatMap(LegState.init) ?? .unsure,
      attempts: Int(row["attempts"] as Int64? ?? 0), next: MessageRow.moment(row, "next"),
      detail: row["detail"] ?? "")
  }
}
