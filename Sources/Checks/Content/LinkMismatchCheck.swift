internal import Bytes
internal import DNS
internal import Filtering
internal import MailSyntax
internal import MessageViews
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let linkMismatch: ReasonCode = "LINK_MISMATCH"
  static let linkToAddress: ReasonCode = "LINK_TO_ADDRESS"
  static let linkUser: ReasonCode = "LINK_USER"
  static let linkDisguised: ReasonCode = "LINK_DISGUISED"
}

/// Links that claim to lead where they do not: a label that is another's address, an IP address in place of a name, a
/// name in front of an `@`, letters of one alphabet drawn as those of another.
struct LinkMismatchCheck: Check {
  static let name = "link_mismatch"
  static let defaultMode = CheckMode.enforce
  static let rows = [
    ContentCode(
      .linkMismatch, 1.5, reply: "A link in this message says that it leads elsewhere",
      cause:
        "The text of a link is a host or an address of one organisation, and it leads to another that neither sends the message nor passes on to the first.",
      remedy: "checks.link_mismatch.except_domains takes hosts that count clicks for many."),
    ContentCode(
      .linkToAddress, 1, reply: "A link in this message leads to a bare IP address",
      cause: "A link has a public IP address in place of a host's name."),
    ContentCode(
      .linkUser, 2, reply: "A link in this message hides its host behind another name",
      cause: "A link has what looks like a host in front of an @: what is read there is not where it leads."),
    ContentCode(
      .linkDisguised, 2.5, reply: "A link in this message leads to a name in disguise",
      cause: "A link's host has letters of another alphabet that are drawn as Latin ones."),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  private let names: HostNames
  private let exceptDomains: DomainSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    names = HostNames(suffixes: materials.suffixes)
    exceptDomains = keys.domains("except_domains")
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce,
        work: .awaited { facts, _ in findings(await facts.views().links, facts) }))
  }

  private func findings(_ links: [LinkView], _ facts: MessageFacts) -> [Finding] {
    guard !links.isEmpty else { return [] }
    var notes = ContentNotes()
    var senders: Set<DNSName>?
    for link in links where !isExcepted(link.target.host) {
      judge(target: link, &notes)
      guard link.place == .anchor, let claimed = claim(of: link) else { continue }
      if senders == nil { senders = self.senders(of: facts) }
      let target = names.organisation(of: link.target.host)
      if let target, senders?.contains(target) == true { continue }
      if !passesOn(link, to: claimed) {
        notes.note(.linkMismatch, "“\(link.label.prefix(50))” leads to \(link.target.host)")
      }
    }
    return notes.findings(Self.rows)
  }

  private func isExcepted(_ host: String) -> Bool {
    guard !exceptDomains.isEmpty else { return false }
    return exceptDomains.contains(host)
      || names.organisation(of: host).map { exceptDomains.contains($0.text) } ?? false
  }

  // MARK: - Where it leads

  private func judge(target link: LinkView, _ notes: inout ContentNotes) {
    let host = link.target.host
    if let address = link.target.address {
      // Of one's own network: somebody writes of a machine beside his own.
      if !address.isPrivate, !address.isLoopback, !address.isUnspecified, link.place != .text {
        notes.note(.linkToAddress, host)
      }
    } else if host.utf8.contains(where: { $0 >= 0x80 }) || host.contains("xn--"),
      host.split(separator: ".").contains(where: HostNames.isDisguised)
    {
      notes.note(.linkDisguised, host)
    }
    if let user = Self.user(of: link.written), HostLabel.isHost(user) {
      notes.note(.linkUser, "\(user.prefix(50))@\(host)")
    }
  }

  /// What stands before the `@` of a link's authority; nil where there is none.
  private static func user(of written: String) -> String? {
    var text = written.utf8[...]
    guard
      let slashes = zip(text.indices, text.indices.dropFirst()).first(where: {
        text[$0] == 0x2f && text[$1] == 0x2f
      })
    else { return nil }
    text = text[text.index(after: slashes.1)...].drop { $0 == 0x2f || $0 == 0x5c }
    let authority = text.prefix { $0 != 0x2f && $0 != 0x3f && $0 != 0x23 && $0 != 0x5c }
    guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
    // Up to a password.
    return String(authority[..<at].prefix { $0 != UInt8(ascii: ":") })
  }

  // MARK: - What it claims

  /// Whose address the label is, where the link leads to another's.
  private func claim(of link: LinkView) -> DNSName? {
    guard let host = HostLabel.host(in: link.label), let claimed = names.organisation(of: host) else {
      return nil
    }
    return names.organisation(of: link.target.host) == claimed ? nil : claimed
  }

  /// Those who answer for the message: From, the envelope, and where one unsubscribes: the house that sends for it.
  private func senders(of facts: MessageFacts) -> Set<DNSName> {
    var hosts = FromDomains.of(facts)
    if let domain = facts.mail.sender.domain?.lowercasedName { hosts.append(domain) }
    for name in ["List-Unsubscribe", "Sender"] {
      guard let field = facts.header.first(name) else { continue }
      let octets = Array(facts.octets(of: field))
      hosts += LinkFinder.links(in: octets).map(\.host)
      hosts += HostLabel.mailHosts(in: octets)
    }
    return Set(hosts.prefix(20).compactMap(names.organisation))
  }

  /// Whether the link bears the claimed name within it: a redirection that counts clicks, a guard that looks at links.
  private func passesOn(_ link: LinkView, to claimed: DNSName) -> Bool {
    let written = link.written.lowercasedASCII
    guard let start = written.utf8.firstRange(of: Array("//".utf8))?.upperBound else { return false }
    let path = String(written.utf8[start...].drop { $0 != 0x2f && $0 != 0x3f }) ?? ""
    return path.contains(claimed.text)
  }
}

/// Labels of links that are hosts or addresses themselves.
enum HostLabel {
  /// Names of things that look like hosts.
  private static let things: Set<String> = ["asp.net", "vb.net", "ado.net", "ml.net", "paint.net", "node.js"]
  /// Without a scheme, `www.` or a path a name counts only below these: files and sentences end in others.
  private static let common: Set<String> = [
    "com", "net", "org", "edu", "gov", "info", "biz", "mil", "int", "cn", "de", "uk", "jp", "fr", "nl", "ru",
    "it", "es", "eu", "ch", "at", "br", "au", "ca", "kr", "tw", "hk",
  ]

  /// The host that a whole label is the address of; nil where it is text.
  static func host(in label: String) -> String? {
    let text = label.trimmingSpace.lowercasedASCII
    guard !text.isEmpty, text.utf8.count <= 255, !text.utf8.contains(where: { $0 <= 0x20 }),
      !text.contains("@")
    else { return nil }
    var rest = Substring(text)
    var isCertain = false
    for scheme in ["http://", "https://", "ftp://"] where rest.hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.count)
      isCertain = true
    }
    let host = String(rest.prefix { !"/?#:".contains($0) })
    guard isHost(host), !things.contains(host) else { return nil }
    if isCertain || host.hasPrefix("www.") { return host }
    guard let last = host.split(separator: ".").last, common.contains(String(last)) else { return nil }
    return host
  }

  /// Whether a text has the form of a host's full name.
  static func isHost(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, DomainName.isValid(text), let last = labels.last else { return false }
    return last.utf8.count >= 2 && !last.utf8.allSatisfy(\.isASCIIDigit)
      && (last.utf8.allSatisfy { $0.isASCIILetter || $0 >= 0x80 } || last.hasPrefix("xn--"))
  }

  /// The hosts of mail addresses in a text, at most 10.
  static func mailHosts(in text: [UInt8]) -> [String] {
    var hosts: [String] = []
    for (index, byte) in text.enumerated() where byte == UInt8(ascii: "@") && hosts.count < 10 {
      let host = text[(index + 1)...].prefix { $0.isASCIILetterOrDigit || $0 == .dot || $0 == 0x2d }
      hosts.append(String(decoding: host, as: UTF8.self).lowercasedASCII)
    }
    return hosts
  }
}
