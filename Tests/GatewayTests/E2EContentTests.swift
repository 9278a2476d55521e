import TestSupport
import Testing

/// What a client sends is what the backend has, byte for byte, behind the gateway's own `Received:`.
@Suite(.apart) struct E2EContentTests {
  /// Pseudo-random, the same in each run.
  struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  /// A message of lines of all kinds: empty, dots, long, 8-bit.
  static func message(_ octets: Int, _ chance: inout Chance) -> [UInt8] {
    var bytes = Array("Subject: content\r\nMessage-ID: <\(chance.next())@outside.example>\r\n\r\n".utf8)
    while bytes.count < octets {
      switch Int.random(in: 0..<12, using: &chance) {
      case 0: bytes += Array(".".utf8)
      case 1: bytes += Array("..".utf8)
      case 2: bytes += Array(".MAIL FROM:<x@y>".utf8)
      case 3: break
      case 4:
        bytes += (0..<Int.random(in: 1000..<20_000, using: &chance)).map { _ in UInt8.random(in: 33...255) }
      case 5: bytes += Array("From here".utf8)
      default:
        bytes += (0..<Int.random(in: 1..<998, using: &chance)).map { _ in
          let byte = UInt8.random(in: 1...255, using: &chance)
          return byte == 10 || byte == 13 ? 46 : byte
        }
      }
      bytes += [13, 10]
    }
    return bytes
  }

  /// What stands behind the trace line that the gateway put in front.
  static func behindTrace(_ message: ReceivedMessage) -> [UInt8] {
    let content = message.content
    guard content.starts(with: Array("Received: from ".utf8)) else { return [] }
    // Up to the first line that is not folded.
    var position = 0
    while let end = content[position...].firstIndex(of: 10) {
      position = end + 1
      guard position < content.count, content[position] == 9 || content[position] == 32 else { break }
    }
    return Array(content[position...])
  }

  private func chunks(_ message: [UInt8], _ chance: inout Chance) -> [[UInt8]] {
    var rest = message[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...max(1, message.count / 3), using: &chance))
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }

  private func send(_ message: [UInt8], byChunks: Bool, _ client: RawClient, _ chance: inout Chance) throws {
    try client.command("MAIL FROM:<a@outside.example> BODY=8BITMIME SIZE=\(message.count)")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    if byChunks {
      let pieces = chunks(message, &chance)
      for (index, piece) in pieces.enumerated() {
        try client.send(
          Array("BDAT \(piece.count)\(index == pieces.count - 1 ? " LAST" : "")\r\n".utf8) + piece)
      }
      for _ in pieces { #expect(try client.reply().code == 250) }
    } else {
      #expect(try client.command("DATA").code == 354)
      try client.send(RawClient.stuffed(message))
      #expect(try client.reply().code == 250)
    }
  }

  @Test(arguments: [true, false], [true, false]) func isTheSameByteForByte(
    byChunks: Bool, backendHasChunks: Bool
  ) throws {
    let behaviour = BackendBehaviour {
      if !backendHasChunks { $0.capabilities.removeAll { $0 == "CHUNKING" || $0 == "BINARYMIME" } }
    }
    let front = try Front(["limits.line_length": "\"1MiB\""], behaviour: behaviour)
    let client = try front.session(patience: .seconds(60))
    var chance = Chance(state: 20_261_120)
    for octets in [1, 200, 4000, 65_000, 262_144, 300_000, 5_000_000] {
      let message = Self.message(octets, &chance)
      try send(message, byChunks: byChunks, client, &chance)
      let received = try #require(front.backend.messages.last)
      // Not with ==, which would print five million octets.
      let isEqual = Self.behindTrace(received) == message
      #expect(isEqual, "\(octets) octets were changed on the way")
      #expect(!received.hasBareLineEnds || received.wire.contains(0))
      #expect(received.senderParameters.contains("BODY=8BITMIME"))
    }
    #expect(front.backend.messages.count == 7 && front.backend.offences.isEmpty)
    #expect(try front.status("memory") == 0 && front.status("spool") == 0)
  }

  @Test func theTraceLineSaysWhoCame() throws {
    let front = try Front()
    let client = try front.gateway.connect(from: "127.0.0.8")
    try client.open(ehlo: "client.outside.example")
    #expect(
      try client.deliver(from: "a@outside.example", to: ["user@example.org"], "no header\r\n").code == 250)
    try client.deliver(from: "a@outside.example", to: ["user@example.org", "second@example.org"])
    let plain = try front.gateway.connect()
    #expect(try plain.reply().code == 220)
    try plain.command("HELO old.example")
    try plain.deliver(from: "a@outside.example", to: ["user@example.org"])
    let traces = front.backend.messages.compactMap { $0.header("Received").first }
    #expect(traces.count == 3)
    let pattern =
      /from client\.outside\.example \(\S+ \[127\.0\.0\.8\]\)\s+by mx\.example\.org \(Weir\) with ESMTP id (\w+)\s+for <user@example\.org>;\s+\w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}/
    let match = try #require(try pattern.wholeMatch(in: traces[0]), "\(traces[0])")
    try front.gateway.waitForLog { $0.event == "accept" && $0["id"] == String(match.1) }
    #expect(!traces[1].contains(" for "))
    #expect(traces[2].contains("with SMTP id"))
  }

  @Test func aHostileGreetingStaysInItsPlace() throws {
    let front = try Front()
    let client = try front.gateway.connect()
    _ = try client.reply()
    let answer = try client.command("EHLO x(;\"\\)from[8.8.8.8]\u{7f}")
    guard answer.code == 250 else { return }
    try client.deliver(from: "a@outside.example", to: ["user@example.org"])
    let trace = try #require(front.backend.messages.first?.header("Received").first)
    let name = trace.dropFirst("from ".count).prefix { $0 != " " }
    #expect(!name.contains { "(;\"\\)\u{7f}".contains($0) }, "\(trace)")
  }

  @Test func binaryLeavesAsItCame() throws {
    let front = try Front()
    let client = try front.session()
    let message: [UInt8] = Array("Subject: b\r\n\r\n".utf8) + [0, 10, 13, 46, 10, 255, 13, 10, 46, 13, 10, 7]
    try client.command("MAIL FROM:<a@outside.example> BODY=BINARYMIME")
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    let data = try client.command("DATA")
    #expect(data.code == 503)
    try client.send(Array("BDAT \(message.count) LAST\r\n".utf8) + message)
    #expect(try client.reply().code == 250)
    let received = try #require(front.backend.messages.first)
    #expect(received.isChunked && Self.behindTrace(received) == message)
    #expect(received.senderParameters.contains("BODY=BINARYMIME"))
  }

  @Test func loopsAreBroken() throws {
    let front = try Front(["limits.hops": "5"])
    let client = try front.session()
    for (hops, code) in [(5, 250), (6, 554)] {
      let trace = String(repeating: "Received: from a by b; Fri, 20 Nov 2026 12:00:00 +0000\r\n", count: hops)
      let answer = try client.deliver(
        from: "a@outside.example", to: ["user@example.org"], trace + "Subject: x\r\n\r\n")
      #expect(answer.code == code)
      if code == 554 { #expect(answer.enhanced == "5.4.6") }
    }
  }

  @Test func utf8EnvelopesAndHeadersPass() throws {
    let front = try Front()
    let client = try front.session()
    try client.command("MAIL FROM:<jürgen@grüße.example> SMTPUTF8")
    #expect(try client.command("RCPT TO:<käthe@example.org>").code == 250)
    #expect(try client.command("DATA").code == 354)
    try client.send("Subject: grüße\r\n\r\n.\r\n")
    #expect(try client.reply().code == 250)
    let message = try #require(front.backend.messages.first)
    #expect(message.sender == "jürgen@grüße.example" && message.addresses == ["käthe@example.org"])
    #expect(message.senderParameters.contains("SMTPUTF8") && message.header("Subject") == ["grüße"])
    #expect(message.header("Received").first?.contains("with UTF8SMTP") == true)
    let line = try front.gateway.waitForLog { $0.event == "accept" }
    #expect(line["from"] == "<jürgen@grüße.example>" && line["to"] == "<käthe@example.org>")
  }
}
