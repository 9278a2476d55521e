internal import Bytes
internal import DNS
internal import Filtering
internal import MailAuthentication
internal import MailSyntax
internal import NetAddress
internal import SMTPProtocol
internal import Settings

extension ReasonCode {
  static let ownFromForged: ReasonCode = "OWN_FROM_FORGED"
  static let ownNameForged: ReasonCode = "OWN_NAME_FORGED"
  static let ownFromUnavailable: ReasonCode = "OWN_FROM_UNAVAILABLE"
}

/// A stranger's message whose From, or the name in front of it, is an address of one's own domains, and for which
/// neither SPF nor DKIM vouches.
struct OwnFromCheck: Check {
  static let name = "own_from"
  static let defaultMode = CheckMode.enforce
  private static let remedy =
    "Good senders: checks.own_from.except_senders, except_networks and except_lists."
  static let rows = [
    ContentCode(
      .ownFromForged, 3, reply: "From of this message is ours, and nothing proves it",
      cause:
        "From is in relay.domains, the client neither logged in nor is of the relay networks, and neither SPF nor DKIM passes for that domain. Where the envelope sender is ours too, own_domain says so.",
      remedy: remedy),
    ContentCode(
      .ownNameForged, 2,
      reply: "The name in From of this message is an address of ours, and the address is not",
      cause: "The name in From is an address in relay.domains, and the address behind it is another's.",
      remedy: remedy),
    ContentCode(
      .ownFromUnavailable, 0, reply: nil,
      cause: "From is in relay.domains, and DNS gave no answer about what could prove it.",
      remedy: "Nothing, where it is rare: unknown is neither proved nor forged."),
  ]
  static let weights = rows.weights
  static let reasons = rows.reasons(of: name)

  private let relay: RelayControl
  private let proof: AuthorProof
  private let resolves: Bool
  /// Whether own_domain weighs an envelope sender of ours.
  private let judgesSender: Bool
  /// `user@dom` or `@dom`, in small letters.
  private let exceptSenders: Set<String>
  private let exceptNetworks: IPPrefixSet
  /// List-Ids without their brackets, in small letters.
  private let exceptLists: Set<String>

  init(_ materials: CheckMaterials, keys: inout CheckKeys) {
    relay = materials.relay
    proof = AuthorProof(suffixes: materials.suffixes, hostname: materials.settings.hostname)
    resolves = materials.resolves
    judgesSender = (materials.settings.checks[OwnDomainCheck.name]?.mode ?? .enforce) == .enforce
    exceptSenders = Set(keys.strings("except_senders", default: []).map(\.lowercasedASCII))
    exceptNetworks = IPPrefixSet(keys.networks("except_networks", default: []))
    exceptLists = Set(keys.strings("except_lists", default: []).map(\.lowercasedASCII))
  }

  func enlist(in plan: inout CheckPlan, mode: CheckMode, enforceAt: Stage) {
    plan.message.append(
      Examination(
        check: Self.name, mode: mode, enforceAt: .message, reports: .eachOnce, wantsBody: resolves,
        work: .awaited { facts, lookups in await findings(facts, lookups) }))
  }

  private func findings(_ facts: MessageFacts, _ lookups: Lookups) async -> [Finding] {
    guard !exceptNetworks.contains(facts.mail.connect.address), !isExceptedList(facts) else { return [] }
    let authors = Authors(facts)
    var notes = ContentNotes()
    let own = authors.addresses.filter { isOurs($0.domain) }
    if own.isEmpty {
      if let name = authors.named.first(where: { isOurs($0.domain) && !isExcepted($0) }),
        // Lists rewrite From so, in good faith.
        !facts.header.contains("List-Id")
      {
        notes.note(.ownNameForged, "\(name.text) in front of \(authors.addresses.first?.text ?? "nobody")")
      }
    } else if let forged = own.first(where: { !isExcepted($0) }), resolves, !isSendersMatter(facts) {
      switch await answer(for: forged.domain, facts, lookups) {
      case .given: break
      // A signature may stand beyond the bound.
      case .missing where !facts.header.isCut: notes.note(.ownFromForged, forged.text)
      case .missing, .unknown: notes.note(.ownFromUnavailable, forged.text)
      }
    }
    return notes.findings(Self.rows)
  }

  private func answer(
    for domain: String, _ facts: MessageFacts, _ lookups: Lookups
  ) async -> AuthorProof.Answer {
    guard let domain = DNSName(domain) else { return .missing }
    return await proof.answer(for: domain, facts, lookups)
  }

  private func isOurs(_ domain: String) -> Bool { relay.isOurDomain(.name(domain)) }

  private func isExcepted(_ address: Authors.Address) -> Bool {
    exceptSenders.contains("@" + address.domain) || exceptSenders.contains(address.text)
  }

  private func isExceptedList(_ facts: MessageFacts) -> Bool {
    guard !exceptLists.isEmpty, let id = facts.headerText("List-Id")?.lowercasedASCII else { return false }
    let bare = id.lastIndex(of: "<").map { id[id.index(after: $0)...].prefix { $0 != ">" } } ?? Substring(id)
    return exceptLists.contains(String(bare))
  }

  /// An envelope sender of ours has weighed already.
  private func isSendersMatter(_ facts: MessageFacts) -> Bool {
    guard judgesSender, let sender = facts.mail.sender.domain else { return false }
    return relay.isOurDomain(sender)
  }
}

/// The addresses of From, and those that its names pretend to be.
private struct Authors {
  struct Address {
    /// All in small letters.
    let text: String
    let domain: String

    init?(local: some StringProtocol, domain: some StringProtocol) {
      guard !local.isEmpty, !domain.isEmpty else { return nil }
      self.domain = domain.lowercasedASCII
      text = "\(local.lowercasedASCII)@\(self.domain)"
    }
  }

  private(set) var addresses: [Address] = []
  private(set) var named: [Address] = []

  init(_ facts: MessageFacts) {
    for field in facts.header.fields where field.isNamed("From") {
      let list = try? AddressList(facts.message.memory, in: field.body)
      for mailbox in list?.mailboxes.prefix(FromDomains.most) ?? [] {
        if let domain = mailbox.domain, let address = Address(local: mailbox.localPart, domain: domain) {
          addresses.append(address)
        }
      }
      if list == nil {
        // Whatever a reader may see in it.
        for name in facts.authors.domains {
          if let address = Address(local: "?", domain: name.text) { addresses.append(address) }
        }
      }
      named += Self.addresses(in: MessageFacts.decodedText(facts.octets(of: field)))
    }
    let known = Set(addresses.map(\.text))
    named.removeAll { known.contains($0.text) }
  }

  /// What has the form of an address in a text, at most 10.
  private static func addresses(in text: String) -> [Address] {
    var found: [Address] = []
    for word in text.utf8.split(whereSeparator: { !$0.isOfAddress }) where found.count < 10 {
      let parts = word.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      let domain = String(decoding: parts[1], as: UTF8.self)
      guard HostLabel.isHost(domain),
        let address = Address(local: String(decoding: parts[0], as: UTF8.self), domain: domain)
      else { continue }
      found.append(address)
    }
    return found
  }
}

extension UInt8 {
  /// What stands in an address that nobody had to quote.
  fileprivate var isOfAddress: Bool {
    isASCIILetterOrDigit || self >= 0x80 || "@.-_+=&'*%".utf8.contains(self)
  }
}
