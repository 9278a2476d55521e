public import MailSyntax
public import NetAddress
public import Settings

/// Who may send where. Default: nobody outside sends to outside.
public struct RelayControl: Sendable {
  private let domains: DomainSet
  private let networks: IPPrefixSet
  private let restrictions: [SenderRestriction]
  private let certificates: [RelayCertificate]
  /// Which senders a user may use.
  public let rights: SenderRights

  /// - Parameter restrictions: the longest prefix first, as the settings give them.
  public init(
    domains: DomainSet, networks: IPPrefixSet, restrictions: [SenderRestriction] = [],
    certificates: [RelayCertificate] = [], rights: SenderRights = SenderRights()
  ) {
    self.domains = domains
    self.networks = networks
    self.restrictions = restrictions
    self.certificates = certificates
    self.rights = rights
  }

  public func isRelayNetwork(_ address: IPAddress) -> Bool { networks.contains(address) }

  /// Whether a certificate that was shown to the gateway itself is one of `relay.certificates`. One that a balancer
  /// tells of is logged and grants nothing.
  public func isRelayCertificate(_ certificate: ClientCertificate) -> Bool {
    certificates.contains {
      $0.matches(
        fingerprint: certificate.fingerprint, subject: certificate.subject, isVerified: certificate.isVerified
      )
    }
  }

  /// Whether this client may send to outside under this sender: it logged in and the sender is its own; or it showed
  /// a relay certificate; or it stands in a relay network, and where the most specific restriction of its address
  /// names senders, the sender is one of them. What a message says in From grants nothing.
  public func mayRelay(_ facts: ConnectFacts, sender: Path) -> Bool {
    switch facts.trust {
    case .none: false
    case .user(let user): rights.mayUse(user, sender: sender)
    case .certificate: true
    case .network: mayRelay(facts.address, sender: sender)
    }
  }

  private func mayRelay(_ address: IPAddress, sender: Path) -> Bool {
    guard networks.contains(address) else { return false }
    guard let restriction = restrictions.first(where: { $0.network.contains(address) }) else { return true }
    return restriction.allows(localPart: sender.localPart, domain: sender.domain?.description ?? "")
  }

  /// Whether every way in which a mail server could read this recipient ends in our own domains.
  /// A bare `postmaster` is ours always (RFC 5321 §4.5.1).
  public func isOurs(_ recipient: Path) -> Bool {
    if recipient.domain == nil { return recipient.isPostmaster }
    let readings = AddressReadings(of: recipient)
    guard !readings.hasUnreadable, !readings.domains.isEmpty else { return false }
    return readings.domains.allSatisfy { domains.contains($0.description) }
  }

  /// Whether a domain is one of `relay.domains`.
  public func isOurDomain(_ domain: PathDomain) -> Bool { domains.contains(domain.description) }
}
