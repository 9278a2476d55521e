import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import TransportSecurity

/// A server that knows four words of SMTP, with TLS from the first octet or after STARTTLS.
final class LineServer: Sendable {
  let port: UInt16
  let record: Record
  private let channel: any Channel

  /// What the connections met.
  final class Record: Sendable {
    private let sessions = Mutex<[TLSEstablished]>([])
    private let faults = Mutex<[String]>([])
    private let lines = Mutex<[String]>([])

    func add(_ session: TLSEstablished) { sessions.withLock { $0.append(session) } }
    func add(_ error: any Error) { faults.withLock { $0.append("\(error)") } }
    func add(line: String) { lines.withLock { $0.append(line) } }

    var established: [TLSEstablished] { sessions.withLock { $0 } }
    /// The words of the errors, in their order.
    var errors: [String] { faults.withLock { $0 } }
    var heard: [String] { lines.withLock { $0 } }
  }

  init(_ store: CertificateStore, implicit: Bool, port: UInt16 = 0) async throws {
    let record = Record()
    self.record = record
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 1024)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(LineHandler(store, record, isImplicit: implicit))
          if implicit { try ServerTLS.begin(on: pipeline, store: store) }
        }
      }
      .bind(host: "127.0.0.1", port: Int(port)).get()
    self.port = UInt16(channel.localAddress?.port ?? 0)
  }

  convenience init(
    _ configuration: ServerTLSConfiguration, implicit: Bool = true
  ) async throws {
    try await self.init(try CertificateStore(configuration), implicit: implicit)
  }

  func close() async throws { try await channel.close() }
}

private final class LineHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let store: CertificateStore
  private let record: LineServer.Record
  private let isImplicit: Bool
  private var text = ""

  init(_ store: CertificateStore, _ record: LineServer.Record, isImplicit: Bool) {
    self.store = store
    self.record = record
    self.isImplicit = isImplicit
  }

  func channelActive(context: ChannelHandlerContext) {
    if !isImplicit { say("220 test", context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let established = event as? TLSEstablished {
      record.add(established)
      if isImplicit { say("220 test", context) }
    } else if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    text += String(buffer: unwrapInboundIn(data))
    while let end = text.range(of: "\r\n") {
      let line = String(text[..<end.lowerBound])
      text = String(text[end.upperBound...])
      record.add(line: line)
      switch line.prefix(4).uppercased() {
      case "EHLO": say("250-test\r\n250 STARTTLS", context)
      case "STAR":
        say("220 go ahead", context)
        do {
          try ServerTLS.begin(on: context.pipeline.syncOperations, store: store)
        } catch {
          record.add(error)
        }
        return
      case "QUIT":
        say("221 bye", context)
        context.close(promise: nil)
      default: say("250 \(line)", context)
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    record.add(error)
  }

  private func say(_ line: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: line + "\r\n")), promise: nil)
  }
}

/// The `openssl s_client` command against a server, with a few lines to say.
func client(
  _ server: LineServer, _ arguments: [String] = [], name: String? = nil, startTLS: Bool = false,
  says lines: [String] = ["HELLO", "QUIT"]
) throws -> CommandResult {
  let text = lines.map { $0 + "\n" }.joined()
  return try run(
    "openssl",
    ["s_client", "-connect", "127.0.0.1:\(server.port)", "-crlf", "-ign_eof"]
      + (name.map { ["-servername", $0] } ?? ["-noservername"])
      + (startTLS ? ["-starttls", "smtp"] : []) + arguments,
    input: Array(text.utf8), joined: true, within: .seconds(30))
}
