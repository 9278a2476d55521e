import SMTPProtocol
import Testing

/// Senders and recipients: null, bare, spoiled, past the bounds.
@Suite struct ServerEnvelopeTests {
  private func session(_ terms: ServerSession.Terms = .init(mostErrors: 100)) -> ServerHarness {
    ServerHarness(after: ["EHLO c"], terms: terms)
  }

  @Test func aSpoiledTransactionIsRefusedAtDataAndBdat() {
    for isChunked in [false, true] {
      var harness = session()
      _ = harness.say("MAIL FROM:<>")
      _ = harness.say("RCPT TO:<a@b>")
      harness.answers = [
        ({ if case .recipient = $0 { true } else { false } }, .refuseTransaction(Response("NULL_SENDER")))
      ]
      #expect(harness.say("RCPT TO:<b@b>").code == 550)
      #expect(harness.session.envelope?.spoiled == "NULL_SENDER")
      harness.answers = []
      // Not lifted by a recipient that is taken after it.
      #expect(harness.say("RCPT TO:<c@b>").code == 250)
      if isChunked {
        #expect(harness.chunk("BDAT 5 LAST") == 554)
        #expect(harness.state == "ready")
      } else {
        let action = harness.say("DATA")
        #expect(action.codes == "554 5.5.0" && action.reason == .transactionSpoiled)
        #expect(harness.say("RSET").code == 250)
      }
      #expect(!harness.asked.contains(.content))
      #expect(harness.say("MAIL FROM:<>").code == 250)
      #expect(harness.session.envelope?.spoiled == nil)
    }
  }

  @Test func aBareLocalPartIsCompletedOrRefused() {
    var harness = session()
    #expect(harness.say("MAIL FROM:<joe>").codes == "501 5.1.7")
    #expect(harness.say("MAIL FROM:<postmaster>").code == 250)
    #expect(harness.say("RCPT TO:<joe>").codes == "501 5.1.3")
    #expect(harness.say("RCPT TO:<Postmaster>").code == 250)
    #expect(harness.session.envelope?.recipients.map(\.path.text) == ["Postmaster"])
    harness = session(.init(mostErrors: 100, completingDomain: "ours.example"))
    #expect(harness.say("MAIL FROM:<joe>").code == 250)
    #expect(harness.session.envelope?.sender.text == "joe@ours.example")
    #expect(harness.say("RCPT TO:<\"j o\">").code == 250)
    #expect(harness.session.envelope?.recipients.last?.path.text == "\"j o\"@ours.example")
    #expect(harness.say("RCPT TO:<postmaster>").code == 250)
    #expect(harness.session.envelope?.recipients.last?.path.text == "postmaster")
  }

  @Test func internationalAddressesNeedTheirParameter() {
    var harness = session()
    #expect(harness.say("MAIL FROM:<ü@b>").codes == "553 5.6.7")
    #expect(harness.say("MAIL FROM:<a@b>").code == 250)
    #expect(harness.say("RCPT TO:<ü@b>").codes == "553 5.6.7")
    #expect(harness.say("RCPT TO:<u@b> ORCPT=utf-8;ü@b").codes == "553 5.6.7")
    _ = harness.say("RSET")
    #expect(harness.say("MAIL FROM:<ü@b> SMTPUTF8").code == 250)
    #expect(harness.say("RCPT TO:<ü@b> ORCPT=utf-8;ü@b").code == 250)
  }

  @Test(arguments: [
    "MAIL FROM:<a@b> SMTPUTF8", "MAIL FROM:<a@b> BODY=8BITMIME", "MAIL FROM:<a@b> BODY=BINARYMIME",
    "MAIL FROM:<a@b> RET=FULL", "MAIL FROM:<a@b> ENVID=x", "MAIL FROM:<a@b> AUTH=<>", "MAIL FROM:<a@b> X=1",
    "RCPT TO:<a@b> NOTIFY=NEVER", "RCPT TO:<a@b> ORCPT=rfc822;a@b", "RCPT TO:<a@b> X",
  ])
  func whatIsNotOfferedIs555(_ line: String) {
    let lines = line.hasPrefix("RCPT") ? ["EHLO c", "MAIL FROM:<>"] : ["EHLO c"]
    var harness = ServerHarness(after: lines, offer: Offer(size: 1000))
    #expect(harness.say(line).codes == "555 5.5.4")
    #expect(harness.session.errors == 1)
  }

  @Test(arguments: [
    "MAIL FROM:<a@b> SMTPUTF8", "MAIL FROM:<a@b> BODY=8BITMIME", "MAIL FROM:<a@b> BODY=BINARYMIME",
    "MAIL FROM:<a@b> RET=FULL", "MAIL FROM:<a@b> ENVID=x", "MAIL FROM:<a@b> SIZE=1000 BODY=7BIT",
    "RCPT TO:<a@b> NOTIFY=NEVER", "RCPT TO:<a@b> ORCPT=rfc822;a@b",
  ])
  func whatIsOfferedIsTaken(_ line: String) {
    let lines = line.hasPrefix("RCPT") ? ["EHLO c", "MAIL FROM:<>"] : ["EHLO c"]
    var harness = ServerHarness(after: lines)
    #expect(harness.say(line).code == 250)
  }

  @Test func sizeIsRefusedWhereItIsTold() {
    var harness = session()
    #expect(harness.say("MAIL FROM:<a@b> SIZE=1001").codes == "552 5.3.4")
    #expect(harness.say("MAIL FROM:<a@b> SIZE=18446744073709551615").codes == "552 5.3.4")
    #expect(harness.say("MAIL FROM:<a@b> SIZE=99999999999999999999").codes == "552 5.3.4")
    #expect(harness.say("MAIL FROM:<a@b> SIZE=999999999999999999999").codes == "501 5.5.4")
    #expect(harness.say("MAIL FROM:<a@b> SIZE=1000").code == 250)
    var unlimited = ServerHarness(after: ["EHLO c"], offer: Offer())
    #expect(unlimited.say("MAIL FROM:<a@b> SIZE=18446744073709551615").code == 250)
  }

  @Test func binaryGoesByBdat() {
    var harness = session()
    _ = harness.say("MAIL FROM:<a@b> BODY=BINARYMIME")
    _ = harness.say("RCPT TO:<a@b>")
    #expect(harness.say("DATA").codes == "503 5.5.1")
    #expect(harness.chunk("BDAT 5 LAST") == 250)
  }

  @Test func vrfyAsksWhereItIsSwitchedOn() {
    var harness = ServerHarness(after: ["EHLO c"], terms: .init(verifies: true))
    harness.answers = [
      ({ if case .verify = $0 { true } else { false } }, .proceedSaying(Response(.verifyKnown)))
    ]
    #expect(harness.say("VRFY u@b").codes == "250 2.1.5")
    #expect(harness.say("VRFY <u@b>").codes == "250 2.1.5")
    #expect(harness.say("VRFY not an address").codes == "252 2.5.0")
    #expect(harness.say("VRFY <>").codes == "252 2.5.0")
    _ = harness.say("MAIL FROM:<>")
    #expect(harness.say("VRFY u@b").codes == "250 2.1.5")
    #expect(harness.state == "envelope 0")
    harness.answers = []
    #expect(harness.say("VRFY u@b").codes == "252 2.5.0")
    var early = ServerHarness(terms: .init(verifies: true))
    #expect(early.say("VRFY u@b").codes == "252 2.5.0" && early.asked == [.connect])
  }
}
