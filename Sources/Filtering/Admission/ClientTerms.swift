internal import Bytes
internal import NetAddress

/// The limits of one client, ready to be asked: no optionals, spans as milliseconds of an eighth.
struct ClientTerms {
  struct Rate {
    /// `.max`: unlimited, and nothing is counted.
    let count: Int
    let width: Int64

    static let unlimited = Rate(nil)

    init(_ rate: AdmissionLimits.Rate?) {
      count = rate?.count ?? .max
      width = max(1, (rate?.duration.milliseconds ?? 8) / 8)
    }

    var isLimited: Bool { count != .max }
  }

  let perAddress: Int
  let perSubnet: Int
  let connectionsAddress: Rate
  let connectionsSubnet: Rate
  let messagesAddress: Rate
  let messagesSubnet: Rate
  let unknownAddress: Rate
  let unknownSubnet: Rate
  /// The network that has a bound of its own, and the bound.
  let network: IPPrefix?
  let perNetwork: Int

  init(_ limits: AdmissionLimits, _ network: IPPrefix? = nil, _ own: AdmissionLimits.Overrides = .init()) {
    perAddress = own.connectionsPerAddress.over(limits.connectionsPerAddress) ?? .max
    perSubnet = own.connectionsPerSubnet.over(limits.connectionsPerSubnet) ?? .max
    connectionsAddress = Rate(own.connectionRatePerAddress.over(limits.connectionRatePerAddress))
    connectionsSubnet = Rate(own.connectionRatePerSubnet.over(limits.connectionRatePerSubnet))
    messagesAddress = Rate(own.messageRatePerAddress.over(limits.messageRatePerAddress))
    messagesSubnet = Rate(own.messageRatePerSubnet.over(limits.messageRatePerSubnet))
    unknownAddress = Rate(own.unknownRecipientsPerAddress.over(limits.unknownRecipientsPerAddress))
    unknownSubnet = Rate(own.unknownRecipientsPerSubnet.over(limits.unknownRecipientsPerSubnet))
    self.network = own.connections == nil ? nil : network
    perNetwork = own.connections ?? .max
  }
}

/// All terms of a configuration.
struct AdmissionTerms {
  let connections: Int
  let subnetV4: Int
  let subnetV6: Int
  let harvestBlock: Int64
  let trapBlock: Int64
  private let general: ClientTerms
  private let special: [ClientTerms]
  private let networks: PrefixTable

  init(_ limits: AdmissionLimits) {
    connections = limits.connections ?? .max
    subnetV4 = max(0, min(limits.subnetV4, 32))
    subnetV6 = max(0, min(limits.subnetV6, 128))
    harvestBlock = limits.harvestBlock?.milliseconds ?? 0
    trapBlock = limits.trapBlock?.milliseconds ?? 0
    general = ClientTerms(limits)
    special = limits.overrides.map { ClientTerms(limits, $0.network, $0.overrides) }
    networks = PrefixTable(limits.overrides.enumerated().map { ($1.network, UInt32($0)) })
  }

  func terms(of address: IPAddress) -> ClientTerms {
    if special.isEmpty { return general }
    var matches = networks.lookup(address)
    return matches.next().map { special[Int($0)] } ?? general
  }

  /// What counts as one address. A host owns the /64 it stands in and takes a new address of it whenever it
  /// likes (RFC 4941), so an IPv6 client is counted by its /64, or by `subnet_v6` where that is longer.
  func unit(of address: IPAddress) -> IPPrefix {
    address.prefix(address.isV4 ? 32 : max(64, subnetV6))
  }

  func subnet(of address: IPAddress) -> IPPrefix {
    address.prefix(address.isV4 ? subnetV4 : subnetV6)
  }
}
