public import NetAddress

/// What the gateway takes before it says 421, 450, 452 or 552 (`[limits]`).
public struct LimitSettings: Sendable, Hashable {
  /// Client connections at once, in all.
  public let connections: Bound
  /// What each client meets, unless a network says otherwise.
  public let client: ClientLimits
  /// Other limits for some networks, the longest prefix first.
  public let networks: [NetworkLimits]
  /// Prefix length of an IPv4 subnet, 1…32.
  public let subnetV4: Int
  /// Prefix length of an IPv6 subnet, 1…128.
  public let subnetV6: Int
  /// Bytes of a message's header.
  public let headerSize: Int
  /// Octets of a message that the checks of its content look at.
  public let contentSize: Int
  /// Bytes of a line of a message, CRLF included.
  public let lineLength: Int
  /// Received lines of a message.
  public let hops: Int
  /// Bytes of all messages in flight held in memory.
  public let memory: Bound
  /// Bytes from which on a message waits in a spool file; never more than ``memory``.
  public let memoryPerMessage: Int
  /// Bytes of a message that are held in memory at most: the whole header is judged there.
  public var heldPerMessage: Int { Swift.max(memoryPerMessage, headerSize + 1) }
  /// Bytes that a message takes of ``memory`` when it begins.
  public static let leastPerMessage = 65_536
  /// Bytes in all spool files.
  public let spool: Bound
  /// Addresses and subnets counted at once.
  public let trackedAddresses: Int
  /// How long an address is refused after it asked for too many unknown recipients.
  public let harvestBlock: Duration
  /// How long an address is refused after it wrote to a trap.
  public let trapBlock: Duration
  /// Messages and recipients of a user who logged in.
  public let messageRatePerUser: RateBound
  public let recipientRatePerUser: RateBound
  /// Failed logins from a subnet, and with one password.
  public let loginFailuresPerSubnet: RateBound
  public let loginFailuresPerPassword: RateBound
  /// How long no login from a subnet is tried after too many failed; zero: not at all.
  public let loginBlock: Duration
  /// How late an event loop may be before new connections get 421.
  public let loopDelay: Duration
  /// How many file descriptors stay free before new connections get 421.
  public let descriptorsReserve: Int

  /// The entry of the longest network that holds the client; nil where ``client`` counts.
  public func network(of address: IPAddress) -> NetworkLimits? {
    networks.first { $0.network.contains(address) }
  }

  /// The limits that a client meets.
  public func limits(for address: IPAddress) -> ClientLimits { network(of: address)?.limits ?? client }

  /// The subnet that an address is counted under.
  public func subnet(of address: IPAddress) -> IPPrefix {
    address.prefix(address.isV4 ? subnetV4 : subnetV6)
  }
}

/// The limits that a single client meets; each can be another for a network.
public struct ClientLimits: Sendable, Hashable {
  public let connectionsPerAddress: Bound
  public let connectionsPerSubnet: Bound
  public let connectionRatePerAddress: RateBound
  public let connectionRatePerSubnet: RateBound
  public let messageRatePerAddress: RateBound
  public let messageRatePerSubnet: RateBound
  public let unknownRecipientsPerAddress: RateBound
  public let unknownRecipientsPerSubnet: RateBound
  /// Recipients of a message.
  public let recipients: Bound
  /// Bytes of a message.
  public let messageSize: Bound
  /// Refused commands in a session.
  public let errors: Bound
  /// Commands in a session.
  public let commands: Bound
  /// Messages in a session.
  public let transactions: Bound
}

/// The limits of the clients of one network (`[[limits.network]]`): what is not written there is as in
/// `[limits]`, whatever a wider network says.
public struct NetworkLimits: Sendable, Hashable {
  public let network: IPPrefix
  /// Connections at once from the whole network; nil: no bound of its own.
  public let connections: Bound?
  public let limits: ClientLimits
}

extension LimitSettings {
  init(_ section: Section) {
    connections = section.countBound("connections") ?? .unlimited
    client = ClientLimits(section, over: nil)
    subnetV4 = section.count("subnet_v4")
    subnetV6 = section.count("subnet_v6")
    headerSize = section.size("header_size")
    contentSize = section.size("content_size")
    lineLength = section.size("line_length")
    hops = section.count("hops")
    memory = section.sizeBound("memory") ?? .unlimited
    let perMessage = section.size("memory_per_message")
    // A default gives way to what the operator wrote.
    memoryPerMessage =
      section.has("memory_per_message") ? perMessage : Swift.min(perMessage, memory.orMax)
    spool = section.sizeBound("spool") ?? .unlimited
    trackedAddresses = section.count("tracked_addresses")
    harvestBlock = section.duration("harvest_block")
    trapBlock = section.duration("trap_block")
    messageRatePerUser = section.rate("message_rate_per_user") ?? .unlimited
    recipientRatePerUser = section.rate("recipient_rate_per_user") ?? .unlimited
    loginFailuresPerSubnet = section.rate("login_failures_per_subnet") ?? .unlimited
    loginFailuresPerPassword = section.rate("login_failures_per_password") ?? .unlimited
    loginBlock = section.duration("login_block")
    loopDelay = section.duration("loop_delay")
    descriptorsReserve = section.count("descriptors_reserve")
    networks = NetworkLimits.all(section, client)
  }
}

extension ClientLimits {
  /// Reads the limits of `[limits]`, or those of a network over them.
  init(_ section: Section, over base: ClientLimits?) {
    func count(_ key: String, _ inherited: KeyPath<ClientLimits, Bound>) -> Bound {
      section.countBound(key) ?? base?[keyPath: inherited] ?? .unlimited
    }
    func rate(_ key: String, _ inherited: KeyPath<ClientLimits, RateBound>) -> RateBound {
      section.rate(key) ?? base?[keyPath: inherited] ?? .unlimited
    }
    connectionsPerAddress = count("connections_per_address", \.connectionsPerAddress)
    connectionsPerSubnet = count("connections_per_subnet", \.connectionsPerSubnet)
    connectionRatePerAddress = rate("connection_rate_per_address", \.connectionRatePerAddress)
    connectionRatePerSubnet = rate("connection_rate_per_subnet", \.connectionRatePerSubnet)
    messageRatePerAddress = rate("message_rate_per_address", \.messageRatePerAddress)
    messageRatePerSubnet = rate("message_rate_per_subnet", \.messageRatePerSubnet)
    unknownRecipientsPerAddress = rate("unknown_recipients_per_address", \.unknownRecipientsPerAddress)
    unknownRecipientsPerSubnet = rate("unknown_recipients_per_subnet", \.unknownRecipientsPerSubnet)
    recipients = count("recipients", \.recipients)
    messageSize = section.sizeBound("message_size") ?? base?.messageSize ?? .unlimited
    errors = count("errors", \.errors)
    commands = count("commands", \.commands)
    transactions = count("transactions", \.transactions)
  }
}

extension NetworkLimits {
  static func all(_ limits: Section, _ base: ClientLimits) -> [NetworkLimits] {
    var all: [NetworkLimits] = []
    for section in limits.sections("network") {
      let network = section.network("network")
      let connections = section.countBound("connections")
      let client = ClientLimits(section, over: base)
      guard let network else {
        if !section.has("network") { section.requireKey("network", "write network = \"192.0.2.0/24\"") }
        continue
      }
      if all.contains(where: { $0.network == network }) {
        section.report("network", "limits.network: \(network) has limits already: put both in one table")
      }
      all.append(NetworkLimits(network: network, connections: connections, limits: client))
    }
    return all.sorted { ($1.network.length, $0.network.address) < ($0.network.length, $1.network.address) }
  }
}
