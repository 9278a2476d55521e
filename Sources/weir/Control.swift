import Foundation
import NIOCore
import NIOPosix
import NetAddress

/// What a command asks of the running gateway over `control.sock`: one JSON object a line, one for an answer.
struct ControlRequest: Codable, Sendable {
  enum Command: String, Codable, Sendable {
    case status
    case reload
    /// Is this address in relay.networks?
    case trusted
    /// Judge the connection from `peer` (address and port) as if it came from `address`.
    case impersonate
    /// Lift a timed block.
    case unblock
    /// Look at mail that waits, or say what becomes of it.
    case waiting
    /// The rules and what they did.
    case rules
  }

  var command: Command
  var address: String?
  var port: UInt16?
  var peer: String?
  var waiting: WaitingOrder?
}

struct ControlAnswer: Codable, Sendable {
  var isFine: Bool
  /// Lines for the operator.
  var lines: [String] = []
  var status: StatusReport?
  var isTrusted: Bool?
  var waiting: WaitingAnswer?
  var rules: RulesReport?
}

/// Listens on `control.sock` and answers; the socket is 0600, so that only its owner and root can speak here.
struct ControlServer {
  typealias Answering = @Sendable (ControlRequest) async -> ControlAnswer

  /// Bound: a request is a short line.
  static let longestRequest = 64 * 1024

  static func open(path: String, group: MultiThreadedEventLoopGroup, answering: @escaping Answering)
    async throws
    -> any Channel
  {
    // The folder around it is 0700, so nobody else comes near the socket before its own mode is set.
    let channel = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ControlHandler(answering))
        }
      }
      .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    chmod(path, 0o600)
    return channel
  }
}

private final class ControlHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let answering: ControlServer.Answering
  private var received = ByteBuffer()

  init(_ answering: @escaping ControlServer.Answering) { self.answering = answering }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    received.writeBuffer(&buffer)
    guard let end = received.readableBytesView.firstIndex(of: 0x0a) else {
      if received.readableBytes > ControlServer.longestRequest { context.close(promise: nil) }
      return
    }
    let length = end - received.readerIndex
    let line = Data(received.readBytes(length: length) ?? [])
    received.clear()
    let channel = context.channel
    let answering = answering
    guard let request = try? JSONDecoder().decode(ControlRequest.self, from: line) else {
      Self.write(
        ControlAnswer(
          isFine: false, lines: ["the request was not understood: is this weir of the same release?"]),
        to: channel)
      return
    }
    Self.reply(to: request, on: channel, answering)
  }

  private static func reply(
    to request: ControlRequest, on channel: any Channel, _ answering: @escaping ControlServer.Answering
  ) {
    Task {
      let answer = await answering(request)
      write(answer, to: channel)
    }
  }

  private static func write(_ answer: ControlAnswer, to channel: any Channel) {
    var bytes = (try? JSONEncoder().encode(answer)).map { Array($0) } ?? []
    bytes.append(0x0a)
    channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Speaks to the running gateway.
enum ControlClient {
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  /// Asks, and waits for the answer. Blocking: commands have nothing else to do.
  static func ask(_ request: ControlRequest, socket path: String) throws -> ControlAnswer {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Fault(description: "no socket: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    try connect(descriptor, path)
    var line = try JSONEncoder().encode(request)
    line.append(0x0a)
    let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == line.count else {
      throw Fault(description: "\(path): \(String(cString: strerror(errno)))")
    }
    var answer = Data()
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      answer.append(contentsOf: chunk[..<count])
    }
    do {
      return try JSONDecoder().decode(ControlAnswer.self, from: answer)
    } catch {
      throw Fault(description: "\(path): the gateway's answer was not understood: is it of the same release?")
    }
  }

  private static func connect(_ descriptor: Int32, _ path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else {
      throw Fault(description: "\(path): longer than a socket's path may be (\(room - 1) octets)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      let hint =
        code == ENOENT || code == ECONNREFUSED
        ? "no gateway answers there: is weir serve running, with this --config? (or was [state] folder changed? send SIGHUP)"
        : String(cString: strerror(code))
      throw Fault(description: "\(path): \(hint)")
    }
  }
}
