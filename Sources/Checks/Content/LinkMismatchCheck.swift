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
  static let linkObscured: ReasonCode = "LINK_OBSCURED"
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
        "The text of a link is a host or an address of one organisation, and it leads to another that neither sends the message nor passes on to the first; and neither SPF nor DKIM proves that the message comes from the first.",
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
    ContentCode(
      .linkObscured, 2, reply: "A link in this message is written so that nobody reads where it leads",
      cause:
        "A link's host is written with percent escapes, in wide or decorated letters, or as an address in one number, octal or hexadecimal."
    ),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  /// Services that pass links on to where they led, and do not say so in the address.
  private static let guards: Set<String> = ["mimecast.com", "mimecastprotect.com"]

  private let names: HostNames
  private let proof: AuthorProof
  private let resolves: Bool
  private let exceptDomains: DomainSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    names = HostNames(suffixes: materials.suffixes)
    proof = AuthorProof(suffixes: materials.suffixes, hostname: materials.settings.hostname)
    resolves = materials.resolves
    exceptDomains = keys.domains("except_domains")
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce, wantsBody: resolves,
        work: .awaited { facts, lookups in
          let links = await facts.views().links
          var notes = ContentNotes()
          for link in links where !isExcepted(link.target.host) { judge(target: link, &notes) }
          if let link = await mismatch(of: links, facts, lookups) {
            notes.note(.linkMismatch, "“\(link.label.prefix(50))” leads to \(link.target.host)")
          }
          return notes.findings(Self.rows)
        }))
  }

  private func isExcepted(_ host: String) -> Bool {
    guard !exceptDomains.isEmpty else { return false }
    return exceptDomains.contains(host)
      || names.organisation(of: host).map { exceptDomains.contains($0.text) } ?? false
  }

  // MARK: - Where it leads

  private func judge(target link: LinkView, _ notes: inout ContentNotes) {
    let host = link.target.host
    let authority = LinkAuthority(link.written)
    // In other places it is told as it was read.
    if link.place != .text, link.place != .other, let authority, authority.obscures(link.target) {
      notes.note(.linkObscured, "\(authority.host.prefix(60)) is \(host)")
    }
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
    if let user = authority?.user, HostLabel.isHost(user) {
      notes.note(.linkUser, "\(user.prefix(50))@\(host)")
    }
  }

  // MARK: - What it claims

  /// The first link whose label is the address of somebody else, to whom it does not lead.
  private func mismatch(
    of links: [LinkView], _ facts: MessageFacts, _ lookups: Lookups
  ) async -> LinkView? {
    // Who sends for whom may stand beyond the bound.
    guard !facts.header.isCut else { return nil }
    var senders: Set<DNSName>?
    var proved: Set<DNSName> = []
    for link in links where link.place == .anchor && !isExcepted(link.target.host) {
      guard let claimed = claim(of: link), !proved.contains(claimed), !passesOn(link, to: claimed) else {
        continue
      }
      let known = senders ?? self.senders(of: facts)
      senders = known
      let target = names.organisation(of: link.target.host)
      if let target, known.contains(target) || Self.guards.contains(target.text) { continue }
      // Who writes of his own site counts the clicks where he likes. Nothing that is unknown is held against him.
      if resolves ? await proof.answer(for: claimed, facts, lookups) != .missing : known.contains(claimed) {
        proved.insert(claimed)
        continue
      }
      return link
    }
    return nil
  }

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
    LinkAuthority(link.written)?.rest.contains(claimed.text) ?? false
  }
}
