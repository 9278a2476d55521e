public import Bytes
public import Filtering
internal import GRDB

extension MessageStore: Quarantine {
  public func entry(_ id: String) async throws(WaitingFault) -> QuarantineEntry? {
    try await look { db in
      let rows = try Row.fetchAll(
        db.cachedStatement(sql: "\(EntryRow.selection) WHERE entry.id = ? AND message.isProvisional = 0"),
        arguments: [id])
      return try EntryRow.entries(rows, db).first
    }
  }

  public func folders() async throws(WaitingFault) -> [(folder: QuarantineFolder, entries: Int)] {
    let all: [(folder: QuarantineFolder, entries: Int)] = try await look { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT folder, count(*) FROM entry JOIN message ON message.key = entry.message
          WHERE held > 0 AND isProvisional = 0 GROUP BY folder ORDER BY folder
          """
      ).compactMap { row in QuarantineFolder(row[0]).map { ($0, row[1]) } }
    }
    return all
  }

  public func release(_ id: String, to recipients: [String]?, _ terms: ReleaseTerms)
    async throws(WaitingFault) -> [OutboxLeg]
  {
    try await change { db, _ in
      guard
        let entry = try Row.fetchOne(
          db,
          sql: """
            SELECT entry.key, entry.message, message.sender FROM entry
            JOIN message ON message.key = entry.message
            WHERE entry.id = ? AND message.isProvisional = 0
            """, arguments: [id])
      else { throw WaitingFault.missing }
      let (key, message): (Int64, Int64) = (entry[0], entry[1])
      let sender = terms.sender ?? MessageRow.path(entry[2])
      var legs: [Int64] = []
      for row in try Self.held(of: key, recipients, db) {
        let order = OutboxOrder(
          kind: .release, sender: sender, recipient: MessageRow.recipient(row), header: terms.header,
          expires: terms.expires)
        legs.append(try LegRow.insert(order, message: message, entry: key, at: terms.time, into: db))
        try Self.set(.released, of: row, in: key, at: terms.time, db)
      }
      try Self.lower(key, by: legs.count, db)
      let look = try db.cachedStatement(sql: "\(LegRow.selection) WHERE leg.key = ?")
      return try legs.compactMap { try Row.fetchOne(look, arguments: [$0]).map(LegRow.leg) }
    }
  }

  public func delete(_ id: String, for recipients: [String]?, at time: Timestamp)
    async throws(WaitingFault) -> Int
  {
    try await change { db, closing in
      guard
        let entry = try Row.fetchOne(
          db,
          sql: """
            SELECT entry.key, entry.message FROM entry JOIN message ON message.key = entry.message
            WHERE entry.id = ? AND message.isProvisional = 0
            """, arguments: [id])
      else { throw WaitingFault.missing }
      let key: Int64 = entry[0]
      let rows = try Self.held(of: key, recipients, db)
      for row in rows { try Self.set(.deleted, of: row, in: key, at: time, db) }
      try Self.lower(key, by: rows.count, db)
      closing.touched.insert(entry[1])
      return rows.count
    }
  }

  /// Bound: entries in one step.
  private static let longestExpiry = 500

  public func expire(at time: Timestamp) async throws(WaitingFault) -> Expiry {
    let most = ledger.bounds.closedEntries
    let expiry = try await change { db, closing in
      try Closing.forget(db)
      let rows = try Row.fetchAll(
        db,
        sql: """
          \(EntryRow.selection) WHERE entry.expires <= ? AND message.isProvisional = 0
          ORDER BY entry.expires, entry.key LIMIT ?
          """,
        arguments: [time.milliseconds, Self.longestExpiry])
      let entries = try EntryRow.entries(rows, db)
      let delete = try db.cachedStatement(sql: "DELETE FROM entry WHERE key = ?")
      for row in rows {
        try delete.execute(arguments: [row["entryKey"] as Int64])
        closing.touched.insert(row["key"])
      }
      try Self.deleteClosed(but: most, db)
      try db.execute(
        sql: "DELETE FROM leg WHERE state = 'lost' AND expires <= ?", arguments: [time.milliseconds])
      return Expiry(
        entries: entries.filter { $0.recipients.contains { $0.state == .held } },
        isComplete: rows.count < Self.longestExpiry)
    }
    let folder = folder
    try await disk.waiting { () throws(WaitingFault) in folder.removeOldStrays(at: time.milliseconds) }
    return expiry
  }

  /// Of the entries that nobody waits for any more the newest are kept to be looked at.
  private static func deleteClosed(but most: Int, _ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM entry WHERE held = 0 AND key <=
          (SELECT key FROM entry WHERE held = 0 ORDER BY key DESC LIMIT 1 OFFSET ?)
        """, arguments: [most])
  }

  /// The recipients of an entry for whom it is held, of those that are asked for.
  private static func held(of entry: Int64, _ wanted: [String]?, _ db: Database) throws -> [Row] {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT place, path, notify, originalRecipient FROM recipient
          WHERE entry = ? AND state = 'held' ORDER BY place
          """), arguments: [entry])
    guard let wanted = wanted.map(Set.init) else { return rows }
    return rows.filter { wanted.contains($0["path"]) }
  }

  private static func set(
    _ state: QuarantineState, of recipient: Row, in entry: Int64, at time: Timestamp, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: "UPDATE recipient SET state = ?, changed = ?, detail = '' WHERE entry = ? AND place = ?"
    ).execute(arguments: [state.rawValue, time.milliseconds, entry, recipient["place"] as Int64])
  }

  private static func lower(_ entry: Int64, by count: Int, _ db: Database) throws {
    try db.execute(sql: "UPDATE entry SET held = held - ? WHERE key = ?", arguments: [count, entry])
  }
}
