import NetAddress
import SMTPProtocol
import Testing

@testable import Filtering

@Suite struct AdmissionBoundsTests {
  private func client(_ number: Int) -> IPAddress { IPAddress(v4: 0x0A00_0000 + UInt32(number) << 8) }

  @Test func tableFullOfOpenConnectionsRefuses() {
    var limits = AdmissionLimits()
    limits.tracked = 20
    let admission = Admission(limits)
    for number in 0..<10 {
      #expect(admission.connect(client(number), isRelayNetwork: false, at: 0) == nil)
    }
    #expect(admission.connect(client(10), isRelayNetwork: false, at: 0) == .limitTracked)
    // Who is in the table already finds his entries; relay networks need none.
    #expect(admission.connect(client(3), isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(client(11), isRelayNetwork: true, at: 0) == nil)
    admission.disconnect(client(0), isRelayNetwork: false)
    #expect(admission.connect(client(10), isRelayNetwork: false, at: 0) == nil)
    #expect(admission.snapshot(at: 0).tracked == 20)
  }

  @Test func fullWindowsKeepAnEntryUntilTheyAreOver() {
    var limits = AdmissionLimits()
    limits.tracked = 2
    limits.connectionRatePerAddress = .init(5, per: .seconds(60))
    let admission = Admission(limits)
    #expect(admission.connect(client(0), isRelayNetwork: false, at: 0) == nil)
    admission.disconnect(client(0), isRelayNetwork: false)
    #expect(admission.connect(client(1), isRelayNetwork: false, at: 30_000) == .limitTracked)
    #expect(admission.connect(client(1), isRelayNetwork: false, at: 60_000) == nil)
  }

  @Test func manyStrangersNeverGrowTheTableBeyondItsBound() {
    var limits = AdmissionLimits()
    limits.tracked = 1000
    limits.connectionRatePerAddress = .init(5, per: .seconds(60))
    let admission = Admission(limits)
    var refused = 0
    for number in 0..<20_000 {
      let now = Int64(number) * 100
      if admission.connect(client(number), isRelayNetwork: false, at: now) == nil {
        admission.disconnect(client(number), isRelayNetwork: false)
      } else {
        refused += 1
      }
    }
    #expect(admission.snapshot(at: 2_000_000).tracked <= 1000)
    // Ten a second, each live for a minute: 600 addresses, and subnets that are idle at once. All have room.
    #expect(refused == 0)
  }

  @Test func blocksAreBounded() {
    var limits = AdmissionLimits()
    limits.tracked = 100
    let admission = Admission(limits)
    for number in 0..<150 {
      admission.block(client(number), for: .seconds(10), because: String(repeating: "x", count: 900), at: 0)
    }
    let snapshot = admission.snapshot(at: 0)
    #expect(snapshot.blockCount == 100)
    #expect(snapshot.blocksDropped == 50)
    #expect(snapshot.blocks.allSatisfy { $0.because.utf8.count == 200 })
    admission.block(client(200), for: .seconds(10), because: "later", at: 10_000)
    #expect(admission.blocked(client(200), at: 10_000) == "later")
    #expect(admission.snapshot(at: 10_000).blockCount == 1)
  }

  @Test func reservationsNeverPassTheCeiling() async {
    var limits = AdmissionLimits()
    limits.memory = 1000
    limits.spool = 0
    let admission = Admission(limits)
    #expect(!admission.reserveSpool(1))
    #expect(admission.reserveSpool(0))
    let held = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var held = 0
          for round in 0..<20_000 {
            if round % 3 != 2 {
              if admission.reserveMemory(7) { held += 7 }
            } else if held > 0 {
              admission.releaseMemory(7)
              held -= 7
            }
          }
          return held
        }
      }
      return await group.reduce(0, +)
    }
    let snapshot = admission.snapshot(at: 0)
    #expect(snapshot.memory == held)
    #expect(snapshot.mostMemory <= 1000 && snapshot.mostMemory > 980)
    #expect(snapshot.refused.contains { $0.code == .limitMemory })
    #expect(!admission.reserveMemory(.max))
    // A lower ceiling holds for what is asked from now on.
    limits.memory = 10
    admission.adopt(limits)
    #expect(!admission.reserveMemory(1))
    admission.releaseMemory(held)
    #expect(admission.reserveMemory(10))
    #expect(!admission.reserveMemory(1))
  }

  @Test func snapshotNamesTheBusiest() throws {
    var limits = AdmissionLimits()
    limits.connectionRatePerAddress = .init(100, per: .seconds(60))
    limits.messageRatePerAddress = .init(100, per: .seconds(60))
    limits.connections = 1000
    let admission = Admission(limits)
    for number in 0..<30 {
      for _ in 0...number { #expect(admission.connect(client(number), isRelayNetwork: false, at: 0) == nil) }
    }
    let loud = try #require(IPAddress("2001:db8::1"))
    for _ in 0..<40 { #expect(admission.connect(loud, isRelayNetwork: false, at: 0) == nil) }
    #expect(admission.message(loud, isRelayNetwork: false, at: 0) == nil)
    let snapshot = admission.snapshot(at: 0)
    #expect(snapshot.busiest.map(\.connections) == [40, 30, 29, 28, 27, 26, 25, 24, 23, 22])
    #expect(snapshot.busiest.first?.network == IPPrefix("2001:db8::/64"))
    #expect(snapshot.busiest.first?.recentMessages == 1)
    #expect(snapshot.busiest.first?.recentConnections == 40)
    #expect(snapshot.connections == 505 && snapshot.admitted == 505 && snapshot.connectionsLimit == 1000)
  }
}
