import SMTPProtocol
import Testing

/// BDAT (RFC 3030): in every state, with every size, and behind failures.
@Suite struct ServerChunkTests {
  private func session(offer: Offer = ServerHarness.fullOffer, errors: Int = 100) -> ServerHarness {
    ServerHarness(
      after: ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<u@b>"], terms: .init(mostErrors: errors), offer: offer)
  }

  @Test func chunksMakeOneMessage() {
    var harness = session()
    #expect(harness.chunk("BDAT 10") == 250)
    #expect(harness.state == "envelope 1")
    #expect(harness.say("MAIL FROM:<a@b>").code == 503)
    #expect(harness.say("RCPT TO:<a@b>").code == 503)
    #expect(harness.say("DATA").code == 503)
    #expect(harness.say("NOOP").code == 250)
    #expect(harness.chunk("BDAT 0") == 250)
    #expect(harness.chunk("BDAT 990 LAST") == 250)
    #expect(harness.asked.filter { $0 == .content }.count == 1 && harness.asked.last == .message)
    #expect(harness.state == "ready")
    #expect(harness.chunk("BDAT 1 LAST") == 503)
  }

  @Test func anEmptyLastChunkEndsTheMessage() {
    var harness = session()
    #expect(harness.chunk("BDAT 0 LAST") == 250)
    #expect(harness.asked.last == .message && harness.state == "ready")
    harness = session()
    #expect(harness.chunk("BDAT 1000") == 250)
    #expect(harness.chunk("BDAT 0 LAST") == 250)
    #expect(harness.asked.last == .message)
  }

  @Test func theSumOfAllChunksIsBounded() {
    var harness = session()
    #expect(harness.chunk("BDAT 1001 LAST") == 552)
    #expect(harness.state == "ready")
    harness = session()
    #expect(harness.chunk("BDAT 600") == 250)
    #expect(harness.chunk("BDAT 400") == 250)
    #expect(harness.chunk("BDAT 1") == 552)
    #expect(harness.state == "ready" && !harness.asked.contains(.message))
    // The next message begins from nothing.
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<u@b>"] { #expect(harness.say(line).code == 250) }
    #expect(harness.chunk("BDAT 1000 LAST") == 250)
  }

  @Test func sizesThatNobodyMeansCloseAtOnce() {
    for size in ["67108865", "9223372036854775807", "9223372036854775808", "18446744073709551615"] {
      for lines in [
        [], ["EHLO c"], ["EHLO c", "MAIL FROM:<>"], ["EHLO c", "MAIL FROM:<>", "RCPT TO:<a@b>"],
      ] {
        var harness = ServerHarness(after: lines)
        #expect(harness.say("BDAT \(size)").isClose)
        #expect(harness.state == "closed")
      }
    }
    // What is but too large is read.
    var harness = session()
    #expect(harness.chunk("BDAT 67108864 LAST") == 552)
    #expect(harness.state == "ready")
  }

  @Test func withoutALimitNoSumOverflows() {
    var harness = session(offer: Offer())
    #expect(harness.say("BDAT 18446744073709551615").isClose)
    harness = session(offer: Offer())
    #expect(harness.chunk("BDAT 281474976710656") == 250)
    #expect(harness.chunk("BDAT 1") == 552)
  }

  @Test(arguments: [
    "BDAT", "BDAT LAST", "BDAT -1", "BDAT +1", "BDAT 1.0", "BDAT 0x10", "BDAT 1 FIRST", "BDAT 1 LAST now",
    "BDAT 18446744073709551616", "BDAT 99999999999999999999999", "BDAT ١",
  ])
  func aMalformedChunkIsRefused(_ line: String) {
    var harness = session()
    #expect(harness.say(line).codes == "501 5.5.2")
    #expect(harness.state == "envelope 1")
    // In the middle of a message it ends it: the message would lack a piece.
    #expect(harness.chunk("BDAT 3") == 250)
    #expect(harness.say(line).codes == "501 5.5.2")
    #expect(harness.state == "ready")
    #expect(harness.chunk("BDAT 3 LAST") == 501)
    #expect(!harness.asked.contains(.message))
  }

  @Test func lastIsReadInAnyCase() {
    var harness = session()
    #expect(harness.chunk("bdat 3 last") == 250)
    #expect(harness.asked.last == .message)
  }

  /// A client that pipelines its chunks must not see the rest of a failed message taken for a whole one.
  @Test func theChunksBehindAFailedOneHearTheSame() {
    var harness = session(errors: 3)
    harness.answers = [({ $0 == .content }, .refuse(Response(.limitRecipients)))]
    #expect(harness.chunk("BDAT 10") == 452)
    harness.answers = []
    for _ in 0..<10 { #expect(harness.chunk("BDAT 100") == 452) }
    #expect(harness.chunk("BDAT 10 LAST") == 452)
    #expect(!harness.asked.contains(.message))
    // They are one mistake at most; what comes behind LAST is another.
    #expect(harness.session.errors == 0)
    #expect(harness.chunk("BDAT 10 LAST") == 503)
    #expect(harness.session.errors == 1)
  }

  @Test func aFailedMessageIsForgottenByRsetMailAndEhlo() {
    for line in ["RSET", "MAIL FROM:<c@d>", "EHLO c"] {
      var harness = session()
      #expect(harness.chunk("BDAT 10") == 250)
      guard case .receiveChunk = harness.say("BDAT 10") else {
        Issue.record("no chunk")
        return
      }
      #expect(harness.session.refusedChunk(Response(.contentNul)).code == 550)
      #expect(harness.say(line).code == 250)
      #expect(harness.chunk("BDAT 1 LAST") == 503, "after \(line)")
    }
  }

  @Test func aRefusedLastChunkLeavesNothingBehind() {
    var harness = session()
    _ = harness.say("BDAT 10 LAST")
    #expect(harness.session.refusedChunk(Response(.contentNul)).code == 550)
    #expect(harness.chunk("BDAT 10 LAST") == 503)
  }

  @Test func aChunkBeforeItsTimeIsReadAndRefused() {
    for lines in [[], ["EHLO c"], ["EHLO c", "MAIL FROM:<>"]] {
      var harness = ServerHarness(after: lines)
      #expect(harness.chunk("BDAT 10") == 503)
      #expect(harness.session.errors == 1)
    }
    var refused = ServerHarness(after: ["EHLO c", "MAIL FROM:<>"])
    refused.answers = [({ if case .recipient = $0 { true } else { false } }, .refuse(Response("X")))]
    _ = refused.say("RCPT TO:<a@b>")
    #expect(refused.chunk("BDAT 10 LAST") == 554)
  }

  @Test func rsetAndEhloEndChunks() {
    for line in ["RSET", "EHLO c"] {
      var harness = session()
      #expect(harness.chunk("BDAT 10") == 250)
      #expect(harness.say(line).code == 250)
      #expect(harness.state == "ready")
    }
  }
}
