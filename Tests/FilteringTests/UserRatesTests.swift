import Bytes
import Filtering
import NetAddress
import Testing

@Suite struct UserRatesTests {
  private static let hour: Int64 = 3_600_000
  private static let client = IPAddress(v4: 0xc000_0207)

  private static func limits(
    messages: Int? = nil, recipients: Int? = nil, factor: Int = 10, least: Int? = 100, tracked: Int = 100_000
  ) -> UserRates.Limits {
    var limits = UserRates.Limits()
    limits.messages = messages.map { .init($0, per: .seconds(3600)) }
    limits.recipients = recipients.map { .init($0, per: .seconds(3600)) }
    limits.alarmFactor = factor
    limits.alarmLeast = least
    limits.tracked = tracked
    return limits
  }

  /// So many recipients within an hour since 1970; the alarms of it.
  @discardableResult
  private func send(
    _ rates: UserRates, _ user: String, _ count: Int, hour: Int64, from client: IPAddress = client
  ) -> [Event] {
    (0..<count).compactMap { _ in
      rates.recipient(
        user, from: client, at: hour * Self.hour, time: Timestamp(milliseconds: hour * Self.hour + 5)
      ).alarm
    }
  }

  @Test func messagesOfAUserAreCounted() {
    let rates = UserRates(Self.limits(messages: 3))
    #expect((0..<4).map { _ in rates.message("ann", at: 0) } == [nil, nil, nil, "LIMIT_USER_MESSAGES"])
    #expect(rates.message("bob", at: 0) == nil)
    #expect(rates.message("ann", at: Self.hour + 1) == nil)
    rates.adopt(Self.limits(messages: 1))
    #expect(rates.message("ann", at: Self.hour + 2) == "LIMIT_USER_MESSAGES")
  }

  @Test func recipientsOfAUserAreCounted() {
    let rates = UserRates(Self.limits(recipients: 2))
    let refusals = (0..<3).map { _ in
      rates.recipient("ann", from: Self.client, at: 0, time: Timestamp(milliseconds: 0)).refusal
    }
    #expect(refusals == [nil, nil, "LIMIT_USER_RECIPIENTS"])
  }

  @Test func noneAllowedIsNone() {
    let rates = UserRates(Self.limits(messages: 0, recipients: 0))
    #expect(rates.message("ann", at: 0) == "LIMIT_USER_MESSAGES")
    let outcome = rates.recipient("ann", from: Self.client, at: 0, time: Timestamp(milliseconds: 0))
    #expect(outcome.refusal == "LIMIT_USER_RECIPIENTS")
  }

  @Test func anAccountThatSendsFarMoreThanItsHabitIsAnAlarm() throws {
    let rates = UserRates(Self.limits())
    for day in 0..<10 as Range<Int64> { #expect(send(rates, "ann", 20, hour: day * 24).isEmpty) }
    let other = try #require(IPAddress("2001:db8::1"))
    send(rates, "ann", 1, hour: 500, from: other)
    let alarms = send(rates, "ann", 900, hour: 500)
    let alarm = try #require(alarms.first)
    #expect(alarms.count == 1, "once an hour")
    #expect(alarm.kind == .system && alarm.severity == .warning && alarm.code == "ACCOUNT_ALARM")
    #expect(alarm.user == "ann")
    #expect(alarm.detail.hasPrefix("sent to 200 recipients within this hour; usual: 20.0 an hour"))
    #expect(alarm.detail.hasSuffix("from 2001:db8::1, 192.0.2.7"))
    #expect(send(rates, "bob", 99, hour: 500).isEmpty, "less than alarm_least")
    #expect(send(rates, "bob", 1, hour: 500).count == 1)
  }

  @Test func anAbuseIsNoHabit() {
    let rates = UserRates(Self.limits(factor: 10, least: 50))
    for hour in 0..<10 as Range<Int64> { send(rates, "ann", 5, hour: hour) }
    var alarms = 0
    for hour in 100..<110 as Range<Int64> { alarms += send(rates, "ann", 5000, hour: hour).count }
    // What an hour of 5,000 taught is 10, so it goes on ringing.
    #expect(alarms == 10)
  }

  @Test func alarmsCanBeOff() {
    let rates = UserRates(Self.limits(least: nil))
    #expect(send(rates, "ann", 100_000, hour: 1).isEmpty)
  }

  @Test func habitsOutliveARestart() {
    let rates = UserRates(Self.limits())
    for hour in 0..<20 as Range<Int64> { send(rates, "ann@example.org", 30, hour: hour) }
    send(rates, "Jörg B %\n@x", 3, hour: 5)
    let lines = rates.habits()
    #expect(lines.sorted() == ["J%c3%b6rg%20B%20%25%0a@x 3.0 1 5", "ann@example.org 30.0 20 19"])

    let next = UserRates(Self.limits())
    #expect(next.adopt(habits: lines.map { $0[...] }) == 2)
    #expect(next.habits().sorted() == lines.sorted())
    #expect(send(next, "ann@example.org", 299, hour: 30).isEmpty)
    #expect(send(next, "ann@example.org", 1, hour: 30).count == 1)
  }

  @Test(arguments: [
    "", "ann", "ann 1.0 1", "ann 1.0 1 1 1", "ann x 1 1", "ann nan 1 1", "ann inf 1 1", "ann -1 1 1",
    "ann 1e300 1 1",
    "ann 1.0 0 1", "ann 1.0 -1 1", "ann 1.0 1 -1", "ann 1.0 99999999999999999999 1", "an%n 1.0 1 1",
    "an%zz 1.0 1 1",
    "an%c3 1.0 1 1", "an% 1.0 1 1",
  ])
  func aLineThatIsNoneIsPassedOver(_ line: String) {
    let rates = UserRates(Self.limits())
    #expect(rates.adopt(habits: [line[...], "bob 1.0 1 1"]) == 1)
    #expect(rates.habits() == ["bob 1.0 1 1"])
  }

  @Test func theTableIsBounded() {
    let rates = UserRates(Self.limits(messages: 5, tracked: 50))
    for number in 0..<5000 { #expect(rates.message("u\(number)", at: Int64(number)) == nil) }
    #expect(rates.count == 50)
    #expect(rates.adopt(habits: (0..<100).map { "h\($0) 1.0 1 1"[...] }) == 0)
    // Who is busy is not the one forgotten.
    for number in 0..<5000 {
      _ = rates.message("busy", at: 5000 + Int64(number))
      _ = rates.message("v\(number)", at: 5000 + Int64(number))
    }
    #expect(rates.message("busy", at: 10_000) == "LIMIT_USER_MESSAGES")
  }
}
