import NetAddress
import Testing

@Suite struct PrefixTableTests {
  @Test func longestFirst() throws {
    let table = PrefixTable([
      (try .parse("10.0.0.0/8"), 1), (try .parse("10.1.0.0/16"), 2), (try .parse("10.1.2.3"), 3),
      (try .parse("0.0.0.0/0"), 4), (try .parse("::/0"), 5), (try .parse("2001:db8::/32"), 6),
      (try .parse("10.1.0.0/16"), 0),
    ])
    func values(_ text: String) throws -> [UInt32] { Array(table.lookup(try #require(IPAddress(text)))) }
    #expect(try values("10.1.2.3") == [3, 0, 2, 1, 4])
    #expect(try values("10.1.2.4") == [0, 2, 1, 4])
    #expect(try values("10.2.0.0") == [1, 4])
    #expect(try values("11.0.0.0") == [4])
    #expect(try values("2001:db8::1") == [6, 5])
    #expect(try values("2001:db9::1") == [5])
    #expect(table.count == 7)
    #expect(PrefixTable().isEmpty)
    #expect(Array(PrefixTable().lookup(IPAddress(v4: 1))).isEmpty)
  }

  @Test func duplicatesAsTold() throws {
    let net: IPPrefix = try .parse("192.0.2.0/24")
    var builder = PrefixTable.Builder()
    for value: UInt32 in [5, 3, 9] { builder.add(net, value: value) }
    var asked: [[UInt32]] = []
    let first = builder.build { kept, other in
      asked.append([kept, other])
      return .keepFirst
    }
    #expect(Array(first.lookup(net.address)) == [3])
    #expect(asked == [[3, 5], [3, 9]])
    for value: UInt32 in [5, 3, 9] { builder.add(net, value: value) }
    #expect(Array(builder.build { _, _ in .keepSecond }.lookup(net.address)) == [9])
    #expect(builder.build().isEmpty)
  }

  /// Against the plain reading: go through all networks and sort.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func agreesWithALinearSearch(seed: UInt64) throws {
    var steps = Steps(state: seed &* 0x9E37_79B9)
    var pairs: [(IPPrefix, UInt32)] = []
    // A small space, so that networks nest deeply and repeat.
    func address() -> IPAddress {
      let bits = steps.next() & 0x3F
      return steps.next() & 1 == 0
        ? IPAddress(v4: 0xC000_0200 | UInt32(bits)) : IPAddress(high: 0x2001_0DB8_0000_0000 | bits, low: bits)
    }
    for value in 0..<400 {
      let base = address()
      let length = base.isV4 ? 20 + Int(steps.next() % 13) : 50 + Int(steps.next() % 79)
      pairs.append((base.prefix(length), UInt32(value)))
    }
    let table = PrefixTable(pairs)
    for _ in 0..<3000 {
      let asked = address()
      let expected = pairs.filter { $0.0.contains(asked) }
        .sorted { ($1.0.length, $0.1) < ($0.0.length, $1.1) }.map(\.1)
      #expect(Array(table.lookup(asked)) == expected)
    }
  }
}
