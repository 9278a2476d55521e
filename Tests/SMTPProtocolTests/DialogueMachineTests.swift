import TestSupport
import Testing

/// The dialogues of `Tests/Dialogues` on the bare machine.
@Suite struct DialogueMachineTests {
  static let scripts = (try? DialogueScript.all())?.filter { $0.runs(at: "machine") } ?? []

  @Test func thereAreScripts() {
    #expect(Self.scripts.count >= 15)
  }

  @Test(arguments: scripts, DialoguePlayer.Pace.allCases)
  func dialogue(_ script: DialogueScript, at pace: DialoguePlayer.Pace) throws {
    var received: [ReceivedMessage] = []
    var player = DialoguePlayer(
      script, pace: pace,
      connect: { _ in try MachineClient(script.settings) { received.append($0) } },
      received: { received })
    try player.play()
  }
}
