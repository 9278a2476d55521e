internal import GRDB

/// The tables of the index and how they came to be. A migration that has been released is never changed; a new one is
/// added behind it.
enum IndexSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in try db.execute(sql: first) }
    return migrator
  }

  /// Opens the index and brings it to the newest form. Blocks.
  ///
  /// - Parameters:
  ///   - patience: seconds that a change waits for another process that has the index locked.
  ///   - hasMessages: whether there are files, so that an empty index cannot be right.
  /// - Throws: `MessageStoreError` where it is damaged, missing or newer than this program. Nothing is changed then.
  static func open(_ folder: StoreFolder, patience: Double, hasMessages: Bool) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.label = "messages"
    configuration.busyMode = .timeout(patience)
    configuration.maximumReaderCount = 2
    do {
      let pool = try DatabasePool(path: folder.index, configuration: configuration)
      do {
        try prepare(pool, folder, hasMessages: hasMessages)
        return pool
      } catch {
        try? pool.close()
        throw error
      }
    } catch let error as DatabaseError where error.isDamage {
      throw damage(folder, error.message ?? "\(error.resultCode)")
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      throw MessageStoreError("\(folder.index): locked by another process; end that one and start again")
    } catch let error as DatabaseError {
      throw MessageStoreError("\(folder.index): cannot be opened: \(error.message ?? "\(error.resultCode)")")
    }
  }

  private static func prepare(_ pool: DatabasePool, _ folder: StoreFolder, hasMessages: Bool) throws {
    let migrator = migrator
    let (isEmpty, isNewer, complaint) = try pool.writeWithoutTransaction { db in
      // GRDB sets NORMAL when it sets WAL: a commit would be told before the disk has it.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      return (
        try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0,
        try migrator.hasBeenSuperseded(db),
        try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
      )
    }
    if let complaint, complaint != "ok" { throw damage(folder, complaint) }
    if isNewer {
      throw MessageStoreError(
        "\(folder.index): written by a newer version of Weir; run that one, or put back the index from before it"
      )
    }
    if isEmpty, hasMessages {
      throw MessageStoreError(
        "\(folder.index): is missing or empty, yet messages lie in \(folder.files); put the index back from a copy, or move those files elsewhere (each is a whole message) and start again"
      )
    }
    try migrator.migrate(pool)
  }

  private static func damage(_ folder: StoreFolder, _ complaint: String) -> MessageStoreError {
    MessageStoreError(
      "\(folder.index): the index is damaged (\(complaint)). The messages lie untouched in \(folder.files). Put the index back from a copy; or recover it (sqlite3 index.sqlite .recover | sqlite3 new.sqlite); or move both elsewhere and start again"
    )
  }

  /// States are written in words, moments as milliseconds of the civil clock.
  private static let first = """
    CREATE TABLE message (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      purpose INTEGER NOT NULL,
      hasFile INTEGER NOT NULL,
      isProvisional INTEGER NOT NULL,
      octets INTEGER NOT NULL,
      isBinary INTEGER NOT NULL,
      received INTEGER NOT NULL,
      sender TEXT NOT NULL,
      subject TEXT NOT NULL,
      author TEXT NOT NULL,
      size INTEGER, body TEXT, isInternationalized INTEGER NOT NULL, requireTLS INTEGER NOT NULL,
      returnKind TEXT, envelopeID TEXT, authenticatedSender TEXT,
      client TEXT NOT NULL, isClientKnown INTEGER NOT NULL, port INTEGER NOT NULL, clientName TEXT,
      helo TEXT NOT NULL, isExtended INTEGER NOT NULL, login TEXT,
      tlsVersion TEXT, tlsCipher TEXT, tlsSubject TEXT
    ) STRICT;
    CREATE INDEX message_gone ON message(key) WHERE hasFile = 0;
    CREATE INDEX message_provisional ON message(key) WHERE isProvisional = 1;

    CREATE TABLE entry (
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      message INTEGER NOT NULL REFERENCES message(key),
      folder TEXT NOT NULL,
      since INTEGER NOT NULL,
      expires INTEGER NOT NULL,
      held INTEGER NOT NULL,
      score REAL,
      code TEXT NOT NULL,
      rule TEXT NOT NULL,
      findings TEXT NOT NULL
    ) STRICT;
    CREATE INDEX entry_since ON entry(since, key);
    CREATE INDEX entry_folder ON entry(folder, since, key);
    CREATE INDEX entry_expires ON entry(expires);
    CREATE INDEX entry_message ON entry(message);
    CREATE INDEX entry_closed ON entry(key) WHERE held = 0;

    CREATE TABLE recipient (
      entry INTEGER NOT NULL REFERENCES entry(key) ON DELETE CASCADE,
      place INTEGER NOT NULL,
      path TEXT NOT NULL,
      notify TEXT,
      originalRecipient TEXT,
      state TEXT NOT NULL,
      changed INTEGER NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (entry, place)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE leg (
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      message INTEGER NOT NULL REFERENCES message(key),
      entry INTEGER REFERENCES entry(key) ON DELETE SET NULL,
      kind TEXT NOT NULL,
      sender TEXT NOT NULL,
      path TEXT NOT NULL,
      notify TEXT,
      originalRecipient TEXT,
      header BLOB NOT NULL,
      hops INTEGER NOT NULL,
      created INTEGER NOT NULL,
      expires INTEGER NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      next INTEGER NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX leg_due ON leg(next, key) WHERE state = 'waiting';
    CREATE INDEX leg_message ON leg(message);
    CREATE INDEX leg_state ON leg(state, key);
    CREATE INDEX leg_entry ON leg(entry);
    """
}
