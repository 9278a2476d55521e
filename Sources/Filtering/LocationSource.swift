public import NetAddress

/// Where an address is said to be, and whose network it is of; nil for what is not known of it.
public struct Location: Hashable, Sendable {
  /// ISO 3166-1, two capital letters.
  public var country: String?
  /// The number of its autonomous system (RFC 6793).
  public var network: UInt32?
  public var networkName: String?

  public init(country: String? = nil, network: UInt32? = nil, networkName: String? = nil) {
    self.country = country
    self.network = network
    self.networkName = networkName
  }

  /// `AS64500 Example Net`; nil where the network is not known.
  public var networkText: String? {
    network.map { "AS\($0)" + (networkName.map { " \($0)" } ?? "") }
  }
}

/// Whoever knows where addresses are. Asked from any thread; never waits.
public protocol LocationSource: Sendable {
  func location(of address: IPAddress) -> Location
}
