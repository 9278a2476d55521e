import Settings
import Testing

@Suite struct QuantityTests {
  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("90s", .seconds(90)), ("5m", .seconds(300)),
    ("2h", .seconds(7200)),
    ("7d", .seconds(604_800)), ("0s", .zero), ("0090s", .seconds(90)), ("36500d", .seconds(36_500 * 86_400)),
  ])
  func durations(_ text: String, _ expected: Duration) {
    #expect(Quantity.duration(text) == expected)
    #expect(Quantity.duration(Quantity.text(of: expected)) == expected)
  }

  @Test(arguments: [
    "", "s", "5", "5 m", " 5m", "5m ", "-5m", "+5m", "5M", "1h30m", "1.5h", "5min", "٥m", "36501d",
    "999999999999999d", "9999999999999999s", "5m\0",
  ])
  func noDurations(_ text: String) {
    #expect(Quantity.duration(text) == nil)
  }

  @Test(arguments: [
    ("64KiB", 65_536), ("50MiB", 52_428_800), ("1GiB", 1 << 30), ("2TiB", 2 << 40), ("0KiB", 0),
  ])
  func sizes(_ text: String, _ expected: Int) {
    #expect(Quantity.size(text) == expected)
    if expected > 0 { #expect(Quantity.size(Quantity.text(ofBytes: expected)) == expected) }
  }

  @Test(arguments: ["", "64", "64K", "64KB", "64kib", "64 KiB", "-1KiB", "999999999999999TiB", "1PiB", "KiB"])
  func noSizes(_ text: String) {
    #expect(Quantity.size(text) == nil)
  }

  @Test(arguments: [
    ("120/1m", 120, 60), ("600/1h", 600, 3600), ("0/1s", 0, 1), ("1/31d", 1, 31 * 86_400),
  ])
  func rates(_ text: String, _ count: Int, _ seconds: Int) {
    #expect(Quantity.rate(text) == Rate(count: count, window: .seconds(seconds)))
    #expect(Quantity.rate(text)?.description == text)
  }

  @Test(arguments: [
    "", "/", "120/", "/1m", "120/m", "120", "120/0s", "120/500ms", "120/32d", "1.5/1m", "-1/1m", "1/1m/1m",
    "1 / 1m",
  ])
  func noRates(_ text: String) {
    #expect(Quantity.rate(text) == nil)
  }
}
