import Bytes
import Foundation
import MailSyntax

/// Finds the message that is attached to another (RFC 2046 §5.2.1): how one mail client forwards a message whole.
enum EnclosedMessage {
  /// Bounds of the search.
  private static let deepest = 8
  private static let mostParts = 500

  /// The first message, or header, that is attached; nil for none.
  static func find(_ message: MessageLines) -> MessageLines? {
    var parts = 0
    return find(message, depth: 0, &parts)
  }

  private static func find(_ entity: MessageLines, depth: Int, _ parts: inout Int) -> MessageLines? {
    guard depth < deepest, parts < mostParts else { return nil }
    parts += 1
    let octets = entity.headerOctets
    let header = MessageHeader(octets)
    guard let field = header.first("Content-Type") else { return nil }
    let type = ContentType(octets[field.body])
    if type.isMessage {
      let encoding = header.first("Content-Transfer-Encoding").map { ContentType(octets[$0.body]).name } ?? ""
      return decoded(entity.body, encoding)
    }
    guard type.name.hasPrefix("multipart/"), let boundary = type.boundary, !boundary.isEmpty else {
      return nil
    }
    for part in split(entity.body, boundary) {
      if let found = find(part, depth: depth + 1, &parts) { return found }
    }
    return nil
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
      return Data(base64Encoded: Data(text)).map { MessageLines([UInt8]($0)) } ?? body
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

  /// What a Content-Type field says, as far as it is asked here.
  private struct ContentType {
    /// In small letters.
    let name: String
    let boundary: String?

    init(_ body: ArraySlice<UInt8>) {
      let text = String(decoding: body.prefix(4096).map { $0.isASCIIControl ? .space : $0 }, as: UTF8.self)
      let parts = text.split(separator: ";", maxSplits: 1)
      name = (parts.first ?? "").filter { $0 != " " }.lowercasedASCII
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
  }
}
