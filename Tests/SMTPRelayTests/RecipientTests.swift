import Bytes
import Filtering
import Foundation
import MailSyntax
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

@Suite struct RecipientTests {
  @Test func probeAsksWithTheTrueSenderAndResets() async throws {
    let backend = try ScriptedBackend(.withXFORWARD)
    try await withRelay(backend) { relay in
      #expect(await relay.ask("known@b.example").short == "known")
      let said = backend.dialogue.filter { $0.session == 2 && $0.speaker == .client }.map(\.text)
      #expect(
        Array(said.prefix(5)) == [
          "EHLO gateway.example",
          "XFORWARD NAME=client.example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=helo.example SOURCE=REMOTE",
          "MAIL FROM:<a@a.example>", "RCPT TO:<known@b.example>", "RSET",
        ])
    }
  }

  @Test func answersAreRememberedForTheirTime() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knownRecipients = ["known@b.example"] })
    try await withRelay(
      backend,
      relay: {
        $0.knownLifetime = .seconds(100)
        $0.unknownLifetime = .seconds(10)
      }
    ) { relay in
      #expect(relay.remembered("known@b.example") == nil)
      #expect(await relay.ask("known@b.example").short == "known")
      guard case .refused(let reply, true) = await relay.ask("other@b.example") else {
        Issue.record("not refused")
        return
      }
      #expect(reply.summary == "550 5.1.1 No such user here")
      #expect(relay.remembered("known@B.EXAMPLE")?.short == "known")
      #expect(relay.remembered("other@b.example", from: "x@y.example")?.short == "unknown 550")
      #expect(relay.remembered("other@b.example", after: .seconds(11)) == nil)
      #expect(relay.remembered("known@b.example", after: .seconds(99))?.short == "known")
      #expect(relay.remembered("known@b.example", after: .seconds(101)) == nil)
      // The local part may depend on case.
      #expect(relay.remembered("KNOWN@b.example") == nil)
      #expect(backend.timesReached(.recipient) == 2)
    }
  }

  @Test(
    arguments: [
      ("450 4.2.1 later", "refused 450", nil, nil),
      ("554 5.2.0 no", "refused 554", nil, nil),
      ("554 5.1.1 no", "unknown 554", "unknown 554", "unknown 554"),
      ("550 5.1.10 null MX", "unknown 550", "unknown 550", "unknown 550"),
      ("550 no", "unknown 550", "unknown 550", nil),
      ("551 elsewhere", "unknown 551", "unknown 551", nil),
      ("553 Sender verify failed", "unknown 553", "unknown 553", nil),
      ("554 no", "refused 554", nil, nil),
      ("552 mailbox full", "refused 552", nil, nil),
      ("552 5.2.2 mailbox full", "refused 552", nil, nil),
      ("550 5.2.2 mailbox full", "refused 550", nil, nil),
      ("550 5.2.3 too large", "refused 550", nil, nil),
      ("552 5.3.4 too large", "refused 552", nil, nil),
      ("550 5.2.1 mailbox closed", "refused 550", "refused 550", nil),
      ("550 5.1.0 bad address", "refused 550", "refused 550", nil),
      ("550 5.7.1 policy", "refused 550", "refused 550", nil),
      ("550 5.1.8 bad sender", "refused 550", "refused 550", nil),
      ("553 5.1.7 bad sender", "refused 553", "refused 553", nil),
    ] as [(String, String, String?, String?)])
  func whatIsCached(reply: String, answer: String, same: String?, other: String?) async throws {
    let backend = try ScriptedBackend(.at(.recipient, .reply(reply)))
    try await withRelay(backend) { relay in
      #expect(await relay.ask("x@b.example").short == answer)
      #expect(relay.remembered("x@b.example")?.short == same)
      #expect(relay.remembered("x@b.example", from: "other@c.example")?.short == other)
    }
  }

  @Test func refusedSenderIsAnAnswerAboutTheSender() async throws {
    let backend = try ScriptedBackend(.at(.mail, .reply("550 5.1.8 no such domain"), .normal))
    try await withRelay(backend) { relay in
      #expect(await relay.ask("x@b.example").short == "refused 550")
      #expect(relay.remembered("x@b.example")?.short == "refused 550")
      #expect(relay.remembered("y@b.example")?.short == "refused 550")
      #expect(relay.remembered("x@b.example", from: "other@c.example") == nil)
    }
    let busy = try ScriptedBackend(.at(.mail, .reply("451 4.3.0 later")))
    try await withRelay(busy) { relay in
      #expect(await relay.ask("x@b.example").short == "refused 451")
      #expect(relay.remembered("x@b.example") == nil)
    }
  }

  @Test func equalProbesAreOne() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.latency = .milliseconds(50) })
    try await withRelay(backend, threads: 2) { relay in
      let answers = await withTaskGroup(of: String.self) { group in
        for _ in 0..<30 { group.addTask { await relay.ask("x@b.example").short } }
        return await group.reduce(into: [String]()) { $0.append($1) }
      }
      #expect(answers == Array(repeating: "known", count: 30))
      #expect(backend.timesReached(.recipient) == 1)
    }
  }

  @Test func probeSessionsEndAfterRefusalsAndProbes() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knownRecipients = [] })
    try await withRelay(backend, configure: { $0.probeSessions = 1 }) { relay in
      for index in 0..<12 { #expect(await relay.ask("u\(index)@b.example").short == "unknown 550") }
      // One to learn, then three for twelve refusals.
      #expect(backend.sessionCount == 4)
    }
    let other = try ScriptedBackend()
    try await withRelay(
      other,
      configure: {
        $0.probeSessions = 1
        $0.probeSessionProbes = 4
      }
    ) { relay in
      for index in 0..<12 { #expect(await relay.ask("u\(index)@b.example").short == "known") }
      #expect(other.sessionCount == 4)
    }
  }

  @Test func probesDoNotUseDeliverySessions() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(await relay.ask("x@b.example").short == "known")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      let ofDelivery = backend.dialogue.filter { $0.session == 1 && $0.text == "RSET" }
      #expect(ofDelivery.isEmpty)
      #expect(backend.sessionCount == 2)
    }
  }

  @Test func tooManyProbesAreTurnedAway() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.latency = .milliseconds(100) })
    try await withRelay(backend, relay: { $0.mostProbes = 3 }) { relay in
      let answers = await withTaskGroup(of: String.self) { group in
        for index in 0..<10 { group.addTask { await relay.ask("u\(index)@b.example").short } }
        return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(answers == ["known": 3, "unavailable": 7])
    }
  }

  @Test func probeGoesToTheNextBackend() async throws {
    let first = try ScriptedBackend()
    let second = try ScriptedBackend()
    try await withRelay(first, second) { relay in
      first.stop()
      #expect(await relay.ask("x@b.example").short == "known")
      second.stop()
      try await Task.sleep(for: .milliseconds(50))
      #expect(await relay.ask("y@b.example").short == "unavailable")
    }
  }

  @Test func stallingProbeEndsInTime() async throws {
    let backend = try ScriptedBackend(.at(.recipient, .stall))
    try await withRelay(
      backend, configure: { $0.replyTimeout = .seconds(60) }, relay: { $0.probeBudget = .milliseconds(200) }
    ) { relay in
      #expect(await relay.ask("y@b.example").short == "unavailable")
      #expect(relay.remembered("y@b.example") == nil)
    }
  }

  @Test func fileAndAnyAskNobody() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(
      backend, configure: { $0.recipients = .file { local, domain in local == "a" && domain == "b.example" } }
    ) { relay in
      #expect(relay.remembered("a@b.example")?.short == "known")
      #expect(relay.remembered("b@b.example")?.short == "unknown 550")
      #expect(relay.remembered("postmaster")?.short == "known")
      #expect(await relay.ask("b@b.example").short == "unknown 550")
    }
    try await withRelay(backend, configure: { $0.recipients = .any }) { relay in
      #expect(relay.remembered("anybody@b.example")?.short == "known")
    }
    #expect(backend.timesReached(.recipient) == 0)
  }

  @Test func backendThatAcceptsAllIsFoundOut() async throws {
    let open = try ScriptedBackend()
    let strict = try ScriptedBackend(BackendBehaviour { $0.knownRecipients = ["x@b.example"] })
    let down = try ScriptedBackend()
    try await withRelay(open, strict, down, configure: { $0.probeDomain = "b.example" }) { relay in
      #expect(await relay.relay.acceptsEverything("b.example", backend: "b0") == true)
      #expect(await relay.relay.acceptsEverything("b.example", backend: "b1") == false)
      down.stop()
      #expect(await relay.relay.acceptsEverything("b.example", backend: "b2") == nil)
      #expect(await relay.relay.acceptsEverything("b.example", backend: "none") == nil)
      #expect(
        await eventuallyAsync {
          relay.sink.events.filter { $0.code == .backendAcceptsAll }.map(\.detail).contains {
            $0.hasPrefix("b0 ")
          }
        })
      #expect(!relay.sink.events.contains { $0.code == .backendAcceptsAll && $0.detail.hasPrefix("b1 ") })
    }
  }

  @Test func cacheIsBoundedAndForgetsTheOldest() {
    let cache = RecipientCache(capacity: 3)
    let now = RelayFixture.time
    func path(_ name: String) -> Path { Path(text: "\(name)@b", localPart: name, domain: .name("b")) }
    func keep(_ name: String) {
      cache.keep(
        .known, for: RecipientKey(backend: "x", recipient: "\(name)@b", sender: nil),
        until: now + .seconds(10))
    }
    for name in ["a", "b", "c"] { keep(name) }
    keep("a")
    keep("d")
    #expect(cache.count == 3)
    #expect(cache.answer("x", path("b"), sender: .null, at: now) == nil)
    for name in ["a", "c", "d"] { #expect(cache.answer("x", path(name), sender: .null, at: now) == .known) }
    #expect(cache.answer("y", path("a"), sender: .null, at: now) == nil)
    for index in 0..<10_000 { keep("n\(index % 5)") }
    #expect(cache.count <= 3)
  }
}
