internal import Bytes
internal import MailSyntax
internal import NetAddress

/// The command lines of a transaction, in the words that a session's capabilities allow.
struct ClientCommands: Sendable {
  let capabilities: Capabilities

  /// Bound: an XFORWARD or XCLIENT line, CRLF included (RFC 5321 §4.5.3.1.4).
  static let longestLine = 512
  /// Bound: the value of an XFORWARD or XCLIENT attribute before encoding.
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
    // Never dropped: `missing(for:)` tells where it is not offered.
    if parameters.requireTLS { output.append(contentsOf: " REQUIRETLS".utf8) }
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
    if parameters.requireTLS, !capabilities.requireTLS { names.append("REQUIRETLS") }
    return names
  }

  // MARK: Words

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
