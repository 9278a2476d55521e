import TestSupport
import Testing

/// The dialogues of `Tests/Dialogues` with the true handlers and sessions on a channel of the test's own.
@Suite(.apart) struct DialogueChannelTests {
  static let scripts = (try? DialogueScript.all())?.filter { $0.runs(at: "channel") } ?? []

  @Test func thereAreScripts() { #expect(Self.scripts.count >= 20) }

  @Test(arguments: scripts, DialoguePlayer.Pace.allCases)
  func dialogue(_ script: DialogueScript, at pace: DialoguePlayer.Pace) throws {
    let gateway = try ChannelGateway(script)
    var player = DialoguePlayer(
      script, pace: pace, connect: { try gateway.connect(from: $0) },
      received: { gateway.relay.messages })
    do { try player.play() } catch {
      throw HarnessFault("\(error)\n--- events:\n\(gateway.events.all)")
    }
    #expect(gateway.relay.messages.allSatisfy { !$0.hasBareLineEnds })
  }
}
