import Foundation
import TestSupport
import Testing

/// What two reviews found a client could do to the gateway or to others: each once confirmed, each mended.
@Suite struct E2EAbuseTests {
  /// Reading stopped for good where a burst was longer than one turn of the loop and than what is read ahead.
  @Test func aLongPipelinedBurstIsReadToItsEnd() throws {
    let front = try Front(["limits.commands": "\"unlimited\""])
    let client = try front.transaction()
    let chunk = String(repeating: String(repeating: "x", count: 76) + "\r\n", count: 50)
    let header = "Subject: burst\r\n\r\n"
    var burst = "BDAT \(header.utf8.count)\r\n\(header)"
    for _ in 1..<400 { burst += "BDAT \(chunk.utf8.count)\r\n\(chunk)" }
    burst += "BDAT 0 LAST\r\nQUIT\r\n"
    try client.send(Array(burst.utf8))
    for index in 0...400 {
      let answer = try client.reply()
      #expect(answer.code == 250, "\(index): \(answer)")
    }
    #expect(try client.reply().code == 221)
    #expect(front.backend.messages.count == 1)
  }

  /// A write that filled the socket came back through the channel's writability and said everything twice.
  @Test func longRepliesAreSaidOnce() throws {
    let lines = (1...60).map { "550\($0 < 60 ? "-" : " ")5.1.1 \(String(repeating: "no ", count: 150))\($0)" }
    let front = try Front(
      behaviour: BackendBehaviour {
        $0.recipientReplies = ["u1@example.org": [lines.joined(separator: "\r\n")]]
      })
    let client = try front.transaction()
    #expect(try client.command("RCPT TO:<u1@example.org>").code == 550)
    let count = 12
    try client.send(Array(String(repeating: "RCPT TO:<u1@example.org>\r\n", count: count).utf8))
    try client.send(line: "NOOP")
    var codes: [Int] = []
    while let answer = try? client.reply() {
      codes.append(answer.code)
      if answer.code == 250 || answer.code == 421 { break }
    }
    #expect(codes.dropLast().allSatisfy { $0 == 550 })
    #expect(codes.count <= count + 1)
  }

  /// Chunks that came whole were held in memory, however many, without being counted or spooled.
  @Test func chunksCountAgainstTheMemoryForMessages() throws {
    let front = try Front(["limits.memory": "\"2MiB\""])
    let client = try front.transaction()
    let chunk = String(repeating: String(repeating: "x", count: 76) + "\r\n", count: 50)
    try client.send("BDAT 14\r\nSubject: x\r\n\r\n")
    #expect(try client.reply().code == 250)
    for _ in 0..<800 {
      try client.send("BDAT \(chunk.utf8.count)\r\n\(chunk)")
      guard try client.reply().code == 250 else { break }
    }
    #expect(try (1...2 << 20).contains(front.status("memory")))
    #expect(try front.status("spool") > 2 << 20)
    #expect(try client.command("BDAT 0 LAST").code == 250)
    #expect(front.backend.messages.count == 1)
    #expect(try eventually { try front.status("memory") == 0 && front.status("spool") == 0 })
  }

  /// A chunk that nobody wants may not hold a session for as long as its sender likes.
  @Test func anUnwantedChunkHasADeadline() throws {
    let front = try Front(["timeouts.message": "\"2s\"", "timeouts.data": "\"1s\""])
    let client = try front.session()
    try client.send("BDAT 60000000\r\n")
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end, (try? client.send("x")) != nil, client.isSilent(for: .milliseconds(300))
    {}
    #expect(try client.reply().code == 421)
  }

  @Test func deferredRecipientsStayDeferredAtDATA() throws {
    let front = try Front(
      behaviour: BackendBehaviour { $0.recipientReplies = ["user@example.org": ["451 4.3.0 later"]] })
    let client = try front.session()
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 250)
    #expect(try client.command("RCPT TO:<user@example.org>").code == 451)
    let answer = try client.command("DATA")
    #expect(answer.code == 451 && answer.enhanced == "4.5.1")
    #expect(try front.gateway.waitForLog { $0["code"] == "RECIPIENTS_DEFERRED" }.event == "defer")
  }

  @Test func theBarePostmasterIsAlwaysTaken() throws {
    let front = try Front(
      behaviour: BackendBehaviour {
        $0.recipientReplies = ["postmaster": ["550 5.1.1 no"], "postmaster@example.org": ["550 5.1.1 no"]]
      })
    let client = try front.session()
    #expect(try client.command("MAIL FROM:<a@outside.example>").code == 250)
    #expect(try client.command("RCPT TO:<Postmaster>").code == 250)
  }

  @Test func whoWroteToATrapIsCutOffAtOnce() throws {
    let front = try Front(files: ["Blocklists/block.recipients": "trap@example.org trap our secret\n"])
    let beside = try front.session()
    let client = try front.transaction()
    #expect(try client.command("RCPT TO:<trap@example.org>").code == 550)
    let next = try client.command("RCPT TO:<user@example.org>")
    #expect(next.code == 421 && !next.text.contains("secret"))
    #expect(try beside.command("MAIL FROM:<a@outside.example>").code == 421)
    let later = try front.gateway.connect().reply()
    #expect(later.code == 421 && !later.text.contains("secret"))
    #expect(front.backend.messages.isEmpty)
    let line = try front.gateway.waitForLog { $0["code"] == "CLIENT_BLOCKED_FOR_A_WHILE" }
    #expect(line["detail"]?.contains("our secret") == true)
  }

  @Test func theLineOfACutSessionKnowsTheGreeting() throws {
    let front = try Front(["limits.errors": "2"])
    let client = try front.session()
    _ = try client.command("XYZZY")
    #expect(try client.command("XYZZY").code == 421)
    let line = try front.gateway.waitForLog { $0["code"] == "LIMIT_ERRORS" }
    #expect(line["helo"] != "-" && line["stage"] == "mail")
  }
}
