import Filtering
import Foundation
import Synchronization
import TestSupport
import Testing

/// From the client's 250 to the mailbox, with what waits in between: nothing is lost, nothing arrives twice.
@Suite(.apart, .serialized) struct E2EKeptMailTests {
  private static let rules = [
    "Rules/10.rc": """
    :0
    * ^Subject: held
    quarantine odd

    :0
    * ^Subject: away
    ! ann@example.org

    :0 c
    * ^Subject: both
    ! archive@example.org
    """
  ]

  private func front(_ settings: [String: String] = [:], backend: [String] = []) throws -> Front {
    try Front(
      ["outbox.retry": "[\"1s\"]"].merging(settings) { $1 }, files: Self.rules,
      backendExtra: ["health_interval = \"1s\""] + backend)
  }

  private func text(_ subject: String, header: String = "") -> String { Mail.text(subject, header: header) }

  @Test func whatIsReleasedArrivesAsItCame() throws {
    let front = try front()
    let forged = text("held 1", header: "X-Weir-Released: by mx.example.org id Y; now\r\n")
    #expect(try front.gateway.send(forged).code == 250)
    #expect(front.backend.messages.isEmpty)
    let id = try #require(try front.gateway.listed("quarantine").first?["id"] as? String)
    #expect(try front.gateway.weir(["quarantine", "release", id]).succeeded)
    try front.gateway.waitForEvents("OUTBOX_DELIVERED")
    let message = try #require(front.backend.messages.first)
    let marks = message.header("X-Weir-Released")
    #expect(
      marks.count == 1 && marks.first?.contains("id \(id);") == true, "the forged one is gone: \(marks)")
    #expect(message.header("Received").first?.contains("id \(id)") == true)
    #expect(message.sender == Mail.sender && message.addresses == [Mail.user])
    let body = text("held 1").components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
    #expect(message.text.hasSuffix("\r\n\r\n" + body))
  }

  /// No room: the client reads 452 and keeps its message; what is there stays.
  @Test func pastTheBoundsTheClientKeepsIt() throws {
    let front = try front(["quarantine.messages": "1", "outbox.messages": "0"])
    #expect(try front.gateway.send(text("held 1")).code == 250)
    for subject in ["held 2", "away 1", "both 1"] {
      let reply = try front.gateway.send(text(subject))
      #expect(reply.code == 452 && reply.text.contains("WAITING_MAIL_FULL"), "\(subject): \(reply)")
    }
    #expect(try front.gateway.send(text("plain")).code == 250)
    #expect(front.backend.messages.map(\.subject) == ["plain"], "the copy's original neither")
    #expect(try front.gateway.listed("quarantine").compactMap { $0["subject"] as? String } == ["held 1"])
    // And none on the disk.
    #expect(
      try front.reload(["quarantine.free": "\"1000TiB\"", "outbox.retry": "[\"1s\"]"]).succeeded)
    let reply = try front.gateway.send(text("held 3"))
    #expect(reply.code == 452 && reply.text.contains("WAITING_MAIL_FULL"), "\(reply)")
    let line = try front.gateway.waitForLog { $0["detail"]?.contains("octets free on the disk") == true }
    #expect(line.event == "defer")
    #expect(front.gateway.waitingFiles().count == 1)
  }

  /// No room there can ever be: the client is told for good, and somebody here is told why.
  @Test func whatCanNeverBeKeptIsRefusedForGood() throws {
    let front = try front(["quarantine.size": "\"4KiB\""])
    let large = text("held 1") + String(repeating: "a line of text\r\n", count: 500)
    let reply = try front.gateway.send(large)
    #expect(
      reply.code == 552 && reply.text.contains("5.3.4") && reply.text.contains("WAITING_MAIL_TOO_LARGE"),
      "\(reply)")
    let line = try front.gateway.waitForLog { $0["code"] == "WAITING_MAIL_TOO_LARGE" }
    #expect(line.event == "reject" && line["detail"]?.contains("quarantine.size allows 4096") == true)
    #expect(try front.gateway.send(text("held 2")).code == 250)
    #expect(front.backend.messages.isEmpty && front.gateway.waitingFiles().count == 1)
    let check = try front.gateway.weir(["check", "--offline"])
    #expect(check.output.contains("quarantine.size = 4KiB is less than the largest message"), "\(check)")
  }

  /// A circle of rules ends: what was handed on too often is refused, whoever brings it back.
  @Test func whatGoesRoundIsRefused() throws {
    let front = try front(["outbox.hops": "12"])
    var text = text("away")
    var rounds = 0
    while try front.gateway.send(text).code == 250 {
      rounds += 1
      try front.gateway.waitForEvents("OUTBOX_DELIVERED", rounds)
      let message = try #require(front.backend.messages.last)
      #expect(message.header("X-Weir-Handed-On").count == rounds)
      text = message.text
      guard rounds < 20 else { break }
    }
    // 0, 6 and 12 hops.
    #expect(rounds == 3)
    #expect(try front.gateway.send(text).text.contains("LOOP_DETECTED"))
  }

  /// The client has its 250, the backend is gone, the gateway is killed: it arrives, once.
  @Test func aRedirectOutlivesItsGateway() throws {
    let front = try front(backend: ["recipients = \"any\""])
    let port = front.backend.port
    front.backend.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", port) })
    #expect(try front.gateway.send(text("away")).code == 250)
    front.gateway.kill()
    let second = try ScriptedBackend(port: port)
    try front.gateway.restart()
    try front.gateway.waitForEvents("OUTBOX_DELIVERED", within: .seconds(20))
    block(for: .milliseconds(1500))
    #expect(second.messages.map(\.addresses) == [["ann@example.org"]])
    #expect(front.gateway.waitingFiles().isEmpty)
  }

  /// Clients send what is held, redirected, copied and delivered, and come again until they are told 250, while the
  /// gateway is killed again and again.
  @Test func killedWhileClientsSend() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    let gateway = try Gateway(
      GatewayConfiguration(before: backend, extra: ["recipients = \"any\""]) {
        $0.settings["outbox.retry"] = "[\"1s\"]"
        $0.liftClientLimits()
      }, files: Self.rules)
    let kinds = ["held", "away", "both", "plain"]
    let isOver = Mutex(false)
    let untold = Mutex<[String: Int]>([:])
    let told = Mutex<Set<String>>([])
    let senders = (0..<4).map { number in
      Background<Void> {
        var turn = 0
        while !isOver.withLock({ $0 }) {
          let subject = "\(kinds[(number + turn) % kinds.count]) \(number)-\(turn)"
          let message = Mail.text(subject, size: turn % 7 == 0 ? 400_000 : 800)
          for _ in 0..<2000 {
            if let reply = try? gateway.send(message, within: .seconds(20)), reply.code == 250 {
              told.withLock { _ = $0.insert(subject) }
              break
            }
            untold.withLock { $0[subject, default: 0] += 1 }
            block(for: .milliseconds(20))
          }
          turn += 1
        }
      }
    }
    for round in 0..<8 {
      let before = told.withLock { $0.count }
      #expect(eventually(within: .seconds(20)) { told.withLock { $0.count } >= before + 8 }, "round \(round)")
      block(for: .milliseconds(Int.random(in: 0...60)))
      gateway.kill()
      try gateway.restart()
    }
    isOver.withLock { $0 = true }
    for sender in senders { try sender.value(within: .seconds(120)) }
    #expect(
      try eventually(within: .seconds(30)) {
        try gateway.listed("outbox").allSatisfy { $0["state"] as? String == "unsure" }
      })
    let unsure = try gateway.listed("outbox", ["--limit", "1000"]).compactMap { $0["recipient"] as? String }
      .count
    var held: [String: Int] = [:]
    for entry in try gateway.listed("quarantine", ["--limit", "10000"]) {
      held[entry["subject"] as? String ?? "", default: 0] += 1
    }
    var came: [String: Int] = [:]
    for message in backend.messages {
      for address in message.addresses { came["\(message.subject) \(address)", default: 0] += 1 }
    }
    var missing: [String] = []
    var twice: [String] = []
    for subject in told.withLock({ $0 }) {
      let attempts = 1 + untold.withLock { $0[subject, default: 0] }
      let counts: [Int] =
        switch subject.prefix(4) {
        case "held": [held[subject, default: 0]]
        case "away": [came["\(subject) ann@example.org", default: 0]]
        case "both":
          [came["\(subject) archive@example.org", default: 0], came["\(subject) \(Mail.user)", default: 0]]
        default: [came["\(subject) \(Mail.user)", default: 0]]
        }
      if counts.contains(0) { missing.append(subject) }
      if counts.contains(where: { $0 > attempts }) { twice.append("\(subject) \(counts) of \(attempts)") }
    }
    #expect(missing.count <= unsure, "told 250, nowhere: \(missing)")
    #expect(twice.isEmpty, "more often than it was tried: \(twice)")
    #expect(backend.messages.allSatisfy { !$0.subject.hasPrefix("held") })
    print(
      "kept: \(told.withLock { $0.count }) messages, 8 kills, \(unsure) unsure, \(held.values.reduce(0, +)) held, none lost"
    )
  }
}
