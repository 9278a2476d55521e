import Bytes
import Filtering
import NIOPosix
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// What takes a backend down, and what does not; and what becomes of a relay that another replaces.
@Suite struct HealthTests {
  @Test(arguments: [BackendAction.replyAndClose("421 4.7.0 not you"), .close, .reply("999 what")])
  func aSessionThatStoodAndIsLostStopsNobodyElse(loss: BackendAction) async throws {
    // The session that had rested, and the fresh one that replaces it.
    let backend = try ScriptedBackend(.at(.mail, loss, loss, .normal))
    try await withRelay(backend, configure: { $0.longestPause = .seconds(60) }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
      #expect(relay.relay.status().first?.health == .up)
      for _ in 0..<3 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(relay.sink.count(.backendDown) == 0)
    }
  }

  @Test func downOnlyWhereTheReplacementCannotBeOpened() async throws {
    let backend = try ScriptedBackend(.at(.mail, .close))
    try await withRelay(backend, configure: { $0.longestPause = .seconds(60) }) { relay in
      backend.change { $0.actions[.connect] = [.replyAndClose("421 4.3.2 going down")] }
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
      #expect(relay.relay.status().first?.health == .down)
      #expect(relay.sink.count(.backendDown) == 1)
    }
  }

  @Test func aProbeSessionThatIsNotHadStopsNoDelivery() async throws {
    let backend = try ScriptedBackend(
      .at(.connect, .normal, .replyAndClose("421 4.7.0 too many connections"), .normal))
    try await withRelay(backend, configure: { $0.longestPause = .seconds(60) }) { relay in
      backend.dropSessions()
      #expect(await eventuallyAsync { relay.relay.status().first?.idleSessions == 0 })
      let paused = ContinuousClock.now
      #expect(await relay.ask("x@b.example").short == "unavailable")
      #expect(relay.relay.status().first?.health == .up)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(relay.sink.count(.backendDown) == 0)
      // Nor does the delivery session let probes in before their pause of a second is over; where the machine
      // was so busy that it is over, they come in.
      let answer = await relay.ask("y@b.example").short
      #expect(answer == "unavailable" || ContinuousClock.now - paused > .seconds(1))
    }
  }

  @Test func aProbeSessionThatIsLostStopsNobody() async throws {
    let lost = BackendAction.replyAndClose("421 4.7.0 too many unknown")
    let backend = try ScriptedBackend(.at(.recipient, lost, .normal))
    try await withRelay(backend, configure: { $0.longestPause = .seconds(60) }) { relay in
      #expect(await relay.ask("x@b.example").short == "unavailable")
      #expect(await relay.ask("x@b.example").short == "known")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func aReplacedRelayServesWhoeverStillRefersToItAndThenEnds() async throws {
    let backend = try ScriptedBackend()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let configuration = BackendConfiguration(
      name: "b0", endpoint: .ip(IPAddress(v4: 0x7F00_0001), port: backend.port))
    let (sink, memory) = (RecordingSink(), RecordingMemory())
    let fixture = { RelayFixture(relay: $0, sink: sink, names: ["b0"]) }
    func make(replacing old: BackendRelay?) -> BackendRelay {
      BackendRelay(
        RelayConfiguration(hostname: "gateway.example"), backends: [configuration], group: group,
        replacing: old, memory: memory, events: sink)
    }
    var old: BackendRelay? = make(replacing: nil)
    weak let gone = old
    await old?.learn()
    let fresh = make(replacing: old)
    if let old {
      for _ in 0..<2 {
        #expect(await fixture(old).deliver(fixture(old).delivery()).short == "delivered b0 250")
      }
      old.retire()
      #expect(await fixture(old).deliver(fixture(old).delivery()).short == "delivered b0 250")
      #expect(await fixture(old).ask("x@b.example").short == "known")
    }
    #expect(backend.openSessionCount > 0)
    // What the old one did counts on, before and after it was replaced.
    #expect(fresh.status().first?.deliveries == 3)
    #expect(fresh.status().first?.probes == 1)
    old = nil
    #expect(gone == nil)
    #expect(await eventuallyAsync { backend.openSessionCount == 0 })
    #expect(backend.commands.filter { $0 == "QUIT" }.count == backend.sessionCount)
    await fresh.learn()
    #expect(await fixture(fresh).deliver(fixture(fresh).delivery()).short == "delivered b0 250")
    #expect(fresh.status().first?.deliveries == 4)
    await fresh.close()
    try await group.shutdownGracefully()
  }
}
