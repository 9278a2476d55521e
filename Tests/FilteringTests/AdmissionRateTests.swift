import NetAddress
import SMTPProtocol
import Testing

@testable import Filtering

private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

@Suite struct SlidingWindowTests {
  @Test func neverForgetsBeforeSevenEighthsAndAlwaysAfterTheSpan() {
    let span: Int64 = 8000
    for start in stride(from: Int64(0), to: 2000, by: 37) {
      var window = SlidingWindow()
      window.add(at: start, width: span / 8)
      #expect(window.count(at: start + span * 7 / 8 - 1, width: span / 8) == 1)
      #expect(window.count(at: start + span, width: span / 8) == 0)
      #expect(window.isEmpty(at: start + span))
    }
  }

  @Test func countsWithinItsErrorOnEveryPattern() {
    // Against the exact count of the last span and of its last seven eighths.
    var generator = SystemRandomNumberGenerator()
    let width: Int64 = 100
    var window = SlidingWindow()
    var events: [Int64] = []
    var now: Int64 = 0
    for _ in 0..<5_000 {
      now += Int64.random(in: 0...40, using: &generator)
      window.add(at: now, width: width)
      events.append(now)
      if events.count > 2000 { events.removeFirst(1000) }
      let counted = window.count(at: now, width: width)
      let most = events.count { $0 > now - width * 8 }
      let least = events.count { $0 > now - width * 7 }
      #expect((least...most).contains(counted))
    }
  }

  @Test func clockOfAnotherLoopMayBeBehind() {
    var window = SlidingWindow()
    window.add(at: 10_000, width: 100)
    window.add(at: 9_900, width: 100)
    #expect(window.count(at: 9_950, width: 100) == 2)
    #expect(window.count(at: 10_700, width: 100) == 2)
    #expect(window.count(at: 10_800, width: 100) == 0)
  }

  @Test func longPauseClearsAll() {
    var window = SlidingWindow()
    for part in 0..<8 { window.add(at: Int64(part) * 100, width: 100) }
    #expect(window.count(at: 799, width: 100) == 8)
    #expect(window.count(at: 1_000_000_000, width: 100) == 0)
  }

  @Test func changedSpanKeepsWhatIsInside() {
    var window = SlidingWindow()
    window.add(at: 100, width: 1000)
    window.add(at: 7_100, width: 1000)
    // Shorter: what is older than the new span is gone.
    var shorter = window
    #expect(shorter.count(at: 7_200, width: 100) == 1)
    var longer = window
    #expect(longer.count(at: 7_200, width: 10_000) == 2)
    #expect(longer.count(at: 80_000, width: 10_000) == 0)
  }
}

@Suite struct AdmissionRateTests {
  private let minute = AdmissionLimits.Rate(3, per: .seconds(60))

  @Test func connectionRateOfAnAddress() throws {
    var limits = AdmissionLimits()
    limits.connectionRatePerAddress = minute
    let admission = Admission(limits)
    let client = try address("192.0.2.1")
    for _ in 0..<3 {
      #expect(admission.connect(client, isRelayNetwork: false, at: 1000) == nil)
      admission.disconnect(client, isRelayNetwork: false)
    }
    #expect(admission.connect(client, isRelayNetwork: false, at: 2000) == .limitConnectionRateAddress)
    #expect(admission.connect(client, isRelayNetwork: false, at: 50_000) == .limitConnectionRateAddress)
    #expect(admission.connect(try address("192.0.2.2"), isRelayNetwork: false, at: 2000) == nil)
    // The refused ones did not count: after the span it is in at once.
    #expect(admission.connect(client, isRelayNetwork: false, at: 61_000) == nil)
  }

  @Test func ratesOfASubnet() throws {
    var limits = AdmissionLimits()
    limits.connectionRatePerSubnet = minute
    limits.messageRatePerSubnet = minute
    let admission = Admission(limits)
    for host in 1...3 {
      let client = try address("192.0.2.\(host)")
      #expect(admission.connect(client, isRelayNetwork: false, at: 0) == nil)
      #expect(admission.message(client, isRelayNetwork: false, at: 0) == nil)
    }
    let client = try address("192.0.2.4")
    #expect(admission.connect(client, isRelayNetwork: false, at: 0) == .limitConnectionRateSubnet)
    #expect(admission.message(client, isRelayNetwork: false, at: 0) == .limitMessageRateSubnet)
    #expect(admission.message(client, isRelayNetwork: false, at: 60_000) == nil)
  }

  @Test func messageRateOfAnAddress() throws {
    var limits = AdmissionLimits()
    limits.messageRatePerAddress = .init(600, per: .seconds(3600))
    let admission = Admission(limits)
    let client = try address("192.0.2.1")
    for number in 0..<600 {
      #expect(admission.message(client, isRelayNetwork: false, at: Int64(number)) == nil)
    }
    #expect(admission.message(client, isRelayNetwork: false, at: 1000) == .limitMessageRateAddress)
    #expect(admission.message(try address("192.0.2.2"), isRelayNetwork: false, at: 1000) == nil)
  }

  @Test func harvestingEndsInABlock() throws {
    var limits = AdmissionLimits()
    limits.unknownRecipientsPerAddress = .init(20, per: .seconds(3600))
    limits.harvestBlock = .seconds(600)
    let admission = Admission(limits)
    let client = try address("192.0.2.1")
    #expect(admission.connect(client, isRelayNetwork: false, at: 0) == nil)
    for _ in 0..<20 { #expect(!admission.unknownRecipient(client, isRelayNetwork: false, at: 0)) }
    #expect(admission.blocked(client, at: 0) == nil)
    #expect(admission.unknownRecipient(client, isRelayNetwork: false, at: 0))
    #expect(admission.blocked(client, at: 599_999) == "too many unknown recipients")
    #expect(admission.connect(client, isRelayNetwork: false, at: 599_999) == .clientBlocked)
    #expect(admission.connect(client, isRelayNetwork: false, at: 600_000) == nil)
    #expect(admission.connect(try address("192.0.2.2"), isRelayNetwork: false, at: 1) == nil)
  }

  @Test func harvestingFromASubnetBlocksWhoGoesOn() throws {
    var limits = AdmissionLimits()
    limits.unknownRecipientsPerSubnet = .init(2, per: .seconds(3600))
    limits.harvestBlock = .seconds(600)
    let admission = Admission(limits)
    #expect(!admission.unknownRecipient(try address("192.0.2.1"), isRelayNetwork: false, at: 0))
    #expect(!admission.unknownRecipient(try address("192.0.2.2"), isRelayNetwork: false, at: 0))
    #expect(admission.unknownRecipient(try address("192.0.2.3"), isRelayNetwork: false, at: 0))
    #expect(admission.blocked(try address("192.0.2.3"), at: 0) != nil)
    #expect(admission.blocked(try address("192.0.2.1"), at: 0) == nil)
  }

  @Test func blocksOfIPv6HoldForTheHostAndLongerOnesStay() throws {
    var limits = AdmissionLimits()
    limits.trapBlock = .seconds(10)
    let admission = Admission(limits)
    let client = try address("2001:db8::1")
    admission.block(client, for: .seconds(100), because: "first", at: 0)
    admission.blockForTrap(client, because: "trap@example.org", at: 0)
    #expect(admission.blocked(try address("2001:db8::2"), at: 99_999) == "first")
    #expect(admission.unblock(client))
    #expect(!admission.unblock(client))
    admission.blockForTrap(client, because: "trap@example.org", at: 0)
    #expect(admission.blocked(client, at: 9_999) == "trap@example.org")
    #expect(admission.blocked(client, at: 10_000) == nil)
    // No length, no block.
    admission.adopt(AdmissionLimits())
    admission.blockForTrap(try address("192.0.2.1"), because: "x", at: 0)
    #expect(admission.blocked(try address("192.0.2.1"), at: 0) == nil)
  }
}
