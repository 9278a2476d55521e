import Bytes
import Foundation
import MailSyntax

/// Finds the messages that are attached to another (RFC 2046 §5.2.1): how one mail client forwards a message whole.
struct EnclosedMessage {
  /// Bounds of the search.
  private static let deepest = 8
  private static let mostParts = 500
  private static let mostMessages = 20
  /// How many lines of a part that does not say what it is are looked at.
  private static let sample = 1000

  /// Messages and headers, in their order.
  private(set) var messages: [MessageLines] = []
  /// Whether there is an attachment in a form of Outlook's own, which is not read.
  private(set) var hasOutlookItem = false
  private var parts = 0

  init(in message: MessageLines) { find(message, depth: 0) }

  private mutating func find(_ entity: MessageLines, depth: Int, inDigest: Bool = false) {
    guard depth < Self.deepest, parts < Self.mostParts, messages.count < Self.mostMessages else { return }
    parts += 1
    let octets = entity.headerOctets
    let header = MessageHeader(octets)
    guard let field = header.first("Content-Type") else {
      // RFC 2046 §5.1.5: what does not say what it is in a digest is a message.
      if inDigest { messages.append(entity.body.unwrapped) }
      return
    }
    let type = ContentType(octets[field.body])
    if type.name.hasPrefix("multipart/") {
      guard let boundary = type.boundary, !boundary.isEmpty else { return }
      for part in Self.split(entity.body, boundary) {
        find(part, depth: depth + 1, inDigest: type.name == "multipart/digest")
      }
      return
    }
    let encoding = header.first("Content-Transfer-Encoding").map { ContentType(octets[$0.body]).name } ?? ""
    let disposition = header.first("Content-Disposition").map { ContentType(octets[$0.body]) }
    if depth > 0, type.isOutlooks || disposition?.isOutlooks == true { hasOutlookItem = true }
    if type.isMessage {
      messages.append(Self.decoded(entity.body, encoding).unwrapped)
    } else if depth > 0, Self.mayBeMessage(type, disposition) {
      // No mail client need know what it attaches: what begins with a header with Received lines is one.
      let sample = MessageLines(lines: entity.body.lines.prefix(Self.sample))
      guard Self.decoded(sample, encoding).unwrapped.hasReceived else { return }
      messages.append(Self.decoded(entity.body, encoding).unwrapped)
    }
  }

  private static func mayBeMessage(_ type: ContentType, _ disposition: ContentType?) -> Bool {
    type.names(".eml") || disposition?.names(".eml") == true || type.name == "application/octet-stream"
      || type.name.hasPrefix("text/") && disposition?.name == "attachment"
  }

  /// The parts between the delimiters, one after the other.
  private static func split(_ body: MessageLines, _ boundary: String) -> [MessageLines] {
    let delimiter = Array("--\(boundary)".utf8)
    var parts: [MessageLines] = []
    var start: Int?
    for index in body.lines.indices where body.lines[index].starts(with: delimiter) {
      if let start, start <= index { parts.append(MessageLines(lines: body.lines[start..<index])) }
      guard parts.count < mostParts,
        !body.lines[index].dropFirst(delimiter.count).starts(with: Array("--".utf8))
      else { return parts }
      start = index + 1
    }
    if let start, start < body.lines.endIndex { parts.append(MessageLines(lines: body.lines[start...])) }
    return parts
  }

  /// RFC 2046 §5.2.1 forbids an encoding, and some mail clients use one all the same.
  private static func decoded(_ body: MessageLines, _ encoding: String) -> MessageLines {
    switch encoding {
    case "base64":
      let text = body.lines.joined().filter { $0.isASCIILetterOrDigit || "+/=".utf8.contains($0) }
      return Data(base64Encoded: Data(text.prefix(text.count / 4 * 4))).map { MessageLines([UInt8]($0)) }
        ?? body
    case "quoted-printable":
      return MessageLines(unquoted(body))
    default: return body
    }
  }

  /// RFC 2045 §6.7.
  private static func unquoted(_ body: MessageLines) -> [UInt8] {
    var text: [UInt8] = []
    for line in body.lines {
      let bytes = Array(line)
      var index = 0
      var isSoft = false
      while index < bytes.count {
        if bytes[index] == UInt8(ascii: "=") {
          if index + 1 == bytes.count {
            isSoft = true
          } else if index + 2 < bytes.count,
            let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
          {
            text.append(value)
            index += 2
          } else {
            text.append(bytes[index])
          }
        } else {
          text.append(bytes[index])
        }
        index += 1
      }
      if !isSoft { text.append(.lineFeed) }
    }
    return text
  }

  /// What a Content-Type field says, or a Content-Disposition, as far as it is asked here.
  private struct ContentType {
    /// In small letters.
    let name: String
    let boundary: String?
    /// In small letters.
    private let parameters: String

    init(_ body: ArraySlice<UInt8>) {
      let text = String(decoding: body.prefix(4096).map { $0.isASCIIControl ? .space : $0 }, as: UTF8.self)
      let parts = text.split(separator: ";", maxSplits: 1)
      name = (parts.first ?? "").filter { $0 != " " }.lowercasedASCII
      parameters = parts.count == 2 ? parts[1].lowercasedASCII : ""
      guard parts.count == 2, let key = parts[1].range(of: "boundary", options: .caseInsensitive) else {
        boundary = nil
        return
      }
      var value = parts[1][key.upperBound...].drop { $0 == " " }
      guard value.first == "=" else {
        boundary = nil
        return
      }
      value = value.dropFirst().drop { $0 == " " }
      if value.first == "\"" {
        boundary = String(value.dropFirst().prefix { $0 != "\"" })
      } else {
        boundary = String(value.prefix { $0 != ";" && $0 != " " })
      }
    }

    var isMessage: Bool {
      ["message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"].contains(name)
    }

    /// Whether a file's name ends so.
    func names(_ ending: String) -> Bool { parameters.contains(ending) }

    var isOutlooks: Bool {
      name == "application/vnd.ms-outlook" || name == "application/ms-tnef" || names(".msg")
    }
  }
}
