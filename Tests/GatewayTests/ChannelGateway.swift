import Bytes
import Filtering
import Foundation
import MailSyntax
import NIOCore
import NIOEmbedded
import NetAddress
import SMTPProtocol
import Storage
import Synchronization
import TestSupport

@testable import SMTPServer
@testable import weir

/// The gateway without sockets and without a backend's: the true handlers and sessions on a channel of the test's
/// own, in front of a set of names.
final class ChannelGateway: Sendable {
  let relay: NameRelay
  let events = EventList()
  private let context: GatewayContext
  private let policy: Policy
  private let listener: ListenerTerms
  private let folder: ScratchFolder

  /// What the configuration comes to with everything but the way to the backends.
  ///
  /// - Parameters:
  ///   - files: further ones beside the configuration, rules for example.
  ///   - waiting: where mail is put that waits.
  init(_ script: DialogueScript, files: [String: String] = [:], waiting: (any WaitingMail)? = nil) throws {
    folder = try ScratchFolder("channel")
    var settings = try GatewayConfiguration(
      backends: [.init(port: 1)], listeners: [.init(port: 2, extra: script.listenerLines)])
    settings.settings = script.settings.configuration
    if let users = script.usersFile {
      let path = try folder.write("users", users)
      settings.settings.merge(DialogueScript.authentication(usersFile: path)) { $1 }
    }
    for (path, text) in files { try folder.write(path, text) }
    let file = try folder.write("weir.toml", settings.toml(folder: folder.path))
    let (configuration, problems) = Configuration.load(file)
    guard let configuration else { throw HarnessFault("\(problems)") }
    relay = NameRelay(known: script.settings.known, missing: script.settings.missing)
    let users = ScriptedUsers(logins: script.settings.logins, password: DialogueScript.password)
    policy = Wiring.policy(
      configuration, backends: relay, generation: 1,
      authenticator: script.settings.logins.isEmpty ? nil : users)
    listener = Wiring.listeners(configuration.settings).values.first ?? ListenerTerms()
    let admission = Admission(Wiring.admission(configuration.settings.limits))
    context = GatewayContext(
      policy: policy, events: events, admission: admission,
      intake: IntakeStore(folder: folder.path, admission: admission),
      descriptors: DescriptorBudget(limit: 1_000_000, others: 0), waiting: waiting)
  }

  /// A new connection, from that address.
  func connect(from source: String) throws -> ChannelClient {
    guard let address = IPAddress(source) else { throw HarnessFault("no address: \(source)") }
    let facts = ConnectFacts(
      address: address, port: 1, listener: "channel", isRelayNetwork: policy.relay.isRelayNetwork(address),
      time: Clock.now)
    let loop = NIOAsyncTestingEventLoop()
    let (context, policy, listener) = (context, policy, listener)
    let channel = try waiting {
      let channel = NIOAsyncTestingChannel(loop: loop)
      try await loop.executeInContext {
        let connection = Connection(
          channel: channel, context: context, policy: policy, facts: facts, listener: listener)
        let keeper = LoopKeeper(loop: loop, context: context)
        try channel.pipeline.syncOperations.addHandler(GatewayHandler(connection, keeper: keeper))
      }
      try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
      return channel
    }
    return ChannelClient(channel, loop)
  }
}

/// The client's end of a channel of the test's own.
final class ChannelClient: DialogueClient {
  private let channel: NIOAsyncTestingChannel
  private let loop: NIOAsyncTestingEventLoop
  private var pending: [UInt8] = []

  init(_ channel: NIOAsyncTestingChannel, _ loop: NIOAsyncTestingEventLoop) {
    self.channel = channel
    self.loop = loop
  }

  func send(_ bytes: [UInt8]) throws {
    guard channel.isActive else { throw HarnessFault("the server is gone") }
    let (channel, loop) = (channel, loop)
    try waiting {
      try await channel.writeInbound(ByteBuffer(bytes: bytes))
      await loop.run()
    }
  }

  /// Takes what the server has said; whether there was anything.
  private func gather() throws -> Bool {
    let (channel, loop) = (channel, loop)
    let said: [UInt8] = try waiting {
      await loop.run()
      // The loop's time is the test's: what waits on purpose is waited for.
      await loop.advanceTime(by: .milliseconds(50))
      var said: [UInt8] = []
      while let buffer = try await channel.readOutbound(as: ByteBuffer.self) {
        said += Array(buffer.readableBytesView)
      }
      return said
    }
    pending += said
    return !said.isEmpty
  }

  func nextLine() throws -> String {
    var line: String?
    try eventually(within: .seconds(5), every: .milliseconds(1)) {
      _ = try gather()
      guard let end = pending.firstIndex(of: 10) else { return !channel.isActive }
      line = String(decoding: pending[..<end].dropLast(), as: UTF8.self)
      pending.removeSubrange(...end)
      return true
    }
    guard let line else { throw HarnessFault("no line came: \(String(decoding: pending, as: UTF8.self))") }
    return line
  }

  func isSilent(for time: Duration) -> Bool {
    let wasActive = channel.isActive
    let spoke = (try? eventually(within: time) { try gather() }) ?? false
    return wasActive && channel.isActive && !spoke && pending.isEmpty
  }

  func restUntilClosed() throws -> String {
    let isClosed = try eventually(within: .seconds(5)) {
      _ = try gather()
      return !channel.isActive
    }
    guard isClosed else { throw HarnessFault("the server has not closed") }
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  func closeWriting() {
    let (channel, loop) = (channel, loop)
    try? waiting {
      channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      await loop.run()
    }
  }

  func close() {
    let (channel, loop) = (channel, loop)
    try? waiting {
      try? await channel.close()
      await loop.run()
    }
  }

  func reset() { close() }

  /// Lets the server's event loop do what it has to do.
  func settle() {
    let loop = loop
    try? waiting { await loop.run() }
  }

  /// The connection breaks, as the system tells of a reset: what was said and not taken was not read.
  func breakOff() {
    let (channel, loop) = (channel, loop)
    try? waiting {
      channel.pipeline.fireErrorCaught(ChannelError.ioOnClosedChannel)
      await loop.run()
    }
  }
}

/// A backend that is a set of names; each question has to be asked, each answer is waited for.
final class NameRelay: Relay {
  private let known: Set<String>
  private let offered: Capabilities
  private let taken = Mutex<[ReceivedMessage]>([])
  private let told = Mutex<[ClientIdentity]>([])
  private let coming = Mutex<[String]>([])

  init(known: Set<String>, missing: Set<String>) {
    self.known = known
    let words = BackendBehaviour().capabilities.filter { !missing.contains(String($0.prefix { $0 != " " })) }
    offered = Capabilities(ehlo: [""] + words)
  }

  /// Deliveries that are to be answered when they come again.
  var expected: [String] { coming.withLock { $0 } }

  /// The clients of the messages.
  var clients: [ClientIdentity] { told.withLock { $0 } }

  var messages: [ReceivedMessage] { taken.withLock { $0 } }

  func capabilities() -> [Capabilities] { [offered] }

  func remembered(_ query: RecipientQuery, at time: Timestamp) -> RecipientAnswer? { nil }

  func ask(_ query: RecipientQuery, at time: Timestamp) async -> RecipientAnswer {
    await Task.yield()
    return known.contains(query.recipient.path.text.lowercased())
      ? .known : .refused(Reply(550, 1, 1, "No such user here"), isUnknown: true)
  }

  func deliver(_ delivery: Delivery, at time: Timestamp) async -> DeliveryOutcome {
    await Task.yield()
    let wire = delivery.header + delivery.message.memory[delivery.bodyStart...] + Array(".\r\n".utf8)
    let message = ReceivedMessage(
      sender: delivery.sender.text, recipients: delivery.recipients.map { .init(address: $0.path.text) },
      content: Self.unstuffed(wire), wire: wire)
    taken.withLock { $0.append(message) }
    told.withLock { $0.append(delivery.client) }
    return .delivered(Reply(250, 0, 0, "Taken"), backend: "names", isRepeat: false)
  }

  func willComeAgain(_ delivery: Delivery, takenWith reply: Reply, at time: Timestamp) async {
    await Task.yield()
    coming.withLock { $0.append(delivery.id) }
  }

  private static func unstuffed(_ wire: [UInt8]) -> [UInt8] {
    var content: [UInt8] = []
    var isLineStart = true
    for byte in wire.dropLast(3) {
      let isStuffing = isLineStart && byte == 46
      isLineStart = byte == 10
      if !isStuffing { content.append(byte) }
    }
    return content
  }
}

/// Keeps what happened.
final class EventList: EventSink {
  private let list = Mutex<[Event]>([])
  var all: [Event] { list.withLock { $0 } }
  func record(_ event: Event) { list.withLock { $0.append(event) } }
}

/// Waits for what can only be awaited; the calling thread must be one that may block.
@discardableResult
func waiting<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
  let result = Mutex<Result<Value, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let value: Result<Value, any Error>
    do { value = .success(try await work()) } catch { value = .failure(error) }
    result.withLock { $0 = value }
    done.signal()
  }
  done.wait()
  guard let result = result.withLock({ $0 }) else { throw HarnessFault("no result") }
  return try result.get()
}
