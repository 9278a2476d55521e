import Bytes
import Filtering
import MailSyntax
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// A recipient that a probe knows and a delivery puts off, again and again.
@Suite struct DeferralTests {
  @Test(arguments: ["452 4.2.2 full", "451 not now", "552 5.3.4 too large for him", "552 5.2.2 full"])
  func theRetryHearsItAtRCPTAndTheOthersGetTheMail(reply: String) async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.refusedAtDelivery["full@b.example"] = reply })
    try await withRelay(backend) { relay in
      #expect(await relay.ask("full@b.example").short == "known")
      let outcome = await relay.deliver(relay.delivery(to: ["known@b.example", "full@b.example"]))
      #expect(outcome.short == "unavailable RECIPIENT_CHANGED")
      #expect(backend.messages.isEmpty)
      let later = relay.remembered("full@b.example", after: .seconds(600))
      #expect(later?.short == "refused \(reply.prefix(3))")
      // The client comes again with whom RCPT still takes.
      #expect(await relay.deliver(relay.delivery(to: ["known@b.example"])).short == "delivered b0 250")
      #expect(backend.messages.first?.addresses == ["known@b.example"])
      // Nobody else hears it: his mail may be smaller. The backend is asked again.
      #expect(relay.remembered("full@b.example", from: "other@c.example") == nil)
      #expect(relay.remembered("full@b.example", after: .seconds(901)) == nil)
    }
  }

  @Test func aProbeThatIsPutOffIsNotRemembered() async throws {
    let backend = try ScriptedBackend(.at(.recipient, .reply("452 4.2.2 full")))
    try await withRelay(backend) { relay in
      #expect(await relay.ask("full@b.example").short == "refused 452")
      #expect(relay.remembered("full@b.example") == nil)
    }
  }

  /// A client that comes again each half hour finds it at last.
  @Test func itIsBelievedTwiceAsLongEachTime() {
    let cache = RecipientCache(capacity: 10)
    let key = RecipientKey(backend: "b", recipient: "x@y", sender: "s@y")
    let (recipient, sender) = (path("x@y"), path("s@y"))
    let answer = RecipientAnswer.refused(Reply(452, 4, 2, "full"), isUnknown: false)
    var time = RelayFixture.time
    for minutes in [15, 30, 60, 60] {
      cache.postpone(
        answer, for: key, at: time, shortest: .seconds(15 * 60), longest: .seconds(60 * 60))
      let end = time + .seconds(minutes * 60)
      #expect(cache.answer("b", recipient, sender: sender, at: end + .seconds(-1)) == answer, "\(minutes)")
      #expect(cache.answer("b", recipient, sender: sender, at: end) == nil, "\(minutes)")
      time = end
    }
    // An answer of another kind ends it.
    cache.keep(.known, for: key, until: time + .seconds(1))
    cache.postpone(answer, for: key, at: time, shortest: .seconds(60), longest: .seconds(3600))
    #expect(cache.answer("b", recipient, sender: sender, at: time + .seconds(61)) == nil)
  }

  @Test func deferralsAreBounded() {
    let cache = RecipientCache(capacity: 5)
    for index in 0..<100 {
      cache.postpone(
        .known, for: RecipientKey(backend: "b", recipient: "u\(index)@y", sender: "s@y"),
        at: RelayFixture.time,
        shortest: .seconds(60), longest: .seconds(60))
    }
    #expect(cache.count == 5)
  }

  private func path(_ text: String) -> Path {
    Path(text: text, localPart: String(text.prefix(1)), domain: .name("y"))
  }
}
