internal import Bytes
internal import MailSyntax
internal import NetAddress

/// The command lines of a transaction, in the words that a session's capabilities allow.
struct ClientCommands: Sendable {
  let capabilities: Capabilities

  /// Bound: an XFORWARD line, CRLF included (RFC 5321 §4.5.3.1.4).
  static let longestLine = 512
  /// Bound: the value of an XFORWARD attribute before encoding.
  static let longestValue = 255

  // MARK: MAIL and RCPT

  func writeMail(_ transaction: ClientTransaction, into output: inout [UInt8]) {
    output.append(contentsOf: "MAIL FROM:<".utf8)
    output.append(contentsOf: transaction.sender.text.utf8)
    output.append(UInt8(ascii: ">"))
    let parameters = transaction.parameters
    if let size = parameters.size, capabilities.size != nil {
      output.append(contentsOf: " SIZE=".utf8)
      Self.writeNumber(size, into: &output)
    }
    switch parameters.body {
    case .eightBit where capabilities.eightBit: output.append(contentsOf: " BODY=8BITMIME".utf8)
    case .binary: output.append(contentsOf: " BODY=BINARYMIME".utf8)
    default: break
    }
    if parameters.isInternationalized, capabilities.internationalized {
      output.append(contentsOf: " SMTPUTF8".utf8)
    }
    if capabilities.deliveryStatus {
      if let kind = parameters.returnKind {
        output.append(contentsOf: " RET=".utf8)
        output.append(contentsOf: kind.utf8)
      }
      if let id = parameters.envelopeID {
        output.append(contentsOf: " ENVID=".utf8)
        output.append(contentsOf: id.utf8)
      }
    }
    Self.endLine(&output)
  }

  func writeRecipient(_ recipient: Envelope.Recipient, into output: inout [UInt8]) {
    output.append(contentsOf: "RCPT TO:<".utf8)
    output.append(contentsOf: recipient.path.text.utf8)
    output.append(UInt8(ascii: ">"))
    if capabilities.deliveryStatus {
      if let notify = recipient.parameters.notify {
        output.append(contentsOf: " NOTIFY=".utf8)
        output.append(contentsOf: notify.utf8)
      }
      if let original = recipient.parameters.originalRecipient {
        output.append(contentsOf: " ORCPT=".utf8)
        output.append(contentsOf: original.utf8)
      }
    }
    Self.endLine(&output)
  }

  /// The extensions that `transaction` needs and the session lacks, by their EHLO keywords.
  func missing(for transaction: ClientTransaction) -> [String] {
    var names: [String] = []
    let parameters = transaction.parameters
    if parameters.body == .eightBit, !capabilities.eightBit { names.append("8BITMIME") }
    if parameters.body == .binary {
      if !capabilities.binary { names.append("BINARYMIME") }
      if !capabilities.chunking { names.append("CHUNKING") }
    }
    if parameters.isInternationalized, !transaction.isASCII, !capabilities.internationalized {
      names.append("SMTPUTF8")
    }
    let wantsStatus =
      parameters.returnKind != nil || parameters.envelopeID != nil
      || transaction.recipients.contains {
        $0.parameters.notify != nil || $0.parameters.originalRecipient != nil
      }
    if wantsStatus, !capabilities.deliveryStatus { names.append("DSN") }
    return names
  }

  // MARK: XFORWARD

  /// Writes the XFORWARD commands that tell `client`; answers how many.
  ///
  /// Only attributes that the session offers are told; what is not known is `[UNAVAILABLE]`, values are xtext
  /// (RFC 3461 §4). Bound: attributes that would make a line too long begin the next command.
  func writeForward(_ client: ClientIdentity, into output: inout [UInt8]) -> Int {
    let offered = capabilities.forwardAttributes
    var commands = 0
    var lineStart = output.count
    var word: [UInt8] = []
    func tell(_ name: String, _ value: some Collection<UInt8>) {
      guard offered.contains(name) else { return }
      word.removeAll(keepingCapacity: true)
      word.append(.space)
      word.append(contentsOf: name.utf8)
      word.append(UInt8(ascii: "="))
      Self.writeXText(value, into: &word)
      let isFull = output.count - lineStart + word.count + 2 > Self.longestLine
      if commands == 0 || isFull {
        if isFull, commands > 0 { Self.endLine(&output) }
        lineStart = output.count
        output.append(contentsOf: "XFORWARD".utf8)
        commands += 1
      }
      output.append(contentsOf: word)
    }
    tell("NAME", Self.hostName(client.name))
    tell("ADDR", (client.address.isV4 ? "\(client.address)" : "IPV6:\(client.address)").utf8)
    tell("PORT", "\(client.port)".utf8)
    tell("PROTO", (client.isExtended ? "ESMTP" : "SMTP").utf8)
    tell("HELO", Self.value(client.helo))
    tell("SOURCE", "REMOTE".utf8)
    if commands > 0 { Self.endLine(&output) }
    return commands
  }

  /// Deviation: Postfix answers 501 to a NAME that is no host name, so such a one is told as not known.
  private static func hostName(_ name: String?) -> String.UTF8View {
    guard let name, name.utf8.allSatisfy({ $0 < 0x80 }), DomainName.isValid(name) else {
      return unavailable.utf8
    }
    return name.utf8
  }

  private static func value(_ text: String) -> String.UTF8View {
    text.isEmpty || text.utf8.count > longestValue ? unavailable.utf8 : text.utf8
  }

  private static let unavailable = "[UNAVAILABLE]"

  /// xtext (RFC 3461 §4): printable ASCII but `+` and `=` as it is, every other octet as `+XX`.
  static func writeXText(_ bytes: some Collection<UInt8>, into output: inout [UInt8]) {
    let digits = StaticString("0123456789ABCDEF")
    for byte in bytes {
      if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "=") {
        output.append(byte)
      } else {
        output.append(UInt8(ascii: "+"))
        digits.withUTF8Buffer { output.append($0[Int(byte >> 4)]) }
        digits.withUTF8Buffer { output.append($0[Int(byte & 15)]) }
      }
    }
  }

  static func writeNumber(_ number: UInt64, into output: inout [UInt8]) {
    output.append(contentsOf: String(number).utf8)
  }

  static func endLine(_ output: inout [UInt8]) {
    output.append(.carriageReturn)
    output.append(.lineFeed)
  }
}
