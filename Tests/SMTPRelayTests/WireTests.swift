import Filtering
import Foundation
import NIOCore
import NIOPosix
import NetAddress
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// What the sockets do to the dialogue.
@Suite struct WireTests {
  /// Every byte of every reply comes in a segment of its own.
  @Test func repliesMayDrip() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(DrippingServer())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = UInt16(try #require(server.localAddress?.port))
    try await withRelay(
      at: [(.ip(IPAddress(v4: 0x7F00_0001), port: port), false)],
      configure: { $0.replyTimeout = .seconds(10) }
    ) { relay in
      for _ in 0..<2 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(await relay.ask("unknown@b.example").short == "unknown 550")
      #expect(relay.relay.capabilities().first?.size == 123_456)
    }
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test func unixSocketsAndNames() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let folder = try ScratchFolder("relay")
    let path = folder.file("lmtp")
    let bootstrap = ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(DrippingServer())
        }
      }
    let server = try await bootstrap.bind(unixDomainSocketPath: path).get()
    try await withRelay(at: [(.unix(path), false)], configure: { $0.replyTimeout = .seconds(10) }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
    try await server.close()
    try await group.shutdownGracefully()

    let backend = try ScriptedBackend()
    try await withRelay(at: [(.name("localhost", port: backend.port), false)]) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func endlessReplyLineIsCut() async throws {
    let backend = try ScriptedBackend(
      .at(.connect, .replyAndClose("220 " + String(repeating: "x", count: 100_000))))
    try await withRelay(backend) { relay in
      #expect(relay.relay.status().first?.fault == "a reply line without end")
    }
  }

  @Test func newRelayKnowsWhatTheOldOneDelivered() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      await relay.relay.willComeAgain(
        relay.delivery(), takenWith: Reply(250, 2, 0, "Mine"), at: RelayFixture.time)
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      var configuration = BackendConfiguration(
        name: "b0", endpoint: .ip(IPAddress(v4: 0x7F00_0001), port: backend.port))
      configuration.sessionMessages = 5
      let fresh = BackendRelay(
        RelayConfiguration(hostname: "gateway.example"), backends: [configuration], group: group,
        replacing: relay.relay, events: RecordingSink())
      #expect(await fresh.deliver(relay.delivery(), at: RelayFixture.time).short == "repeat b0 250")
      await fresh.close()
      try await group.shutdownGracefully()
    }
  }

  @Test func tasksStayOnTheirEventLoop() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let group = MultiThreadedEventLoopGroup.singleton
      let loop = group.next()
      let own = BackendRelay(
        RelayConfiguration(hostname: "gateway.example"),
        backends: [
          BackendConfiguration(name: "b0", endpoint: .ip(IPAddress(v4: 0x7F00_0001), port: backend.port))
        ], group: group, events: RecordingSink())
      await own.learn()
      let caller = try #require(Caller(loop))
      #expect(await caller.deliver(relay.delivery(), by: own, on: loop) == ["delivered b0 250", "true"])
      await own.close()
    }
  }
}

/// An actor on an event loop, as a connection of the gateway is.
private actor Caller {
  private let executor: any NIOSerialEventLoopExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init?(_ loop: any EventLoop) {
    guard let executor = loop as? any NIOSerialEventLoopExecutor else { return nil }
    self.executor = executor
  }

  func deliver(_ delivery: Delivery, by relay: BackendRelay, on loop: any EventLoop) async -> [String] {
    let outcome = await relay.deliver(delivery, at: RelayFixture.time)
    return [outcome.short, "\(loop.inEventLoop)"]
  }
}

/// A server that knows everybody but `unknown@…`, and says each byte by itself.
private final class DrippingServer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private var buffer = ByteBuffer()
  private var isInData = false
  private var pending: [UInt8] = []
  private var isSending = false

  func channelActive(context: ChannelHandlerContext) { say("220-hello\r\n220 there", context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var more = unwrapInboundIn(data)
    buffer.writeBuffer(&more)
    while let end = buffer.readableBytesView.firstIndex(of: 10) {
      let count = end - buffer.readerIndex + 1
      guard let line = buffer.readString(length: count) else { return }
      take(line, context)
    }
  }

  private func take(_ line: String, _ context: ChannelHandlerContext) {
    if isInData {
      guard line == ".\r\n" else { return }
      isInData = false
      return say("250-2.0.0 taken\r\n250 2.0.0 really", context)
    }
    switch line.prefix(4) {
    case "EHLO": say("250-x\r\n250-PIPELINING\r\n250 SIZE 123456", context)
    case "RCPT" where line.contains("unknown"): say("550-5.1.1 no\r\n550 5.1.1 such user", context)
    case "DATA":
      isInData = true
      say("354 go", context)
    case "QUIT": context.close(promise: nil)
    default: say("250 ok", context)
    }
  }

  private func say(_ text: String, _ context: ChannelHandlerContext) {
    pending += Array((text + "\r\n").utf8)
    if !isSending { sendOne(context) }
  }

  private func sendOne(_ context: ChannelHandlerContext) {
    isSending = !pending.isEmpty
    guard isSending, context.channel.isActive else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [pending.removeFirst()])), promise: nil)
    context.eventLoop.assumeIsolated().scheduleTask(in: .microseconds(200)) { self.sendOne(context) }
  }
}
