/// A message as a scripted backend has it.
public struct ReceivedMessage: Sendable {
  /// A recipient with the parameters that RCPT had.
  public struct Recipient: Equatable, Sendable {
    /// The address without angle brackets, as it was written.
    public let address: String
    /// What stood behind it (`NOTIFY=NEVER`), empty where nothing did.
    public let parameters: String

    /// A recipient without parameters, unless told otherwise.
    public init(address: String, parameters: String = "") {
      self.address = address
      self.parameters = parameters
    }
  }

  /// The session it came in, counted from 1.
  public let session: Int
  /// The name the client gave itself.
  public let hello: String
  /// The reverse path without angle brackets; empty for the null sender.
  public let sender: String
  /// What stood behind it (`SIZE=100 BODY=8BITMIME`), empty where nothing did.
  public let senderParameters: String
  public let recipients: [Recipient]
  /// What XFORWARD told since the last message, `ADDR` → `192.0.2.1`, undecoded.
  public let xforward: [String: String]
  /// The message with its dots unstuffed and without the end of data; with BDAT the chunks joined.
  public let content: [UInt8]
  /// The bytes on the wire from behind 354 to the final dot and its CRLF, both included; with BDAT the same
  /// as `content`.
  public let wire: [UInt8]
  /// How many octets the content has, also where it was not kept.
  public let size: Int
  /// Whether it came by BDAT.
  public let isChunked: Bool

  /// A message as another backend than the scripted one has it.
  public init(
    sender: String, recipients: [Recipient], content: [UInt8], wire: [UInt8] = [], session: Int = 1,
    hello: String = "", senderParameters: String = "", xforward: [String: String] = [:], size: Int? = nil,
    isChunked: Bool = false
  ) {
    self.session = session
    self.hello = hello
    self.sender = sender
    self.senderParameters = senderParameters
    self.recipients = recipients
    self.xforward = xforward
    self.content = content
    self.wire = wire
    self.size = size ?? content.count
    self.isChunked = isChunked
  }

  /// The content as text; bytes that are not UTF-8 become replacement characters.
  public var text: String { String(decoding: content, as: UTF8.self) }
  /// The recipients' addresses alone.
  public var addresses: [String] { recipients.map(\.address) }

  /// The lines of the header, folded ones unfolded, up to the empty line.
  public var headerFields: [String] {
    var fields: [String] = []
    for line in text.split(separator: "\r\n", omittingEmptySubsequences: false) {
      if line.isEmpty { break }
      if line.first == " " || line.first == "\t", !fields.isEmpty {
        fields[fields.count - 1] += line
      } else {
        fields.append(String(line))
      }
    }
    return fields
  }

  /// What stands behind the colon of each header field of that name, without the space after it.
  public func header(_ name: String) -> [String] {
    let start = name.lowercased() + ":"
    return headerFields.filter { $0.lowercased().hasPrefix(start) }.map { field in
      String(field.dropFirst(start.count).drop { $0 == " " })
    }
  }

  /// Whether the wire held a bare CR, a bare LF or a NUL.
  public var hasBareLineEnds: Bool { containsBareLineEnds(wire) }
}

/// Whether the bytes hold a CR without LF behind it, an LF without CR before it, or a NUL.
public func containsBareLineEnds(_ bytes: [UInt8]) -> Bool {
  var previous: UInt8 = 0
  for byte in bytes {
    if byte == 0 { return true }
    if (previous == 13) != (byte == 10) { return true }
    previous = byte
  }
  return previous == 13
}

/// One line of a session with a scripted backend.
public struct DialogueLine: Equatable, Sendable, CustomStringConvertible {
  /// Who spoke.
  public enum Speaker: String, Sendable {
    case client = "C"
    case server = "S"
  }

  /// The session, counted from 1.
  public let session: Int
  public let speaker: Speaker
  /// The line without its CRLF; content of messages is not in the dialogue.
  public let text: String

  public var description: String { "\(session) \(speaker.rawValue): \(text)" }
}
