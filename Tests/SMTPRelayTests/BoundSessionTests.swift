import Filtering
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// Sessions that are bound to one connection of one client: XCLIENT and PROXY.
@Suite struct BoundSessionTests {
  static let offer = "XCLIENT NAME ADDR PROTO HELO PORT LOGIN"

  static func client(_ number: UInt64, helo: String? = nil, login: String? = nil) -> ClientIdentity {
    var client = ClientIdentity(
      address: IPAddress(v4: 0xC633_6400 + UInt32(number)), port: 1000 + UInt16(number),
      name: "client-\(number).example", helo: helo ?? "helo-\(number).example", isExtended: true)
    client.login = login ?? "user-\(number)"
    client.connection = number
    return client
  }

  private func withXCLIENT(
    _ change: (inout TLSBackend.Behaviour) -> Void = { _ in }, threads: Int = 1,
    configure: (inout BackendConfiguration) -> Void = { _ in },
    body: (TLSBackend, RelayFixture) async throws -> Void
  ) async throws {
    var behaviour = TLSBackend.Behaviour { $0.keywords.append(Self.offer) }
    change(&behaviour)
    try await withTLSBackend(
      behaviour, threads: threads,
      configure: {
        $0.identity = .xclient
        configure(&$0)
      }, body: body)
  }

  @Test func aSessionServesOneConnectionAndNoOther() async throws {
    try await withXCLIENT { backend, relay in
      // The look was nobody's, and is over.
      #expect(await eventuallyAsync { backend.openSessions == 0 })
      #expect(backend.commands == ["EHLO gateway.example", "QUIT"])
      for _ in 0..<2 {
        for number in [1, 2] as [UInt64] {
          #expect(
            await relay.deliver(relay.delivery(client: Self.client(number))).short == "delivered b0 250")
        }
      }
      #expect(backend.sessions == 3)
      for (session, number) in [(2, 1), (3, 2)] {
        let said = backend.commands(of: session).prefix(8)
        #expect(
          Array(said) == [
            "EHLO gateway.example",
            "XCLIENT ADDR=198.51.100.\(number) LOGIN=user-\(number) HELO=helo-\(number).example"
              + " NAME=client-\(number).example PROTO=ESMTP PORT=\(1000 + number)",
            "EHLO helo-\(number).example", "MAIL FROM:<a@a.example> SIZE=96", "RCPT TO:<known@b.example>",
            "DATA", "MAIL FROM:<a@a.example> SIZE=96", "RCPT TO:<known@b.example>",
          ])
      }
      #expect(backend.messages.map(\.session) == [2, 3, 2, 3])
    }
  }

  @Test func anotherHeloOrLoginIsAnotherSession() async throws {
    try await withXCLIENT { backend, relay in
      for client in [
        Self.client(1), Self.client(1, helo: "new.example"),
        Self.client(1, helo: "new.example", login: "else"),
        Self.client(1, helo: "new.example", login: "else"),
      ] {
        #expect(await relay.deliver(relay.delivery(client: client)).short == "delivered b0 250")
      }
      #expect(backend.messages.map(\.session) == [2, 3, 4, 4])
      #expect(await eventuallyAsync { backend.openSessions == 1 })
      #expect(backend.commands.filter { $0.hasPrefix("XCLIENT") }.count == 3)
    }
  }

  @Test func aConnectionWithoutANumberIsNeverKept() async throws {
    try await withXCLIENT { backend, relay in
      for _ in 0..<2 {
        #expect(await relay.deliver(relay.delivery(client: Self.client(0))).short == "delivered b0 250")
      }
      #expect(backend.messages.map(\.session) == [2, 3])
      #expect(await eventuallyAsync { backend.openSessions == 0 })
    }
  }

  @Test func endsWhenItIsIdle() async throws {
    try await withXCLIENT(configure: { $0.boundIdle = .milliseconds(100) }) { backend, relay in
      #expect(await relay.deliver(relay.delivery(client: Self.client(1))).short == "delivered b0 250")
      #expect(await eventuallyAsync { backend.openSessions == 0 })
      #expect(backend.commands(of: 2).last == "QUIT")
      #expect(await relay.deliver(relay.delivery(client: Self.client(1))).short == "delivered b0 250")
      #expect(backend.messages.map(\.session) == [2, 3])
    }
  }

  @Test(arguments: [
    "550 5.7.0 insufficient authorization", "250 2.0.0 fine", "421 4.3.2 bye", "501 5.5.4 syntax",
  ])
  func refusedNeverGoesOn(reply: String) async throws {
    try await withXCLIENT({ $0.replies["XCLIENT"] = reply }) { backend, relay in
      let outcome = await relay.deliver(relay.delivery(client: Self.client(1)))
      #expect(outcome.short == "unavailable BACKEND_REFUSED_IDENTITY")
      #expect(outcome.detail.contains(reply.dropFirst(10)))
      #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
      #expect(await eventuallyAsync { backend.openSessions == 0 })
      // Nothing is wrong with the backend for that.
      #expect(relay.relay.status().first?.health == .up)
      backend.change { $0.replies["XCLIENT"] = "220 go" }
      #expect(await relay.deliver(relay.delivery(client: Self.client(2))).short == "delivered b0 250")
    }
  }

  @Test func notOfferedNeverGoesOn() async throws {
    try await withXCLIENT({ $0.keywords.removeLast() }) { backend, relay in
      let outcome = await relay.deliver(relay.delivery(client: Self.client(1)))
      #expect(outcome.short == "unavailable BACKEND_REFUSED_IDENTITY")
      #expect(outcome.detail.contains("does not offer XCLIENT"))
      #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
    }
  }

  @Test func silenceAfterXCLIENTIsNoYes() async throws {
    try await withXCLIENT(
      { $0.replies.updateValue(nil, forKey: "XCLIENT") },
      configure: { $0.connectTimeout = .milliseconds(300) }
    ) { backend, relay in
      let outcome = await relay.deliver(relay.delivery(client: Self.client(1)))
      #expect(outcome.short == "unavailable BACKEND_DOWN")
      #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
    }
  }

  /// Far more clients than sessions, each with two messages: nobody waits for another's idle session to grow old.
  @Test(arguments: [1, 2]) func fewSessionsServeManyClients(threads: Int) async throws {
    try await withXCLIENT(threads: threads, configure: { $0.connections = 4 }) { backend, relay in
      let outcomes = await withTaskGroup(of: [String].self) { group in
        for number in 1...60 as ClosedRange<UInt64> {
          group.addTask {
            var outcomes: [String] = []
            for _ in 0..<2 {
              let delivery = relay.delivery(client: Self.client(number), budget: .seconds(60))
              outcomes.append(await relay.deliver(delivery).short)
            }
            return outcomes
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      #expect(outcomes == Array(repeating: "delivered b0 250", count: 120))
      #expect(backend.messages.count == 120)
      #expect(backend.state.withLock { $0.mostOpen } <= 6)
      // Each session was for one client: what it heard by XCLIENT is said once.
      for session in 1...backend.sessions {
        #expect(backend.commands(of: session).filter { $0.hasPrefix("XCLIENT") }.count <= 1)
      }
    }
  }

  @Test func askedForRecipientsItSaysNoClient() async throws {
    try await withXCLIENT { backend, relay in
      #expect(await relay.ask("x@b.example").short == "known")
      #expect(backend.commands.allSatisfy { !$0.hasPrefix("XCLIENT") })
      #expect(backend.commands.contains("RCPT TO:<x@b.example>"))
    }
  }

  @Test func aDeadSessionIsReplacedByOneForTheSameClient() async throws {
    try await withXCLIENT { backend, relay in
      #expect(await relay.deliver(relay.delivery(client: Self.client(1))).short == "delivered b0 250")
      backend.change { $0.replies["MAIL"] = "421 4.3.2 idle too long" }
      let second = relay.delivery(client: Self.client(1))
      async let outcome = relay.deliver(second)
      #expect(await eventuallyAsync { backend.commands.filter { $0.hasPrefix("MAIL") }.count >= 2 })
      backend.change { $0.replies["MAIL"] = .none }
      let short = await outcome.short
      #expect(short == "delivered b0 250" || short == "unavailable BACKEND_DOWN")
      for session in 2...backend.sessions {
        #expect(backend.commands(of: session).contains { $0.hasPrefix("XCLIENT ADDR=198.51.100.1 ") })
      }
    }
  }

  @Test func closingAnswersWhoeverWaits() async throws {
    try await withXCLIENT(
      { $0.replies.updateValue(nil, forKey: "XCLIENT") }, configure: { $0.connections = 1 }
    ) { backend, relay in
      let deliveries = (1...3 as ClosedRange<UInt64>).map { relay.delivery(client: Self.client($0)) }
      async let first = relay.deliver(deliveries[0]).short
      async let second = relay.deliver(deliveries[1]).short
      #expect(await eventuallyAsync { backend.commands.contains { $0.hasPrefix("XCLIENT") } })
      await relay.relay.close(within: .milliseconds(100))
      #expect(await [first, second] == ["unavailable BACKEND_DOWN", "unavailable BACKEND_DOWN"])
      #expect(await relay.deliver(deliveries[2]).short == "unavailable BACKEND_DOWN")
    }
  }

  // MARK: PROXY

  @Test func proxyHeaderStandsInFront() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    for encryption in [BackendEncryption(), BackendEncryption(.required)] {
      let backend = try await TLSBackend(
        .init {
          $0.preamble = 16
          $0.certificate = pair
        })
      try await withRelay(
        at: [(.ip(IPAddress(v4: 0x7F00_0001), port: backend.port), false)],
        configure: {
          $0.identity = .proxy
          $0.encryption = encryption
        }
      ) { relay in
        backend.change { $0.preamble = 28 }
        #expect(await relay.deliver(relay.delivery(client: Self.client(1))).short == "delivered b0 250")
        #expect(await relay.deliver(relay.delivery(client: Self.client(1))).short == "delivered b0 250")
        #expect(await relay.deliver(relay.delivery(client: Self.client(2))).short == "delivered b0 250")
        backend.change { $0.preamble = 16 }
        #expect(await relay.ask("x@b.example").short == "known")
        let port = [UInt8(backend.port >> 8), UInt8(backend.port & 0xff)]
        let heads = backend.state.withLock { $0.preambles.map { Array($0[12...]) } }
        #expect(
          heads == [
            [0x20, 0, 0, 0], [0x21, 0x11, 0, 12, 198, 51, 100, 1, 127, 0, 0, 1, 3, 233] + port,
            [0x21, 0x11, 0, 12, 198, 51, 100, 2, 127, 0, 0, 1, 3, 234] + port, [0x20, 0, 0, 0],
          ])
        #expect(backend.messages.map(\.session) == [2, 2, 3])
        #expect(backend.commands(of: 2).first == "EHLO helo-1.example")
        #expect(backend.messages.allSatisfy { $0.isEncrypted == (encryption.mode == .required) })
      }
      await backend.stop()
    }
  }
}
