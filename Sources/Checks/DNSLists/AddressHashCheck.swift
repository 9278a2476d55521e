internal import Bytes
internal import DNS
internal import Filtering
internal import MailSyntax
internal import MessageViews
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let addressListed: ReasonCode = "ADDRESS_LISTED"
  static let addressUnavailable: ReasonCode = "ADDRESS_UNAVAILABLE"
}

/// Mail addresses in lists of hashed ones: the envelope sender, From, Reply-To, and those that the text says to write to.
/// The list learns a hash, not the address.
struct AddressHashCheck: Check {
  static let name = "address_hashes"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.addressListed: Weight(4), .addressUnavailable: Weight(0)]
  static let reasons = [
    Reason(
      .addressListed,
      Reply(550, 7, 1, "Refused: {subject} is listed by {list}: {reason}"),
      .refusal,
      cause:
        "A DNS list of hashed mail addresses has the sender's, From's or Reply-To's, or one in the text; the reply and the evidence say which.",
      effect:
        "It weighs as zones.toml says; with checks.address_hashes.action = \"reject\" it refuses outright.",
      remedy: "The list's own page, which zones.toml names, says why and how the address gets off."),
    Reason(
      .addressUnavailable, nil, .notice,
      cause:
        "DNS lists of mail addresses could not be asked: no answer in time, an error in place of one, or a list that is switched off because it is sick.",
      effect: "Nothing, unless it is given a weight: unknown is neither listed nor not listed.",
      remedy: "weir lists zones shows the state of each list."),
  ]

  private let inquiry: ZoneInquiry
  private let resolves: Bool
  /// Addresses in the text that are asked about.
  private let most: Int

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    let terms = InquiryTerms(
      Self.self, materials, keys: &keys, listed: .addressListed, unavailable: .addressUnavailable)
    inquiry = ZoneInquiry(zones: materials.zones.asking([.addressHash]), terms: terms)
    resolves = materials.resolves
    most = keys.count("addresses", in: 0...50, default: 10)
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    guard resolves, !inquiry.zones.isEmpty else { return }
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message,
        reports: inquiry.reports(
          about: [.addressHash], besides: [inquiry.terms.unavailableWeight]),
        work: .awaited { [inquiry, most] facts, lookups in
          var addresses: [(subject: String, local: String, domain: String)] = []
          if let domain = facts.mail.sender.domain {
            addresses.append(("sender", facts.mail.sender.localPart, domain.description))
          }
          for (subject, field) in [("from", "From"), ("reply_to", "Reply-To")] {
            for address in facts.addresses(of: field) {
              addresses.append((subject, address.local, address.domain))
            }
          }
          var unseen: [Finding] = []
          if most > 0 {
            let views = await facts.views()
            for address in views.addresses.prefix(most) {
              let parts = address.split(separator: "@").map(String.init)
              if parts.count == 2 { addresses.append(("text", parts[0], parts[1])) }
            }
            if !views.omitted.isEmpty {
              unseen.append(Finding(.addressUnavailable, evidence: "unseen=\(views.omitted)"))
            }
          }
          return unseen + (await inquiry.findings(inquiry.questions(about: addresses), lookups))
        }))
  }
}

extension ZoneInquiry {
  /// The questions about mail addresses, each once.
  func questions(about addresses: [(subject: String, local: String, domain: String)]) -> [ZoneQuestion] {
    var questions: [ZoneQuestion] = []
    for (index, zone) in zones.enumerated() {
      var asked: Set<DNSName> = []
      for (subject, local, domain) in addresses {
        // An international domain is hashed as DNS knows it.
        let domain = DNSName(domain)?.text ?? domain
        guard let name = zone.name.prefixed(zone.hashing.label(local: local, domain: domain)),
          asked.insert(name).inserted
        else { continue }
        questions.append(
          ZoneQuestion(
            zone: index, name: name, subject: subject, spoken: Self.spoken(subject), mayBeGood: false))
      }
    }
    return questions
  }

  private static func spoken(_ subject: String) -> String {
    switch subject {
    case "from": "the address in From"
    case "reply_to": "the address in Reply-To"
    case "text": "an address in the text"
    default: "the sender's address"
    }
  }
}
