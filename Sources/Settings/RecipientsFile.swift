internal import Bytes

/// A file of recipients (`recipients = "file:PATH"`): one address, or `@domain` for anyone there, a line; `#`
/// comments. Letters are compared without regard to case.
public struct RecipientsFile: Sendable, Hashable {
  /// `user@domain` in small letters, the local part without quotes.
  public let addresses: Set<String>
  /// Domains in small letters in which anyone is a recipient.
  public let domains: Set<String>

  /// How many entries there are.
  public var count: Int { addresses.count + domains.count }

  /// Whether there is such a recipient.
  ///
  /// - Parameters:
  ///   - localPart: without quotes.
  ///   - domain: a name, or an address literal in brackets.
  public func contains(localPart: String, domain: String) -> Bool {
    let domain = domain.lowercasedASCII
    if domains.contains(domain) { return true }
    return addresses.contains("\(localPart.lowercasedASCII)@\(domain)")
  }

  /// Reads the file and reports everything that is wrong with it.
  public static func read(text: String, file: String) -> (
    recipients: RecipientsFile, problems: [SettingsProblem]
  ) {
    var lines = LineFile(file: file)
    var addresses: Set<String> = []
    var domains: Set<String> = []
    lines.forEachLine(of: text) { lines, words in
      if words.count > 1 {
        lines.report(
          words[1].position, "\(quoted(String(words[1].text))) is one word too many: write one address a line"
        )
      }
      lines.check(words[0]) { (text) throws(DomainFault) in
        if text.hasPrefix("@") {
          domains.insert(try DomainName.checked(String(text.dropFirst())))
        } else if text.contains("@") {
          let (local, domain) = try WrittenAddress.parse(text)
          addresses.insert("\(local)@\(domain)")
        } else {
          throw DomainFault(reason: "is no address: write user@example.org, or @example.org for anyone there")
        }
      }
    }
    return (RecipientsFile(addresses: addresses, domains: domains), lines.problems)
  }
}
