import Bytes
import Filtering
import Foundation
import MessageStore
import enum SMTPServer.Clock
import TestSupport
import Testing

/// What waits in the outbox is sent, once, whatever the backend does meanwhile.
@Suite(.apart, .serialized) struct E2EOutboxTests {
  private func gateway(
    _ backend: ScriptedBackend, _ settings: [String: String] = [:], extra: [String] = [],
    legs: [OutboxOrder]? = nil, text: String? = nil
  ) async throws -> Gateway {
    try await Waiting.gateway(before: backend, settings, extra: extra) { store in
      try await store.keep(Waiting.message("MAIL", text), held: nil, legs: legs ?? [Waiting.leg()])
    }
  }

  /// Nothing more comes for a while.
  private func staysAt(_ count: Int, _ backend: ScriptedBackend) -> Bool {
    block(for: .milliseconds(2500))
    return backend.messages.count == count
  }

  @Test(arguments: [false, true]) func itIsSentAtTheStart(isLMTP: Bool) async throws {
    let backend = try ScriptedBackend(isLMTP ? .lmtp : BackendBehaviour())
    let text = Mail.text("MAIL", size: 700_000)
    let gateway = try await gateway(
      backend, extra: isLMTP ? ["protocol = \"lmtp\""] : [],
      legs: [
        Waiting.leg("a@example.org"), Waiting.leg("b@example.org", .copy), Waiting.leg("c@gmail.example"),
      ],
      text: text)
    try gateway.waitForEvents("OUTBOX_DELIVERED", 3)
    #expect(
      Set(backend.messages.map(\.addresses)) == [["a@example.org"], ["b@example.org"], ["c@gmail.example"]])
    for message in backend.messages {
      #expect(message.header("X-Weir-Handed-On").first?.contains(" by mx.example.org id x;") == true)
      let behind = message.text.firstRange(of: "From: ")
      #expect(behind.map { message.text[$0.lowerBound...] == text[...] } == true, "as it came")
      #expect(!message.hasBareLineEnds)
    }
    #expect(eventually { gateway.waitingFiles().isEmpty })
    let status = try gateway.weir(["status", "--json"]).output
    #expect(
      status.contains("\"memory\" : 0,") && status.contains("\"spool\" : 0,"), "all given back: \(status)")
  }

  @Test func theBackendIsDownForAWhile() async throws {
    let first = try ScriptedBackend()
    first.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", first.port) })
    let gateway = try await gateway(first)
    let deferred = try gateway.waitForEvents("OUTBOX_DEFERRED", 2)
    #expect(deferred.first?["detail"]?.hasPrefix("redirect, leg 1, attempt 1: BACKEND_DOWN: main: ") == true)
    #expect(deferred.last?["detail"]?.contains("attempt 2") == true)
    let leg = try #require(try gateway.listed("outbox").first)
    #expect(leg["state"] as? String == "waiting" && leg["kind"] as? String == "redirect")
    #expect((leg["attempts"] as? Int ?? 0) >= 2 && leg["recipient"] as? String == Mail.user)
    let second = try ScriptedBackend(port: first.port)
    try gateway.waitForEvents("OUTBOX_DELIVERED", within: .seconds(20))
    #expect(staysAt(1, second))
    #expect(gateway.waitingFiles().isEmpty)
  }

  @Test(arguments: [
    (BackendStep.recipient, "450 4.2.1 Later"), (.mail, "451 4.3.0 Later"), (.endOfData, "452 4.3.1 Full"),
    (.endOfData, "421 4.3.2 Going down"), (.data, "451 4.3.0 Not now"),
  ])
  func whatIsRefusedForNowIsTriedAgain(_ step: BackendStep, _ reply: String) async throws {
    let backend = try ScriptedBackend(.at(step, .reply(reply), .normal))
    let gateway = try await gateway(backend, extra: ["recipients = \"any\""])
    try gateway.waitForEvents("OUTBOX_DEFERRED")
    try gateway.waitForEvents("OUTBOX_DELIVERED", within: .seconds(20))
    #expect(backend.messages.count == 1)
    #expect(gateway.events("OUTBOX_UNSURE").isEmpty && gateway.events("OUTBOX_REFUSED").isEmpty)
  }

  /// Nobody is sent a bounce: it lies in the folder `undeliverable`, from where it can be released again.
  @Test(arguments: [
    (BackendStep.recipient, "550 5.1.1 No such user"), (.endOfData, "554 5.6.0 Bad content"),
    (.mail, "553 5.1.8 Bad sender"),
  ])
  func whatIsRefusedForGoodIsHeld(_ step: BackendStep, _ reply: String) async throws {
    let backend = try ScriptedBackend(.at(step, .reply(reply)))
    let gateway = try await gateway(backend, extra: ["recipients = \"any\""])
    let refused = try gateway.waitForEvents("OUTBOX_REFUSED")
    #expect(
      refused.first?["level"] == "warning" && refused.first?["reply"]?.hasPrefix(reply.prefix(9)) == true,
      "\(refused)")
    let entry = try #require(try gateway.listed("quarantine").first)
    #expect(entry["folder"] as? String == "undeliverable" && entry["code"] as? String == "OUTBOX_REFUSED")
    #expect(try gateway.weir(["quarantine", "show", "MAIL"]).output.contains(reply.prefix(9)))
    #expect(try gateway.listed("outbox").isEmpty)
    #expect(staysAt(0, backend))
    backend.behaviour = BackendBehaviour()
    #expect(try gateway.weir(["quarantine", "release", "MAIL"]).succeeded)
    // What was refused at RCPT is remembered for a while.
    guard step != .recipient else { return }
    try gateway.waitForEvents("OUTBOX_DELIVERED")
    #expect(backend.messages.first?.header("X-Weir-Released").count == 1)
  }

  @Test func whoseTimeIsOverIsHeld() async throws {
    let backend = try ScriptedBackend()
    backend.stop()
    let gateway = try await gateway(backend, legs: [try Waiting.leg(lifetime: .seconds(3))])
    try gateway.waitForEvents("OUTBOX_EXPIRED", within: .seconds(20))
    #expect(try gateway.listed("quarantine").first?["folder"] as? String == "undeliverable")
    #expect(try gateway.listed("outbox").isEmpty)
  }

  // MARK: What cannot be known

  /// The connection breaks behind the content: the backend may have it. Nobody but a person sends it again.
  @Test(arguments: [BackendAction.close, .reset]) func theAnswerIsLost(_ action: BackendAction) async throws {
    let backend = try ScriptedBackend(.at(.endOfData, action, .normal))
    let gateway = try await gateway(
      backend, legs: [Waiting.leg("a@example.org"), Waiting.leg("b@example.org")])
    try gateway.waitForEvents("OUTBOX_UNSURE")
    try gateway.waitForEvents("OUTBOX_DELIVERED")
    let count = backend.messages.count
    #expect(staysAt(count, backend))
    let unsure = try gateway.listed("outbox", ["--state", "unsure"])
    let leg = try #require(unsure.first?["leg"] as? Int)
    #expect(unsure.count == 1 && gateway.waitingFiles() == ["MAIL.eml"])
    let again = try gateway.weir(["outbox", "retry", "\(leg)", "77"])
    #expect(again.ending == .exited(1) && again.output.hasPrefix("\(leg) is sent again, for <"), "\(again)")
    try gateway.waitForEvents("OUTBOX_DELIVERED", 2)
    #expect(gateway.events("OUTBOX_RESOLVED").count == 1)
    #expect(eventually { gateway.waitingFiles().isEmpty })
  }

  @Test func anUnsureLegIsDropped() async throws {
    let backend = try ScriptedBackend(.at(.endOfData, .close))
    let gateway = try await gateway(backend)
    try gateway.waitForEvents("OUTBOX_UNSURE")
    let leg = try #require(try gateway.listed("outbox").first?["leg"] as? Int)
    #expect(
      try gateway.weir(["outbox", "drop", "\(leg)"]).output == "\(leg) is dropped, for <\(Mail.user)>\n")
    #expect(eventually { gateway.waitingFiles().isEmpty })
    #expect(try gateway.weir(["outbox", "list"]).output == "nothing\n")
  }

  /// Before the word to send the content nothing can have arrived: it waits, and is sent by itself.
  @Test(arguments: [BackendStep.connect, .mail, .recipient, .data]) func killedBeforeTheContent(
    _ step: BackendStep
  ) async throws {
    let backend = try ScriptedBackend(.at(step, .stall))
    let gateway = try await gateway(backend, extra: ["recipients = \"any\""])
    #expect(eventually { backend.timesReached(step) >= 1 })
    block(for: .milliseconds(200))
    gateway.kill()
    backend.behaviour = BackendBehaviour()
    try gateway.restart()
    try gateway.waitForEvents("OUTBOX_DELIVERED", within: .seconds(20))
    #expect(gateway.events("OUTBOX_UNSURE").isEmpty)
    #expect(staysAt(1, backend))
  }

  /// Behind it nobody knows: not sent again, not dropped.
  @Test(arguments: [BackendStep.content, .endOfData]) func killedBehindTheContent(_ step: BackendStep)
    async throws
  {
    let backend = try ScriptedBackend(.at(step, .stall))
    let gateway = try await gateway(backend, text: Mail.text("MAIL", size: 20_000))
    #expect(eventually { backend.timesReached(step) >= 1 })
    gateway.kill()
    let before = backend.messages.count
    backend.behaviour = BackendBehaviour()
    try gateway.restart()
    try gateway.waitForEvents("OUTBOX_UNSURE")
    #expect(staysAt(before, backend))
    let leg = try #require(try gateway.listed("outbox", ["--state", "unsure"]).first)
    #expect(leg["attempts"] as? Int == 1 && gateway.waitingFiles() == ["MAIL.eml"])
    #expect(try gateway.weir(["outbox", "retry", "1"]).succeeded)
    try gateway.waitForEvents("OUTBOX_DELIVERED")
  }

  /// Killed again and again while many wait: each message arrives once, or is unsure, and then once at most.
  @Test func killedAgainAndAgain() async throws {
    let backend = try ScriptedBackend(
      BackendBehaviour {
        $0.recordsDialogue = false
        $0.actions[.endOfData] = [.delay(.milliseconds(15))]
      })
    let count = 150
    let gateway = try await Waiting.gateway(before: backend) { store in
      for number in 0..<count {
        let id = "m-\(number)"
        // Some are large; some are released, the others sent as they are.
        let text = Mail.text(id, size: number % 10 == 0 ? 400_000 : 1000)
        let legs = number % 2 == 0 ? [try Waiting.leg()] : []
        try await store.keep(
          Waiting.message(id, text), held: number % 2 == 0 ? nil : Waiting.order(), legs: legs)
      }
      for number in stride(from: 1, to: count, by: 2) {
        let terms = ReleaseTerms(time: Clock.now, expires: Clock.now + .seconds(86_400))
        #expect(try await store.release("m-\(number)", to: nil, terms).count == 1)
      }
    }
    var rounds = 0
    while rounds < 20, backend.messages.count < count - 20 {
      let before = backend.messages.count
      #expect(eventually(within: .seconds(20)) { backend.messages.count > before })
      block(for: .milliseconds(Int.random(in: 0...40)))
      gateway.kill()
      try gateway.restart()
      rounds += 1
    }
    #expect(rounds > 2, "it was killed in the middle")
    #expect(
      try eventually(within: .seconds(30)) { try gateway.listed("outbox", ["--state", "waiting"]).isEmpty })
    #expect(
      try eventually(within: .seconds(10)) { try gateway.listed("outbox", ["--state", "sending"]).isEmpty })
    let unsure = Set(
      try gateway.listed("outbox", ["--limit", "1000"]).compactMap { $0["message"] as? String })
    var copies: [String: Int] = [:]
    var bent = 0
    for message in backend.messages {
      copies[message.subject, default: 0] += 1
      let behind = message.text.firstRange(of: "From: ").map { String(message.text[$0.lowerBound...]) }
      let number = Int(message.subject.dropFirst(2)) ?? 1
      if behind != Mail.text(message.subject, size: number % 10 == 0 ? 400_000 : 1000) { bent += 1 }
    }
    #expect(bent == 0)
    for number in 0..<count {
      let id = "m-\(number)"
      let came = copies[id, default: 0]
      #expect(came == 1 || came == 0 && unsure.contains(id), "\(id) came \(came) times")
    }
    print("outbox: \(count) messages, \(rounds) kills, \(unsure.count) unsure, none lost, none twice")
  }

  /// SIGTERM lets what is being sent come to its end.
  @Test func aStopWaitsForWhatIsUnderWay() async throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.milliseconds(1500))))
    let gateway = try await gateway(backend)
    #expect(eventually { backend.timesReached(.endOfData) >= 1 })
    #expect(gateway.terminate() == .exited(0))
    #expect(gateway.events("OUTBOX_DELIVERED").count == 1)
    try gateway.restart()
    #expect(try gateway.listed("outbox").isEmpty && gateway.events("OUTBOX_UNSURE").isEmpty)
    #expect(backend.messages.count == 1)
  }

  @Test func aReloadChangesTheTerms() async throws {
    let backend = try ScriptedBackend()
    backend.stop()
    let gateway = try await gateway(backend, ["outbox.retry": "[\"1h\"]"])
    try gateway.waitForEvents("OUTBOX_DEFERRED")
    let second = try ScriptedBackend(port: backend.port)
    let text = try gateway.folder.read("weir.toml")
    try gateway.folder.write(
      "weir.toml", text.replacing("[\"1h\"]", with: "[\"1s\"]") + "\n[quarantine]\nmessages = 7\n")
    #expect(try gateway.weir(["reload"]).succeeded)
    #expect(try gateway.weir(["status"]).output.contains("quarantine   0 of 7 messages"))
    #expect(second.messages.isEmpty, "what waits keeps its turn")
    #expect(try gateway.weir(["outbox", "retry", "1"]).succeeded)
    try gateway.waitForEvents("OUTBOX_DELIVERED", within: .seconds(20))
  }

  /// Mail of sessions and mail that waits share the bound on memory: none of it fails for that.
  @Test func itWaitsForMemory() async throws {
    let backend = try ScriptedBackend()
    let gateway = try await Waiting.gateway(
      before: backend,
      [
        "limits.memory": "\"400KiB\"", "limits.memory_per_message": "\"256KiB\"",
        "limits.header_size": "\"64KiB\"",
      ]
    ) { store in
      for number in 0..<8 {
        try await store.keep(
          Waiting.message("m-\(number)", Mail.text("m-\(number)", size: 600_000)), held: nil,
          legs: [Waiting.leg()])
      }
    }
    try gateway.waitForEvents("OUTBOX_DELIVERED", 8, within: .seconds(20))
    #expect(Set(backend.messages.map(\.subject)).count == 8 && gateway.events("OUTBOX_DEFERRED").isEmpty)
  }
}
