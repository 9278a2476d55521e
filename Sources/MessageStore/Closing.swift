internal import Filtering
internal import GRDB

/// What a change of the index means for the files.
struct Closing: Sendable {
  struct Message: Sendable {
    let id: String
    let octets: Int
    let purpose: StorePurpose
  }

  /// A message that was there to be sent and now is there to be looked at.
  struct Moved: Sendable {
    let octets: Int

    func move(in ledger: StoreLedger) {
      ledger.release(octets, of: .outbox)
      ledger.release(-octets, messages: -1, of: .quarantine)
    }
  }

  /// Keys of messages for which somebody waits no longer.
  var touched: Set<Int64> = []
  var moved: [Moved] = []
  /// Those for which nobody waits: their files go when this is committed.
  private(set) var closed: [Message] = []

  mutating func finish(_ db: Database) throws {
    guard !touched.isEmpty else { return }
    let look = try db.cachedStatement(
      sql: """
        SELECT id, octets, purpose FROM message WHERE key = ? AND hasFile = 1
          AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.key AND held > 0)
          AND NOT EXISTS (SELECT 1 FROM leg WHERE leg.message = message.key
            AND state IN ('provisional', 'waiting', 'sending', 'unsure'))
        """)
    let close = try db.cachedStatement(sql: "UPDATE message SET hasFile = 0 WHERE key = ?")
    for key in touched.sorted() {
      guard let row = try Row.fetchOne(look, arguments: [key]) else { continue }
      try close.execute(arguments: [key])
      closed.append(
        Message(
          id: row["id"] ?? "", octets: Int(row["octets"] as Int64? ?? 0),
          purpose: StorePurpose(rawValue: row["purpose"] ?? 0) ?? .quarantine))
    }
  }

  /// Forgets messages without a file of which neither an entry nor a leg tells any more.
  static func forget(_ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM message WHERE hasFile = 0
          AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.message = message.key)
          AND NOT EXISTS (SELECT 1 FROM leg WHERE leg.message = message.key)
        """)
  }
}
