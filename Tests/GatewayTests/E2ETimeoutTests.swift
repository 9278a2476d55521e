import TestSupport
import Testing

/// Each step has its time, a transaction a deadline, and content a least rate.
@Suite(.apart) struct E2ETimeoutTests {
  /// Everything is long but what a test names.
  private func front(_ timeouts: [String: String]) throws -> Front {
    try Front(Dictionary(uniqueKeysWithValues: timeouts.map { ("timeouts.\($0.key)", "\"\($0.value)\"") }))
  }

  /// The 421 that the gateway ends with, and that it came neither early nor late.
  private func ending(_ client: RawClient, after limit: Duration, since start: ContinuousClock.Instant) throws
    -> String
  {
    let text = try client.readUntilClosed(within: limit + .seconds(10))
    let took = ContinuousClock.now - start
    // Half a second on either side: the coarse clock and the tick.
    #expect(took > limit - .milliseconds(300), "\(took): \(text)")
    #expect(took < limit + .seconds(4), "\(took): \(text)")
    return text
  }

  /// Enough to drip for longer than a test waits.
  private static let neverEnding = [UInt8]("NOOP ".utf8) + [UInt8](repeating: 0x78, count: 120)

  private func expectTimeout(_ front: Front, _ text: String) throws {
    #expect(text.hasPrefix("421 4.4.2 "), "\(text)")
    let line = try front.gateway.waitForLog { $0["code"] == "TIMEOUT" }
    #expect(line.event == "session" && line["reply"]?.hasPrefix("421 4.4.2") == true)
  }

  @Test func aClientThatSaysNothing() throws {
    let front = try front(["greeting": "1s"])
    let start = ContinuousClock.now
    let client = try front.gateway.connect()
    #expect(try client.reply().code == 220)
    try expectTimeout(front, try ending(client, after: .seconds(1), since: start))
  }

  @Test func aClientThatDripsItsGreeting() throws {
    let front = try front(["greeting": "1s"])
    let start = ContinuousClock.now
    let client = try front.gateway.connect()
    #expect(try client.reply().code == 220)
    for byte in Self.neverEnding where client.isSilent(for: .milliseconds(100)) {
      try client.send([byte])
    }
    try expectTimeout(front, try ending(client, after: .seconds(1), since: start))
  }

  @Test(arguments: [[], ["MAIL FROM:<a@outside.example>"], ["MAIL FROM:<a@outside.example>", "NOOP"]])
  func aClientThatStopsSpeaking(_ commands: [String]) throws {
    let front = try front(["command": "1s"])
    let client = try front.session()
    for command in commands { #expect(try client.command(command).code == 250) }
    try expectTimeout(front, try ending(client, after: .seconds(1), since: .now))
  }

  /// Dripping octets of a line that never ends is not speaking.
  @Test func aClientThatDripsACommand() throws {
    let front = try front(["command": "1s"])
    let client = try front.session()
    let start = ContinuousClock.now
    for byte in Self.neverEnding where client.isSilent(for: .milliseconds(100)) {
      try client.send([byte])
    }
    try expectTimeout(front, try ending(client, after: .seconds(1), since: start))
  }

  @Test(arguments: ["DATA", "BDAT 1000 LAST"]) func aClientThatStopsInTheMiddle(_ command: String) throws {
    let front = try front(["data": "1s"])
    let client = try front.transaction()
    try client.send(line: command)
    if command == "DATA" { #expect(try client.reply().code == 354) }
    try client.send("Subject: half\r\n\r\nhalf")
    try expectTimeout(front, try ending(client, after: .seconds(1), since: .now))
    #expect(front.backend.messages.isEmpty)
  }

  @Test func aTransactionHasADeadline() throws {
    let front = try front(["message": "2s"])
    let client = try front.transaction()
    let start = ContinuousClock.now
    var text = ""
    while text.isEmpty, ContinuousClock.now - start < .seconds(8) {
      text = (try? client.command("NOOP").description) ?? "closed"
      if text.hasPrefix("250") { text = "" }
      block(for: .milliseconds(100))
    }
    #expect(ContinuousClock.now - start > .milliseconds(1600))
    #expect(text.hasPrefix("421 4.4.2 Transaction timed out"), "\(text)")
    // A session without a transaction has no such deadline: that is the command's.
    let idle = try front.session()
    #expect(idle.isSilent(for: .milliseconds(2600)))
    #expect(try idle.command("NOOP").code == 250)
  }

  @Test func contentHasALeastRate() throws {
    let front = try Front([
      "timeouts.min_data_rate": "5000", "timeouts.min_data_grace": "\"1s\"", "timeouts.data": "\"1m\"",
    ])
    let client = try front.session()
    try client.beginData()
    let start = ContinuousClock.now
    while client.isSilent(for: .milliseconds(50)), ContinuousClock.now - start < .seconds(8) {
      try client.send("some words\r\n")
    }
    let text = try ending(client, after: .seconds(1), since: start)
    #expect(text.hasPrefix("421 4.4.2"), "\(text)")
    try front.gateway.waitForLog { $0["code"] == "DATA_TOO_SLOW" }
    // One that is fast enough is left alone, however long it takes.
    let fast = try front.session()
    try fast.beginData()
    let line = String(repeating: "x", count: 998) + "\r\n"
    for _ in 0..<8 {
      try fast.send(line + line)
      #expect(fast.isSilent(for: .milliseconds(200)))
    }
    try fast.send(".\r\n")
    #expect(try fast.reply().code == 250)
  }
}
