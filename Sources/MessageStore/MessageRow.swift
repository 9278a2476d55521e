internal import Bytes
internal import Filtering
internal import GRDB
internal import MailSyntax
internal import NetAddress
internal import SMTPProtocol

/// A message as the index has it.
struct MessageRow: Sendable {
  let message: WaitingMessage
  /// Of its file.
  let octets: Int
  let purpose: StorePurpose
  let isProvisional: Bool

  /// Bound: what of a text that somebody else wrote is kept for listing.
  static let longestText = 1024
  static let longestFindings = 16 * 1024

  /// - Returns: its key.
  func insert(into db: Database) throws -> Int64 {
    let (parameters, client) = (message.parameters, message.client)
    try db.cachedStatement(
      sql: """
        INSERT INTO message (id, purpose, hasFile, isProvisional, octets, isBinary, received, sender, subject, author,
          size, body, isInternationalized, requireTLS, returnKind, envelopeID, authenticatedSender,
          client, isClientKnown, port, clientName, helo, isExtended, login, tlsVersion, tlsCipher, tlsSubject)
        VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      message.id, purpose.rawValue, isProvisional, octets, message.content.isBinary,
      message.received.milliseconds,
      message.sender.text, message.subject.cut(Self.longestText), message.from.cut(Self.longestText),
      parameters.size.map { Int64(clamping: $0) }, parameters.body?.rawValue, parameters.isInternationalized,
      parameters.requireTLS, parameters.returnKind, parameters.envelopeID, parameters.authenticatedSender,
      client.address.description, client.isAddressKnown, client.port, client.name, client.helo,
      client.isExtended, client.login, client.tls?.version, client.tls?.cipher, client.tls?.subject,
    ])
    return db.lastInsertedRowID
  }

  static func parameters(_ row: Row) -> MailParameters {
    var parameters = MailParameters()
    parameters.size = (row["size"] as Int64?).map { UInt64(clamping: $0) }
    parameters.body = (row["body"] as String?).flatMap(BodyKind.init)
    parameters.isInternationalized = row["isInternationalized"] ?? false
    parameters.requireTLS = row["requireTLS"] ?? false
    parameters.returnKind = row["returnKind"]
    parameters.envelopeID = row["envelopeID"]
    parameters.authenticatedSender = row["authenticatedSender"]
    return parameters
  }

  static func client(_ row: Row) -> ClientIdentity {
    let address = (row["client"] as String?).flatMap { IPAddress($0) }
    var client = ClientIdentity(
      address: address ?? IPAddress(v4: 0), port: UInt16(clamping: row["port"] as Int64? ?? 0),
      name: row["clientName"], helo: row["helo"] ?? "", isExtended: row["isExtended"] ?? true)
    client.isAddressKnown = address != nil && row["isClientKnown"] ?? false
    client.login = row["login"]
    if let version = row["tlsVersion"] as String? {
      client.tls = ClientIdentity.TLS(
        version: version, cipher: row["tlsCipher"] ?? "", subject: row["tlsSubject"] ?? "")
    }
    return client
  }

  static func path(_ text: String) -> Path {
    guard !text.isEmpty else { return .null }
    if let path = PathParser.parse(whole: "<\(text)>", limits: .sender) ?? PathParser.parse(whole: text) {
      return path
    }
    // It was a path when it was written; should the parser have grown stricter, it still goes where it was to go.
    guard let at = text.lastIndex(of: "@") else { return Path(text: text, localPart: text, domain: nil) }
    return Path(
      text: text, localPart: String(text[..<at]), domain: .name(String(text[text.index(after: at)...])))
  }

  static func recipient(_ row: Row) -> Envelope.Recipient {
    var parameters = RecipientParameters()
    parameters.notify = row["notify"]
    parameters.originalRecipient = row["originalRecipient"]
    return Envelope.Recipient(path: path(row["path"] ?? ""), parameters: parameters)
  }

  static func moment(_ row: Row, _ column: String) -> Timestamp {
    Timestamp(milliseconds: row[column] as Int64? ?? 0)
  }
}

extension String {
  /// Its beginning, whole characters, of at most so many octets; without NUL, where SQLite would end it.
  func cut(_ octets: Int) -> String {
    let clean = utf8.contains(0) ? String(filter { $0 != "\0" }) : self
    guard clean.utf8.count > octets else { return clean }
    var end = clean.utf8.index(clean.startIndex, offsetBy: octets)
    while end > clean.startIndex, end.samePosition(in: clean) == nil {
      end = clean.utf8.index(before: end)
    }
    return String(clean[..<end])
  }
}
