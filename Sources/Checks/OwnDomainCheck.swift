internal import Bytes
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let ownDomainForged: ReasonCode = "OWN_DOMAIN_FORGED"
}

/// A stranger whose envelope sender lies in one's own relay domains. By default a weight and no refusal:
/// forwarders and web forms do so in good faith.
struct OwnDomainCheck: Check {
  static let name = "own_domain"
  static let defaultMode = CheckMode.enforce
  static let weights: [ReasonCode: Weight] = [.ownDomainForged: Weight(6)]
  /// It might be of one's own.
  static let needsClient: Set<ReasonCode> = [.ownDomainForged]
  static let needsSender: Set<ReasonCode> = [.ownDomainForged]
  static let reasons = [
    Reason(
      .ownDomainForged, Reply(550, 7, 1, "Sender {sender} is ours, and you are not"), .refusal,
      cause:
        "A client that neither logged in nor is of the relay networks or certificates uses a sender of relay.domains.",
      effect: "It weighs; with checks.own_domain.action = \"reject\" it is refused.",
      remedy: "Name good forwarders in checks.own_domain.except_networks, or senders in except_senders.")
  ]

  private let relay: RelayControl
  /// `user@dom` or `@dom`, in small letters.
  private let exceptSenders: Set<String>
  private let exceptNetworks: IPPrefixSet

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    relay = materials.relay
    exceptSenders = Set(keys.strings("except_senders", default: []).map(\.lowercasedASCII))
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.mail.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: max(enforceAt, .mail),
        work: .immediate { [relay, exceptSenders, exceptNetworks] facts in
          guard let domain = facts.sender.domain, relay.isOurDomain(domain),
            !facts.connect.stands(in: exceptNetworks)
          else { return [] }
          let name = domain.description.lowercasedASCII
          guard
            exceptSenders.isEmpty
              || !(exceptSenders.contains("@" + name)
                || exceptSenders.contains("\(facts.sender.localPart.lowercasedASCII)@\(name)"))
          else { return [] }
          return [Finding(.ownDomainForged, evidence: name)]
        }))
  }
}
