import Bytes
import Filtering
import NetAddress
import RuleImport
import Testing

/// What is written as lists gives the answers of the table that it comes from.
@Suite struct ListAnswerTests {
  private static let now = Timestamp(milliseconds: 1_781_524_800_000)

  private func snapshot(_ result: ImportResult) -> ListSnapshot {
    let files = result.files.filter { $0.role == .list }
    let reading = ListSnapshot.parse(
      files.map { ListSource(file: $0.name, text: Array($0.text.utf8)) }, at: Self.now)
    #expect(reading.problems.map(\.description) == [])
    return reading.snapshot
  }

  /// Tables by chance, asked line by line as Postfix does, and by the list's longest prefix.
  @Test func cidrTablesByChance() {
    var chance = Chance(state: 20_261_121)
    for _ in 0..<60 {
      var lines: [(prefix: IPPrefix, isNegated: Bool, verdict: String)] = []
      for _ in 0..<(2 + chance.next(12)) {
        let address = IPAddress(
          v4: UInt32(10 << 24 | chance.next(4) << 16 | chance.next(4) << 14 | chance.next(64)))
        let length = [0, 8, 14, 16, 18, 20, 26, 30, 32][chance.next(9)]
        lines.append(
          (address.prefix(length), chance.next(10) == 0, ["OK", "REJECT no", "DUNNO"][chance.next(3)]))
      }
      let text = lines.map {
        "\($0.isNegated ? "!" : "")\($0.prefix.address)/\($0.prefix.length) \($0.verdict)\n"
      }
      let result = imported(.postfixCIDR, text.joined())
      #expect(result.isComplete)
      let lists = snapshot(result)
      for _ in 0..<200 {
        let address = IPAddress(
          v4: UInt32(10 << 24 | chance.next(4) << 16 | chance.next(4) << 14 | chance.next(64)))
        let first = lines.first { $0.prefix.contains(address) != $0.isNegated }
        let expected: ListVerdict? =
          switch first?.verdict {
          case "OK": .allow
          case "REJECT no": .block
          default: nil
          }
        #expect(lists.client(address, at: Self.now)?.verdict == expected, "\(address) in\n\(text.joined())")
      }
    }
  }

  @Test func accessKeysAreAsSpecificAsTheyWere() throws {
    let lists = snapshot(
      imported(
        .postfixAccess,
        """
        spam.example REJECT all of it
        friend@spam.example OK
        good.spam.example OK
        10.1 REJECT
        10.1.2 OK
        2001:db8 REJECT

        """, name: "access_sender"))
    func sender(_ local: String, _ domain: String) -> ListVerdict? {
      lists.sender(local: local, domain: domain, at: Self.now)?.verdict
    }
    #expect(sender("x", "spam.example") == .block)
    #expect(sender("x", "deep.spam.example") == .block)
    #expect(sender("friend", "spam.example") == .allow)
    #expect(sender("x", "good.spam.example") == .allow)
    #expect(sender("x", "notspam.example") == nil)
    let clients = snapshot(
      imported(.postfixAccess, "10.1 REJECT\n10.1.2 OK\n2001:db8 REJECT\n", role: "client"))
    func client(_ text: String) throws -> ListVerdict? {
      clients.client(try #require(IPAddress(text)), at: Self.now)?.verdict
    }
    #expect(try client("10.1.3.1") == .block)
    #expect(try client("10.1.2.1") == .allow)
    #expect(try client("10.2.2.1") == nil)
    #expect(try client("2001:db8::1") == .block)
  }
}

/// Numbers by chance that are the same each time.
struct Chance {
  var state: UInt64

  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
