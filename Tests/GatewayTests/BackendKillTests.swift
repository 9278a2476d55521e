import Foundation
import Synchronization
import TestSupport
import Testing

/// Nothing is lost, whoever dies when: what a client was told 250 for is at the backend exactly as it was sent, and
/// twice only where the client was not told.
@Suite(.apart, .serialized) struct BackendKillTests {
  /// Clients that send one message after the other, each with a name of its own, and come again with the same
  /// message until they are told 250.
  private final class Senders: Sendable {
    struct Account {
      /// Messages by subject.
      var sent: [String: String] = [:]
      var told: Set<String> = []
      /// Attempts that ended without a 250, by subject.
      var untold: [String: Int] = [:]
      var attempts = 0
    }

    let account = Mutex(Account())
    private let isOver = Atomic<Bool>(false)
    private let gateway: Gateway
    private let threads: Mutex<[Background<Void>]> = Mutex([])

    init(_ gateway: Gateway, count: Int, sizes: [Int]) {
      self.gateway = gateway
      let works = (0..<count).map { number in
        Background { [self] in
          var turn = 0
          while !isOver.load(ordering: .relaxed) {
            send("m-\(number)-\(turn)", size: sizes[(number + turn) % sizes.count])
            turn += 1
          }
        }
      }
      threads.withLock { $0 = works }
    }

    private func send(_ id: String, size: Int) {
      let message = Mail.text(id, size: size)
      account.withLock { $0.sent[id] = message }
      // A start on a busy machine takes seconds.
      var patience = 2000
      while patience > 0 {
        patience -= 1
        account.withLock { $0.attempts += 1 }
        if let reply = try? gateway.send(message, within: .seconds(20)), reply.code == 250 {
          account.withLock { _ = $0.told.insert(id) }
          return
        }
        account.withLock { $0.untold[id, default: 0] += 1 }
        // A message that is not yet through when all is over is tried to its end.
        block(for: .milliseconds(20))
      }
    }

    func finish() throws -> Account {
      isOver.store(true, ordering: .relaxed)
      for thread in threads.withLock({ $0 }) { try thread.value(within: .seconds(120)) }
      return account.withLock { $0 }
    }
  }

  /// Compares what was told with what is there; how many came more than once.
  @discardableResult
  private func settle(_ account: Senders.Account, _ messages: [ReceivedMessage]) -> Int {
    var copies: [String: Int] = [:]
    var bent = 0
    for message in messages {
      copies[message.subject, default: 0] += 1
      if message.withoutTrace != account.sent[message.subject] { bent += 1 }
    }
    #expect(bent == 0, "\(bent) messages differ from what was sent")
    let lost = account.told.filter { copies[$0] == nil }
    #expect(lost.isEmpty, "told 250, not there: \(lost.sorted())")
    let unexplained = copies.filter { $0.value > 1 + account.untold[$0.key, default: 0] }
    #expect(unexplained.isEmpty, "more copies than attempts without a 250: \(unexplained)")
    #expect(account.told.count == account.sent.count, "\(account.told.count) of \(account.sent.count) told")
    return copies.values.reduce(0) { $0 + $1 - 1 }
  }

  @Test func theGatewayIsKilledUnderLoad() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    let gateway = try Gateway.before(backend) { $0.liftClientLimits() }
    let senders = Senders(gateway, count: 8, sizes: [1000, 1000, 1000, 600_000])
    for round in 0..<6 {
      let before = backend.messages.count
      #expect(eventually(within: .seconds(20)) { backend.messages.count >= before + 10 }, "round \(round)")
      block(for: .milliseconds(Int.random(in: 0...150)))
      gateway.kill()
      try gateway.restart()
    }
    let account = try senders.finish()
    let duplicates = settle(account, backend.messages)
    let spool = try FileManager.default.contentsOfDirectory(atPath: gateway.folder.file("state/spool"))
    #expect(spool.isEmpty)
    print(
      "kill: \(account.told.count) messages, \(account.attempts) attempts, \(duplicates) duplicates, 0 lost")
  }

  @Test func theGatewayIsReloadedUnderLoad() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    var configuration = try GatewayConfiguration(before: backend) { $0.liftClientLimits() }
    let gateway = try Gateway(configuration)
    let senders = Senders(gateway, count: 8, sizes: [1000, 300_000])
    for round in 1...6 {
      let before = backend.messages.count
      #expect(eventually(within: .seconds(20)) { backend.messages.count >= before + 10 }, "round \(round)")
      // Every other reload makes the relay anew.
      configuration.backends[0].extra = ["connections = \(10 + round / 2)"]
      try gateway.rewrite(configuration)
      gateway.hangUp()
      #expect(
        eventually(within: .seconds(10)) { gateway.log().filter { $0["code"] == "RELOADED" }.count == round })
    }
    let account = try senders.finish()
    #expect(account.untold.isEmpty, "\(account.untold)")
    #expect(settle(account, backend.messages) == 0)
  }

  /// The backend goes and comes back: its clients read 451 meanwhile.
  @Test func theBackendIsKilledUnderLoad() throws {
    let first = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    let gateway = try Gateway.before(first, extra: ["health_interval = \"1s\""]) { $0.liftClientLimits() }
    let senders = Senders(gateway, count: 8, sizes: [1000, 1000, 300_000])
    var backends = [first]
    for round in 0..<4 {
      let current = backends[round]
      #expect(eventually(within: .seconds(20)) { current.messages.count >= 10 }, "round \(round)")
      current.stop()
      #expect(eventually { !FreePort.answers("127.0.0.1", first.port) })
      backends.append(
        try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false }, port: first.port))
    }
    #expect(eventually(within: .seconds(20)) { backends[4].messages.count >= 10 })
    let account = try senders.finish()
    settle(account, backends.flatMap(\.messages))
  }

  /// A real mail server is killed under load and started again: with its queue it has all that was told 250.
  @Test(needs(.postfix)) func postfixIsKilledUnderLoad() throws {
    let port = try FreePort.take()
    let boxes = try ScratchFolder("boxes")
    let backend = try PostfixBackend(port: port)
    let gateway = try Gateway(
      GatewayConfiguration(backends: [.init(port: port, extra: ["health_interval = \"1s\""])]) {
        $0.liftClientLimits()
      })
    let senders = Senders(gateway, count: 4, sizes: [1000, 20_000])
    try backend.waitForMail(count: 10)
    backend.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", port) })
    let count = senders.account.withLock { $0.attempts }
    #expect(eventually { senders.account.withLock { $0.attempts } > count + 10 })
    let second = try PostfixBackend(port: port)
    try second.waitForMail(count: 10)
    let account = try senders.finish()
    #expect(account.told.count == account.sent.count)
    // What the killed one had taken lies in its mailboxes or in its queue.
    let left = try run("grep", ["-rhoa", "Subject: m-[0-9]*-[0-9]*", backend.folder.file("spool")]).output
    func subjects(_ texts: [String]) -> [String] {
      texts.compactMap { text in
        text.range(of: "Subject: ").map { String(text[$0.upperBound...].prefix { !$0.isNewline }) }
      }
    }
    func there() -> Set<String> {
      Set(
        subjects(backend.mailbox(Mail.user)) + subjects(second.mailbox(Mail.user))
          + subjects(left.split(separator: "\n").map(String.init)))
    }
    #expect(
      eventually(within: .seconds(20), every: .milliseconds(100)) { account.told.isSubset(of: there()) })
    withExtendedLifetime(boxes) {}
  }

  /// SIGTERM in the middle: whoever is told 250 is served, the rest come again.
  @Test func theGatewayIsStoppedUnderLoad() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    let gateway = try Gateway.before(backend) { $0.liftClientLimits() }
    let senders = Senders(gateway, count: 8, sizes: [1000, 600_000])
    for round in 0..<3 {
      let before = backend.messages.count
      #expect(eventually(within: .seconds(20)) { backend.messages.count >= before + 10 }, "round \(round)")
      #expect(gateway.terminate() == .exited(0))
      try gateway.restart()
    }
    let account = try senders.finish()
    #expect(settle(account, backend.messages) == 0)
  }
}
