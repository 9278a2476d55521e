import SMTPProtocol
import Testing

/// Each bound of the dialogue, alone.
@Suite struct ServerBoundsTests {
  @Test func mistakesAreCounted() {
    for line in ["XYZZY", "MAIL", "RCPT TO:<a@b>", "STARTTLS", "TURN", "EHLO", "BDAT x"] {
      var harness = ServerHarness(terms: .init(mostErrors: 3))
      #expect(!harness.say(line).isClose && !harness.say(line).isClose)
      let last = harness.say(line)
      #expect(last.isClose && last.codes == "421 4.7.0" && last.reason == .limitErrors, "\(line)")
      #expect(harness.state == "closed")
    }
  }

  @Test func malformedLinesAreMistakesAndCommands() {
    var harness = ServerHarness(terms: .init(mostErrors: 2))
    #expect(harness.session.receivedMalformedLine(.commandLineTooLong).codes == "500 5.5.2")
    #expect(harness.session.receivedMalformedLine(.commandLineEnding).isClose)
    harness = ServerHarness(terms: .init(mostErrors: nil, mostCommands: 2))
    for _ in 0..<2 { #expect(!harness.session.receivedMalformedLine(.commandLineEnding).isClose) }
    #expect(harness.session.receivedMalformedLine(.commandLineEnding).reason == .limitCommands)
  }

  @Test func unwantedChunksAreMistakes() {
    var harness = ServerHarness(after: ["EHLO c"], terms: .init(mostErrors: 2))
    #expect(harness.chunk("BDAT 1 LAST") == 503)
    #expect(harness.say("BDAT 1 LAST").isClose)
  }

  @Test func whatGoesWellIsNoMistake() {
    var harness = ServerHarness(terms: .init(mostErrors: 1))
    for line in [
      "NOOP", "HELP", "VRFY a", "EXPN a", "RSET", "EHLO c", "MAIL FROM:<>", "RCPT TO:<a@b>", "RSET",
    ] {
      #expect(!harness.say(line).isClose, "\(line)")
    }
    #expect(harness.session.errors == 0)
  }

  @Test func commandsAreCounted() {
    var harness = ServerHarness(terms: .init(mostErrors: nil, mostCommands: 5))
    for _ in 0..<5 { #expect(harness.say("NOOP").code == 250) }
    let last = harness.say("NOOP")
    #expect(last.isClose && last.reason == .limitCommands && last.codes == "421 4.7.0")
  }

  /// A large message in chunks of 4 KiB is no flood of commands; a chunk of a few octets is a command.
  @Test func chunksOfContentAreNoCommands() {
    var harness = ServerHarness(
      after: ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<u@b>"], terms: .init(mostCommands: 10), offer: Offer())
    for _ in 0..<100 { #expect(harness.chunk("BDAT 4096") == 250) }
    #expect(harness.session.commands == 3)
    for _ in 0..<7 { #expect(harness.chunk("BDAT 10") == 250) }
    #expect(harness.say("BDAT 10").reason == .limitCommands)
    // Out of a transaction they count.
    var idle = ServerHarness(after: ["EHLO c"], terms: .init(mostErrors: nil, mostCommands: 3))
    for _ in 0..<2 { #expect(idle.chunk("BDAT 4096 LAST") == 503) }
    #expect(idle.say("BDAT 4096 LAST").reason == .limitCommands)
  }

  @Test func recipientsAreCounted() {
    var harness = ServerHarness(
      after: ["EHLO c", "MAIL FROM:<a@b>"], terms: .init(mostErrors: 1, mostRecipients: 2))
    #expect(harness.say("RCPT TO:<a@b>").code == 250)
    #expect(harness.say("RCPT TO:<b@b>").code == 250)
    #expect(harness.say("RCPT TO:<c@b>").codes == "452 4.5.3")
    #expect(harness.session.envelope?.recipients.count == 2)
    #expect(harness.say("DATA").code == 354)
    var none = ServerHarness(after: ["EHLO c", "MAIL FROM:<a@b>"], terms: .init(mostRecipients: 0))
    #expect(none.say("RCPT TO:<a@b>").code == 452)
    var unlimited = ServerHarness(
      after: ["EHLO c", "MAIL FROM:<a@b>"], terms: .init(mostCommands: nil, mostRecipients: nil))
    for index in 0..<300 { #expect(unlimited.say("RCPT TO:<a\(index)@b>").code == 250) }
  }

  @Test func transactionsAreCounted() {
    var harness = ServerHarness(after: ["EHLO c"], terms: .init(mostTransactions: 2))
    for _ in 0..<2 {
      #expect(harness.say("MAIL FROM:<a@b>").code == 250)
      #expect(harness.say("RSET").code == 250)
    }
    let last = harness.say("MAIL FROM:<a@b>")
    #expect(last.isClose && last.reason == .limitTransactions && last.code == 421)
  }

  @Test func aLineOfAMessageIsBounded() {
    func fault(_ text: String, longest: Int = 10, pieces length: Int, isChunked: Bool = false)
      -> ContentFault?
    {
      var decoder = ContentDecoder(framing: isChunked ? .counted : .dotTerminated, longestLine: longest)
      let bytes = Array((isChunked ? text : text + "\r\n.\r\n").utf8)
      var held: [UInt8] = []
      for start in stride(from: 0, to: bytes.count, by: length) {
        _ = decoder.decode(bytes[start..<min(start + length, bytes.count)].span.bytes, into: &held)
      }
      return decoder.fault
    }
    for length in 1...40 {
      #expect(fault("12345678\r\n12345678", pieces: length) == nil)
      #expect(fault("12345678\r\n123456789", pieces: length) == .lineTooLong)
      #expect(fault("..2345678\r\n", pieces: length) == nil)
      #expect(fault("..23456789\r\n", pieces: length) == .lineTooLong)
      #expect(fault("12345678\r\n12345678\r\n", pieces: length, isChunked: true) == nil)
      #expect(fault("123456789\r\n1", pieces: length, isChunked: true) == .lineTooLong)
      #expect(fault("1\r\n12345678901", pieces: length, isChunked: true) == .lineTooLong)
    }
  }
}
