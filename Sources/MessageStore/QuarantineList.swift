public import Filtering
internal import GRDB

extension MessageStore {
  /// Bound: entries on a page.
  static let longestPage = 1000

  public func list(_ filter: QuarantineFilter, after cursor: QuarantineCursor?, most: Int)
    async throws(WaitingFault) -> QuarantinePage
  {
    let most = min(max(1, most), Self.longestPage)
    return try await look { db in
      let query = QuarantineQuery(filter, after: cursor)
      let rows = try Row.fetchAll(
        db, sql: "\(EntryRow.selection) \(query.condition) ORDER BY entry.since DESC, entry.key DESC LIMIT ?",
        arguments: query.arguments + [most + 1])
      let next = rows.count > most ? rows[most - 1] : nil
      return QuarantinePage(
        entries: try EntryRow.entries(Array(rows.prefix(most)), db),
        next: next.map { QuarantineCursor(since: $0["since"], key: $0["entryKey"]) })
    }
  }
}

/// A filter in the words of the index.
private struct QuarantineQuery {
  private(set) var arguments = StatementArguments()
  private var conditions: [String] = []

  init(_ filter: QuarantineFilter, after cursor: QuarantineCursor?) {
    ask("message.isProvisional = 0", [])
    if let folder = filter.folder?.description {
      if filter.isNested {
        // All that begins with it and a slash; "0" follows "/".
        ask(
          "(entry.folder = ? OR entry.folder >= ? AND entry.folder < ?)",
          [folder, folder + "/", folder + "0"])
      } else {
        ask("entry.folder = ?", [folder])
      }
    }
    if let since = filter.since { ask("entry.since >= ?", [since.milliseconds]) }
    if let until = filter.until { ask("entry.since < ?", [until.milliseconds]) }
    if let code = filter.code { ask("entry.code = ?", [code.name]) }
    if let rule = filter.rule { ask("entry.rule LIKE ? ESCAPE '\\'", [Self.part(rule)]) }
    if let client = filter.client { ask("message.client = ?", [client.description]) }
    if let sender = filter.sender { ask("message.sender LIKE ? ESCAPE '\\'", [Self.part(sender)]) }
    if let text = filter.text {
      ask(
        "(message.subject LIKE ? ESCAPE '\\' OR message.author LIKE ? ESCAPE '\\')",
        [Self.part(text), Self.part(text)])
    }
    askRecipients(filter)
    if let cursor {
      ask("(entry.since, entry.key) < (?, ?)", [cursor.since, cursor.key])
    }
  }

  private mutating func askRecipients(_ filter: QuarantineFilter) {
    if filter.state == .held { ask("entry.held > 0", []) }
    guard filter.recipient != nil || filter.state != nil && filter.state != .held else { return }
    var condition = "EXISTS (SELECT 1 FROM recipient WHERE recipient.entry = entry.key"
    var arguments = StatementArguments()
    if let state = filter.state {
      condition += " AND recipient.state = ?"
      arguments += [state.rawValue]
    }
    if let recipient = filter.recipient {
      condition += " AND recipient.path LIKE ? ESCAPE '\\'"
      arguments += [Self.part(recipient)]
    }
    ask(condition + ")", arguments)
  }

  var condition: String { "WHERE " + conditions.joined(separator: " AND ") }

  private mutating func ask(_ condition: String, _ values: StatementArguments) {
    conditions.append(condition)
    arguments += values
  }

  /// The pattern of what contains `text`.
  private static func part(_ text: String) -> String {
    var pattern = "%"
    for character in text.cut(256) {
      if character == "%" || character == "_" || character == "\\" { pattern.append("\\") }
      pattern.append(character)
    }
    return pattern + "%"
  }
}
