import NetAddress
import SMTPProtocol
import Testing

@testable import Filtering

private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

private func limits(_ change: (inout AdmissionLimits) -> Void) -> AdmissionLimits {
  var limits = AdmissionLimits()
  change(&limits)
  return limits
}

@Suite struct AdmissionConnectionTests {
  @Test func nothingIsLimitedWithoutLimits() throws {
    let admission = Admission(AdmissionLimits())
    let client = try address("192.0.2.1")
    for _ in 0..<5000 { #expect(admission.connect(client, isRelayNetwork: false, at: 0) == nil) }
    #expect(admission.connections == 5000)
  }

  @Test func totalHoldsForEverybody() throws {
    let admission = Admission(limits { $0.connections = 2 })
    #expect(admission.connect(try address("192.0.2.1"), isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(try address("127.0.0.1"), isRelayNetwork: true, at: 0) == nil)
    #expect(
      admission.connect(try address("127.0.0.1"), isRelayNetwork: true, at: 0) == .limitConnections)
    #expect(
      admission.connect(try address("198.51.100.9"), isRelayNetwork: false, at: 0) == .limitConnections)
    admission.disconnect(try address("127.0.0.1"), isRelayNetwork: true)
    #expect(admission.connect(try address("198.51.100.9"), isRelayNetwork: false, at: 0) == nil)
  }

  @Test func zeroIsNoneAllowed() throws {
    let client = try address("192.0.2.1")
    #expect(
      Admission(limits { $0.connections = 0 }).connect(client, isRelayNetwork: false, at: 0)
        == .limitConnections)
    #expect(
      Admission(limits { $0.connectionsPerAddress = 0 }).connect(client, isRelayNetwork: false, at: 0)
        == .limitConnectionsAddress)
    #expect(
      Admission(limits { $0.connectionRatePerAddress = .init(0, per: .seconds(60)) })
        .connect(client, isRelayNetwork: false, at: 0) == .limitConnectionRateAddress)
    #expect(
      Admission(limits { $0.tracked = 0 }).connect(client, isRelayNetwork: false, at: 0) == .limitTracked)
    #expect(
      Admission(limits { $0.messageRatePerSubnet = .init(0, per: .seconds(60)) })
        .message(client, isRelayNetwork: false, at: 0) == .limitMessageRateSubnet)
  }

  @Test func addressAndSubnetAreCounted() throws {
    let admission = Admission(
      limits {
        $0.connectionsPerAddress = 2
        $0.connectionsPerSubnet = 3
      })
    let (one, two) = (try address("192.0.2.1"), try address("192.0.2.2"))
    #expect(admission.connect(one, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(one, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(one, isRelayNetwork: false, at: 0) == .limitConnectionsAddress)
    #expect(admission.connect(two, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(two, isRelayNetwork: false, at: 0) == .limitConnectionsSubnet)
    #expect(admission.connect(try address("192.0.3.2"), isRelayNetwork: false, at: 0) == nil)
    admission.disconnect(one, isRelayNetwork: false)
    #expect(admission.connect(two, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connections == 4)
  }

  @Test func relayNetworksAreExemptFromCountsRatesAndBlocks() throws {
    let admission = Admission(
      limits {
        $0.connectionsPerAddress = 1
        $0.connectionsPerSubnet = 1
        $0.connectionRatePerAddress = .init(1, per: .seconds(60))
        $0.messageRatePerAddress = .init(1, per: .seconds(60))
        $0.unknownRecipientsPerAddress = .init(0, per: .seconds(60))
        $0.harvestBlock = .seconds(60)
      })
    let own = try address("10.0.0.1")
    admission.block(own, for: .seconds(600), because: "test", at: 0)
    for _ in 0..<5 {
      #expect(admission.connect(own, isRelayNetwork: true, at: 0) == nil)
      #expect(admission.message(own, isRelayNetwork: true, at: 0) == nil)
      #expect(!admission.unknownRecipient(own, isRelayNetwork: true, at: 0))
    }
    #expect(admission.snapshot(at: 0).relayConnections == 5)
    #expect(admission.connect(own, isRelayNetwork: false, at: 0) == .clientBlocked)
  }

  @Test func ipv6HostIsItsNetwork() throws {
    let admission = Admission(limits { $0.connectionsPerAddress = 1 })
    #expect(admission.connect(try address("2001:db8::1"), isRelayNetwork: false, at: 0) == nil)
    #expect(
      admission.connect(try address("2001:db8::ffff:1"), isRelayNetwork: false, at: 0)
        == .limitConnectionsAddress)
    #expect(admission.connect(try address("2001:db8:0:1::1"), isRelayNetwork: false, at: 0) == nil)
    // A longer subnet_v6 tells hosts of one /64 apart.
    let fine = Admission(
      limits {
        $0.connectionsPerAddress = 1
        $0.subnetV6 = 128
      })
    #expect(fine.connect(try address("2001:db8::1"), isRelayNetwork: false, at: 0) == nil)
    #expect(fine.connect(try address("2001:db8::2"), isRelayNetwork: false, at: 0) == nil)
    // A mapped address is its IPv4 address.
    #expect(admission.connect(try address("::ffff:192.0.2.1"), isRelayNetwork: false, at: 0) == nil)
    #expect(
      admission.connect(try address("192.0.2.1"), isRelayNetwork: false, at: 0) == .limitConnectionsAddress)
  }

  @Test func subnetsOfIPv6() throws {
    let admission = Admission(
      limits {
        $0.connectionsPerSubnet = 2
        $0.subnetV6 = 48
      })
    #expect(admission.connect(try address("2001:db8:0:1::1"), isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(try address("2001:db8:0:2::1"), isRelayNetwork: false, at: 0) == nil)
    #expect(
      admission.connect(try address("2001:db8:0:3::1"), isRelayNetwork: false, at: 0)
        == .limitConnectionsSubnet)
    #expect(admission.connect(try address("2001:db8:1::1"), isRelayNetwork: false, at: 0) == nil)
  }

  @Test func longestNetworkCountsAndWhatItDoesNotSayIsInherited() throws {
    let admission = Admission(
      limits {
        $0.connectionsPerAddress = 1
        $0.connectionRatePerAddress = .init(4, per: .seconds(60))
        var wide = AdmissionLimits.Overrides()
        wide.connectionsPerAddress = .unlimited
        wide.connectionRatePerAddress = .unlimited
        var narrow = AdmissionLimits.Overrides()
        narrow.connectionsPerAddress = .atMost(3)
        $0.overrides = [(IPPrefix("192.0.0.0/16"), wide), (IPPrefix("192.0.2.0/24"), narrow)]
          .compactMap { prefix, overrides in prefix.map { ($0, overrides) } }
      })
    let (stranger, wide, narrow) = (
      try address("198.51.100.1"), try address("192.0.9.1"), try address("192.0.2.1")
    )
    #expect(admission.connect(stranger, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(stranger, isRelayNetwork: false, at: 0) == .limitConnectionsAddress)
    for _ in 0..<50 { #expect(admission.connect(wide, isRelayNetwork: false, at: 0) == nil) }
    for _ in 0..<3 { #expect(admission.connect(narrow, isRelayNetwork: false, at: 0) == nil) }
    #expect(admission.connect(narrow, isRelayNetwork: false, at: 0) == .limitConnectionsAddress)
    for _ in 0..<3 { admission.disconnect(narrow, isRelayNetwork: false) }
    #expect(admission.connect(narrow, isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(narrow, isRelayNetwork: false, at: 0) == .limitConnectionRateAddress)
  }

  @Test func wholeNetworkMayHaveABound() throws {
    let admission = Admission(
      limits {
        var own = AdmissionLimits.Overrides()
        own.connections = 2
        $0.overrides = IPPrefix("192.0.0.0/16").map { [($0, own)] } ?? []
      })
    #expect(admission.connect(try address("192.0.1.1"), isRelayNetwork: false, at: 0) == nil)
    #expect(admission.connect(try address("192.0.2.1"), isRelayNetwork: false, at: 0) == nil)
    #expect(
      admission.connect(try address("192.0.3.1"), isRelayNetwork: false, at: 0) == .limitConnectionsNetwork)
    #expect(admission.connect(try address("192.1.3.1"), isRelayNetwork: false, at: 0) == nil)
    admission.disconnect(try address("192.0.1.1"), isRelayNetwork: false)
    #expect(admission.connect(try address("192.0.3.1"), isRelayNetwork: false, at: 0) == nil)
  }

  @Test func reloadKeepsCountsUnderNewSubnets() throws {
    let admission = Admission(AdmissionLimits())
    let clients = try ["192.0.2.1", "192.0.3.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(address)
    for client in clients { #expect(admission.connect(client, isRelayNetwork: false, at: 0) == nil) }
    admission.adopt(
      limits {
        $0.subnetV4 = 16
        $0.subnetV6 = 128
        $0.connectionsPerSubnet = 2
        $0.connectionsPerAddress = 1
      })
    #expect(
      admission.connect(try address("192.0.4.1"), isRelayNetwork: false, at: 0) == .limitConnectionsSubnet)
    #expect(admission.connect(clients[2], isRelayNetwork: false, at: 0) == .limitConnectionsAddress)
    #expect(admission.connect(try address("2001:db8::3"), isRelayNetwork: false, at: 0) == nil)
    admission.disconnect(try address("2001:db8::3"), isRelayNetwork: false)
    for client in clients { admission.disconnect(client, isRelayNetwork: false) }
    // Nothing is left over under any key.
    admission.adopt(limits { $0.connectionsPerSubnet = 1 })
    #expect(admission.snapshot(at: 0).busiest.allSatisfy { $0.connections == 0 })
    for client in [clients[0], clients[1], clients[2], clients[4]] {
      #expect(admission.connect(client, isRelayNetwork: false, at: 0) == nil)
    }
    #expect(admission.connect(clients[3], isRelayNetwork: false, at: 0) == .limitConnectionsSubnet)
  }

  @Test func manyLoopsAtOnceCountRight() async throws {
    let admission = Admission(limits { $0.connectionsPerAddress = 10 })
    let client = try address("192.0.2.1")
    let admitted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<1000).reduce(0) { sum, _ in
            sum + (admission.connect(client, isRelayNetwork: false, at: 0) == nil ? 1 : 0)
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(admitted == 10)
    #expect(
      admission.snapshot(at: 0).refused == [.init(code: .limitConnectionsAddress, count: 7990)])
  }
}
