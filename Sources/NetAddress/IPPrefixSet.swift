/// An immutable set of networks that answers whether an address lies in one of them.
///
/// Overlapping networks are merged into ranges, so a question is one binary search without allocation.
public struct IPPrefixSet: Hashable, Sendable {
  /// The networks as given, in their order, each once.
  public let prefixes: [IPPrefix]
  private let v4: [ClosedRange<IPAddress>]
  private let v6: [ClosedRange<IPAddress>]

  /// A set of the given networks.
  public init(_ prefixes: some Sequence<IPPrefix>) {
    var seen = Set<IPPrefix>()
    let distinct = prefixes.filter { seen.insert($0).inserted }
    self.prefixes = distinct
    v4 = Self.merged(distinct.filter(\.isV4))
    v6 = Self.merged(distinct.filter { !$0.isV4 })
  }

  /// The set that holds no address.
  public init() {
    self.init([])
  }

  /// True when there is no network in the set.
  public var isEmpty: Bool { prefixes.isEmpty }

  /// True when `address` lies in one of the networks.
  public func contains(_ address: IPAddress) -> Bool {
    let ranges = address.isV4 ? v4 : v6
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < address { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= address
  }

  /// The ranges of networks of one family, apart and in order.
  private static func merged(_ prefixes: [IPPrefix]) -> [ClosedRange<IPAddress>] {
    var ranges: [ClosedRange<IPAddress>] = []
    // Two networks are apart or one holds the other; the holder sorts first.
    for prefix in prefixes.sorted(by: { ($0.address, $0.length) < ($1.address, $1.length) })
    where ranges.last.map({ prefix.address > $0.upperBound }) ?? true {
      ranges.append(prefix.address...prefix.lastAddress)
    }
    return ranges
  }
}

extension IPPrefixSet: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: IPPrefix...) {
    self.init(elements)
  }
}

extension IPPrefixSet: CustomStringConvertible {
  /// The networks as given, between commas.
  public var description: String { prefixes.map(\.description).joined(separator: ", ") }
}
