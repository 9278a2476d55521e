import TestSupport
import Testing

/// The dialogues of `Tests/Dialogues` with the built gateway, over a socket.
@Suite(.apart) struct DialogueSocketTests {
  static let scripts = (try? DialogueScript.all())?.filter { $0.runs(at: "socket") } ?? []

  @Test(arguments: scripts, DialoguePlayer.Pace.allCases)
  func dialogue(_ script: DialogueScript, at pace: DialoguePlayer.Pace) throws {
    let backend = try ScriptedBackend(script.backendBehaviour)
    let folder = try ScratchFolder("dialogue")
    var configuration = try script.configuration(backend: backend)
    if let users = script.usersFile {
      let path = try folder.write("users", users)
      configuration.settings.merge(DialogueScript.authentication(usersFile: path)) { $1 }
    }
    let gateway = try Gateway(configuration)
    var player = DialoguePlayer(
      script, pace: pace, connect: { try gateway.connect(from: $0) }, received: { backend.messages })
    do { try player.play() } catch {
      throw HarnessFault("\(error)\n--- the gateway:\n\(gateway.process.errors)")
    }
    #expect(backend.messages.allSatisfy { !$0.hasBareLineEnds })
    #expect(backend.offences.isEmpty)
  }
}
