internal import Bytes
internal import MailSyntax
internal import SMTPProtocol

/// How a message lies in the Maildir: envelope and trace as header fields in front, dots unstuffed, lines ended
/// by LF as files of this system have them.
struct StoredMessage {
  let envelope: Envelope
  let hello: Hello
  /// The host that connected.
  let peer: String
  /// The client as a gateway told of it.
  let client: ForwardedClient
  let hostname: String
  /// An RFC 5322 date.
  let date: String

  /// - Parameter content: canonical CRLF lines, dot-stuffed, without the final dot.
  func bytes(_ content: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(content.count + 1024)
    result.append(contentsOf: header.utf8)
    var index = 0
    var isLineStart = true
    while index < content.count {
      let byte = content[index]
      index += 1
      // A line that begins with a dot was given one more (RFC 5321 §4.5.2).
      if isLineStart, byte == .dot {
        isLineStart = false
        continue
      }
      isLineStart = byte == .lineFeed
      // The content is canonical: a CR has its LF behind it.
      if byte != .carriageReturn { result.append(byte) }
    }
    return result
  }

  private var header: String {
    var lines = ["Return-Path: <\(envelope.sender.text.printable(limit: 512))>"]
    lines += envelope.recipients.map { "Delivered-To: \($0.path.text.printable(limit: 512))" }
    let name = (client.helo ?? hello.name).printable(limit: 255)
    let by = client.address == nil ? "" : " via \(peer)"
    lines.append("Received: from \(name) ([\(client.address ?? peer)])\(by)")
    lines.append("\tby \(hostname) (the demo's mail server) with \(hello.isExtended ? "ESMTP" : "SMTP");")
    lines.append("\t\(date)")
    return lines.map { $0 + "\n" }.joined()
  }
}
