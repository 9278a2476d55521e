import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// The relay before a real Postfix.
@Suite(.apart) struct PostfixTests {
  @Test(.timeLimit(.minutes(2)), needs(.postfix)) func deliversProbesAndForwards() async throws {
    let postfix = try PostfixBackend(
      BackendMailboxes(domains: ["b.example"], addresses: ["known@b.example", "two@b.example"]),
      xforward: true)
    defer { postfix.stop() }
    try await withRelay(
      at: [(.ip(IPAddress(v4: 0x7F00_0001), port: postfix.port), false)],
      configure: { $0.replyTimeout = .seconds(20) }
    ) { relay in
      #expect(relay.relay.capabilities().first?.forwardAttributes.contains("ADDR") == true)
      #expect(await relay.ask("known@b.example").short == "known")
      for index in 0..<12 { #expect(await relay.ask("u\(index)@b.example").short == "unknown 550") }
      for _ in 0..<5 {
        #expect(
          await relay.deliver(relay.delivery(to: ["known@b.example", "two@b.example"])).short
            == "delivered b0 250")
      }
      #expect(
        await relay.deliver(relay.delivery(to: ["known@b.example", "gone@b.example"])).short
          == "unavailable RECIPIENT_CHANGED")
      #expect(relay.remembered("gone@b.example")?.short == "unknown 550")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(await eventuallyAsync { postfix.log.contains("client=client.example[192.0.2.7]") })
      #expect(!postfix.log.contains("too many errors"))
    }
  }
}
