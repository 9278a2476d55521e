public import NetAddress
public import SMTPProtocol

/// What `Admission` counts, at one moment: for `weir status`.
public struct AdmissionSnapshot: Sendable {
  /// A client among the busiest.
  public struct Client: Hashable, Sendable {
    /// The address, or the /64 of an IPv6 client.
    public let network: IPPrefix
    public let connections: Int
    /// Connections, messages and unknown recipients within the spans of their limits; 0 where there is none.
    public let recentConnections: Int
    public let recentMessages: Int
    public let recentUnknownRecipients: Int
  }

  public struct Block: Hashable, Sendable {
    public let network: IPPrefix
    public let because: String
    public let remaining: Duration
  }

  public struct Refusals: Hashable, Sendable {
    public let code: ReasonCode
    public let count: Int
  }

  /// Open now, those of relay networks included.
  public let connections: Int
  public let relayConnections: Int
  /// The most that were open at once, and all that were admitted, since the start.
  public let mostConnections: Int
  public let admitted: Int
  public let connectionsLimit: Int?
  /// Entries of the counter tables.
  public let tracked: Int
  public let trackedLimit: Int?
  /// Octets of messages in flight.
  public let memory: Int
  public let memoryLimit: Int?
  public let mostMemory: Int
  public let spool: Int
  public let spoolLimit: Int?
  /// At most ten, those with the most open connections first, then with the most recent ones.
  public let busiest: [Client]
  public let blockCount: Int
  /// At most a hundred, the longest to go first.
  public let blocks: [Block]
  /// Blocks that found no room.
  public let blocksDropped: Int
  /// Since the start, in the order of the codes' names; those that never happened are left out.
  public let refused: [Refusals]
}

extension AdmissionSnapshot {
  init(_ state: AdmissionState, memory: Ceiling, spool: Ceiling, at now: Int64) {
    connections = state.connections
    relayConnections = state.relayConnections
    mostConnections = state.mostConnections
    admitted = state.admitted
    connectionsLimit = Self.limit(state.terms.connections)
    tracked = state.table.count
    trackedLimit = Self.limit(state.table.bound)
    self.memory = memory.inUse
    memoryLimit = Self.limit(memory.ceiling)
    mostMemory = memory.mostInUse
    self.spool = spool.inUse
    spoolLimit = Self.limit(spool.ceiling)
    busiest = Self.busiest(state.table, at: now)
    let blocks = state.blocks.compactMap { network, block -> Block? in
      guard block.until > now else { return nil }
      return Block(network: network, because: block.because, remaining: .milliseconds(block.until - now))
    }
    blockCount = blocks.count
    self.blocks = Array(
      blocks.sorted { ($0.remaining, $0.network.address) > ($1.remaining, $1.network.address) }.prefix(100))
    blocksDropped = state.blocksDropped
    refused =
      (AdmissionRefusal.allCases.map { Refusals(code: $0.code, count: state.refused[$0.rawValue]) }
      + [
        Refusals(code: .limitMemory, count: memory.refused),
        Refusals(code: .limitSpool, count: spool.refused),
      ])
      .filter { $0.count > 0 }.sorted { $0.code.name < $1.code.name }
  }

  private static func limit(_ bound: Int) -> Int? { bound == .max ? nil : bound }

  private static func busiest(_ table: TallyTable, at now: Int64) -> [Client] {
    var top: [Client] = []
    for tally in table.tallies {
      // Most of a large table is nobody's connection: such an entry is not even counted once ten have some.
      if top.count == 10, tally.open < top[9].connections { continue }
      guard let client = Client(tally, at: now) else { continue }
      let place = top.firstIndex { client.isBusier(than: $0) } ?? top.count
      guard place < 10 else { continue }
      top.insert(client, at: place)
      if top.count > 10 { top.removeLast() }
    }
    return top
  }
}

extension AdmissionSnapshot.Client {
  init?(_ tally: Tally, at now: Int64) {
    guard let key = tally.key, key.role == .address, !tally.isIdle(at: now) else { return nil }
    network = key.prefix
    connections = tally.open
    recentConnections = tally.connections.remaining(at: now)
    recentMessages = tally.messages.remaining(at: now)
    recentUnknownRecipients = tally.unknownRecipients.remaining(at: now)
  }

  func isBusier(than other: Self) -> Bool {
    if connections != other.connections { return connections > other.connections }
    if recentConnections != other.recentConnections { return recentConnections > other.recentConnections }
    if recentMessages != other.recentMessages { return recentMessages > other.recentMessages }
    return network.address < other.network.address
  }
}

/// What can be refused here, each with its code.
enum AdmissionRefusal: Int, CaseIterable {
  case connections, blocked, tracked
  case connectionsAddress, connectionsSubnet, connectionsNetwork, connectionRateAddress, connectionRateSubnet
  case messageRateAddress, messageRateSubnet, unknownRecipients

  var code: ReasonCode {
    switch self {
    case .connections: .limitConnections
    case .blocked: .clientBlocked
    case .tracked: .limitTracked
    case .connectionsAddress: .limitConnectionsAddress
    case .connectionsSubnet: .limitConnectionsSubnet
    case .connectionsNetwork: .limitConnectionsNetwork
    case .connectionRateAddress: .limitConnectionRateAddress
    case .connectionRateSubnet: .limitConnectionRateSubnet
    case .messageRateAddress: .limitMessageRateAddress
    case .messageRateSubnet: .limitMessageRateSubnet
    case .unknownRecipients: .limitUnknownRecipients
    }
  }
}
