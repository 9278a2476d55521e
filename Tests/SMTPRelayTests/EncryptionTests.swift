import Filtering
import Foundation
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// Sessions with a backend over TLS, and those that must not be.
@Suite struct EncryptionTests {
  @Test func goesOverTLSWhereOffered() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(.init { $0.certificate = pair }, configure: { $0.encryption = .init(.optional) })
    {
      backend, relay in
      #expect(relay.relay.status().first?.encryption.hasPrefix("TLSv1.3 TLS_") == true)
      for _ in 0..<3 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.messages.count == 3)
      #expect(backend.messages.allSatisfy { $0.isEncrypted && $0.session == 1 })
      #expect(
        Array(backend.commands.prefix(4))
          == ["EHLO gateway.example", "STARTTLS", "EHLO gateway.example", "MAIL FROM:<a@a.example> SIZE=96"])
      #expect(backend.lines.filter { $0.text.hasPrefix("MAIL") }.allSatisfy { $0.isEncrypted })
      #expect(await relay.ask("x@b.example").short == "known")
      #expect(backend.lines.filter { $0.text.hasPrefix("RCPT") }.allSatisfy { $0.isEncrypted })
    }
  }

  @Test func speaksLMTPOverTLS() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(
      .init {
        $0.certificate = pair
        $0.isLMTP = true
      }, configure: { $0.encryption = .init(.required) }
    ) { backend, relay in
      let delivery = relay.delivery(to: ["a@b.example", "c@b.example"])
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      #expect(backend.messages.map(\.isEncrypted) == [true])
      #expect(backend.commands.filter { $0 == "LHLO gateway.example" }.count == 2)
    }
  }

  /// A file of 5 MB and more, whose octets come out as they went in.
  @Test func sendsASpooledMessageOverTLS() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(.init { $0.certificate = pair }, configure: { $0.encryption = .init(.required) })
    {
      backend, relay in
      var body: [UInt8] = []
      var number: UInt32 = 1
      while body.count < 5_000_000 {
        number = number &* 1_664_525 &+ 1_013_904_223
        body += Array("line \(number)\r\n".utf8)
      }
      let spool = try FileSpool(body)
      let message = HeldMessage(
        memory: Array("Subject: large\r\n\r\n".utf8), spool: spool)
      for _ in 0..<2 {
        let outcome = await relay.deliver(relay.delivery(message: message, budget: .seconds(60)))
        #expect(outcome.short == "delivered b0 250")
      }
      let expected = Array("Received: by weir\r\nSubject: large\r\n\r\n".utf8) + body
      #expect(backend.messages.map { $0.content == expected } == [true, true])
      #expect(backend.messages.allSatisfy { $0.isEncrypted })
      #expect(spool.isOpen)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func goesInTheClearForAWhileWhereTLSFails() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(
      .init {
        $0.certificate = pair
        $0.garbage = "500 what is this"
      }, configure: { $0.encryption = .init(.optional) }
    ) { backend, relay in
      for _ in 0..<3 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.messages.allSatisfy { !$0.isEncrypted })
      #expect(await relay.ask("x@b.example").short == "known")
      #expect(relay.relay.status().first?.encryption == "clear")
      #expect(backend.commands.filter { $0 == "STARTTLS" }.count == 1)
      #expect(relay.sink.count(.backendTLS) == 1)
      #expect(relay.sink.count(.backendDown) == 0)
    }
    try await withTLSBackend(
      .init {
        $0.certificate = pair
        $0.startTLS = "454 4.7.0 TLS not available"
      }, configure: { $0.encryption = .init(.optional) }
    ) { backend, relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.sessions == 1 && relay.sink.count(.backendTLS) == 1)
    }
  }

  @Test func triesTLSAgainAfterAWhile() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(
      .init {
        $0.certificate = pair
        $0.garbage = "500 what is this"
      },
      configure: {
        $0.encryption = .init(.optional)
        $0.encryption.clearLifetime = .milliseconds(50)
        $0.sessionMessages = 1
      }
    ) { backend, relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.change { $0.garbage = nil }
      try await Task.sleep(for: .milliseconds(100))
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.messages.map(\.isEncrypted) == [false, true])
    }
  }

  @Test func noMailWithoutTLSWhereItIsRequired() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    let behaviours: [(TLSBackend.Behaviour, String)] = [
      (.init(), "it does not offer STARTTLS"),
      (.init { $0.replies["EHLO"] = "502 5.5.1 what" }, "the session was refused: 502 5.5.1 what"),
      (
        .init {
          $0.certificate = pair
          $0.startTLS = "454 4.7.0 not now"
        }, "STARTTLS was refused: 454 4.7.0 not now"
      ),
      (
        .init {
          $0.certificate = pair
          $0.garbage = "500 what is this"
        }, "the TLS handshake failed: the peer spoke no TLS: “500 what is this”"
      ),
    ]
    for (behaviour, words) in behaviours {
      try await withTLSBackend(behaviour, configure: { $0.encryption = .init(.required) }) { backend, relay in
        #expect(relay.relay.status().first?.health == .unheard || relay.relay.status().first?.health == .down)
        #expect(relay.relay.status().first?.fault == words)
        #expect(relay.sink.count(.backendDown) == 1)
        #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_DOWN")
        #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
      }
    }
  }

  @Test func lossOfTLSIsDeferredInItsOwnWords() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(
      .init { $0.certificate = pair },
      configure: {
        $0.encryption = .init(.required)
        $0.sessionMessages = 1
      }
    ) { backend, relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.change { $0.startTLS = "454 4.7.0 not now" }
      let outcome = await relay.deliver(relay.delivery())
      #expect(outcome.short == "unavailable BACKEND_TLS")
      #expect(outcome.detail == "b0: STARTTLS was refused: 454 4.7.0 not now")
      #expect(backend.messages.count == 1)
    }
  }

  /// Commands or replies smuggled in behind the 220 (CVE-2011-0411 the other way round).
  @Test(arguments: [BackendEncryption.Mode.optional, .required])
  func whatIsInjectedBehindTheWordForTLSEndsTheSession(mode: BackendEncryption.Mode) async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    try await withTLSBackend(.init { $0.certificate = pair }, configure: { $0.encryption = .init(mode) }) {
      backend, relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      backend.change { $0.startTLS = "220 2.0.0 go\r\n250-evil.test\r\n250 AUTH PLAIN" }
      #expect(await relay.relay.acceptsEverything("b.example", backend: "b0") == nil)
      #expect(backend.messages.count == 1)
      #expect(backend.commands.last == "STARTTLS")
    }
  }

  // MARK: Whose certificate

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var file = "good"
    var encryption: @Sendable (TestCertificates) throws -> BackendEncryption
    var endpoint: @Sendable (UInt16) -> Endpoint = { .ip(IPAddress(v4: 0x7F00_0001), port: $0) }
    /// Part of what is said; nil where mail goes through.
    var fault: String?
    var testDescription: String { name }
  }

  private static func authority(_ certificates: TestCertificates, name: String? = "backend.test")
    -> BackendEncryption
  { BackendEncryption(.verify, name: name, authorities: certificates.authority) }

  static let cases: [Case] = [
    Case(name: "right name", encryption: { authority($0) }),
    Case(name: "name in other letters", encryption: { authority($0, name: "BACKEND.test") }),
    Case(name: "wildcard", encryption: { authority($0, name: "mx.wild.test") }),
    Case(name: "wrong name", encryption: { authority($0, name: "other.test") }, fault: "not for other.test"),
    Case(name: "the address is in it", file: "address", encryption: { authority($0, name: nil) }),
    Case(name: "the address is not in it", encryption: { authority($0, name: nil) }, fault: "tls_name"),
    Case(
      name: "the endpoint's name", file: "local", encryption: { authority($0, name: nil) },
      endpoint: { .name("localhost", port: $0) }),
    Case(
      name: "not the endpoint's name", encryption: { authority($0, name: nil) },
      endpoint: { .name("localhost", port: $0) }, fault: "not for localhost"),
    Case(name: "expired", file: "expired", encryption: { authority($0) }, fault: "expired"),
    Case(name: "its own authority", file: "own", encryption: { authority($0) }, fault: "verified"),
    Case(
      name: "no authority of the system",
      encryption: { _ in BackendEncryption(.verify, name: "backend.test") },
      fault: "verified"),
    Case(
      name: "right pin, wrong name and authority", file: "own",
      encryption: { BackendEncryption(.verify, name: "x.test", pins: [[7], try pin(of: "own", $0)]) }),
    Case(
      name: "wrong pin",
      encryption: { BackendEncryption(.verify, name: "backend.test", pins: [try pin(of: "own", $0)]) },
      fault: "none of those pinned"),
    Case(name: "required takes any", file: "expired", encryption: { _ in BackendEncryption(.required) }),
  ]

  private static func pin(of file: String, _ certificates: TestCertificates) throws -> [UInt8] {
    let path = certificates.folder.file(file)
    let result = try run(
      "sh",
      [
        "-c",
        "openssl x509 -in \(path).pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -hex",
      ])
    let digits = Array(result.output.split(separator: " ").last?.filter(\.isHexDigit) ?? "")
    guard digits.count == 64 else { throw HarnessFault(result.errors) }
    return stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
  }

  @Test(arguments: cases) func theRightPeerAndNoOther(example: Case) async throws {
    let certificates = try TestCertificates()
    let pair =
      switch example.file {
      case "address": try certificates.make("address", names: ["127.0.0.1"])
      case "local": try certificates.make("local", names: ["localhost"])
      case "expired": try certificates.make("expired", names: ["backend.test"], days: -1)
      default: try certificates.make("good", names: ["backend.test", "*.wild.test"])
      }
    let own = try certificates.make("own", names: ["backend.test"], signsItself: true)
    let encryption = try example.encryption(certificates)
    try await withTLSBackend(
      .init { $0.certificate = example.file == "own" ? own : pair }, endpoint: example.endpoint,
      configure: { $0.encryption = encryption }
    ) { backend, relay in
      let outcome = await relay.deliver(relay.delivery()).short
      let status = try #require(relay.relay.status().first)
      if let fault = example.fault {
        #expect(outcome == "unavailable BACKEND_DOWN")
        #expect(status.fault.contains(fault), "\(status.fault)")
        #expect(backend.messages.isEmpty)
      } else {
        #expect(outcome == "delivered b0 250", "\(status.fault)")
        #expect(status.encryption.hasSuffix(" verified") == (encryption.mode == .verify))
      }
    }
  }

  @Test func aFileOfAuthoritiesThatIsNoneIsSaidBeforehand() throws {
    let folder = try ScratchFolder("authorities")
    var backend = BackendConfiguration(name: "b", endpoint: .name("backend.test", port: 25))
    #expect(backend.encryptionProblem == nil)
    backend.encryption = BackendEncryption(.verify, authorities: folder.file("missing.pem"))
    #expect(backend.encryptionProblem?.hasPrefix(folder.file("missing.pem")) == true)
    backend.encryption.authorities = try folder.write("empty.pem", "nothing\n")
    #expect(backend.encryptionProblem != nil)
  }

  // MARK: REQUIRETLS

  @Test func requireTLSNeedsTheRightPeerThatOffersIt() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    var parameters = MailParameters()
    parameters.requireTLS = true
    let right = BackendEncryption(.verify, name: "backend.test", authorities: certificates.authority)
    for (mode, offers, isTaken) in [
      (right, true, true), (right, false, false), (BackendEncryption(.required), true, false),
      (BackendEncryption(.optional), true, false), (BackendEncryption(.off), true, false),
    ] {
      try await withTLSBackend(
        .init {
          $0.certificate = pair
          if offers { $0.keywords.append("REQUIRETLS") }
        }, configure: { $0.encryption = mode }
      ) { backend, relay in
        // What cannot be kept is not offered to clients either.
        #expect(relay.relay.capabilities().first?.requireTLS == isTaken)
        let outcome = await relay.deliver(relay.delivery(parameters: parameters))
        if isTaken {
          #expect(outcome.short == "delivered b0 250")
          #expect(
            backend.commands.contains {
              $0.hasPrefix("MAIL FROM:<a@a.example>") && $0.hasSuffix(" REQUIRETLS")
            })
        } else {
          guard case .refused(let reply, _) = outcome else {
            Issue.record("\(outcome)")
            return
          }
          #expect(reply.code == 550 && reply.enhanced == Reply.Enhanced(7, 30))
          #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
        }
        #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
        #expect(backend.commands.last { $0.hasPrefix("MAIL") }?.contains("REQUIRETLS") == false)
      }
    }
  }

  @Test func requireTLSWaitsForABackendThatIsDown() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("backend", names: ["backend.test"])
    var parameters = MailParameters()
    parameters.requireTLS = true
    let plain = try ScriptedBackend()
    let right = BackendEncryption(.verify, name: "backend.test", authorities: certificates.authority)
    let backend = try await TLSBackend(
      .init {
        $0.certificate = pair
        $0.encryptedKeywords = ["REQUIRETLS"]
      })
    let loopback = IPAddress(v4: 0x7F00_0001)
    for endpoints in [[plain.port, backend.port], [backend.port, plain.port]] {
      backend.change { $0.startTLS = "220 2.0.0 go" }
      try await withRelay(
        at: endpoints.map { (.ip(loopback, port: $0), false) },
        configure: {
          if $0.endpoint == .ip(loopback, port: backend.port) { $0.encryption = right }
          $0.sessionMessages = 1
        }
      ) { relay in
        let name = endpoints[0] == backend.port ? "b0" : "b1"
        #expect(await relay.deliver(relay.delivery(parameters: parameters)).short == "delivered \(name) 250")
        backend.change { $0.startTLS = "454 4.7.0 not now" }
        #expect(
          await relay.deliver(relay.delivery(parameters: parameters)).short.hasPrefix("unavailable BACKEND_"))
      }
    }
    #expect(plain.commands.allSatisfy { !$0.hasPrefix("MAIL") })
    await backend.stop()
  }
}
