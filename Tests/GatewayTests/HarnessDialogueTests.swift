import TestSupport
import Testing

/// The scripts of `Tests/Dialogues` and the player, tried on a server whose answers are known.
@Suite(.apart) struct HarnessDialogueTests {
  @Test func theFormIsRead() throws {
    let script = try DialogueScript(
      name: "x",
      text: #"""
        # a comment
        @set limits.message_size = "64KiB"
        @client 127.0.0.9
        @known a@b.example c@d.example
        @without DSN CHUNKING
        @only socket

        S~ 220 .*
        C: two  spaces 
        C:
        C~ a\r\n\0\t\\\xfF
        C* 3 ab\n
        S: 250 ok
        S... 250 HELP
        S+ 250 SIZE DSN !HELP
        S! silent 20
        S! closed
        C! connect
        B! messages 2
        B!~ x
        """#)
    #expect(script.settings.configuration == ["limits.message_size": "\"64KiB\""])
    #expect(script.settings.client == "127.0.0.9" && script.settings.known == ["a@b.example", "c@d.example"])
    #expect(script.settings.missing == ["DSN", "CHUNKING"])
    #expect(script.runs(at: "socket") && !script.runs(at: "machine"))
    #expect(
      script.steps.map(\.action) == [
        .pattern("220 .*"), .send(Array("two  spaces \r\n".utf8)), .send([13, 10]),
        .send([97, 13, 10, 0, 9, 92, 255]), .send(Array("ab\nab\nab\n".utf8)), .line("250 ok"),
        .replyEnding("250 HELP"), .replyHolding(code: 250, words: ["SIZE", "DSN"], without: ["HELP"]),
        .silence(20), .closed, .connect, .messages(2), .lacks("x"),
      ])
    #expect(script.steps[0].line == 8)
  }

  @Test(arguments: [
    ("S~ 220\n@client x", 2), ("X: y", 1), ("C~ \\q", 1), ("C~ \\x4", 1), ("S~ (", 1), ("\nC* x y", 2),
    ("S! open", 1), ("C! wave", 1), ("B! messages", 1), ("@set a", 1), ("@only bench", 1), ("S+ 250", 1),
  ])
  func whatIsNotOfTheFormIsRefused(_ text: String, line: Int) {
    let error = #expect(throws: DialogueScript.ScriptError.self) {
      try DialogueScript(name: "bad", text: text)
    }
    #expect(error?.line == line)
  }

  @Test func allScriptsAreOfTheForm() throws {
    let scripts = try DialogueScript.all()
    #expect(scripts.count >= 15)
    for script in scripts { #expect(!script.steps.isEmpty, "\(script.name)") }
  }

  private func play(_ text: String, _ behaviour: BackendBehaviour = .init(), pace: DialoguePlayer.Pace) throws
  {
    let backend = try ScriptedBackend(behaviour)
    var player = DialoguePlayer(
      try DialogueScript(name: "trial", text: text), pace: pace,
      connect: { try RawClient(port: backend.port, from: $0, patience: .seconds(2)) },
      received: { backend.messages })
    try player.play()
  }

  private let opening = "S~ 220\nC: EHLO c\nS... 250\n"
  private let message =
    "C~ MAIL FROM:<>\\r\\nRCPT TO:<u@d.example>\\r\\nDATA\\r\\n\nS~ 250\nS~ 250\nS~ 354\nC: A: b\nC: .\nS~ 250\n"

  @Test(arguments: DialoguePlayer.Pace.allCases)
  func aTrueScriptIsPlayedToItsEnd(_ pace: DialoguePlayer.Pace) throws {
    try play(
      "@client 127.0.0.5\nS~ 220\nC: EHLO c\nS+ 250 SIZE DSN !STARTTLS\n\(message)B! messages 1\nB~ A: .$\n"
        + "B!~ C:\nS! silent 50\nC: NOOP\nS: 250 2.0.0 Fine\nC! close\nC! connect\nS~ 220\nC: QUIT\nS~ 221\nS! closed",
      pace: pace)
  }

  @Test(arguments: [
    "S: 220", "S~ 221", "S... 250", "S~ 220\nS! closed", "S~ 220\nC: NOOP\nS! silent 100",
    "S~ 220\nC: EHLO c\nS+ 250 STARTTLS", "S~ 220\nC: EHLO c\nS+ 250 !SIZE", "S~ 220\nB! messages 1",
  ])
  func aFalseScriptFailsAtItsLine(_ text: String) throws {
    let fault = #expect(throws: HarnessFault.self) { try play(text, pace: .whole) }
    let last = text.split(separator: "\n").count
    #expect(
      fault?.description.hasPrefix("trial.smtp:\(last) (whole):") == true, "\(fault?.description ?? "")")
  }

  @Test(arguments: ["B~ C:", "B!~ A", "B! messages 0"])
  func aFalseWordAboutTheBackendFails(_ line: String) throws {
    #expect(throws: HarnessFault.self) { try play(opening + message + line, pace: .whole) }
  }
}
