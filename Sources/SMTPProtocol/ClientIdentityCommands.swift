internal import Bytes
internal import MailSyntax
internal import NetAddress

/// The commands that tell a backend who the client is (Postfix's XFORWARD_README and XCLIENT_README).
extension ClientCommands {
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
    tell("ADDR", Self.address(client).utf8)
    tell("PORT", Self.port(client).utf8)
    tell("PROTO", (client.isExtended ? "ESMTP" : "SMTP").utf8)
    tell("HELO", Self.value(client.helo))
    tell("SOURCE", "REMOTE".utf8)
    if commands > 0 { Self.endLine(&output) }
    return commands
  }

  // MARK: XCLIENT

  /// Writes the one XCLIENT command that a session may say (Postfix 3.7 answers 550 to a second).
  ///
  /// ADDR, LOGIN, HELO, NAME, PROTO and PORT, in this order and as far as they are offered; what does not fit into
  /// the line any more is left out. A client that has not logged in is told so, that no login sticks.
  func writeClient(_ client: ClientIdentity, into output: inout [UInt8]) {
    let lineStart = output.count
    output.append(contentsOf: "XCLIENT".utf8)
    func tell(_ name: String, _ value: some Collection<UInt8>) {
      guard capabilities.clientAttributes.contains(name) else { return }
      let end = output.count
      output.append(.space)
      output.append(contentsOf: name.utf8)
      output.append(UInt8(ascii: "="))
      Self.writeXText(value, into: &output)
      if output.count - lineStart + 2 > Self.longestLine { output.removeSubrange(end...) }
    }
    tell("ADDR", Self.address(client).utf8)
    tell("LOGIN", Self.value(client.login ?? ""))
    tell("HELO", Self.value(client.helo))
    tell("NAME", Self.hostName(client.name))
    tell("PROTO", (client.isExtended ? "ESMTP" : "SMTP").utf8)
    tell("PORT", Self.port(client).utf8)
    Self.endLine(&output)
  }

  // MARK: Values

  private static func address(_ client: ClientIdentity) -> String {
    guard client.isAddressKnown else { return unavailable }
    return client.address.isV4 ? "\(client.address)" : "IPV6:\(client.address)"
  }

  private static func port(_ client: ClientIdentity) -> String {
    client.port == 0 ? unavailable : "\(client.port)"
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
}
