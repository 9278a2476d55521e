import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import TransportSecurity

/// The gateway's side of TLS against the `openssl` command.
@Suite(needs(.openssl), .apart) struct ServerTLSTests {
  private let made: TestCertificates
  private let standard: ServerTLSConfiguration.Pair

  init() throws {
    made = try TestCertificates()
    let pair = try made.make("mx", names: ["mx.example.org"], key: .rsa2048)
    standard = .init(certificate: pair.certificate, key: pair.key)
  }

  private func named(_ file: String, _ name: String) throws -> ServerTLSConfiguration.Pair {
    let pair = try made.make(file, names: [name])
    return .init(names: [name], certificate: pair.certificate, key: pair.key)
  }

  @Test(arguments: [true, false]) func bothVersionsBothWaysIn(implicit: Bool) async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard), implicit: implicit)
    for (option, version, cipher) in [
      ("-tls1_3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"), ("-tls1_2", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
    ] {
      let choice = option == "-tls1_3" ? ["-ciphersuites", cipher] : ["-cipher", cipher]
      let result = try client(
        server, [option, "-CAfile", made.authority] + choice, name: "MX.example.org.", startTLS: !implicit)
      #expect(result.output.contains("250 HELLO"), "\(result.output)")
      #expect(result.output.contains("221 bye"))
      #expect(result.output.contains("Verify return code: 0 (ok)"))
      #expect(result.output.contains("Compression: NONE"))
      let last = try #require(server.record.established.last)
      #expect(last.version == version)
      #expect(last.cipher == cipher)
      #expect(last.serverName == "mx.example.org")
      #expect(last.certificate == nil)
      #expect(last.channelBinding.count == 32)
    }
    #expect(server.record.errors == [])
    try await server.close()
  }

  @Test func theCertificateFollowsTheName() async throws {
    let configuration = ServerTLSConfiguration(
      standard: standard, others: [try named("a", "a.example.net"), try named("w", "*.example.com")])
    let server = try await LineServer(configuration, implicit: false)
    let store = try CertificateSet(configuration)
    for (name, subject) in [
      (nil, "mx.example.org"), ("a.example.net", "a.example.net"), ("x.example.com", "*.example.com"),
      ("unknown.example", "mx.example.org"),
    ] as [(String?, String)] {
      let result = try client(server, name: name, startTLS: true)
      #expect(result.output.contains("subject=CN = \(subject)"), "\(name ?? "-"): \(result.output)")
      let last = try #require(server.record.established.last)
      #expect(last.serverName == name)
      #expect(last.channelBinding == store.choose(name).certificate.channelBinding)
    }
    try await server.close()
  }

  @Test func oldVersionsAreRefusedUntilTheOperatorSaysSo() async throws {
    let strict = try await LineServer(ServerTLSConfiguration(standard: standard))
    // Debian's openssl speaks the old ones at security level 0 only.
    let old = ["-cipher", "ALL:@SECLEVEL=0"]
    for option in ["-tls1", "-tls1_1"] {
      let result = try client(strict, [option] + old)
      #expect(!result.output.contains("250 HELLO"), "\(option)")
    }
    #expect(strict.record.established == [])
    #expect(strict.record.errors.count == 2)
    for error in strict.record.errors { #expect(error.contains("tls.min_version"), "\(error)") }
    try await strict.close()
    let lenient = try await LineServer(ServerTLSConfiguration(standard: standard, minimumVersion: .v1_0))
    for (option, version) in [("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"), ("-tls1_3", "TLSv1.3")] {
      let result = try client(lenient, [option] + old)
      #expect(result.output.contains("250 HELLO"), "\(option): \(result.output)")
      #expect(lenient.record.established.last?.version == version)
    }
    try await lenient.close()
    let newest = try await LineServer(ServerTLSConfiguration(standard: standard, minimumVersion: .v1_3))
    #expect(!(try client(newest, ["-tls1_2"])).output.contains("250 HELLO"))
    #expect((try client(newest)).output.contains("250 HELLO"))
    try await newest.close()
  }

  @Test func onlyTheCiphersNamedAreSpoken() async throws {
    let one = try CipherSuite.list("ECDHE-RSA-AES128-GCM-SHA256").suites
    let server = try await LineServer(ServerTLSConfiguration(standard: standard, ciphers: one))
    let refused = try client(server, ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"])
    #expect(!refused.output.contains("250 HELLO"))
    #expect(server.record.errors.first?.contains("no cipher suite that both sides allow") == true)
    #expect((try client(server, ["-tls1_2"])).output.contains("250 HELLO"))
    #expect(server.record.established.last?.cipher == "ECDHE-RSA-AES128-GCM-SHA256")
    try await server.close()
  }

  @Test func renegotiationIsRefused() async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard))
    // The command takes R for one when it comes alone.
    let result = try run(
      "sh",
      [
        "-c",
        "(echo FIRST; sleep 1; echo R; sleep 1; echo SECOND; sleep 1) |"
          + " openssl s_client -connect 127.0.0.1:\(server.port) -tls1_2 -crlf",
      ], joined: true, within: .seconds(30))
    #expect(result.output.contains("250 FIRST"))
    #expect(result.output.contains("RENEGOTIATING"))
    #expect(!result.output.contains("250 SECOND"))
    try #require(await eventuallyHeard { !server.record.errors.isEmpty })
    #expect(server.record.errors.contains { $0.contains("negotiate again") }, "\(server.record.errors)")
    try await server.close()
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"]) func sessionsAreResumedByTicket(version: String) async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard))
    let file = made.folder.file("session\(version).pem")
    let first = try client(server, [version, "-sess_out", file])
    #expect(first.output.contains("New, TLSv1"))
    let second = try client(server, [version, "-sess_in", file])
    #expect(second.output.contains("Reused, TLSv1"), "\(second.output)")
    #expect(second.output.contains("250 HELLO"))
    let both = server.record.established
    #expect(both.count == 2)
    #expect(both.first?.cipher == both.last?.cipher)
    #expect(both.first?.channelBinding == both.last?.channelBinding)
    try await server.close()
  }

  @Test func clientCertificatesAreAskedForAndNotRequired() async throws {
    var configuration = ServerTLSConfiguration(standard: standard, clientCertificates: .ask)
    let own = try made.make("printer", subject: "/O=Example/CN=printer")
    let stranger = try made.make("stranger", subject: "/CN=stranger", signsItself: true)
    func show(_ pair: TestCertificates.Pair) -> [String] { ["-cert", pair.certificate, "-key", pair.key] }
    let fingerprint = try TestCertificates.openssl([
      "x509", "-in", own.certificate, "-noout", "-fingerprint", "-sha256",
    ]).split(separator: "=")[1].filter(\.isHexDigit).lowercased()

    let open = try await LineServer(configuration)
    #expect((try client(open)).output.contains("250 HELLO"))
    #expect(open.record.established.last?.certificate == nil)
    #expect((try client(open, show(own))).output.contains("250 HELLO"))
    #expect(
      open.record.established.last?.certificate
        == .init(fingerprint: fingerprint, subject: "CN=printer,O=Example", isVerified: false),
      "without an authority nobody is verified")
    try await open.close()

    configuration.clientAuthorities = made.authority
    let closed = try await LineServer(configuration, implicit: false)
    for version in ["-tls1_2", "-tls1_3"] {
      let file = made.folder.file("certified\(version).pem")
      let output = try client(closed, show(own) + [version, "-sess_out", file], startTLS: true).output
      #expect(output.contains("250 HELLO"), "\(output)")
      let certificate = closed.record.established.last?.certificate
      #expect(certificate?.isVerified == true)
      #expect(certificate?.fingerprint == fingerprint)
      let again = try client(closed, show(own) + [version, "-sess_in", file], startTLS: true).output
      #expect(again.contains("250 HELLO"))
      #expect(closed.record.established.last?.certificate == certificate, "resumed or not: \(version)")
      #expect((try client(closed, show(stranger) + [version], startTLS: true)).output.contains("250 HELLO"))
      let other = closed.record.established.last?.certificate
      #expect(other?.subject == "CN=stranger")
      #expect(other?.isVerified == false)
    }
    #expect(closed.record.errors == [])
    try await closed.close()
    let off = try await LineServer(ServerTLSConfiguration(standard: standard))
    _ = try client(off, show(own))
    #expect(off.record.established.last?.certificate == nil)
    try await off.close()
  }

  @Test func whoeverSpeaksNoTLSIsGoneAtTheFirstOctet() async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard))
    for (said, reason) in [
      ("E", "spoke no TLS"), ("EHLO mx.example\r\n", "spoke no TLS: “EHLO mx.example”"),
      ("GET / HTTP/1.0\r\n\r\n", "spoke no TLS: “GET / HTTP/1.0”"), ("\u{16}\u{2}", "spoke no TLS"),
    ] {
      let count = server.record.errors.count
      let socket = try RawClient(port: server.port)
      try socket.send(said)
      #expect(throws: Never.self) { try socket.readUntilClosed(within: .seconds(5)) }
      #expect(await eventuallyHeard { server.record.errors.count == count + 1 })
      #expect(server.record.errors.last?.hasSuffix(reason) == true, "\(server.record.errors)")
    }
    for octets: [UInt8] in [[22, 3, 1, 0xFF, 0xFF], [22, 3, 1, 0, 0], [0x80, 0x2E, 1]] {
      let socket = try RawClient(port: server.port)
      try socket.send(octets)
      #expect(throws: Never.self) { try socket.readUntilClosed(within: .seconds(5)) }
    }
    #expect(server.record.heard == [])
    try await server.close()
  }

  @Test func nothingInTheClearPassesWhileTheHandshakeLasts() async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard), implicit: false)
    let socket = try RawClient(port: server.port)
    #expect(try socket.reply().code == 220)
    #expect(try socket.command("STARTTLS").text == "go ahead")
    // The beginning of a record that never ends, with a command in it, and the end of what the client will say.
    try socket.send([22, 3, 1, 0x40, 0] + Array("\r\nINJECTED\r\n".utf8))
    socket.closeWriting()
    #expect(try socket.readUntilClosed(within: .seconds(5)) == "")
    #expect(server.record.heard == ["STARTTLS"])
    #expect(server.record.errors.last?.contains("hung up in the middle") == true, "\(server.record.errors)")
    try await server.close()
  }

  @Test func aHandshakeInDropsIsAHandshake() async throws {
    let server = try await LineServer(ServerTLSConfiguration(standard: standard))
    let (established, channel) = try await connect(
      server.port, ClientTLSConfiguration(serverName: "mx.example.org"), drips: true)
    #expect(established.version == "TLSv1.3")
    // The client is through first.
    #expect(await eventuallyHeard { server.record.established.last?.serverName == "mx.example.org" })
    try await channel.close()
    try await server.close()
  }

  @Test func manyHandshakesAtOnce() async throws {
    let pair = try made.make("quick", names: ["quick.example"])
    let server = try await LineServer(
      ServerTLSConfiguration(standard: .init(certificate: pair.certificate, key: pair.key)))
    let count = 200
    try await withThrowingTaskGroup(of: TLSEstablished.self) { group in
      for _ in 0..<count {
        group.addTask {
          try await connect(server.port, ClientTLSConfiguration(serverName: "quick.example")).0
        }
      }
      for try await established in group { #expect(established.version == "TLSv1.3") }
    }
    #expect(await eventuallyHeard { server.record.established.count == count })
    #expect(server.record.errors == [])
    try await server.close()
  }

  @Test func aReloadIsForThoseWhoComeAfterIt() async throws {
    let store = try CertificateStore(ServerTLSConfiguration(standard: standard))
    let server = try await LineServer(store, implicit: true)
    let (_, channel) = try await connect(server.port, ClientTLSConfiguration(serverName: nil))
    let other = try made.make("other", names: ["other.example"])
    for (from, to) in [(other.certificate, standard.certificate), (other.key, standard.key)] {
      try Data(try readBytes(atPath: from)).write(to: URL(fileURLWithPath: to))
    }
    #expect(try store.reload())
    #expect((try client(server)).output.contains("subject=CN = other.example"))
    #expect(channel.isActive)
    try await channel.close()
    try await server.close()
  }
}

/// Whether something comes to be within some seconds.
func eventuallyHeard(_ condition: @Sendable () -> Bool) async -> Bool {
  for _ in 0..<500 {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}
