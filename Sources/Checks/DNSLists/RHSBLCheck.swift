internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import MailSyntax
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let rhsblListed: ReasonCode = "RHSBL_LISTED"
  static let rhswlListed: ReasonCode = "RHSWL_LISTED"
  static let rhsblUnavailable: ReasonCode = "RHSBL_UNAVAILABLE"
}

/// Names in the DNS lists of `zones.toml`: the greeting's, the client's confirmed one, the domains of the envelope
/// sender, of From and of Reply-To.
struct RHSBLCheck: Check {
  static let name = "rhsbl"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .rhsblListed: Weight(3), .rhswlListed: Weight(-1), .rhsblUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .rhsblListed, Reply(550, 7, 1, "Refused: {subject} is listed by {list}: {reason}"), .refusal,
      cause:
        "A DNS list of domains, named in zones.toml, has the name in HELO, the client's name, or the domain of the sender, of From or of Reply-To; the reply and the evidence say which.",
      effect: "It weighs as zones.toml says; with checks.rhsbl.action = \"reject\" it refuses outright.",
      remedy: "The list's own page, which zones.toml names, says why and how the domain gets off."),
    Reason(
      .rhswlListed, nil, .notice, cause: "A DNS list of good senders has the client's confirmed name.",
      effect: "Its weight is taken from the score.", remedy: "Nothing."),
    Reason(
      .rhsblUnavailable, nil, .notice,
      cause:
        "DNS lists of domains could not be asked: no answer in time, an error in place of one, or a list that is switched off because it is sick.",
      effect: "Nothing, unless it is given a weight: unknown is neither listed nor not listed.",
      remedy: "weir lists zones shows the state of each list."),
  ]

  private let names: NameInquiry
  private let resolves: Bool

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let terms = InquiryTerms(
      Self.self, materials, keys: &keys, listed: .rhsblListed, good: .rhswlListed,
      unavailable: .rhsblUnavailable)
    names = NameInquiry(
      ZoneInquiry(
        zones: materials.zones.asking([.helo, .clientName, .sender, .from, .replyTo]), terms: terms),
      materials.suffixes)
    resolves = materials.resolves
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    if names.asks(.clientName) {
      plan.connect.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: enforceAt, reports: names.reports(about: [.clientName]),
          work: .awaited { [names] facts, lookups in
            await names.findings(
              [(.clientName, await facts.clientName(lookups).confirmedName ?? "")], lookups)
          }))
    }
    if names.asks(.helo) {
      plan.hello.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: max(enforceAt, .hello),
          reports: names.reports(about: [.helo]),
          work: .awaited { [names] facts, lookups in
            await names.findings([(.helo, facts.hello.name)], lookups)
          }))
    }
    if names.asks(.sender) {
      plan.mail.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail),
          reports: names.reports(about: [.sender]),
          work: .awaited { [names] facts, lookups in
            await names.findings([(.sender, facts.sender.domain?.description ?? "")], lookups)
          }))
    }
    if names.asks(.from) || names.asks(.replyTo) {
      plan.message.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: .message,
          reports: names.reports(about: [.from, .replyTo]),
          work: .awaited { [names] facts, lookups in
            await names.findings(
              FromDomains.of(facts).prefix(FromDomains.mostAsked).map { (.from, $0) }
                + facts.addresses(of: "Reply-To").prefix(FromDomains.mostAsked).map { (.replyTo, $0.domain) },
              lookups)
          }))
    }
  }
}

extension ZoneSubject {
  /// A name of the peer's in words that tell him which of his it is.
  fileprivate func spoken(_ name: String) -> String {
    switch self {
    case .helo: "the name \(name) in your greeting"
    case .clientName: "your host's name \(name)"
    case .sender: "the sender's domain \(name)"
    case .from: "the domain \(name) of From"
    case .replyTo: "the domain \(name) of Reply-To"
    case .urls: "a link to \(name)"
    case .client, .trace, .urlAddresses, .addressHash: name
    }
  }
}

/// Asks lists of domains about names.
struct NameInquiry: Sendable {
  let inquiry: ZoneInquiry
  private let suffixes: PublicSuffixes

  init(_ inquiry: ZoneInquiry, _ suffixes: PublicSuffixes) {
    self.inquiry = inquiry
    self.suffixes = suffixes
  }

  func asks(_ subject: ZoneSubject) -> Bool { inquiry.zones.contains { $0.asks.contains(subject) } }

  /// What the lists that are asked about these can bring at one stage.
  func reports(about subjects: Set<ZoneSubject>) -> Reports { inquiry.reports(about: subjects) }

  /// What the lists say of names as the peer wrote them; what is no name is not asked about.
  func findings(_ names: [(ZoneSubject, String)], _ lookups: Lookups) async -> [Finding] {
    await inquiry.findings(questions(names), lookups)
  }

  func questions(_ names: [(ZoneSubject, String)]) -> [ZoneQuestion] {
    let known = names.compactMap { subject, text in Self.name(text).map { (subject, $0) } }
    if known.isEmpty { return [] }
    var questions: [ZoneQuestion] = []
    for (index, zone) in inquiry.zones.enumerated() {
      var asked: Set<DNSName> = []
      for (subject, host) in known where zone.asks.contains(subject) {
        let shown = host.text.printable(limit: 100)
        for name in zone.questions(about: host, suffixes) where asked.insert(name).inserted {
          questions.append(
            ZoneQuestion(
              zone: index, name: name, subject: "\(subject.shown):\(shown)", spoken: subject.spoken(shown),
              mayBeGood: ZoneSubject.provable.contains(subject)))
        }
      }
    }
    return questions
  }

  /// A name that a list of domains can be asked about; nil for address literals, bare words and what is none.
  static func name(_ text: String) -> DNSName? {
    guard let name = DNSName(text), name.isAskable, IPAddress(name.text) == nil,
      name.text.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == .dot || $0 == 0x2d || $0 == 0x5f })
    else { return nil }
    return name
  }
}
