internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import MailSyntax

/// The domains of a message's From field (RFC 5322 §3.6.2).
enum FromDomains {
  /// Bound: domains that are looked at; a From of several is rare, one of hundreds a trick, of which `FROM_EXCESSIVE`
  /// speaks.
  static let most = DMARCAuthors.mostNamed
  /// Bound: domains that somebody is asked about.
  static let mostAsked = DMARCAuthors.mostDomains

  /// As written but for its case, each once, in their order, and behind them those that a mail client would show of a
  /// From that is no list of addresses; empty where From is missing or names nobody. Of several From fields each is
  /// read: readers differ in which they show.
  static func of(_ facts: MessageFacts) -> [String] {
    var domains = written(facts)
    let names = domains.map { DNSName($0) }
    for author in facts.authors.named where domains.count < most && !names.contains(author) {
      domains.append(author.text)
    }
    return domains
  }

  private static func written(_ facts: MessageFacts) -> [String] {
    var domains: [String] = []
    for field in facts.header.fields where field.isNamed("From") {
      guard let list = try? AddressList(facts.message.memory, in: field.body) else { continue }
      for mailbox in list.mailboxes {
        guard domains.count < most else { return domains }
        // An address literal is in no list and not in DNS.
        guard let domain = mailbox.domain?.lowercasedASCII, domain.utf8.first != UInt8(ascii: "["),
          !domains.contains(domain)
        else { continue }
        domains.append(domain)
      }
    }
    return domains
  }
}

/// A mail address of a field, as a mail client would take it.
struct NamedAddress: Hashable, Sendable {
  let local: String
  let domain: String
}

extension MessageFacts {
  /// Whom From names, found once for a message.
  var authors: DMARCAuthors {
    evidence.authors.value { DMARCAuthors(header, of: message.memory) }
  }

  /// The addresses of all fields of a name, in their order, each once.
  ///
  /// Abuse: a field that is no list of addresses is shown by some reader as the one that it sees in it; so each that
  /// could be seen counts. Bounds: fifty addresses, 64 KiB.
  func addresses(of name: String) -> [NamedAddress] {
    var addresses: [NamedAddress] = []
    var left = DMARCAuthors.mostOctets
    func take(_ local: String, _ domain: String) {
      let address = NamedAddress(local: local, domain: domain)
      if addresses.count < FromDomains.most, !addresses.contains(address) { addresses.append(address) }
    }
    for field in header.fields where field.isNamed(name) && left > 0 {
      let body = field.body.prefix(left)
      left -= body.count
      if let list = try? AddressList(message.memory, in: body) {
        for mailbox in list.mailboxes {
          if let domain = mailbox.domain { take(mailbox.localPart, domain) }
        }
      } else {
        for (local, domain) in Self.scanned(message.memory[body]) { take(local, domain) }
      }
    }
    return addresses
  }

  /// What looks like an address: the signs around each `@`.
  private static func scanned(_ text: ArraySlice<UInt8>) -> [(String, String)] {
    var found: [(String, String)] = []
    var start = text.startIndex
    for at in text.indices where text[at] == UInt8(ascii: "@") && found.count < FromDomains.most {
      // Bound: the longest local part is shorter (RFC 5321 §4.5.3.1.1).
      let local = text[max(start, at - 128)..<at].suffix { !" \t\r\n\"<>,;:()[]".utf8.contains($0) }
      let domain = text[(at + 1)...].prefix(255).prefix {
        $0.isASCIILetterOrDigit || $0 >= 0x80 || "-._".utf8.contains($0)
      }
      start = at + 1
      guard !local.isEmpty, !domain.isEmpty else { continue }
      found.append((String(decoding: local, as: UTF8.self), String(decoding: domain, as: UTF8.self)))
    }
    return found
  }
}

extension ArraySlice<UInt8> {
  fileprivate func suffix(while isMeant: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    var start = endIndex
    while start > startIndex, isMeant(self[start - 1]) { start -= 1 }
    return self[start...]
  }
}
