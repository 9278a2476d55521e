import Bytes
import Cryptography
import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing
import TransportSecurity

/// Connects and shakes hands; the channel stays open.
///
/// - Parameter drips: whether each octet is sent for itself.
func connect(
  _ port: UInt16, _ configuration: ClientTLSConfiguration, drips: Bool = false
) async throws -> (TLSEstablished, any Channel) {
  let client = try ClientTLS(configuration)
  let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: TLSEstablished.self)
  let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(Outcome(promise))
        try client.begin(on: pipeline)
        if drips { try pipeline.addHandler(Dripper(), position: .first) }
      }
    }
    .connect(host: "127.0.0.1", port: Int(port)).get()
  do {
    return (try await promise.futureResult.get(), channel)
  } catch {
    try? await channel.close()
    throw error
  }
}

private final class Outcome: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let promise: EventLoopPromise<TLSEstablished>

  init(_ promise: EventLoopPromise<TLSEstablished>) {
    self.promise = promise
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let established = event as? TLSEstablished { promise.succeed(established) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }

  func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}

private final class Dripper: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var buffer = unwrapOutboundIn(data)
    while buffer.readableBytes > 1, let octet = buffer.readSlice(length: 1) {
      context.writeAndFlush(wrapOutboundOut(octet), promise: nil)
    }
    context.write(wrapOutboundOut(buffer), promise: promise)
  }
}

/// The relay's side of TLS.
@Suite(needs(.openssl), .apart) struct ClientTLSTests {
  private let made: TestCertificates

  init() throws {
    made = try TestCertificates()
  }

  private func server(_ pair: TestCertificates.Pair) async throws -> LineServer {
    try await LineServer(
      ServerTLSConfiguration(standard: .init(certificate: pair.certificate, key: pair.key)))
  }

  /// What the handshake came to: the words of the fault, or nil.
  private func fault(_ server: LineServer, _ configuration: ClientTLSConfiguration) async -> TLSFault? {
    do {
      try await connect(server.port, configuration).1.close()
      return nil
    } catch {
      return error as? TLSFault ?? TLSFault(.broken, "no fault of TLS: \(error)")
    }
  }

  private func full(_ name: String?) -> ClientTLSConfiguration {
    ClientTLSConfiguration(serverName: name, authorities: .file(made.authority), verification: .full)
  }

  @Test func theNameAndTheAuthorityMustBeRight() async throws {
    let server = try await server(
      try made.make("mx", names: ["mx.example.org", "*.example.net"], key: .rsa2048))
    for name in ["mx.example.org", "MX.example.ORG", "a.example.net"] {
      #expect(await fault(server, full(name)) == nil, "\(name)")
    }
    let (established, channel) = try await connect(server.port, full("mx.example.org"))
    #expect(established.version == "TLSv1.3")
    #expect(established.cipher.hasPrefix("TLS_"))
    #expect(established.serverName == "mx.example.org")
    #expect(established.certificate?.subject == "CN=mx.example.org")
    #expect(established.certificate?.isVerified == true)
    // The client is through first.
    #expect(await eventuallyHeard { !server.record.established.isEmpty })
    #expect(established.channelBinding == server.record.established.last?.channelBinding)
    #expect(server.record.established.last?.serverName == "mx.example.org")
    #expect(server.record.established.last?.cipher == established.cipher)
    try await channel.close()

    let wrong = await fault(server, full("mail.example.org"))
    #expect(wrong?.kind == .verification)
    #expect(
      wrong?.reason
        == "the server's certificate is for mx.example.org, *.example.net, not for mail.example.org")
    #expect(await fault(server, full("a.b.example.net"))?.kind == .verification)
    // No name: the address, which the certificate does not hold.
    #expect(await fault(server, full(nil))?.kind == .verification)
    #expect(await fault(server, full("127.0.0.1"))?.kind == .verification)

    let strangers = try TestCertificates("Strangers")
    let theirs = ClientTLSConfiguration(
      serverName: "mx.example.org", authorities: .file(strangers.authority), verification: .full)
    let unknown = await fault(server, theirs)
    withExtendedLifetime(strangers) {}
    #expect(unknown?.kind == .verification)
    #expect(unknown?.reason.contains("unable to get local issuer certificate") == true)
    let system = await fault(
      server, ClientTLSConfiguration(serverName: "mx.example.org", verification: .full))
    #expect(system?.kind == .verification)
    // Who encrypts only is told the same and goes on.
    let (open, other) = try await connect(server.port, ClientTLSConfiguration(serverName: "other.example"))
    #expect(open.certificate?.isVerified == false)
    #expect(open.certificate?.fingerprint == established.certificate?.fingerprint)
    try await other.close()
    try await server.close()
  }

  @Test func anAddressInTheCertificateServes() async throws {
    let server = try await server(try made.make("ip", names: ["127.0.0.1"]))
    #expect(await fault(server, full(nil)) == nil)
    #expect(await fault(server, full("127.0.0.1")) == nil)
    #expect(await fault(server, full("mx.example.org"))?.kind == .verification)
    try await server.close()
  }

  @Test func anExpiredCertificateIsNone() async throws {
    let server = try await server(try made.make("old", names: ["old.example"], days: -1))
    let fault = await fault(server, full("old.example"))
    #expect(fault?.reason == "the server's certificate could not be verified: certificate has expired")
    try await server.close()
  }

  @Test func pinsAreOfTheKeyAndOfNothingElse() async throws {
    let pair = try made.make("pinned", names: ["pinned.example"], days: -1, signsItself: true)
    let server = try await server(pair)
    let own = try #require(try Certificate.chain(pem: try readBytes(atPath: pair.certificate)).first)
    func pinned(_ pins: [[UInt8]]) -> ClientTLSConfiguration {
      ClientTLSConfiguration(serverName: "whatever.example", verification: .pins(pins))
    }
    #expect(await fault(server, pinned([own.publicKeyHash])) == nil)
    #expect(await fault(server, pinned([[UInt8](repeating: 0, count: 32), own.publicKeyHash])) == nil)
    let wrong = await fault(server, pinned([own.fingerprint]))
    #expect(wrong?.kind == .verification)
    #expect(
      wrong?.reason.hasSuffix("sha256:" + own.publicKeyHash.map { String(format: "%02x", $0) }.joined())
        == true)
    #expect(await fault(server, pinned([]))?.kind == .verification)
    try await server.close()
  }

  @Test func whatIsWrongWithTheAuthoritiesIsSaidBeforehand() throws {
    let missing = ClientTLSConfiguration(
      serverName: nil, authorities: .file(made.folder.file("nowhere.pem")), verification: .full)
    do throws(TLSFault) {
      _ = try ClientTLS(missing)
      Issue.record("there is no such file")
    } catch {
      #expect(error.description == "\(made.folder.file("nowhere.pem")): there is no such file")
    }
    _ = try ClientTLS(ClientTLSConfiguration(serverName: nil, authorities: .system, verification: .full))
  }

  @Test func aServerWithoutTLSIsSaidToBeOne() async throws {
    let pair = try made.make("plain", names: ["plain.example"])
    let store = try CertificateStore(
      ServerTLSConfiguration(standard: .init(certificate: pair.certificate, key: pair.key)))
    let server = try await LineServer(store, implicit: false)
    let fault = await fault(server, ClientTLSConfiguration(serverName: nil))
    #expect(fault?.kind == .handshake)
    #expect(fault?.reason.hasSuffix("the peer spoke no TLS: “220 test”") == true, "\(fault?.reason ?? "-")")
    try await server.close()
  }

  @Test func versionsThatDoNotMeetAreSaid() async throws {
    let pair = try made.make("versions", names: ["versions.example"])
    let old = try RunningTLSServer(pair, "-tls1_1")
    let fault = await faultOf(old.port, ClientTLSConfiguration(serverName: nil))
    #expect(fault?.kind == .handshake)
    let lenient = ClientTLSConfiguration(serverName: nil, minimumVersion: .v1_0)
    let (established, channel) = try await connect(old.port, lenient)
    #expect(established.version == "TLSv1.1")
    try? await channel.close()
  }

  private func faultOf(_ port: UInt16, _ configuration: ClientTLSConfiguration) async -> TLSFault? {
    do {
      try await connect(port, configuration).1.close()
      return nil
    } catch {
      return error as? TLSFault
    }
  }
}

/// The `openssl s_server` command.
private final class RunningTLSServer: Sendable {
  let port: UInt16
  private let process: RunningProcess

  init(_ pair: TestCertificates.Pair, _ arguments: String...) throws {
    port = try FreePort.take()
    process = try RunningProcess(
      "openssl",
      [
        "s_server", "-accept", "127.0.0.1:\(port)", "-cert", pair.certificate, "-key", pair.key, "-cipher",
        "ALL:@SECLEVEL=0", "-quiet",
      ] + arguments, joined: true)
    try process.waitForPort(port)
  }
}
