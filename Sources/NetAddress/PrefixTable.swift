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
    private var v4: [Row<UInt32>] = []
    private var v6: [Row<UInt128>] = []

    public init() {}

    /// Adds a network; at most `UInt32.max` of a family.
    public mutating func add(_ prefix: IPPrefix, value: UInt32) {
      let length = UInt8(prefix.length)
      if let start = prefix.address.v4 {
        v4.append(Row(start: start, value: value, length: length))
      } else {
        v6.append(Row(start: prefix.address.bits, value: value, length: length))
      }
    }

    /// The table of what was added, which leaves the builder empty.
    ///
    /// `onDuplicate` is asked for each two values of the same network, the lower (or the survivor of an
    /// earlier question) first.
    public mutating func build(
      onDuplicate: (UInt32, UInt32) -> Duplicate = { _, _ in .keepBoth }
    ) -> PrefixTable {
      // The rows of one family are freed before the other's are sorted: loading is bounded in memory.
      let small = Nest(&v4, onDuplicate)
      let large = Nest(&v6, onDuplicate)
      return PrefixTable(v4: small, v6: large)
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

private struct Row<Key: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  var start: Key
  var value: UInt32
  var length: UInt8

  /// True when the network holds `key`; the shift by the whole width gives zero, as /0 needs.
  static func holds(_ start: Key, _ length: UInt8, _ key: Key) -> Bool {
    (start ^ key) >> (Key.bitWidth - Int(length)) == 0
  }
}

/// The networks of one family in columns.
private struct Nest<Key: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  var starts: [Key] = []
  var values: [UInt32] = []
  var parents: [UInt32] = []
  var lengths: [UInt8] = []

  init() {}

  init(_ rows: inout [Row<Key>], _ onDuplicate: (UInt32, UInt32) -> PrefixTable.Duplicate) {
    guard !rows.isEmpty else { return }
    // Of one network the highest value comes first, so that the walk outwards meets the lowest first.
    rows.sort { a, b in
      if a.start != b.start { return a.start < b.start }
      return a.length == b.length ? a.value > b.value : a.length < b.length
    }
    Self.settleDuplicates(&rows, onDuplicate)
    starts = rows.map(\.start)
    values = rows.map(\.value)
    lengths = rows.map(\.length)
    rows = []
    linkParents()
  }

  private static func settleDuplicates(
    _ rows: inout [Row<Key>], _ onDuplicate: (UInt32, UInt32) -> PrefixTable.Duplicate
  ) {
    // From the end, so that values rise.
    var write = rows.count
    for read in rows.indices.reversed() {
      let row = rows[read]
      if write < rows.count, rows[write].start == row.start, rows[write].length == row.length {
        switch onDuplicate(rows[write].value, row.value) {
        case .keepBoth: break
        case .keepFirst: continue
        case .keepSecond:
          rows[write] = row
          continue
        }
      }
      write -= 1
      rows[write] = row
    }
    rows.removeFirst(write)
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
    while candidate != noParent, !Row.holds(starts[Int(candidate)], lengths[Int(candidate)], key) {
      candidate = parents[Int(candidate)]
    }
    return candidate
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
