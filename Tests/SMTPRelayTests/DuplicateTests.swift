import Bytes
import Filtering
import Foundation
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// Messages of which a backend has its part while the client was told to come again.
@Suite struct DuplicateTests {
  static let reply = Reply(250, 2, 0, "Queued as 1")

  @Test func retryIsAnsweredOnceAndNotDelivered() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let delivery = relay.delivery(to: ["x@b.example", "y@b.example"])
      await relay.relay.willComeAgain(delivery, takenWith: Self.reply, at: RelayFixture.time)
      let retry = relay.delivery(to: ["y@b.example", "x@b.example"])
      guard case .delivered(let reply, _, true) = await relay.deliver(retry) else {
        Issue.record("not taken for a repeat")
        return
      }
      #expect(reply == Self.reply)
      #expect(backend.messages.isEmpty)
      #expect(await relay.deliver(retry).short == "delivered b0 250")
      #expect(backend.messages.count == 1)
    }
  }

  @Test func whatDiffersIsDelivered() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      await relay.relay.willComeAgain(
        relay.delivery(to: ["x@b.example"]), takenWith: Self.reply, at: RelayFixture.time)
      var other = Array(RelayFixture.text.utf8)
      other[other.count - 4] ^= 1
      for delivery in [
        relay.delivery(to: ["x@b.example", "y@b.example"]), relay.delivery(to: ["z@b.example"]),
        relay.delivery(to: ["x@b.example"], from: "other@a.example"),
        relay.delivery(to: ["x@b.example"], message: HeldMessage(memory: other)),
        relay.delivery(to: ["x@b.example"], isIdentifiable: false),
      ] {
        #expect(await relay.deliver(delivery).short == "delivered b0 250")
      }
      #expect(await relay.deliver(relay.delivery(to: ["x@b.example"])).short == "repeat b0 250")
    }
  }

  @Test func messageWithoutDateOrIdIsNeverRemembered() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      await relay.relay.willComeAgain(
        relay.delivery(isIdentifiable: false), takenWith: Self.reply, at: RelayFixture.time)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func memoryEndsWithItsLifetime() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend, relay: { $0.digestLifetime = .seconds(60) }) { relay in
      await relay.relay.willComeAgain(relay.delivery(), takenWith: Self.reply, at: RelayFixture.time)
      let late = await relay.relay.deliver(relay.delivery(), at: RelayFixture.time + .seconds(61))
      #expect(late.short == "delivered b0 250")
    }
  }

  @Test func spooledPartCounts() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      func held(_ text: String) throws -> HeldMessage {
        HeldMessage(
          memory: Array(RelayFixture.text.utf8), spool: try FileSpool(Array(text.utf8)), octets: 500_000)
      }
      let first = String(repeating: "0123456789abcdefghijkl\r\n", count: 20_000)
      let second = first.dropLast(3) + "x\r\n"
      let lost = relay.delivery(message: try held(first))
      await relay.relay.willComeAgain(lost, takenWith: Self.reply, at: RelayFixture.time)
      #expect(
        await relay.deliver(relay.delivery(message: try held(String(second)))).short == "delivered b0 250")
      #expect(await relay.deliver(relay.delivery(message: try held(first))).short == "repeat b0 250")
    }
  }

  // MARK: LMTP

  @Test func allRecipientsSaidYes() async throws {
    let backend = try ScriptedBackend(.lmtp)
    try await withRelay(backend) { relay in
      #expect(
        await relay.deliver(relay.delivery(to: ["x@b.example", "y@b.example"])).short == "delivered b0 250")
      #expect(backend.commands.first == "LHLO gateway.example")
    }
  }

  @Test func mixtureIsTriedAgainForTheRestAlone() async throws {
    var behaviour = BackendBehaviour.lmtp
    behaviour.finalReplies["y@b.example"] = ["452 4.2.2 full", "250 2.0.0 now"]
    let backend = try ScriptedBackend(behaviour)
    try await withRelay(backend) { relay in
      let delivery = relay.delivery(to: ["x@b.example", "y@b.example"])
      let outcome = await relay.deliver(delivery)
      #expect(outcome.short == "unavailable LMTP_MIXED")
      #expect(outcome.detail.contains("<y@b.example>: 452 4.2.2 full"))
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      #expect(backend.messages.map(\.addresses).last == ["y@b.example"])
      // All have it: the same message once more is a new one.
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      #expect(backend.messages.last?.addresses == ["x@b.example", "y@b.example"])
    }
  }

  @Test func refusedForGoodIsRefusedAtRecipientThen() async throws {
    var behaviour = BackendBehaviour.lmtp
    behaviour.finalReplies["z@b.example"] = ["550 5.2.1 disabled"]
    let backend = try ScriptedBackend(behaviour)
    try await withRelay(backend, configure: { $0.recipients = .any }) { relay in
      #expect(
        await relay.deliver(relay.delivery(to: ["x@b.example", "z@b.example"])).short
          == "unavailable LMTP_MIXED")
      #expect(relay.remembered("z@b.example")?.short == "refused 550")
      #expect(relay.remembered("z@b.example", from: "other@c.example")?.short == "known")
      // The client comes again with who is left.
      let before = backend.timesReached(.data)
      #expect(await relay.deliver(relay.delivery(to: ["x@b.example"])).short == "repeat b0 250")
      #expect(backend.timesReached(.data) == before)
      #expect(await relay.deliver(relay.delivery(to: ["x@b.example"])).short == "delivered b0 250")
    }
  }

  @Test func allRefused() async throws {
    for (replies, expected) in [
      (["550 5.1.1 no", "554 5.7.1 no"], "refused b0 550"),
      (["550 5.1.1 no", "451 4.3.0 no"], "refused b0 451"),
    ] {
      var behaviour = BackendBehaviour.lmtp
      behaviour.finalReplies = ["x@b.example": [replies[0]], "y@b.example": [replies[1]]]
      let backend = try ScriptedBackend(behaviour)
      try await withRelay(backend) { relay in
        #expect(
          await relay.deliver(relay.delivery(to: ["x@b.example", "y@b.example"])).short == expected)
      }
    }
  }
}
