public import Filtering
internal import GRDB

extension MessageStore {
  public func confirm(
    _ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    change(
      { db, _ in
        for message in messages {
          let key = try Provisional.key(of: message, db)
          try db.execute(sql: "UPDATE message SET isProvisional = 0 WHERE key = ?", arguments: [key])
          try db.execute(
            sql: "UPDATE leg SET state = 'waiting' WHERE message = ? AND state = 'provisional'",
            arguments: [key])
        }
      }, then: answer)
  }

  public func withdraw(
    _ messages: [String], then answer: @escaping @Sendable (Result<Void, WaitingFault>) -> Void
  ) {
    change(
      { db, closing in
        for message in messages {
          let key = try Provisional.key(of: message, db)
          try Provisional.withdraw(key, db)
          closing.touched.insert(key)
        }
      }, then: answer)
  }
}

/// Messages of which it is not decided yet whether they stay.
enum Provisional {
  static func key(of message: String, _ db: Database) throws -> Int64 {
    let key = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT key FROM message WHERE id = ? AND isProvisional = 1"),
      arguments: [message])
    guard let key else { throw WaitingFault.missing }
    return key
  }

  /// Nobody waits for it any more.
  static func withdraw(_ message: Int64, _ db: Database) throws {
    try db.execute(sql: "DELETE FROM leg WHERE message = ?", arguments: [message])
    try db.execute(sql: "DELETE FROM entry WHERE message = ?", arguments: [message])
  }
}
