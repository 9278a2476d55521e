import Filtering
import Foundation
import NIOPosix
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// What becomes of a message when the backend fails.
@Suite struct FaultTests {
  @Test func deathInTheMiddleOfContentIsNotTriedAgain() async throws {
    let first = try ScriptedBackend(.at(.content, .close, .normal))
    let second = try ScriptedBackend()
    try await withRelay(first, second) { relay in
      let outcome = await relay.deliver(relay.delivery(message: HeldMessage(memory: longText)))
      #expect(outcome.short == "unavailable BACKEND_LOST")
      #expect(second.messages.isEmpty)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func deathBehindTheDotIsNotTriedAgain() async throws {
    let first = try ScriptedBackend(.at(.endOfData, .close, .normal))
    let second = try ScriptedBackend()
    try await withRelay(first, second) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_LOST")
      #expect(second.messages.isEmpty)
    }
  }

  @Test func silenceBehindTheDotEndsInTime() async throws {
    let backend = try ScriptedBackend(.at(.endOfData, .stall))
    try await withRelay(backend, configure: { $0.replyTimeout = .milliseconds(400) }) { relay in
      let start = ContinuousClock.now
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_TIMEOUT")
      // Far below the budget; a busy machine is not what this is about.
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }

  @Test func budgetCutsEveryWait() async throws {
    for step in [BackendStep.mail, .recipient, .data, .endOfData] {
      let backend = try ScriptedBackend(.at(step, .stall))
      try await withRelay(backend, configure: { $0.replyTimeout = .seconds(60) }) { relay in
        let start = ContinuousClock.now
        let outcome = await relay.deliver(relay.delivery(budget: .milliseconds(300)))
        #expect(outcome.short == "unavailable BACKEND_TIMEOUT", "\(step)")
        #expect(ContinuousClock.now - start < .seconds(20))
      }
    }
  }

  @Test(arguments: [BackendStep.mail, .recipient, .data])
  func deathBeforeContentGoesToTheNextBackend(step: BackendStep) async throws {
    let first = try ScriptedBackend(.at(step, .close))
    let second = try ScriptedBackend()
    try await withRelay(first, second) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b1 250")
      #expect(first.messages.isEmpty)
      #expect(second.messages.count == 1)
    }
  }

  @Test func sessionThatDiedIdleIsReplaced() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.dropSessions()
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.messages.count == 2)
      #expect(relay.sink.count(.backendDown) == 0)
    }
  }

  @Test func sessionThatDiesWhenUsedAgainIsTriedOnceAnew() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.change { $0.actions[.mail] = [.close, .normal] }
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.sessionCount == 2)
      backend.change { $0.actions[.mail] = [.replyAndClose("421 4.3.2 going down"), .normal] }
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.change { $0.actions[.mail] = [.close] }
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
      #expect(backend.messages.count == 3)
    }
  }

  @Test func strayReplyEndsAnIdleSession() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.closesIdleAfter = .milliseconds(100) })
    try await withRelay(backend) { relay in
      for _ in 0..<3 {
        #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
        try await Task.sleep(for: .milliseconds(250))
      }
      #expect(backend.messages.count == 3)
      #expect(backend.sessionCount >= 3)
      #expect(backend.commands.allSatisfy { $0 != "NOOP" && $0 != "RSET" })
      #expect(relay.relay.status().first?.failures == 0)
    }
  }

  @Test func backendThatEndsSessionsByItsOwnCount() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.messagesPerSession = 2 })
    try await withRelay(backend) { relay in
      for _ in 0..<7 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.messages.count == 7)
      #expect(backend.sessionCount == 4)
    }
  }

  @Test func sessionsEndByCountAndAge() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend, configure: { $0.sessionMessages = 3 }) { relay in
      for _ in 0..<6 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.sessionCount == 2)
      #expect(await eventuallyAsync { backend.commands.contains("QUIT") })
    }
    let other = try ScriptedBackend()
    try await withRelay(other, configure: { $0.sessionAge = .milliseconds(150) }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(await eventuallyAsync { other.openSessionCount == 0 })
      #expect(other.commands.last == "QUIT")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      // On a busy machine a session may pass its age before its first message.
      #expect(other.sessionCount >= 2)
    }
    let third = try ScriptedBackend()
    try await withRelay(third, configure: { $0.sessionIdle = .milliseconds(100) }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(await eventuallyAsync { third.openSessionCount == 0 })
    }
  }

  @Test func backendDownAndBackIsToldOnce() async throws {
    let port = try FreePort.take()
    let first = try ScriptedBackend(port: port)
    let second = try ScriptedBackend()
    try await withRelay(first, second) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      first.stop()
      try await Task.sleep(for: .milliseconds(300))
      for _ in 0..<5 { #expect(await relay.deliver(relay.delivery()).short == "delivered b1 250") }
      #expect(relay.sink.count(.backendDown) == 1)
      #expect(relay.relay.status().map(\.health) == [.down, .up])
      let again = try ScriptedBackend(port: port)
      #expect(await eventuallyAsync { relay.relay.status().first?.health == .up })
      #expect(relay.sink.count(.backendUp) == 1)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(again.messages.count == 1)
    }
  }

  @Test func greetingThatRefusesIsAFailure() async throws {
    let first = try ScriptedBackend(.at(.connect, .replyAndClose("421 4.3.2 too busy")))
    let second = try ScriptedBackend()
    try await withRelay(first, second, learns: true) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b1 250")
      #expect(relay.relay.capabilities().count == 1)
      #expect(relay.relay.status().first?.health == .down)
      #expect(relay.relay.status().first?.fault.contains("421 4.3.2 too busy") == true)
    }
  }

  @Test func backendNeverHeardGetsNoMailButOneRememberedDoes() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend, learns: false) { relay in
      #expect(relay.relay.capabilities().isEmpty)
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
      #expect(backend.sessionCount == 0)
    }
    let memory = RecordingMemory(["b0": "PIPELINING 8BITMIME"])
    try await withRelay(backend, learns: false, memory: memory) { relay in
      #expect(relay.relay.capabilities().count == 1)
      #expect(relay.relay.capabilities().first?.deliveryStatus == false)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(relay.relay.capabilities().first?.deliveryStatus == true)
      #expect(await eventuallyAsync { memory.load()["b0"]?.contains("DSN") == true })
    }
  }

  @Test func missingExtensionGoesElsewhereOrWaits() async throws {
    let plain = try ScriptedBackend(BackendBehaviour { $0.capabilities = ["PIPELINING"] })
    let full = try ScriptedBackend()
    var parameters = MailParameters()
    parameters.body = .eightBit
    try await withRelay(plain, full) { relay in
      #expect(await relay.deliver(relay.delivery(parameters: parameters)).short == "delivered b1 250")
    }
    try await withRelay(plain) { relay in
      let outcome = await relay.deliver(relay.delivery(parameters: parameters))
      #expect(outcome.short == "unavailable BACKEND_LACKS_EXTENSION")
      #expect(outcome.detail.contains("8BITMIME"))
      var status = MailParameters()
      status.envelopeID = "x"
      #expect(
        await relay.deliver(relay.delivery(parameters: status)).short
          == "unavailable BACKEND_LACKS_EXTENSION")
      #expect(
        await relay.deliver(relay.delivery(message: HeldMessage(memory: [0], isBinary: true))).short
          == "unavailable BACKEND_LACKS_EXTENSION")
      var international = MailParameters()
      international.isInternationalized = true
      #expect(
        await relay.deliver(relay.delivery(parameters: international, isASCII: false)).short
          == "unavailable BACKEND_LACKS_EXTENSION")
      #expect(plain.messages.isEmpty)
      // ASCII through and through: SMTPUTF8 is not needed.
      #expect(await relay.deliver(relay.delivery(parameters: international)).short == "delivered b0 250")
      // What the backend offers later is learned again.
      plain.change { $0.capabilities = ["PIPELINING", "8BITMIME"] }
      var tries = 0
      while relay.relay.capabilities().first?.eightBit != true, tries < 50 {
        _ = await relay.deliver(relay.delivery(parameters: parameters))
        try await Task.sleep(for: .milliseconds(20))
        tries += 1
      }
      #expect(await relay.deliver(relay.delivery(parameters: parameters)).short == "delivered b0 250")
    }
  }

  @Test func boundOnSessionsHoldsAndEverybodyIsServed() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.latency = .milliseconds(5) })
    try await withRelay(backend, threads: 2, configure: { $0.connections = 3 }) { relay in
      let outcomes = await withTaskGroup(of: String.self) { group in
        for _ in 0..<60 { group.addTask { await relay.deliver(relay.delivery()).short } }
        return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(outcomes == ["delivered b0 250": 60])
      #expect(backend.messages.count == 60)
      #expect(backend.openSessionCount <= 3)
      #expect(relay.relay.status().first?.deliveries == 60)
    }
  }

  @Test func oneSessionForTwoLoops() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend, threads: 2, configure: { $0.connections = 1 }) { relay in
      for _ in 0..<10 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.messages.count == 10)
    }
  }

  @Test func loopsTakeTurnsAtTooFewSessions() async throws {
    for connections in [1, 2, 3] {
      let backend = try ScriptedBackend()
      try await withRelay(backend, threads: 4, configure: { $0.connections = connections }) { relay in
        let outcomes = await withTaskGroup(of: String.self) { group in
          for _ in 0..<80 { group.addTask { await relay.deliver(relay.delivery()).short } }
          return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["delivered b0 250": 80])
        #expect(backend.messages.count == 80)
      }
    }
  }

  @Test func waitingForASessionEndsWithTheBudget() async throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.seconds(2))))
    try await withRelay(backend, configure: { $0.connections = 1 }) { relay in
      async let first = relay.deliver(relay.delivery())
      #expect(await eventuallyAsync { backend.timesReached(.endOfData) == 1 })
      let second = await relay.deliver(relay.delivery(budget: .milliseconds(200)))
      #expect(second.short == "unavailable BACKEND_BUSY")
      #expect(await first.short == "delivered b0 250")
    }
  }

  @Test func nothingIsLostWhereSessionsKeepDying() async throws {
    let first = try ScriptedBackend(BackendBehaviour { $0.latency = .milliseconds(1) })
    let second = try ScriptedBackend(BackendBehaviour { $0.latency = .milliseconds(1) })
    try await withRelay(first, second, threads: 2, configure: { $0.connections = 4 }) { relay in
      let outcomes = await withTaskGroup(of: String.self) { group in
        for index in 0..<300 {
          group.addTask {
            let delivery = relay.delivery(to: ["u\(index)@b.example"], budget: .seconds(8))
            let outcome = await relay.deliver(delivery).short
            return outcome.hasPrefix("delivered") ? "u\(index)@b.example" : ""
          }
        }
        group.addTask {
          for _ in 0..<8 {
            try? await Task.sleep(for: .milliseconds(40))
            first.dropSessions()
            second.dropSessions()
          }
          return ""
        }
        return await group.reduce(into: [String]()) { if !$1.isEmpty { $0.append($1) } }
      }
      let taken = Set((first.messages + second.messages).flatMap(\.addresses))
      #expect(!outcomes.isEmpty)
      for address in outcomes { #expect(taken.contains(address)) }
      // All slots came back: whoever comes now is served.
      #expect(await eventuallyAsync { relay.relay.status().allSatisfy { $0.busySessions == 0 } })
      #expect(await eventuallyAsync { relay.relay.status().allSatisfy { $0.health == .up } })
      for _ in 0..<8 { #expect(await relay.deliver(relay.delivery()).short.hasPrefix("delivered")) }
    }
  }

  @Test func recipientRefusedAtDeliveryOnly() async throws {
    let backend = try ScriptedBackend(
      BackendBehaviour { $0.refusedAtDelivery["gone@b.example"] = "550 5.1.1 No such user" })
    try await withRelay(backend) { relay in
      #expect(await relay.ask("gone@b.example").short == "known")
      let delivery = relay.delivery(to: ["known@b.example", "gone@b.example"])
      let outcome = await relay.deliver(delivery)
      #expect(outcome.short == "unavailable RECIPIENT_CHANGED")
      #expect(outcome.detail.contains("<gone@b.example>: 550 5.1.1 No such user"))
      #expect(backend.messages.isEmpty)
      // The session that had its 354 ended without a dot.
      #expect(!String(decoding: backend.input(ofSession: 1), as: UTF8.self).contains("\r\n.\r\n"))
      #expect(relay.remembered("gone@b.example")?.short == "unknown 550")
      #expect(relay.remembered("gone@b.example", from: "other@c.example")?.short == "unknown 550")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func policyRefusalAtDeliveryHoldsForTheSender() async throws {
    let backend = try ScriptedBackend(
      BackendBehaviour { $0.recipientReplies["list@b.example"] = ["554 5.7.1 members only"] })
    try await withRelay(backend, configure: { $0.recipients = .any }) { relay in
      #expect(
        await relay.deliver(relay.delivery(to: ["list@b.example"])).short == "unavailable RECIPIENT_CHANGED")
      #expect(relay.remembered("list@b.example")?.short == "refused 554")
      #expect(relay.remembered("list@b.example", from: "other@c.example")?.short == "known")
    }
  }

  @Test func garbageEndsTheSession() async throws {
    for garbage in ["hello there", String(repeating: "x", count: 5000), "250-a\r\n251 b", "199 low"] {
      let backend = try ScriptedBackend(.at(.mail, .reply(garbage), .normal))
      try await withRelay(backend) { relay in
        _ = await relay.deliver(relay.delivery())
        #expect(backend.messages.count <= 1)
        #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      }
    }
  }

  @Test func closingTurnsAwayAndEndsSessions() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      await relay.relay.close()
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
      #expect(await eventuallyAsync { backend.openSessionCount == 0 })
      #expect(backend.commands.last == "QUIT")
    }
  }

  @Test func closingLetsABusySessionFinish() async throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.milliseconds(400))))
    try await withRelay(backend) { relay in
      async let outcome = relay.deliver(relay.delivery())
      try await Task.sleep(for: .milliseconds(100))
      await relay.relay.close()
      #expect(await outcome.short == "delivered b0 250")
    }
  }
}

let longText = Array(String(repeating: "All work and no play.\r\n", count: 500).utf8)

/// Waits for `condition` without blocking the pool's threads.
func eventuallyAsync(within limit: Duration = .seconds(5), _ condition: () -> Bool) async -> Bool {
  let end = ContinuousClock.now + limit * 4
  while ContinuousClock.now < end {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return condition()
}
