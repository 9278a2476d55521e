internal import Bytes
public import MailSyntax
public import NetAddress

/// Who may send where. Default: nobody outside sends to outside.
public struct RelayControl: Sendable {
  /// A relay network that only certain senders may use.
  public struct Narrowing: Sendable {
    public let network: IPPrefix
    /// `user@dom`, `@dom`, `.dom`, in small letters.
    public let senders: [String]
    public init(network: IPPrefix, senders: [String]) {
      self.network = network
      self.senders = senders.map(\.lowercasedASCII)
    }
  }

  private let domains: DomainSet
  private let networks: IPPrefixSet
  private let narrowings: [Narrowing]

  public init(domains: DomainSet, networks: IPPrefixSet, narrowings: [Narrowing] = []) {
    self.domains = domains
    self.networks = networks
    self.narrowings = narrowings.sorted { $0.network.length > $1.network.length }
  }

  public func isRelayNetwork(_ address: IPAddress) -> Bool { networks.contains(address) }

  /// Whether this client may send to outside under this sender: it stands in a relay network, and where the
  /// most specific narrowing of its address names senders, the sender is one of them. The null sender passes
  /// no narrowing: it names nobody.
  public func mayRelay(_ address: IPAddress, sender: Path) -> Bool {
    guard networks.contains(address) else { return false }
    guard let narrowing = narrowings.first(where: { $0.network.contains(address) }) else { return true }
    guard let domain = sender.domain?.lowercasedName else { return false }
    return narrowing.senders.contains { pattern in
      if pattern.utf8.first == UInt8(ascii: "@") { return domain == pattern.dropFirst() }
      if pattern.utf8.first == .dot {
        return domain.utf8.count > pattern.utf8.count && domain.hasSuffix(pattern)
      }
      return "\(sender.localPart.lowercasedASCII)@\(domain)" == pattern
    }
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
