import TestSupport
import Testing

/// The dialogues of `Tests/Dialogues` with the built gateway, over a socket.
@Suite(.apart) struct DialogueSocketTests {
  static let scripts = (try? DialogueScript.all())?.filter { $0.runs(at: "socket") } ?? []

  @Test(arguments: scripts, DialoguePlayer.Pace.allCases)
  func dialogue(_ script: DialogueScript, at pace: DialoguePlayer.Pace) throws {
    let backend = try ScriptedBackend(script.backendBehaviour)
    let gateway = try Gateway(script.configuration(backend: backend))
    var player = DialoguePlayer(
      script, pace: pace, connect: { try gateway.connect(from: $0) }, received: { backend.messages })
    do { try player.play() } catch {
      throw HarnessFault("\(error)\n--- the gateway:\n\(gateway.process.errors)")
    }
    #expect(backend.messages.allSatisfy { !$0.hasBareLineEnds })
    #expect(backend.offences.isEmpty)
  }
}
