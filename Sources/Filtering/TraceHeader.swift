internal import Bytes
public import SMTPProtocol

/// The `Received:` line that each message gets (RFC 5321 §4.4; `with` per RFC 3848 and RFC 6531 §4.3).
///
/// That a user logged in stands in `with` (`ESMTPSA`); under which name is nobody's matter but the backend's.
public enum TraceHeader {
  /// - Parameters:
  ///   - recipient: named with `for` when the message has only one (RFC 5321 §7.6 warns of telling more).
  ///   - date: the time in the form of RFC 5322.
  public static func write(
    into bytes: inout [UInt8], client: ClientIdentity, hostname: String, id: String,
    isInternationalized: Bool,
    recipient: String?, date: String
  ) {
    bytes.append(contentsOf: "Received: from ".utf8)
    append(client.helo.isEmpty ? "unknown" : client.helo, to: &bytes)
    bytes.append(contentsOf: " (".utf8)
    append(client.name ?? "unknown", to: &bytes)
    bytes.append(contentsOf: (client.isAddressKnown && !client.address.isV4 ? " [IPv6:" : " [").utf8)
    // As Postfix writes of whom nobody knows.
    bytes.append(contentsOf: (client.isAddressKnown ? client.address.description : "unknown").utf8)
    bytes.append(contentsOf: "])\r\n\t".utf8)
    if let tls = client.tls { append(tls, to: &bytes) }
    bytes.append(contentsOf: "by ".utf8)
    bytes.append(contentsOf: hostname.utf8)
    bytes.append(contentsOf: " (Weir) with ".utf8)
    bytes.append(contentsOf: (isInternationalized ? "UTF8SMTP" : client.isExtended ? "ESMTP" : "SMTP").utf8)
    if client.isExtended {
      if client.tls != nil { bytes.append(UInt8(ascii: "S")) }
      if client.login != nil { bytes.append(UInt8(ascii: "A")) }
    }
    bytes.append(contentsOf: " id ".utf8)
    bytes.append(contentsOf: id.utf8)
    if let recipient {
      bytes.append(contentsOf: "\r\n\tfor <".utf8)
      bytes.append(contentsOf: recipient.utf8)
      bytes.append(UInt8(ascii: ">"))
    }
    bytes.append(contentsOf: ";\r\n\t".utf8)
    bytes.append(contentsOf: date.utf8)
    bytes.append(contentsOf: [.carriageReturn, .lineFeed])
  }

  /// `(using TLSv1.3 with cipher …)`, worded as other servers do, for those who read them.
  private static func append(_ tls: ClientIdentity.TLS, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "(using ".utf8)
    append(tls.version, to: &bytes)
    if !tls.cipher.isEmpty {
      bytes.append(contentsOf: " with cipher ".utf8)
      append(tls.cipher, to: &bytes)
    }
    bytes.append(contentsOf: ")\r\n\t".utf8)
    guard !tls.subject.isEmpty else { return }
    bytes.append(contentsOf: "(client certificate ".utf8)
    for byte in tls.subject.utf8.prefix(255) {
      let isPlain =
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "(") && byte != UInt8(ascii: ")")
        && byte != UInt8(ascii: "\\")
      bytes.append(isPlain ? byte : UInt8(ascii: "?"))
    }
    bytes.append(contentsOf: " verified)\r\n\t".utf8)
  }

  /// A word that the client chose, or whoever answers for its address in DNS: what could break out of its place
  /// is written as `?`, and so is what is not ASCII.
  private static func append(_ word: String, to bytes: inout [UInt8]) {
    for byte in word.utf8.prefix(255) {
      let isPlain =
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "(") && byte != UInt8(ascii: ")")
        && byte != UInt8(ascii: ";") && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\"")
        && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: ",")
      bytes.append(isPlain ? byte : UInt8(ascii: "?"))
    }
  }
}
