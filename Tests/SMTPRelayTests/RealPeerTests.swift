import Filtering
import Foundation
import NIOPosix
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// TLS, XCLIENT and PROXY with mail servers as they are; their own logs are read.
@Suite(.serialized, .apart) struct RealPeerTests {
  private static let mailboxes = BackendMailboxes(
    domains: ["b.example"], addresses: ["known@b.example", "two@b.example"])
  private static let loopback = IPAddress(v4: 0x7F00_0001)

  private static func tlsOptions(_ pair: TestCertificates.Pair) -> [String] {
    [
      "smtpd_tls_security_level=may", "smtpd_tls_cert_file=\(pair.certificate)",
      "smtpd_tls_key_file=\(pair.key)", "smtpd_tls_loglevel=1", "smtpd_client_connection_rate_limit=0",
    ]
  }

  private static func message(_ number: UInt64) -> HeldMessage {
    HeldMessage(
      memory: Array(
        "From: <a@a.example>\r\nDate: today\r\nMessage-ID: <\(number)@a.example>\r\nX-Number: \(number)\r\n\r\nHello\r\n"
          .utf8))
  }

  /// Delivers two messages for each of `count` clients, all at once.
  private static func deliver(_ count: UInt64, by relay: RelayFixture) async -> [String] {
    await withTaskGroup(of: [String].self) { group in
      for number in 1...count {
        group.addTask {
          var outcomes: [String] = []
          for _ in 0..<2 {
            let delivery = relay.delivery(
              message: message(number), isIdentifiable: false, client: BoundSessionTests.client(number),
              budget: .seconds(90))
            outcomes.append(await relay.deliver(delivery).short)
          }
          return outcomes
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
  }

  /// The number that a message carries, and the lines that Postfix wrote in front of it.
  private static func parse(_ mail: String) -> (number: Int, received: String)? {
    let lines = mail.split(separator: "\n", omittingEmptySubsequences: false)
    guard let number = lines.first(where: { $0.hasPrefix("X-Number: ") }).flatMap({ Int($0.dropFirst(10)) }),
      let first = lines.firstIndex(where: { $0.hasPrefix("Received: from ") }), first + 2 < lines.count
    else { return nil }
    return (number, lines[first...(first + 2)].joined(separator: "\n"))
  }

  private static func queueID(_ received: String) -> String? {
    received.split(separator: " id ").dropFirst().first.map {
      String($0.prefix { $0.isLetter || $0.isNumber })
    }
  }

  @Test(.timeLimit(.minutes(4)), needs(.postfix), arguments: [false, true])
  func aHundredClientsAtOnceAreNotMixedUpByXCLIENT(isEncrypted: Bool) async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("postfix", names: ["backend.postfix.test"])
    let postfix = try PostfixBackend(
      Self.mailboxes, xforward: true, serviceOptions: isEncrypted ? Self.tlsOptions(pair) : [])
    defer { postfix.stop() }
    try await withRelay(
      at: [(.ip(Self.loopback, port: postfix.port), false)], threads: 2,
      configure: {
        $0.identity = .xclient
        $0.connections = 40
        $0.connectTimeout = .seconds(30)
        $0.replyTimeout = .seconds(30)
        if isEncrypted {
          $0.encryption = .init(.verify, name: "backend.postfix.test", authorities: certificates.authority)
        }
      }, relay: { $0.learnBudget = .seconds(10) }
    ) { relay in
      let outcomes = await Self.deliver(100, by: relay)
      #expect(outcomes == Array(repeating: "delivered b0 250", count: 200))
      let mails = try postfix.waitForMail(to: "known@b.example", count: 200, within: .seconds(60))
      let log = postfix.log
      var seen: [Int: Int] = [:]
      for mail in mails {
        let (number, received) = try #require(Self.parse(mail))
        seen[number, default: 0] += 1
        #expect(
          received.hasPrefix(
            "Received: from helo-\(number).example (client-\(number).example [198.51.100.\(number)])"),
          "\(received)")
        #expect(received.contains(isEncrypted ? "with ESMTPSA" : "with ESMTPA"))
        let id = try #require(Self.queueID(received))
        #expect(
          log.contains(
            "\(id): client=client-\(number).example[198.51.100.\(number)], sasl_method=XCLIENT, sasl_username=user-\(number)\n"
          ))
      }
      #expect(seen.count == 100 && seen.values.allSatisfy { $0 == 2 })
      #expect(!log.contains("sasl_username=user-1,"))
      #expect(await relay.ask("gone@b.example").short == "unknown 550")
    }
  }

  @Test(.timeLimit(.minutes(4)), needs(.postfix), arguments: [false, true])
  func manyClientsAreNotMixedUpByPROXY(isEncrypted: Bool) async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("postfix", names: ["backend.postfix.test"])
    let postfix = try PostfixBackend(
      Self.mailboxes,
      serviceOptions: ["smtpd_upstream_proxy_protocol=haproxy"] + (isEncrypted ? Self.tlsOptions(pair) : []))
    defer { postfix.stop() }
    try await withRelay(
      at: [(.ip(Self.loopback, port: postfix.port), false)], threads: 2,
      configure: {
        $0.identity = .proxy
        $0.connections = 30
        $0.connectTimeout = .seconds(30)
        $0.replyTimeout = .seconds(30)
        if isEncrypted { $0.encryption = .init(.required) }
      }, relay: { $0.learnBudget = .seconds(10) }
    ) { relay in
      let outcomes = await Self.deliver(60, by: relay)
      #expect(outcomes == Array(repeating: "delivered b0 250", count: 120))
      for mail in try postfix.waitForMail(to: "known@b.example", count: 120, within: .seconds(60)) {
        let (number, received) = try #require(Self.parse(mail))
        #expect(
          received.hasPrefix("Received: from helo-\(number).example (unknown [198.51.100.\(number)])"),
          "\(received)")
        let id = try #require(Self.queueID(received))
        #expect(postfix.log.contains("\(id): client=unknown[198.51.100.\(number)]\n"))
      }
      #expect(await relay.ask("gone@b.example").short == "unknown 550")
    }
  }

  @Test(.timeLimit(.minutes(2)), needs(.postfix)) func postfixThatRefusesXCLIENTGetsNoMail() async throws {
    let postfix = try PostfixBackend(Self.mailboxes, xforward: false)
    defer { postfix.stop() }
    try await withRelay(
      at: [(.ip(Self.loopback, port: postfix.port), false)],
      configure: {
        $0.identity = .xclient
        $0.connectTimeout = .seconds(20)
      }, relay: { $0.learnBudget = .seconds(10) }
    ) { relay in
      let outcome = await relay.deliver(relay.delivery(client: BoundSessionTests.client(1)))
      #expect(outcome.short == "unavailable BACKEND_REFUSED_IDENTITY")
      #expect(postfix.mailbox("known@b.example").isEmpty)
    }
  }

  @Test(.timeLimit(.minutes(2)), needs(.postfix)) func postfixOverTLSShowsWhoItIs() async throws {
    let certificates = try TestCertificates()
    let good = try certificates.make("good", names: ["backend.postfix.test"])
    let expired = try certificates.make("expired", names: ["backend.postfix.test"], days: -1)
    let right = BackendEncryption(.verify, name: "backend.postfix.test", authorities: certificates.authority)
    let other = BackendEncryption(.verify, name: "other.test", authorities: certificates.authority)
    for (pair, encryption, fault) in [
      (good, right, nil), (good, other, "not for other.test"), (expired, right, "expired"),
    ] {
      let postfix = try PostfixBackend(Self.mailboxes, xforward: true, serviceOptions: Self.tlsOptions(pair))
      defer { postfix.stop() }
      try await withRelay(
        at: [(.ip(Self.loopback, port: postfix.port), false)],
        configure: {
          $0.encryption = encryption
          $0.connectTimeout = .seconds(20)
        }, relay: { $0.learnBudget = .seconds(10) }
      ) { relay in
        let outcome = await relay.deliver(relay.delivery())
        if let fault {
          #expect(outcome.short == "unavailable BACKEND_DOWN")
          #expect(relay.relay.status().first?.fault.contains(fault) == true)
        } else {
          #expect(outcome.short == "delivered b0 250")
          #expect(await eventuallyAsync { postfix.log.contains("client=client.example[192.0.2.7]") })
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(2)), needs(.exim)) func eximOverTLSTakesMailAndLogins() async throws {
    let certificates = try TestCertificates()
    let pair = try certificates.make("exim", names: ["backend.exim.test"])
    let exim = try EximBackend(
      Self.mailboxes,
      settings: [
        "tls_advertise_hosts = *", "tls_certificate = \(pair.certificate)", "tls_privatekey = \(pair.key)",
      ],
      sections: """
        begin authenticators
        plain:
          driver = plaintext
          public_name = PLAIN
          server_advertise_condition = ${if def:tls_in_cipher}
          server_prompts = :
          server_condition = ${if and{{eq{$auth2}{joe}}{eq{$auth3}{s3cret}}}}

        """)
    defer { exim.stop() }
    // Exim reads it as a user of its own.
    chmod(pair.key, 0o644)
    try await withRelay(
      at: [(.ip(Self.loopback, port: exim.port), false)],
      configure: {
        $0.encryption = .init(.verify, name: "backend.exim.test", authorities: certificates.authority)
        $0.connectTimeout = .seconds(20)
      }, relay: { $0.learnBudget = .seconds(10) }
    ) { relay in
      #expect(
        await relay.deliver(relay.delivery()).short == "delivered b0 250",
        "\(relay.relay.status()) \(exim.log)")
      #expect(await eventuallyAsync { exim.log.contains("X=TLS1.3") })
    }
    var configuration = BackendConfiguration(name: "exim", endpoint: .ip(Self.loopback, port: exim.port))
    configuration.encryption = .init(.optional)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let authenticator = BackendAuthenticator(configuration, hostname: "gateway.example", group: group)
    #expect(await authenticator.verify(user: "joe", password: Array("s3cret".utf8)) == .accepted(name: "joe"))
    guard case .refused = await authenticator.verify(user: "joe", password: Array("wrong".utf8)) else {
      Issue.record("a wrong password")
      return
    }
    configuration.encryption = .init(.off)
    let plain = BackendAuthenticator(configuration, hostname: "gateway.example", group: group)
    guard case .unavailable = await plain.verify(user: "joe", password: Array("s3cret".utf8)) else {
      Issue.record("no AUTH without TLS")
      return
    }
    try await group.shutdownGracefully()
  }
}
