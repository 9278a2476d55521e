internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import MailSyntax

/// The domains of a message's From field (RFC 5322 §3.6.2).
enum FromDomains {
  /// Bound: domains that are looked at; a From of several is rare, one of hundreds a trick.
  static let most = 5

  /// As written but for its case, each once, in their order, and behind them those that a mail client would show of a
  /// From that is no list of addresses; empty where From is missing or names nobody. Of several From fields each is
  /// read: readers differ in which they show.
  static func of(_ facts: MessageFacts) -> [String] {
    var domains = written(facts)
    let names = domains.map { DNSName($0) }
    for author in facts.authors.domains where domains.count < most && !names.contains(author) {
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

extension MessageFacts {
  /// Whom From names, found once for a message.
  var authors: DMARCAuthors {
    evidence.authors.value { DMARCAuthors(header, of: message.memory) }
  }
}
