internal import DNS
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let dnsblListed: ReasonCode = "DNSBL_LISTED"
  static let dnswlListed: ReasonCode = "DNSWL_LISTED"
  static let dnsblUnavailable: ReasonCode = "DNSBL_UNAVAILABLE"
}

/// The client's address in the DNS lists of `zones.toml`, bad ones and good ones.
struct DNSBLCheck: Check {
  static let name = "dnsbl"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [
    .dnsblListed: Weight(3), .dnswlListed: Weight(-1), .dnsblUnavailable: Weight(0),
  ]
  static let reasons = [
    Reason(
      .dnsblListed, Reply(550, 7, 1, "{subject} is listed by {list}: {reason}"), .refusal,
      cause:
        "A DNS list of bad senders, named in zones.toml, has the client's address, or the address from where the message came to the first trusted server; the reply says which.",
      effect:
        "It weighs as zones.toml says; the sum of all refuses, or with checks.dnsbl.action = \"reject\" each does.",
      remedy:
        "The list's own page, which zones.toml names, says why and how the address gets off; allow.cidr lets it in here."
    ),
    Reason(
      .dnswlListed, nil, .notice, cause: "A DNS list of good senders has the client's address.",
      effect: "Its weight is taken from the score.", remedy: "Nothing."),
    Reason(
      .dnsblUnavailable, nil, .notice,
      cause:
        "DNS lists could not be asked about the client: no answer in time, an error in place of one, or a list that is switched off because it is sick.",
      effect: "Nothing, unless it is given a weight: unknown is neither listed nor not listed.",
      remedy: "weir lists zones shows the state of each list."),
  ]

  private let inquiry: ZoneInquiry
  private let resolves: Bool
  private let trusted: IPPrefixSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let terms = InquiryTerms(
      Self.self, materials, keys: &keys, listed: .dnsblListed, good: .dnswlListed,
      unavailable: .dnsblUnavailable)
    inquiry = ZoneInquiry(zones: materials.zones.asking([.client, .trace]), terms: terms)
    resolves = materials.resolves
    trusted = materials.trusted
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves else { return }
    if inquiry.zones.contains(where: { $0.asks.contains(.client) }) {
      plan.connect.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: enforceAt, reports: inquiry.reports(about: [.client]),
          work: .awaited { [inquiry] facts, lookups in
            guard let address = facts.knownAddress else { return [] }
            return await inquiry.findings(
              inquiry.questions(about: address, .client, spoken: "Client host \(address)"), lookups)
          }))
    }
    if inquiry.zones.contains(where: { $0.asks.contains(.trace) }) {
      plan.message.append(
        Examination(
          check: Self.name, mode: mode, enforceAt: .message, audience: .everyone,
          reports: inquiry.reports(about: [.trace]),
          work: .awaited { [inquiry, trusted] facts, lookups in
            // A user is not judged by where he sits; a stranger's own address was asked about when he came.
            let connect = facts.mail.connect
            guard connect.user == nil,
              let origin = await TraceCheck.trace(facts, trusted: trusted, lookups).origin,
              origin != connect.knownAddress || !connect.isStranger
            else { return [] }
            return await inquiry.findings(
              inquiry.questions(
                about: origin, .trace, shown: "trace:\(origin)",
                spoken: "\(origin), from where this message came,"), lookups)
          }))
    }
  }
}

extension ZoneInquiry {
  /// The questions about an address, to those lists that are asked about such.
  ///
  /// - Parameters:
  ///   - shown: the address as evidence shows it; empty where the line shows it anyway.
  ///   - spoken: the same for the peer.
  func questions(about address: IPAddress, _ asked: ZoneSubject, shown: String = "", spoken: String)
    -> [ZoneQuestion]
  {
    let labels = DNSName.reversedLabels(of: address)
    var questions: [ZoneQuestion] = []
    questions.reserveCapacity(zones.count)
    for (index, zone) in zones.enumerated() where zone.asks.contains(asked) {
      if let name = zone.question(about: address, labels: labels) {
        questions.append(
          ZoneQuestion(
            zone: index, name: name, subject: shown, spoken: spoken,
            mayBeGood: ZoneSubject.provable.contains(asked)))
      }
    }
    return questions
  }
}
