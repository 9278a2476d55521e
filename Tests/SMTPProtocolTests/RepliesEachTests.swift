import SMTPProtocol
import Testing

/// PRDR (draft-hall-prdr-00): a reply for each recipient behind the content, for clients that asked for it.
@Suite struct RepliesEachTests {
  private static var offer: Offer {
    var offer = ServerHarness.fullOffer
    offer.repliesEach = true
    return offer
  }

  @Test func itIsToldWhereItIsToBeHad() {
    #expect(Self.offer.keywords().contains("PRDR"))
    #expect(!ServerHarness.fullOffer.keywords().contains("PRDR"))
  }

  @Test func nobodyGetsItWithoutTheOffer() {
    var harness = ServerHarness(after: ["EHLO c"])
    #expect(harness.say("MAIL FROM:<a@example.net> PRDR").codes == "555 5.5.4")
    var other = ServerHarness(after: ["EHLO c"], offer: Self.offer)
    #expect(other.say("MAIL FROM:<a@example.net> PRDR=1").code == 501)
    #expect(other.say("MAIL FROM:<a@example.net> PRDR").code == 250)
    #expect(other.session.envelope?.parameters.repliesEach == true)
  }

  @Test func allAreSaidInOrderAndTheTransactionIsOver() {
    var harness = ServerHarness(
      after: [
        "EHLO c", "MAIL FROM:<a@example.net> PRDR", "RCPT TO:<b@example.org>", "RCPT TO:<c@example.org>",
        "DATA",
      ], offer: Self.offer)
    let replies = [
      Response(.recipientTaken), Response("REFUSED", reply: Reply(550, 7, 1, "not for c")),
    ]
    harness.on("message", .proceedEach(replies, Response(.messageHeld)))
    guard case .replies(let said) = harness.settle(harness.session.receivedData()) else {
      Issue.record("no replies")
      return
    }
    #expect(said.map { catalogue.reply($0).code } == [353, 250, 550, 250])
    #expect(harness.session.envelope == nil)
    #expect(harness.say("MAIL FROM:<a@example.net>").code == 250)
  }
}
