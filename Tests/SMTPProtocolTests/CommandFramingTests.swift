import SMTPProtocol
import Testing

@Suite struct CommandFramingTests {
  /// What comes of a text in pieces of `length`: lines, `!CODE` for malformed ones, what is left.
  private func events(_ bytes: [UInt8], pieces length: Int, lineFeed: Bool = false, longest: Int = 32)
    -> [String]
  {
    var framing = CommandFraming(longest: longest, acceptsBareLineFeed: lineFeed)
    var inbound: [UInt8] = []
    var events: [String] = []
    var start = 0
    while start < bytes.count {
      inbound += bytes[start..<min(start + length, bytes.count)]
      start += length
      while true {
        let (taken, event) = framing.next(inbound.span.bytes)
        inbound.removeFirst(taken)
        switch event {
        case .line(let line): events.append(String(decoding: line, as: UTF8.self))
        case .malformed(let reason): events.append("!\(reason)")
        case .endless: return events + ["endless"]
        case nil: break
        }
        if event == nil, taken == 0 || inbound.isEmpty { break }
      }
    }
    return inbound.isEmpty ? events : events + ["…\(inbound.count)"]
  }

  @Test(arguments: [
    ("NOOP\r\nQUIT\r\n", ["NOOP", "QUIT"]),
    ("\r\n\r\n", ["", ""]),
    ("NOOP", ["…4"]),
    ("NOOP\r", ["…5"]),
    ("NOOP\nNOOP\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("RCPT TO:<a@b>\nRCPT TO:<c@d>\r\n", ["!COMMAND_LINE_ENDING"]),
    ("NOOP\rNOOP\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("NOOP\r\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("NOOP\n\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("NO\0OP\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("\nNOOP\nQUIT\n", ["!COMMAND_LINE_ENDING"]),
    ("\r\r\n\n\r\r\nQUIT\r\n", ["!COMMAND_LINE_ENDING", "!COMMAND_LINE_ENDING", "QUIT"]),
  ])
  func onlyCRLFEndsALine(_ text: String, _ expected: [String]) {
    for length in 1...text.utf8.count {
      #expect(events(Array(text.utf8), pieces: length) == expected, "in pieces of \(length)")
    }
  }

  @Test(arguments: [
    ("NOOP\nQUIT\r\nRSET\n", ["NOOP", "QUIT", "RSET"]),
    ("NO\rOP\nQUIT\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
    ("NO\0OP\nQUIT\n", ["!COMMAND_LINE_ENDING", "QUIT"]),
  ])
  func aBareLineFeedEndsALineWhereTheAdminSaysSo(_ text: String, _ expected: [String]) {
    for length in 1...text.utf8.count {
      #expect(events(Array(text.utf8), pieces: length, lineFeed: true) == expected, "in pieces of \(length)")
    }
  }

  @Test func aLineIsBounded() {
    func line(_ count: Int) -> [UInt8] { [UInt8](repeating: 120, count: count - 2) + [13, 10] }
    for length in [1, 2, 3, 5, 31, 32, 33, 34, 1000] {
      #expect(events(line(32) + line(6), pieces: length).map(\.utf8.count) == [30, 4])
      for count in [33, 34, 35, 64, 500] {
        #expect(
          events(line(count) + line(6), pieces: length) == ["!COMMAND_LINE_TOO_LONG", "xxxx"],
          "\(count) in pieces of \(length)")
      }
    }
  }

  /// What is wrong with it besides comes too late to matter: the refusal does not depend on the pieces.
  @Test(arguments: ["\n", "\r", "\0", "\r\r"])
  func aLineThatIsTooLongIsNothingElse(_ fault: String) {
    for count in [32, 33, 64] {
      let text = String(repeating: "x", count: count) + fault + "yy\r\nNOOP\r\n"
      for length in [1, 2, 31, 32, 33, 34, 1000] {
        #expect(
          events(Array(text.utf8), pieces: length) == ["!COMMAND_LINE_TOO_LONG", "NOOP"],
          "\(count) in pieces of \(length)")
      }
    }
  }

  @Test func aLineWithoutAnEndIsGivenUp() {
    let bytes = [UInt8](repeating: 120, count: CommandFraming.mostSkipped + 100_000)
    #expect(events(bytes, pieces: 10_000) == ["!COMMAND_LINE_TOO_LONG", "endless"])
    #expect(events([10] + bytes, pieces: 10_000) == ["!COMMAND_LINE_ENDING", "endless"])
    let ended = bytes.prefix(CommandFraming.mostSkipped - 50_000) + [13, 10]
    #expect(events(Array(ended), pieces: 10_000) == ["!COMMAND_LINE_TOO_LONG"])
  }

  // MARK: Logins

  /// What comes of lines where the first `responses` of them answer a challenge: their lengths or codes.
  private func lengths(_ bytes: [UInt8], pieces length: Int, responses: Int) -> [String] {
    var framing = CommandFraming(longest: 512)
    var inbound: [UInt8] = []
    var events: [String] = []
    var start = 0
    while start < bytes.count {
      inbound += bytes[start..<min(start + length, bytes.count)]
      start += length
      while true {
        let (taken, event) = framing.next(
          inbound.span.bytes, as: events.count < responses ? .response : .command)
        inbound.removeFirst(taken)
        switch event {
        case .line(let line): events.append("\(line.count)")
        case .malformed(let reason): events.append("!\(reason)")
        case .endless: return events + ["endless"]
        case nil: break
        }
        if event == nil, taken == 0 || inbound.isEmpty { break }
      }
      #expect(inbound.count <= CommandFraming.longestResponse)
    }
    return events
  }

  private func line(_ head: String, _ count: Int) -> [UInt8] {
    Array(head.utf8) + [UInt8](repeating: 0x41, count: count - head.utf8.count) + [13, 10]
  }

  @Test func aResponseHasABoundOfItsOwn() {
    let noop = Array("NOOP\r\n".utf8)
    for length in [1, 511, 512, 4096, 12287, 12288, 12289, 12290, 12291, 100_000] {
      #expect(lengths(line("", 12288) + noop, pieces: length, responses: 1) == ["12288", "4"])
      for count in [12289, 12290, 12291, 50_000] {
        #expect(
          lengths(line("", count) + noop, pieces: length, responses: 1) == ["!AUTH_TOO_LONG", "4"],
          "\(count) in pieces of \(length)")
      }
      // What was a response is skipped as one, though commands are due by then.
      #expect(
        lengths(line("", 12300) + line("", 513) + noop, pieces: length, responses: 1)
          == ["!AUTH_TOO_LONG", "!COMMAND_LINE_TOO_LONG", "4"])
      #expect(lengths(line("", 513) + noop, pieces: length, responses: 0) == ["!COMMAND_LINE_TOO_LONG", "4"])
    }
  }

  /// Clients put tokens of some kilobytes into AUTH itself, where RFC 4954 has them in a response.
  @Test(arguments: ["AUTH XOAUTH2 ", "auth\tX ", "Auth  "])
  func aLoginMayBeAsLongAsAResponse(_ head: String) {
    let noop = Array("NOOP\r\n".utf8)
    for length in [1, 5, 513, 12290, 100_000] {
      #expect(lengths(line(head, 512) + noop, pieces: length, responses: 0) == ["512", "4"])
      #expect(lengths(line(head, 12288) + noop, pieces: length, responses: 0) == ["12288", "4"])
      #expect(lengths(line(head, 12289) + noop, pieces: length, responses: 0) == ["!AUTH_TOO_LONG", "4"])
    }
    for other in ["AUTH", "AUTHX ", "AUT ", "XAUTH "] {
      #expect(lengths(line(other, 600), pieces: 600, responses: 0) == ["!COMMAND_LINE_TOO_LONG"])
    }
  }

  @Test(arguments: ["dXNl\ncg==\r\nNOOP\r\n", "dXNl\rcg==\r\nNOOP\r\n", "dX\0Nl\r\nNOOP\r\n"])
  func aResponseEndsWithCRLFToo(_ text: String) {
    for length in 1...text.utf8.count {
      #expect(
        lengths(Array(text.utf8), pieces: length, responses: 1) == ["!COMMAND_LINE_ENDING", "4"])
    }
  }
}
