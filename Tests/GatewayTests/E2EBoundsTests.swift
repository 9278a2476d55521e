import TestSupport
import Testing

/// What a hostile or broken client can send: bounded, and answered.
@Suite(.apart) struct E2EBoundsTests {
  @Test func commandsBeforeTheBannerAreAnsweredBehindIt() throws {
    let front = try Front()
    let client = try front.gateway.connect()
    try client.send("EHLO early.example\r\nNOOP\r\nQUIT\r\n")
    #expect(try client.reply().code == 220)
    #expect(try client.reply().lines.last == "250 HELP")
    #expect(try client.reply().code == 250)
    #expect(try client.reply().code == 221)
    #expect(client.isClosed())
  }

  @Test func anEndlessLineIsCutOff() throws {
    let front = try Front()
    let client = try front.session()
    let before = try front.gateway.memory()
    let piece = [UInt8](repeating: 0x78, count: 64 * 1024)
    for _ in 0..<48 { try? client.send(piece) }
    #expect(try client.readUntilClosed().contains("\r\n421 4.7.0 "))
    #expect(try front.gateway.memory() < before + (16 << 20))
    try front.gateway.waitForLog { $0["code"] == "LIMIT_ERRORS" }
  }

  @Test func garbageEndsInTooManyErrors() throws {
    let front = try Front()
    let client = try front.session()
    var garbage: [UInt8] = []
    var seed: UInt64 = 42
    for _ in 0..<4000 {
      for _ in 0..<30 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        garbage.append(UInt8(truncatingIfNeeded: seed >> 33))
      }
      garbage += [13, 10]
    }
    try? client.send(garbage)
    let text = try client.readUntilClosed()
    let lines = text.split(separator: "\r\n")
    #expect(lines.count == 10 && lines.last?.hasPrefix("421 4.7.0") == true, "\(text)")
    #expect(lines.dropLast().allSatisfy { $0.hasPrefix("50") })
  }

  @Test(arguments: [("one line", 1), ("many lines", 400), ("many fields", 3000)])
  func anEndlessHeaderIsRefused(_ kind: String, _ count: Int) throws {
    let front = try Front(["limits.header_size": "\"64KiB\"", "limits.line_length": "\"16MiB\""])
    let client = try front.session()
    // Where the header ends makes no difference, nor whether the message has come to lie in a file.
    for tail in [0, 400_000] {
      try client.beginData()
      switch kind {
      case "one line": try client.send("Subject: " + String(repeating: "x", count: 70_000))
      case "many lines":
        try client.send("Subject: x")
        for _ in 0..<count { try client.send("\r\n " + String(repeating: "y", count: 200)) }
      default: for _ in 0..<count { try client.send("A: b\r\n") }
      }
      try client.send(
        "\r\n" + String(repeating: String(repeating: "z", count: 98) + "\r\n", count: tail / 100))
      try client.send("\r\n.\r\n")
      let answer = try client.reply()
      #expect(answer.code == 552 && answer.enhanced == "5.3.4", "\(answer)")
    }
    #expect(front.backend.messages.isEmpty)
    let line = try front.gateway.waitForLog { $0["code"] == "HEADER_TOO_LARGE" }
    #expect(line.event == "reject" && line["stage"] == "message")
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
  }

  @Test func headersUpToTheBoundAreTaken() throws {
    let front = try Front(["limits.header_size": "4096", "limits.memory_per_message": "0"])
    let client = try front.session()
    func header(_ octets: Int) -> String {
      "Subject: \(String(repeating: "x", count: octets - 11))\r\n"
    }
    for (octets, code) in [(4096, 250), (4097, 552)] {
      try client.beginData()
      try client.send(header(octets) + "\r\nbody\r\n.\r\n")
      #expect(try client.reply().code == code, "\(octets)")
    }
  }

  @Test func longLinesAreTakenUpToTheirBound() throws {
    let front = try Front(["limits.line_length": "1000"])
    let client = try front.session()
    for (octets, code) in [(998, 250), (999, 554), (100_000, 554)] {
      let line = String(repeating: "x", count: octets)
      try client.beginData()
      try client.send("Subject: \(octets)\r\n\r\n.\(line.dropFirst(0))\r\n.\r\n")
      #expect(try client.reply().code == code, "DATA \(octets)")
      let message = "Subject: \(octets)\r\n\r\n\(line)\r\n"
      try client.send(
        "MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\nBDAT \(message.utf8.count) LAST\r\n\(message)"
      )
      #expect(try [client.reply().code, client.reply().code, client.reply().code] == [250, 250, code])
    }
    let line = try front.gateway.waitForLog { $0["code"] == "MESSAGE_LINE_TOO_LONG" }
    #expect(line.event == "reject" && line["stage"] == "message")
    #expect(front.backend.messages.count == 2)
  }

  @Test(arguments: ["HELP", "NOOP"])
  func whoDoesNotReadHisRepliesIsNotRead(_ command: String) throws {
    let front = try Front(["limits.commands": "\"unlimited\""])
    let client = try front.session(patience: .seconds(1))
    client.narrow(sendingWithin: .seconds(1))
    let before = try front.gateway.memory()
    let piece = Array(String(repeating: command + "\r\n", count: 4000).utf8)
    var sent = 0
    var isHeld = false
    while !isHeld, sent < 400 << 20 {
      // The kernel's own buffers grow for a while: held is who waits a second for one piece.
      let start = ContinuousClock.now
      do { try client.send(piece) } catch { isHeld = true }
      isHeld = isHeld || ContinuousClock.now - start > .milliseconds(900)
      sent += piece.count
    }
    #expect(isHeld, "\(sent) octets were taken from a client that reads nothing")
    #expect(try front.gateway.memory() < before + (24 << 20))
    // Others are served meanwhile.
    let other = try front.session()
    #expect(try other.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    client.reset()
    #expect(try eventually { try front.status("connections") == 1 })
  }

  @Test func aClientThatShutsItsSideStillReadsItsReply() throws {
    let front = try Front(behaviour: .at(.endOfData, .delay(.milliseconds(300))))
    let client = try front.session()
    try client.send(
      "MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\nDATA\r\nSubject: half\r\n\r\n.\r\n")
    client.closeWriting()
    let replies = try client.readUntilClosed().split(separator: "\r\n")
    #expect(replies.map { $0.prefix(3) } == ["250", "250", "354", "250"], "\(replies)")
    #expect(front.backend.messages.count == 1)
  }

  @Test func aClientGoneDuringDeliveryIsNotServedTwice() throws {
    let front = try Front(behaviour: .at(.endOfData, .delay(.milliseconds(500)), .normal))
    let message = "Message-ID: <1@outside.example>\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\n\r\nonce\r\n"
    let client = try front.session()
    try client.beginData()
    try client.send(message + ".\r\n")
    #expect(eventually { front.backend.timesReached(.endOfData) == 1 })
    client.close()
    try front.gateway.waitForLog { $0.event == "accept" }
    try front.gateway.waitForLog { $0.event == "session" && $0["detail"]?.contains("hung up") == true }
    #expect(front.backend.messages.count == 1)
    let retry = try front.session()
    #expect(try retry.deliver(from: "a@outside.example", to: ["user@example.org"], message).code == 250)
    #expect(front.backend.messages.count == 1)
    // The entry is used up: a third one is a new message.
    #expect(try retry.deliver(from: "a@outside.example", to: ["user@example.org"], message).code == 250)
    #expect(front.backend.messages.count == 2)
  }

  @Test func aClientGoneInTheMiddleGivesAllBack() throws {
    let front = try Front(["limits.memory_per_message": "\"64KiB\"", "limits.header_size": "4096"])
    for ending in ["close", "reset"] {
      let client = try front.session()
      try client.beginData()
      try client.send("Subject: x\r\n\r\n")
      for _ in 0..<20 {
        try client.send(String(repeating: String(repeating: "x", count: 98) + "\r\n", count: 500))
      }
      #expect(try eventually { try front.status("spool") > 0 })
      if ending == "close" { client.close() } else { client.reset() }
      #expect(try eventually { try front.status("memory") == 0 && front.status("spool") == 0 }, "\(ending)")
    }
    #expect(try eventually { try front.status("connections") == 0 })
    #expect(eventually { front.gateway.log().filter { $0["code"] == "CONNECTION_LOST" }.count == 2 })
    #expect(front.backend.messages.isEmpty)
  }
}
