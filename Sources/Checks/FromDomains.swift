internal import Bytes
internal import Filtering
internal import MailSyntax

/// The domains of a message's From field (RFC 5322 §3.6.2).
enum FromDomains {
  /// Bound: domains that are looked at; a From of several is rare, one of hundreds a trick.
  static let most = 5

  /// As written but for its case, each once, in their order; empty where From is missing or cannot be read. Of several
  /// From fields each is read: readers differ in which they show.
  static func of(_ facts: MessageFacts) -> [String] {
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
