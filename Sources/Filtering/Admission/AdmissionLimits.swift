public import NetAddress

/// How many clients, messages and octets the gateway takes at once and in a while. nil is "unlimited", 0 is
/// "none allowed".
public struct AdmissionLimits: Sendable {
  /// So many in any span of `duration`.
  public struct Rate: Hashable, Sendable {
    public var count: Int
    public var duration: Duration

    public init(_ count: Int, per duration: Duration) {
      self.count = count
      self.duration = duration
    }
  }

  /// All connections, those of relay networks included.
  public var connections: Int?
  public var connectionsPerAddress: Int?
  public var connectionsPerSubnet: Int?
  /// The prefix lengths of what counts as one subnet, 0…32 and 0…128.
  public var subnetV4 = 24
  public var subnetV6 = 64
  public var connectionRatePerAddress: Rate?
  public var connectionRatePerSubnet: Rate?
  public var messageRatePerAddress: Rate?
  public var messageRatePerSubnet: Rate?
  public var unknownRecipientsPerAddress: Rate?
  public var unknownRecipientsPerSubnet: Rate?
  /// Entries of the counter tables: a client takes two (address and subnet), three where its network has a
  /// bound of its own. An entry costs about 250 octets.
  public var tracked: Int?
  /// Octets of all messages in flight that lie in memory.
  public var memory: Int?
  /// Octets of all messages in flight that lie in spool files.
  public var spool: Int?
  /// How long a client that asked for too many unknown recipients is refused; nil or zero: not at all.
  public var harvestBlock: Duration?
  /// How long a client that wrote to a trap is refused; nil or zero: not at all.
  public var trapBlock: Duration?
  /// What some networks meet instead; the longest network that holds a client counts, and what it does not
  /// say is as above, whatever a wider network says.
  public var overrides: [(network: IPPrefix, overrides: Overrides)] = []

  /// Nothing is limited.
  public init() {}

  /// What a network says of one limit.
  public enum Override<Limit: Hashable & Sendable>: Hashable, Sendable {
    /// Nothing: as for everybody.
    case inherited
    case unlimited
    case atMost(Limit)

    /// The limit where everybody's is `general`.
    func over(_ general: Limit?) -> Limit? {
      switch self {
      case .inherited: general
      case .unlimited: nil
      case .atMost(let limit): limit
      }
    }

    /// A limit that is told in full; nil is "unlimited".
    public init(_ limit: Limit?) { self = limit.map { .atMost($0) } ?? .unlimited }
  }

  /// The limits of the clients of one network.
  public struct Overrides: Hashable, Sendable {
    /// Connections of the whole network together; nil: no bound of its own.
    public var connections: Int?
    public var connectionsPerAddress = Override<Int>.inherited
    public var connectionsPerSubnet = Override<Int>.inherited
    public var connectionRatePerAddress = Override<Rate>.inherited
    public var connectionRatePerSubnet = Override<Rate>.inherited
    public var messageRatePerAddress = Override<Rate>.inherited
    public var messageRatePerSubnet = Override<Rate>.inherited
    public var unknownRecipientsPerAddress = Override<Rate>.inherited
    public var unknownRecipientsPerSubnet = Override<Rate>.inherited

    public init() {}
  }
}
