internal import Filtering
internal import GRDB
internal import Glibc

/// Brings index and files to one mind after the last process ended, however it did.
struct Recovery {
  let folder: StoreFolder
  /// The ids of the messages whose files are there.
  let present: Set<String>

  func run(_ pool: DatabasePool, _ opening: inout StoreOpening) throws -> WaitingUse {
    var report = opening
    var unwanted: [String] = []
    let use = try pool.writeWithoutTransaction { db in
      var use = WaitingUse()
      try db.inTransaction(.immediate) {
        report.unsure = try Int64.fetchAll(
          db, sql: "SELECT key FROM leg WHERE state = 'sending' ORDER BY key")
        try db.execute(
          sql: """
            UPDATE leg SET state = 'unsure', attempts = attempts + 1,
              detail = 'the gateway ended while it was being sent' WHERE state = 'sending'
            """)
        try withdraw(db, &report)
        try compare(db, &report, &unwanted)
        use = try counted(db)
        return .commit
      }
      return use
    }
    // What the index has given up goes after it said so.
    for id in unwanted { unlink(folder.file(of: id)) }
    for id in report.strays { try folder.putAside(id) }
    try pool.write { db in try Closing.forget(db) }
    opening = report
    return use
  }

  private func withdraw(_ db: Database, _ report: inout StoreOpening) throws {
    for row in try Row.fetchAll(db, sql: "SELECT key, id FROM message WHERE isProvisional = 1") {
      try Provisional.withdraw(row[0], db)
      try db.execute(
        sql: "UPDATE message SET hasFile = 0, isProvisional = 0 WHERE key = ?", arguments: [row[0] as Int64])
      report.withdrawn.append(row[1])
    }
  }

  private func compare(_ db: Database, _ report: inout StoreOpening, _ unwanted: inout [String]) throws {
    var unknown = present
    var lost: [Int64] = []
    let rows = try Row.fetchCursor(db, sql: "SELECT key, id, hasFile FROM message")
    while let row = try rows.next() {
      let id: String = row[1]
      let isThere = unknown.remove(id) != nil
      if row[2] as Bool == isThere { continue }
      if isThere {
        unwanted.append(id)
      } else {
        report.lost.append(id)
        lost.append(row[0])
      }
    }
    report.strays = unknown.sorted()
    for key in lost { try close(key, db) }
  }

  private func close(_ message: Int64, _ db: Database) throws {
    try db.execute(
      sql: """
        UPDATE recipient SET state = 'lost' WHERE state = 'held'
          AND entry IN (SELECT key FROM entry WHERE message = ?)
        """, arguments: [message])
    try db.execute(sql: "UPDATE entry SET held = 0 WHERE message = ?", arguments: [message])
    try db.execute(sql: "UPDATE leg SET state = 'lost' WHERE message = ?", arguments: [message])
    try db.execute(sql: "UPDATE message SET hasFile = 0 WHERE key = ?", arguments: [message])
  }

  private func counted(_ db: Database) throws -> WaitingUse {
    var use = WaitingUse()
    let rows = try Row.fetchAll(
      db, sql: "SELECT purpose, count(*), sum(octets) FROM message WHERE hasFile = 1 GROUP BY purpose")
    for row in rows {
      let part = WaitingUse.Part(messages: row[1], octets: row[2])
      switch StorePurpose(rawValue: row[0]) {
      case .quarantine, nil: use.quarantine = part
      case .outbox: use.outbox = part
      }
    }
    return use
  }
}
