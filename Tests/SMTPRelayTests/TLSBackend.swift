import Bytes
import Foundation
import NIOCore
import NIOPosix
import NetAddress
import SMTPRelay
import Synchronization
import TestSupport
import TransportSecurity

/// A mail server on NIO that knows STARTTLS, XCLIENT and AUTH, and keeps what it hears; it takes mail for everybody.
final class TLSBackend: Sendable {
  struct Behaviour: Sendable {
    /// What EHLO offers; STARTTLS besides, in the clear, where there is a certificate.
    var keywords = ["PIPELINING", "SIZE 104857600", "8BITMIME", "ENHANCEDSTATUSCODES"]
    /// What it offers besides over TLS.
    var encryptedKeywords: [String] = []
    var certificate: TestCertificates.Pair?
    var isLMTP = false
    /// What STARTTLS is answered; the handshake follows where it begins with 220.
    var startTLS = "220 2.0.0 go"
    /// Says this where the handshake is due.
    var garbage: String?
    /// Replies to a command other than the usual ones, by verb; nil says nothing.
    var replies: [String: String?] = [:]
    /// Passwords by name.
    var users: [String: String] = [:]
    /// Swallows the first so many octets of a connection.
    var preamble = 0

    init(_ change: (inout Behaviour) -> Void = { _ in }) { change(&self) }
  }

  struct Line: Sendable {
    let session: Int
    let isEncrypted: Bool
    let text: String
  }

  struct Message: Sendable {
    let session: Int
    let isEncrypted: Bool
    let content: [UInt8]
  }

  struct State {
    var behaviour: Behaviour
    var sessions = 0
    var open = 0
    var mostOpen = 0
    var lines: [Line] = []
    var messages: [Message] = []
    var preambles: [[UInt8]] = []
  }

  let port: UInt16
  let state: Mutex<State>
  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel

  init(_ behaviour: Behaviour) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let store = try behaviour.certificate.map {
      try CertificateStore(
        ServerTLSConfiguration(standard: .init(certificate: $0.certificate, key: $0.key)))
    }
    let box = Box()
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 512)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let backend = box.backend.withLock({ $0.value }) else { throw HarnessFault("no backend") }
          try channel.pipeline.syncOperations.addHandler(TLSBackendSession(backend, store))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.group = group
    port = UInt16(channel.localAddress?.port ?? 0)
    state = Mutex(State(behaviour: behaviour))
    box.backend.withLock { $0.value = self }
  }

  private final class Box: Sendable {
    struct Reference { weak var value: TLSBackend? }
    let backend = Mutex(Reference())
  }

  func stop() async {
    try? await channel.close()
    try? await group.shutdownGracefully()
  }

  func change(_ body: (inout Behaviour) -> Void) { state.withLock { body(&$0.behaviour) } }

  var lines: [Line] { state.withLock { $0.lines } }
  var commands: [String] { lines.map(\.text) }
  var messages: [Message] { state.withLock { $0.messages } }
  var sessions: Int { state.withLock { $0.sessions } }
  var openSessions: Int { state.withLock { $0.open } }

  /// The commands of one session, counted from 1.
  func commands(of session: Int) -> [String] { lines.filter { $0.session == session }.map(\.text) }
}

private final class TLSBackendSession: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let backend: TLSBackend
  private let store: CertificateStore?
  private let number: Int
  private var buffer: [UInt8] = []
  private var content: [UInt8]?
  private var isEncrypted = false
  private var isDeaf = false
  private var recipients = 0
  private var preamble: Int
  /// What the next line is to an AUTH under way.
  private var login: [String]?

  init(_ backend: TLSBackend, _ store: CertificateStore?) {
    self.backend = backend
    self.store = store
    (number, preamble) = backend.state.withLock { state in
      state.sessions += 1
      state.open += 1
      state.mostOpen = max(state.mostOpen, state.open)
      return (state.sessions, state.behaviour.preamble)
    }
  }

  private var behaviour: TLSBackend.Behaviour { backend.state.withLock { $0.behaviour } }

  func channelActive(context: ChannelHandlerContext) {
    if preamble == 0 { say("220 backend.test", context) }
  }

  func channelInactive(context: ChannelHandlerContext) { backend.state.withLock { $0.open -= 1 } }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is TLSEstablished { isEncrypted = true }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDeaf else { return }
    buffer.append(contentsOf: unwrapInboundIn(data).readableBytesView)
    if preamble > 0 {
      guard buffer.count >= preamble else { return }
      let head = Array(buffer[..<preamble])
      backend.state.withLock { $0.preambles.append(head) }
      buffer.removeSubrange(..<preamble)
      preamble = 0
      say("220 backend.test", context)
    }
    var start = 0
    while let end = buffer[start...].firstIndex(of: 10) {
      let line = buffer[start..<end]
      start = end + 1
      if content != nil {
        takeContent(line, context)
      } else {
        take(String(decoding: line.dropLast(), as: UTF8.self), context)
      }
    }
    buffer.removeSubrange(..<start)
  }

  private func takeContent(_ line: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
    guard line.elementsEqual([46, 13]) else {
      content?.append(contentsOf: line.first == 46 ? line.dropFirst() : line)
      content?.append(10)
      return
    }
    let message = TLSBackend.Message(session: number, isEncrypted: isEncrypted, content: content ?? [])
    content = nil
    backend.state.withLock { $0.messages.append(message) }
    for _ in 0..<(behaviour.isLMTP ? recipients : 1) { say("250 2.0.0 taken", context) }
    recipients = 0
  }

  private func take(_ line: String, _ context: ChannelHandlerContext) {
    let entry = TLSBackend.Line(session: number, isEncrypted: isEncrypted, text: line)
    backend.state.withLock { $0.lines.append(entry) }
    if login != nil { return continueLogin(line, context) }
    let verb = String(line.prefix { $0 != " " })
    if let reply = behaviour.replies[verb] {
      if let reply { say(reply, context) }
      return
    }
    switch verb {
    case "EHLO", "LHLO": greet(context)
    case "STARTTLS": startTLS(context)
    case "XCLIENT": say("220 backend.test", context)
    case "AUTH": authenticate(line.split(separator: " ").map(String.init), context)
    case "MAIL", "RSET": say("250 2.1.0 fine", context)
    case "RCPT":
      recipients += 1
      say("250 2.1.5 fine", context)
    case "DATA":
      content = []
      say("354 go", context)
    case "QUIT":
      say("221 2.0.0 bye", context)
      context.close(promise: nil)
    default: say("500 5.5.2 what", context)
    }
  }

  private func greet(_ context: ChannelHandlerContext) {
    let behaviour = behaviour
    var keywords = behaviour.keywords + (isEncrypted ? behaviour.encryptedKeywords : [])
    if behaviour.certificate != nil, !isEncrypted { keywords.append("STARTTLS") }
    let lines = ["backend.test"] + keywords
    for (index, line) in lines.enumerated() {
      say("250\(index == lines.count - 1 ? " " : "-")\(line)", context)
    }
  }

  private func startTLS(_ context: ChannelHandlerContext) {
    let behaviour = behaviour
    guard !isEncrypted, let store else { return say("503 5.5.1 no", context) }
    say(behaviour.startTLS, context)
    guard behaviour.startTLS.hasPrefix("220") else { return }
    if let garbage = behaviour.garbage {
      isDeaf = true
      // So late that it is not taken for something said behind the 220.
      context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) {
        self.say(garbage, context)
        context.close(promise: nil)
      }
      return
    }
    do {
      try ServerTLS.begin(on: context.pipeline.syncOperations, store: store)
    } catch {
      context.close(promise: nil)
    }
  }

  private func authenticate(_ words: [String], _ context: ChannelHandlerContext) {
    if words.count == 3, words[1] == "PLAIN" {
      let fields = (Data(base64Encoded: words[2]) ?? Data()).split(
        separator: 0, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return say("501 5.5.2 what", context) }
      return judge(
        String(decoding: fields[1], as: UTF8.self), String(decoding: fields[2], as: UTF8.self), context)
    }
    login = []
    say("334 VXNlcm5hbWU6", context)
  }

  private func continueLogin(_ line: String, _ context: ChannelHandlerContext) {
    let text = String(decoding: Data(base64Encoded: line) ?? Data(), as: UTF8.self)
    guard let first = login?.first else {
      login = [text]
      return say("334 UGFzc3dvcmQ6", context)
    }
    login = nil
    judge(first, text, context)
  }

  private func judge(_ user: String, _ password: String, _ context: ChannelHandlerContext) {
    let isRight = behaviour.users[user] == password
    say(isRight ? "235 2.7.0 welcome" : "535 5.7.8 wrong", context)
  }

  private func say(_ text: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
  }
}

/// Runs `body` with a relay before a `TLSBackend`, which is named b0 and has been looked at.
func withTLSBackend(
  _ behaviour: TLSBackend.Behaviour, threads: Int = 1, endpoint: ((UInt16) -> Endpoint)? = nil,
  configure: (inout BackendConfiguration) -> Void, body: (TLSBackend, RelayFixture) async throws -> Void
) async throws {
  let backend = try await TLSBackend(behaviour)
  do {
    try await withRelay(
      at: [
        (endpoint?(backend.port) ?? .ip(IPAddress(v4: 0x7F00_0001), port: backend.port), behaviour.isLMTP)
      ], threads: threads, configure: configure
    ) { try await body(backend, $0) }
  } catch {
    await backend.stop()
    throw error
  }
  await backend.stop()
}
