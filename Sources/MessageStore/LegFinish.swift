internal import Bytes
internal import Filtering
internal import GRDB
internal import MailSyntax
internal import SMTPProtocol

/// What an attempt's ending means for its leg.
struct LegFinish {
  let leg: OutboxLeg.ID
  let time: Timestamp
  let terms: OutboxTerms

  /// A leg that is gone already is passed over, so that telling twice does no harm.
  func run(_ ending: LegEnding, _ db: Database, _ closing: inout Closing) throws {
    guard
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT leg.message, leg.entry, leg.path, leg.notify, leg.originalRecipient, leg.attempts, leg.expires,
            message.id, message.octets, message.purpose
          FROM leg JOIN message ON message.key = leg.message
          WHERE leg.key = ? AND leg.state IN ('waiting', 'sending')
          """, arguments: [leg])
    else { return }
    switch ending {
    case .delivered(let detail):
      if let entry = row["entry"] as Int64? {
        try db.execute(
          sql: "UPDATE recipient SET detail = ? WHERE entry = ? AND path = ? AND state = 'released'",
          arguments: ["delivered: \(detail)".cut(MessageRow.longestText), entry, row["path"] as String])
      }
      try delete(row, db, &closing)
    case .deferred(let detail):
      guard time.milliseconds < row["expires"] else {
        try giveUp(row, .outboxExpired, detail, db, &closing)
        return
      }
      try put(.waiting, detail, next: nextAttempt(row), db)
    case .refused(let detail): try giveUp(row, .outboxRefused, detail, db, &closing)
    case .unsure(let detail): try put(.unsure, detail, next: time.milliseconds, db)
    case .untried:
      try db.execute(sql: "UPDATE leg SET state = 'waiting' WHERE key = ?", arguments: [leg])
    }
  }

  /// The last attempt is made when its time is over, not before.
  private func nextAttempt(_ row: Row) -> Int64 {
    let attempts = 1 + Int(row["attempts"] as Int64)
    let wait = max(1, terms.wait(after: attempts).milliseconds)
    return min(time.milliseconds + wait, row["expires"])
  }

  private func put(_ state: LegState, _ detail: String, next: Int64, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE leg SET state = ?, attempts = attempts + 1, next = ?, detail = ? WHERE key = ?",
      arguments: [state.rawValue, next, detail.cut(MessageRow.longestText), leg])
  }

  private func delete(_ row: Row, _ db: Database, _ closing: inout Closing) throws {
    try db.execute(sql: "DELETE FROM leg WHERE key = ?", arguments: [leg])
    closing.touched.insert(row["message"])
  }

  /// Into the folder for what could not be delivered: nobody is sent a bounce, and nothing is dropped.
  private func giveUp(
    _ row: Row, _ code: ReasonCode, _ detail: String, _ db: Database, _ closing: inout Closing
  ) throws {
    let message: Int64 = row["message"]
    let recipient = MessageRow.recipient(row)
    let folder = QuarantineFolder.undeliverable
    let expires = time + terms.undeliverableFor
    let known = try Int64.fetchOne(
      db, sql: "SELECT key FROM entry WHERE message = ? AND folder = ?",
      arguments: [message, folder.description])
    if let known {
      try add(recipient, to: known, until: expires, detail, db)
    } else {
      let order = QuarantineOrder(folder: folder, recipients: [recipient], expires: expires, code: code)
      let id = try Self.unusedID(of: row["id"], db)
      let entry = try EntryRow.insert(order, id: id, message: message, at: time, into: db)
      try db.execute(
        sql: "UPDATE recipient SET detail = ? WHERE entry = ?",
        arguments: [detail.cut(MessageRow.longestText), entry])
    }
    if row["purpose"] == StorePurpose.outbox.rawValue {
      try db.execute(
        sql: "UPDATE message SET purpose = ? WHERE key = ?",
        arguments: [StorePurpose.quarantine.rawValue, message])
      closing.moved.append(Closing.Moved(octets: Int(row["octets"] as Int64)))
    }
    try delete(row, db, &closing)
  }

  private func add(
    _ recipient: Envelope.Recipient, to entry: Int64, until expires: Timestamp, _ detail: String,
    _ db: Database
  ) throws {
    try db.execute(
      sql: """
        UPDATE recipient SET state = 'held', changed = ?, detail = ?
        WHERE entry = ? AND path = ? AND state <> 'held'
        """,
      arguments: [
        time.milliseconds, detail.cut(MessageRow.longestText), entry, recipient.path.text,
      ])
    var held = db.changesCount
    if held == 0 {
      let place = try Int.fetchOne(
        db, sql: "SELECT max(place) + 1 FROM recipient WHERE entry = ?", arguments: [entry])
      try EntryRow.insert(recipient, at: place ?? 0, of: entry, changed: time, detail: detail, into: db)
      held = 1
    }
    try db.execute(
      sql: "UPDATE entry SET held = held + ?, expires = max(expires, ?) WHERE key = ?",
      arguments: [held, expires.milliseconds, entry])
  }

  /// The message's id, or that with a number behind it where an entry has it.
  private static func unusedID(of message: String, _ db: Database) throws -> String {
    var id = message
    var number = 1
    while try Bool.fetchOne(db, sql: "SELECT 1 FROM entry WHERE id = ?", arguments: [id]) == true {
      number += 1
      id = "\(message)-\(number)"
    }
    return id
  }
}
