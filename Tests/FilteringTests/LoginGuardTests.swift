import Bytes
import Filtering
import NetAddress
import Testing

@Suite struct LoginGuardTests {
  private static let minute: Int64 = 60_000

  private static func limits(
    subnet: Int? = 20, password: Int? = 20, block: Duration = .seconds(900), tracked: Int = 100_000
  ) -> LoginGuard.Limits {
    var limits = LoginGuard.Limits()
    limits.perSubnet = subnet.map { .init($0, per: .seconds(3600)) }
    limits.perPassword = password.map { .init($0, per: .seconds(3600)) }
    limits.block = block
    limits.tarpit = .seconds(2)
    limits.tracked = tracked
    return limits
  }

  /// An address of a subnet of its own.
  private static func address(_ number: UInt32, host: UInt32 = 1) -> IPAddress {
    IPAddress(v4: 0x0a00_0000 + number << 8 + host)
  }

  private func isAllowed(
    _ logins: LoginGuard, _ address: IPAddress, _ user: String?, _ secret: UInt64? = nil, _ now: Int64 = 0
  ) -> Bool {
    logins.verdict(for: address, user: user, secret: secret, at: now) == .allow
  }

  /// The promise: nobody is locked out by who fails in his name.
  @Test(arguments: [1, 1000])
  func aVictimIsNotLockedOut(subnets: UInt32) {
    let logins = LoginGuard(Self.limits())
    for number in 0..<1000 as Range<UInt32> {
      _ = logins.failed(
        Self.address(number % subnets), user: "victim@example.org", secret: UInt64(number), at: Int64(number))
    }
    let home = Self.address(5000)
    #expect(isAllowed(logins, home, nil, nil, 1000))
    #expect(isAllowed(logins, home, "victim@example.org", 99_999, 1000))
    #expect(isAllowed(logins, home, "victim@example.org", nil, 1000))
  }

  @Test func aSubnetThatFailsIsBlockedForLoginsAWhile() throws {
    let logins = LoginGuard(Self.limits(subnet: 5))
    var blocks: [LoginGuard.Block] = []
    for number in 0..<5 as Range<UInt32> {
      #expect(isAllowed(logins, Self.address(1, host: number), "u\(number)", UInt64(number)))
      let failed = logins.failed(
        Self.address(1, host: number), user: "u\(number)", secret: UInt64(number), at: Int64(number))
      blocks += [failed.block].compactMap { $0 }
    }
    let block = try #require(blocks.first)
    #expect(blocks.count == 1)
    #expect(block.network.description == "10.0.1.0/24" && block.remaining == .seconds(900))
    let event = block.event(client: Self.address(1), user: "u4", at: Timestamp(milliseconds: 0))
    #expect(event.kind == .limit && event.code == "LOGIN_BLOCKED")
    #expect(event.user == "u4" && event.detail.contains("10.0.1.0/24"))
    // No other user of it is tried either, and the next subnet is not touched.
    #expect(!isAllowed(logins, Self.address(1, host: 77), "other", 999, 10))
    #expect(!isAllowed(logins, Self.address(1, host: 77), nil, nil, 10))
    #expect(isAllowed(logins, Self.address(2), "other", 999, 10))
    #expect(logins.blocks(at: 10).map(\.network) == [block.network])
    // What is not tried is not counted, and logged no second time.
    for _ in 0..<100 {
      #expect(logins.failed(Self.address(1), user: "x", secret: 1234, at: 10).block == nil)
    }
    let over = 15 * Self.minute + 10
    #expect(isAllowed(logins, Self.address(1), "other", 999, over))
    #expect(logins.blocks(at: over).isEmpty)
    // Within the hour the next failure is one too many again.
    #expect(logins.failed(Self.address(1), user: "x", secret: 4321, at: over).block != nil)
    #expect(!isAllowed(logins, Self.address(1), "other", 999, over + 1))
  }

  @Test func whoLoggedInFromThereLatelyIsHeard() {
    let logins = LoginGuard(Self.limits(subnet: 5))
    let office = Self.address(1)
    logins.succeeded(office, user: "Ann@example.org", at: 0)
    for number in 0..<6 as Range<UInt64> {
      _ = logins.failed(office, user: "g\(number)", secret: number, at: 1)
    }
    #expect(isAllowed(logins, office, nil, nil, 2), "the user is not known yet")
    #expect(isAllowed(logins, office, "ann@example.org", 7, 2))
    #expect(!isAllowed(logins, office, "bob@example.org", 7, 2))
    // Not for ever: ten times as many failures in her own name, and she is a stranger too.
    for number in 100..<150 as Range<UInt64> {
      #expect(isAllowed(logins, office, "ann@example.org", number, 3))
      _ = logins.failed(office, user: "ann@example.org", secret: number, at: 3)
    }
    #expect(!isAllowed(logins, office, "ann@example.org", 7, 4))
    // From elsewhere she logs in.
    #expect(isAllowed(logins, Self.address(2), "ann@example.org", 7, 4))
  }

  @Test func acquaintanceEnds() {
    let logins = LoginGuard(Self.limits(subnet: 1))
    let office = Self.address(1)
    logins.succeeded(office, user: "ann", at: 0)
    let later = 8 * 86_400_000 as Int64
    _ = logins.failed(office, user: "x", secret: 1, at: later)
    #expect(!isAllowed(logins, office, "ann", 7, later + 1))
  }

  @Test func aPasswordTriedForManyUsersIsTriedNoMore() {
    let logins = LoginGuard(Self.limits(password: 20))
    let home = Self.address(9000)
    logins.succeeded(home, user: "ann", at: 0)
    for number in 0..<20 as Range<UInt32> {
      #expect(isAllowed(logins, Self.address(number), "u\(number)", 42, 1))
      _ = logins.failed(Self.address(number), user: "u\(number)", secret: 42, at: 1)
    }
    #expect(!isAllowed(logins, Self.address(500), "u500", 42, 2))
    #expect(isAllowed(logins, Self.address(500), "u500", 43, 2))
    #expect(isAllowed(logins, Self.address(500), "u500", nil, 2))
    #expect(isAllowed(logins, home, "ann", 42, 2), "whoever is known there may have that very password")
    #expect(isAllowed(logins, Self.address(500), "u500", 42, 61 * Self.minute))
  }

  @Test func theSameGuessAgainIsNone() {
    let logins = LoginGuard(Self.limits(subnet: 5, password: 5))
    for time in 0..<100 as Range<Int64> {
      #expect(logins.failed(Self.address(1), user: "ann", secret: 11, at: time).block == nil)
    }
    #expect(isAllowed(logins, Self.address(1), "bob", 12, 100))
    #expect(isAllowed(logins, Self.address(2), "bob", 11, 100))
    // Where the mechanism shows no password each failure is one.
    for time in 0..<4 as Range<Int64> {
      _ = logins.failed(Self.address(1), user: "ann", secret: nil, at: 100 + time)
    }
    #expect(!isAllowed(logins, Self.address(1), "bob", 12, 200))
  }

  @Test func theAnswerWaitsLongerWithEachFailure() {
    let logins = LoginGuard(Self.limits(subnet: nil))
    let waits = (0..<6 as Range<UInt64>).map {
      logins.failed(Self.address(1), user: "ann", secret: $0, at: 0).tarpit
    }
    #expect(waits == [2000, 4000, 8000, 16_000, 16_000, 16_000])
    #expect(logins.failed(Self.address(2), user: "ann", secret: 1, at: 0).tarpit == 2000)
  }

  @Test func successWashesNoFailureOff() {
    let logins = LoginGuard(Self.limits(subnet: 5))
    for number in 0..<5 as Range<UInt64> {
      _ = logins.failed(Self.address(1), user: "ann", secret: number, at: 0)
      logins.succeeded(Self.address(1), user: "mallory", at: 0)
    }
    #expect(!isAllowed(logins, Self.address(1), "ann", 77, 1))
  }

  @Test func aBlockCanBeLifted() {
    let logins = LoginGuard(Self.limits(subnet: 2))
    for number in 0..<2 as Range<UInt64> {
      _ = logins.failed(Self.address(1), user: "ann", secret: number, at: 0)
    }
    #expect(!isAllowed(logins, Self.address(1), "ann", 7))
    #expect(logins.unblock(Self.address(1, host: 200), at: 1))
    #expect(isAllowed(logins, Self.address(1), "ann", 7))
    #expect(
      logins.failed(Self.address(1), user: "ann", secret: 8, at: 2).block == nil, "and it begins afresh")
    #expect(!logins.unblock(Self.address(1), at: 3) && !logins.unblock(Self.address(2), at: 3))
  }

  @Test func withoutLimitsNothingIsBlocked() {
    let logins = LoginGuard(Self.limits(subnet: nil, password: nil))
    for number in 0..<1000 as Range<UInt64> {
      _ = logins.failed(Self.address(1), user: "ann", secret: number % 3, at: 0)
    }
    #expect(isAllowed(logins, Self.address(1), "ann", 1) && logins.blocks(at: 1).isEmpty)
  }

  @Test func noneAllowedStillLetsTheRightPasswordIn() {
    let logins = LoginGuard(Self.limits(subnet: 0, password: 0))
    #expect(isAllowed(logins, Self.address(1), "ann", 7))
    #expect(logins.failed(Self.address(1), user: "ann", secret: 8, at: 0).block != nil)
    #expect(!isAllowed(logins, Self.address(1), "ann", 7, 1))
  }

  @Test func tablesAreBoundedAndBlocksStayLongest() {
    let logins = LoginGuard(Self.limits(subnet: 3, tracked: 100))
    for number in 0..<3 as Range<UInt64> {
      _ = logins.failed(Self.address(1), user: "ann", secret: number, at: 0)
    }
    for number in 0..<20_000 as Range<UInt32> {
      let address = Self.address(1000 + number)
      _ = logins.failed(address, user: "u\(number)", secret: UInt64(number), at: Int64(number) / 1000)
      logins.succeeded(address, user: "u\(number)", at: Int64(number) / 1000)
    }
    #expect(logins.tracked <= 300)
    #expect(!isAllowed(logins, Self.address(1), "ann", 7, 30), "others are forgotten first")
  }

  @Test func v6IsCountedBySubnet() throws {
    let logins = LoginGuard(Self.limits(subnet: 2))
    for host in 1...2 as ClosedRange<UInt64> {
      _ = logins.failed(
        IPAddress(high: 0x2001_0db8_0000_0001, low: host), user: "ann", secret: host, at: 0)
    }
    #expect(!isAllowed(logins, IPAddress(high: 0x2001_0db8_0000_0001, low: 99), "ann", 7))
    #expect(isAllowed(logins, IPAddress(high: 0x2001_0db8_0000_0002, low: 99), "ann", 7))
  }
}
