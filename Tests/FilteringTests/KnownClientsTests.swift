import Bytes
import Filtering
import NetAddress
import Testing

@Suite struct KnownClientsTests {
  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
  private let day = Timestamp(milliseconds: 1_763_683_200_000)

  private func later(_ seconds: Int64) -> Timestamp {
    Timestamp(milliseconds: day.milliseconds + seconds * 1000)
  }

  @Test func aClientIsKnownForATime() throws {
    let clients = KnownClients()
    let one = try address("192.0.2.1")
    clients.passed(one, at: day)
    #expect(clients.isKnown(one, at: day, within: .seconds(10)))
    #expect(clients.isKnown(one, at: later(10), within: .seconds(10)))
    #expect(!clients.isKnown(one, at: later(11), within: .seconds(10)))
    #expect(!clients.isKnown(try address("192.0.2.2"), at: day, within: .seconds(10)))
    // A clock that was wrong once does not make it known for ever.
    #expect(!clients.isKnown(one, at: later(-11), within: .seconds(10)))
    clients.passed(one, at: later(20))
    #expect(clients.isKnown(one, at: later(25), within: .seconds(10)))
  }

  @Test func theyOutliveTheRun() throws {
    let clients = KnownClients()
    clients.passed(try address("192.0.2.1"), at: day)
    clients.passed(try address("2001:db8::1"), at: later(60))
    let next = KnownClients()
    #expect(next.adopt(clients.lines().map { Substring($0) }) == 2)
    #expect(next.lines().sorted() == clients.lines().sorted())
    #expect(next.isKnown(try address("2001:db8::1"), at: later(70), within: .seconds(15)))
    let faulty: [Substring] = [
      "", "x", "192.0.2.9", "192.0.2.9 x", "192.0.2.9 -1", "192.0.2.9 99999999999", "x 1",
    ]
    #expect(next.adopt(faulty) == 0)
  }

  @Test func theirNumberIsBounded() throws {
    let clients = KnownClients(bound: 100)
    for number in 0..<1000 {
      clients.passed(try address("10.0.\(number / 250).\(number % 250)"), at: later(Int64(number)))
    }
    #expect(clients.count == 100)
    #expect(clients.isKnown(try address("10.0.3.249"), at: later(1000), within: .seconds(5)))
  }
}
