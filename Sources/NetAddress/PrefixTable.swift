/// A large immutable table from networks to values, asked with an address: the longest network first.
///
/// The networks of a family stand sorted by (first address, length), each with the index of the nearest one
/// that holds it. The last network that begins at or before an address is the longest one holding it, or
/// lies inside that one; so a question is one binary search and a walk outwards, without allocation. An
/// IPv4 network costs 13 bytes, an IPv6 one 25.
public struct PrefixTable: Sendable {
  private let columns: Columns

  /// The table without networks.
  public init() {
    columns = .none
  }

  /// A table of the given pairs; pairs of the same network are all kept, the lower value found first.
  public init(_ pairs: some Sequence<(IPPrefix, UInt32)>) {
    var builder = Builder()
    for (prefix, value) in pairs { builder.add(prefix, value: value) }
    self = builder.build()
  }

  fileprivate init(v4: Nest<UInt32>, v6: Nest<UInt128>) {
    columns = Columns(v4: v4, v6: v6)
  }

  /// The number of networks held.
  public var count: Int { columns.v4.starts.count + columns.v6.starts.count }

  /// True when no network is held.
  public var isEmpty: Bool { columns.v4.starts.isEmpty && columns.v6.starts.isEmpty }

  /// The values of all networks that hold `address`: longest network first, the same network's by rising
  /// value.
  public func lookup(_ address: IPAddress) -> Matches {
    guard let key = address.v4 else {
      return Matches(columns: columns, isV4: false, index: columns.v6.innermost(address.bits))
    }
    return Matches(columns: columns, isV4: true, index: columns.v4.innermost(key))
  }

  /// The walk from the longest network that holds an address to the shortest.
  public struct Matches: Sequence, IteratorProtocol, Sendable {
    fileprivate let columns: Columns
    fileprivate let isV4: Bool
    fileprivate var index: UInt32

    /// The value of the next shorter network; nil past the last.
    public mutating func next() -> UInt32? {
      guard index != noParent else { return nil }
      let row = Int(index)
      index = isV4 ? columns.v4.parents[row] : columns.v6.parents[row]
      return isV4 ? columns.v4.values[row] : columns.v6.values[row]
    }
  }

  /// What becomes of two values of the same network.
  public enum Duplicate: Sendable {
    case keepBoth, keepFirst, keepSecond
  }

  /// Collects networks, then makes the table of them.
  public struct Builder: Sendable {
    private var v4 = Nest<UInt32>()
    private var v6 = Nest<UInt128>()

    public init() {}

    /// Makes room for `count` networks of either family; memory that stays untouched costs nothing.
    public mutating func reserveCapacity(_ count: Int) {
      v4.reserveCapacity(count)
      v6.reserveCapacity(count)
    }

    /// Adds a network; at most `UInt32.max` of a family.
    public mutating func add(_ prefix: IPPrefix, value: UInt32) {
      let length = UInt8(prefix.length)
      if let start = prefix.address.v4 {
        v4.append(start: start, length: length, value: value)
      } else {
        v6.append(start: prefix.address.bits, length: length, value: value)
      }
    }

    /// The table of what was added, which leaves the builder empty.
    ///
    /// `onDuplicate` is asked for each two values of the same network, the lower (or the survivor of an
    /// earlier question) first.
    public mutating func build(
      onDuplicate: (UInt32, UInt32) -> Duplicate = { _, _ in .keepBoth }
    ) -> PrefixTable {
      v4.settle(onDuplicate)
      v6.settle(onDuplicate)
      defer { self = Builder() }
      return PrefixTable(v4: v4, v6: v6)
    }
  }
}

/// The parent of a network that nothing holds.
private let noParent = UInt32.max

/// Both families under one reference, so that a question retains one object only.
private final class Columns: Sendable {
  let v4: Nest<UInt32>
  let v6: Nest<UInt128>

  static let none = Columns(v4: Nest(), v6: Nest())

  init(v4: Nest<UInt32>, v6: Nest<UInt128>) {
    self.v4 = v4
    self.v6 = v6
  }
}

/// The networks of one family in columns: unordered while they are collected, settled afterwards.
private struct Nest<Key: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  var starts: [Key] = []
  var values: [UInt32] = []
  var lengths: [UInt8] = []
  var parents: [UInt32] = []

  mutating func reserveCapacity(_ count: Int) {
    starts.reserveCapacity(count)
    values.reserveCapacity(count)
    lengths.reserveCapacity(count)
  }

  mutating func append(start: Key, length: UInt8, value: UInt32) {
    starts.append(start)
    values.append(value)
    lengths.append(length)
  }

  /// Sorts, settles duplicates and links each network to the one around it. Column by column, so that the
  /// peak of memory is little above what stays.
  mutating func settle(_ onDuplicate: (UInt32, UInt32) -> PrefixTable.Duplicate) {
    guard !starts.isEmpty else { return }
    var order: [UInt32] = []
    order.reserveCapacity(starts.count)
    for index in starts.indices { order.append(UInt32(index)) }
    // Of one network the highest value comes first, so that the walk outwards meets the lowest first.
    order.sort { a, b in
      let (a, b) = (Int(a), Int(b))
      if starts[a] != starts[b] { return starts[a] < starts[b] }
      return lengths[a] == lengths[b] ? values[a] > values[b] : lengths[a] < lengths[b]
    }
    settleDuplicates(&order, onDuplicate)
    starts = order.map { starts[Int($0)] }
    values = order.map { values[Int($0)] }
    lengths = order.map { lengths[Int($0)] }
    order = []
    linkParents()
  }

  private func settleDuplicates(
    _ order: inout [UInt32], _ onDuplicate: (UInt32, UInt32) -> PrefixTable.Duplicate
  ) {
    // From the end, so that values rise.
    var write = order.count
    for read in order.indices.reversed() {
      let row = Int(order[read])
      if write < order.count {
        let kept = Int(order[write])
        if starts[kept] == starts[row], lengths[kept] == lengths[row] {
          switch onDuplicate(values[kept], values[row]) {
          case .keepBoth: break
          case .keepFirst: continue
          case .keepSecond:
            order[write] = order[read]
            continue
          }
        }
      }
      write -= 1
      order[write] = order[read]
    }
    order.removeFirst(write)
  }

  private mutating func linkParents() {
    parents = [UInt32](repeating: noParent, count: starts.count)
    // The network before this one holds it, or one of those around that one does, or none.
    for index in starts.indices.dropFirst() {
      parents[index] = outwards(from: UInt32(index - 1), to: starts[index])
    }
  }

  private func outwards(from first: UInt32, to key: Key) -> UInt32 {
    var candidate = first
    while candidate != noParent, !holds(Int(candidate), key) {
      candidate = parents[Int(candidate)]
    }
    return candidate
  }

  /// True when a network holds `key`; the shift by the whole width gives zero, as /0 needs.
  private func holds(_ index: Int, _ key: Key) -> Bool {
    (starts[index] ^ key) >> (Key.bitWidth - Int(lengths[index])) == 0
  }

  func innermost(_ key: Key) -> UInt32 {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= key { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? noParent : outwards(from: UInt32(low - 1), to: key)
  }
}

extension IPAddress {
  fileprivate var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }
}
