import TestSupport
import Testing

/// The scripts of `Tests/Dialogues` against the built gateway, over a real socket.
@Suite(.apart) struct E2EDialogueTests {
  struct Performance: CustomTestStringConvertible, Sendable {
    let script: DialogueScript
    let pace: DialoguePlayer.Pace
    var testDescription: String { "\(script.name) \(pace.rawValue)" }
  }

  static let performances: [Performance] = ((try? DialogueScript.all()) ?? [])
    .filter { $0.runs(at: "socket") }
    .flatMap { script in DialoguePlayer.Pace.allCases.map { Performance(script: script, pace: $0) } }

  @Test func thereAreScripts() { #expect(Self.performances.count >= 40) }

  @Test(arguments: performances) func runsOverASocket(_ performance: Performance) throws {
    let backend = try ScriptedBackend(performance.script.backendBehaviour)
    let gateway = try Gateway(performance.script.configuration(backend: backend))
    var player = DialoguePlayer(
      performance.script, pace: performance.pace, connect: { try gateway.connect(from: $0) },
      received: { backend.messages })
    try player.play()
    for message in backend.messages { #expect(!message.hasBareLineEnds) }
    #expect(backend.offences.isEmpty)
  }
}
