import Bytes
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z", "Thu, 1 Jan 1970 00:00:00 +0000"),
    (1_795_176_001_123, "2026-11-20T12:00:01.123Z", "Fri, 20 Nov 2026 12:00:01 +0000"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 +0000"),
    (4_107_542_399_999, "2100-02-28T23:59:59.999Z", "Sun, 28 Feb 2100 23:59:59 +0000"),
    (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000"),
  ])
  func momentsAreWritten(_ milliseconds: Int64, _ log: String, _ mail: String) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(moment.rfc3339 == log && moment.rfc5322 == mail && moment.isoDay == log.prefix(10))
  }

  @Test func everyDayIsReadBack() throws {
    var day = try #require(Timestamp(year: 1899, month: 12, day: 31))
    for _ in 0..<90_000 {
      #expect(Timestamp(isoDay: day.isoDay) == day)
      day = day + .seconds(86_400)
    }
    #expect(day.isoDay == "2146-05-30")
  }

  @Test(arguments: [
    "", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-1-1", "20260101", "2026-01-01T",
    "-026-01-01",
    "2026-+1-01", "0000-01-01", "２０２６-01-01",
  ])
  func whatIsNoDayIsRefused(_ text: String) {
    #expect(Timestamp(isoDay: text) == nil)
  }

  @Test func durationsAreWholeMilliseconds() {
    #expect(Duration.microseconds(1999).milliseconds == 1 && Duration.seconds(-2).milliseconds == -2000)
    let moment = Timestamp(milliseconds: 5)
    #expect((moment + .seconds(1)) - moment == .seconds(1) && moment < moment + .milliseconds(1))
  }
}
