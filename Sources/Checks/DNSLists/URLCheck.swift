internal import Bytes
internal import DNS
internal import Filtering
internal import MailSyntax
internal import MessageViews
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let urlBlocked: ReasonCode = "URL_BLOCKED"
  static let urlListed: ReasonCode = "URL_LISTED"
  static let urlShortened: ReasonCode = "URL_SHORTENED"
  static let urlUnavailable: ReasonCode = "URL_UNAVAILABLE"
}

/// The links of a message: in the local lists (`*.urls`), and their hosts and addresses in the DNS lists of
/// `zones.toml`.
struct URLCheck: Check {
  static let name = "urls"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .urlBlocked: Weight(0, .reject), .urlListed: Weight(4), .urlShortened: Weight(0),
    .urlUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .urlBlocked, Reply(550, 7, 1, "Refused: a link in this message is not welcome here: {reason}"),
      .refusal,
      cause: "A link in the message stands in a block list (*.urls).", effect: "The message is refused.",
      remedy: "weir lists check HOST/PATH shows the entry; weir lists remove takes it out."),
    Reason(
      .urlListed, Reply(550, 7, 1, "Refused: {subject} is listed by {list}: {reason}"), .refusal,
      cause:
        "A DNS list, named in zones.toml, has the host or the address of a link in the message; the reply and the evidence say which.",
      effect: "It weighs as zones.toml says; with checks.urls.action = \"reject\" it refuses outright.",
      remedy:
        "The list's own page, which zones.toml names, says why and how the host gets off; an entry in allow.urls keeps a host from being asked about."
    ),
    Reason(
      .urlShortened, nil, .notice,
      cause: "A link leads to a service that forwards to somewhere else (shorteners.hosts).",
      effect: "Nothing, unless it is given a weight: where the link leads cannot be told.", remedy: "Nothing."
    ),
    Reason(
      .urlUnavailable, nil, .notice,
      cause:
        "DNS lists could not be asked about links: no answer in time, an error in place of one, or a list that is switched off because it is sick; or not all links were seen (unseen=…): the message is longer than limits.content_size, or past another bound.",
      effect: "Nothing, unless it is given a weight: unknown is neither listed nor not listed.",
      remedy: "weir lists zones shows the state of each list."),
  ]

  /// Blocked links that are reported.
  private static let mostBlocked = 5

  private let lists: ListSnapshot
  private let zones: DNSZones
  private let names: NameInquiry
  private let asksZones: Bool
  private let reports: Reports
  /// Hosts of one message that are asked about.
  private let most: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let terms = InquiryTerms(
      Self.self, materials, keys: &keys, listed: .urlListed, unavailable: .urlUnavailable)
    lists = materials.lists
    zones = materials.zones
    names = NameInquiry(
      ZoneInquiry(zones: materials.zones.asking([.urls, .urlAddresses]), terms: terms), materials.suffixes)
    asksZones = materials.resolves && !names.inquiry.zones.isEmpty
    // Bound: of each link that is blocked one finding, and of five at most.
    let blocked = materials.weight(of: .urlBlocked, in: Self.self)
    reports = names.inquiry.reports(
      about: [.urls, .urlAddresses],
      besides: [Double](repeating: blocked, count: Self.mostBlocked) + [
        materials.weight(of: .urlShortened, in: Self.self),
        materials.weight(of: .urlUnavailable, in: Self.self),
      ])
    most = keys.count("hosts", in: 1...200, default: 20)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard asksZones || lists.count(of: .urls) > 0 else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: reports,
        work: .awaited { facts, lookups in
          let views = await facts.views()
          var (found, open) = local(links(of: views), facts)
          if !views.omitted.isEmpty {
            found.append(Finding(.urlUnavailable, evidence: "unseen=\(views.omitted)"))
          }
          return asksZones ? found + (await listed(open, lookups)) : found
        }))
  }

  /// Each once; images, which nobody clicks on, behind the others.
  private func links(of views: MessageViews) -> [Link] {
    let links = views.links
    var seen: Set<Link> = []
    return (links.filter { $0.place != .image } + links.filter { $0.place == .image }).map(\.target)
      .filter { seen.insert($0).inserted }
  }

  /// What the local lists and data files say, and the links that the DNS lists are to be asked about.
  private func local(_ links: [Link], _ facts: MessageFacts) -> (findings: [Finding], open: [Link]) {
    var findings: [Finding] = []
    var shorteners: [String] = []
    var open: [Link] = []
    let now = facts.mail.time
    let hasLists = lists.count(of: .urls) > 0
    for link in links {
      if hasLists, let match = match(link, now) {
        if match.verdict == .block, findings.count < Self.mostBlocked {
          findings.append(Finding(.urlBlocked, match))
        }
        continue
      }
      if zones.redirectors.contains(host: link.host, path: link.path) { continue }
      if zones.shorteners.contains(host: link.host, path: link.path) {
        if !shorteners.contains(link.host) { shorteners.append(link.host) }
        continue
      }
      open.append(link)
    }
    if !shorteners.isEmpty {
      findings.append(Finding(.urlShortened, evidence: shorteners.prefix(3).joined(separator: ",")))
    }
    return (findings, open)
  }

  /// As it stands there, or as DNS knows it.
  private func match(_ link: Link, _ now: Timestamp) -> ListMatch? {
    if let match = lists.url(host: link.host, path: link.path, at: now) { return match }
    guard !link.host.utf8.allSatisfy({ $0 < 0x80 }), let name = DNSName(link.host) else { return nil }
    return lists.url(host: name.text, path: link.path, at: now)
  }

  /// What the DNS lists say of links.
  private func listed(_ open: [Link], _ lookups: Lookups) async -> [Finding] {
    var hosts: [(ZoneSubject, String)] = []
    var addresses: [IPAddress] = []
    for link in open where hosts.count + addresses.count < most {
      if let address = link.address {
        if !addresses.contains(address) { addresses.append(address) }
      } else if !hosts.contains(where: { $0.1 == link.host }) {
        hosts.append((.urls, link.host))
      }
    }
    var questions = names.questions(hosts)
    for address in addresses {
      questions += names.inquiry.questions(
        about: address, .urlAddresses, shown: "url:\(address)", spoken: "a link to \(address)")
    }
    // All of one list together, the hosts before the addresses.
    let sorted = questions.enumerated().sorted { ($0.element.zone, $0.offset) < ($1.element.zone, $1.offset) }
    return await names.inquiry.findings(sorted.map(\.element), lookups)
  }
}
