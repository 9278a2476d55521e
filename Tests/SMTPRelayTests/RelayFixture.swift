import Bytes
import Filtering
import Foundation
import MailSyntax
import NIOPosix
import NetAddress
import SMTPProtocol
import SMTPRelay
import Synchronization
import TestSupport

/// Keeps what it is told.
final class RecordingSink: EventSink {
  private let kept = Mutex<[Event]>([])
  func record(_ event: Event) { kept.withLock { $0.append(event) } }
  var events: [Event] { kept.withLock { $0 } }
  func count(_ code: ReasonCode) -> Int { events.count { $0.code == code } }
}

/// Capabilities kept in a variable.
final class RecordingMemory: CapabilityMemory {
  let kept: Mutex<[String: String]>
  init(_ kept: [String: String] = [:]) { self.kept = Mutex(kept) }
  func load() -> [String: String] { kept.withLock { $0 } }
  func save(_ capabilities: [String: String]) { kept.withLock { $0 = capabilities } }
}

/// A relay before scripted backends, with times short enough for tests.
struct RelayFixture {
  let relay: BackendRelay
  let sink: RecordingSink
  let names: [String]

  var route: Route { Route(backends: names) }

  func path(_ text: String) -> Path {
    guard let at = text.lastIndex(of: "@") else {
      return text.isEmpty ? .null : Path(text: text, localPart: text, domain: nil)
    }
    return Path(
      text: text, localPart: String(text[..<at]), domain: .name(String(text[text.index(after: at)...])))
  }

  func recipient(_ address: String, parameters: RecipientParameters = .none) -> RoutedRecipient {
    RoutedRecipient(Envelope.Recipient(path: path(address), parameters: parameters), route: route)
  }

  static let client = ClientIdentity(
    address: IPAddress(v4: 0xC000_0207), port: 4711, name: "client.example", helo: "helo.example",
    isExtended: true)

  static let text =
    "From: <a@a.example>\r\nDate: today\r\nMessage-ID: <1@a.example>\r\n\r\nHello\r\n..dot\r\n"

  func delivery(
    to recipients: [String] = ["known@b.example"], from sender: String = "a@a.example",
    parameters: MailParameters = .none, message: HeldMessage? = nil, isASCII: Bool = true,
    isIdentifiable: Bool = true, client: ClientIdentity = RelayFixture.client,
    budget: Duration = .seconds(10)
  ) -> Delivery {
    Delivery(
      id: "T1", sender: path(sender), parameters: parameters, recipients: recipients.map { recipient($0) },
      client: client, message: message ?? HeldMessage(memory: Array(Self.text.utf8)),
      header: Array("Received: by weir\r\n".utf8), bodyStart: 0, isHeaderASCII: isASCII,
      isIdentifiable: isIdentifiable, budget: budget)
  }

  static let time = Timestamp(milliseconds: 1_800_000_000_000)

  func deliver(_ delivery: Delivery) async -> DeliveryOutcome { await relay.deliver(delivery, at: Self.time) }

  func query(_ recipient: String, from sender: String = "a@a.example") -> RecipientQuery {
    RecipientQuery(
      recipient: self.recipient(recipient), sender: path(sender), parameters: .none, client: Self.client)
  }

  func ask(_ recipient: String, from sender: String = "a@a.example") async -> RecipientAnswer {
    await relay.ask(query(recipient, from: sender), at: Self.time)
  }

  func remembered(
    _ recipient: String, from sender: String = "a@a.example", after: Duration = .zero
  ) -> RecipientAnswer? {
    relay.remembered(query(recipient, from: sender), at: Self.time + after)
  }
}

/// Runs `body` with a relay before `backends`, which are named b0, b1, … and have been heard.
func withRelay(
  _ backends: ScriptedBackend..., threads: Int = 1, learns: Bool = true,
  memory: (any CapabilityMemory)? = nil, configure: (inout BackendConfiguration) -> Void = { _ in },
  relay change: (inout RelayConfiguration) -> Void = { _ in }, body: (RelayFixture) async throws -> Void
) async throws {
  let endpoints = backends.map {
    (endpoint: Endpoint.ip(IPAddress(v4: 0x7F00_0001), port: $0.port), isLMTP: $0.behaviour.isLMTP)
  }
  try await withRelay(
    at: endpoints, threads: threads, learns: learns, memory: memory, configure: configure, relay: change,
    body: body)
}

/// Runs `body` with a relay before whatever listens at `endpoints`.
func withRelay(
  at endpoints: [(endpoint: Endpoint, isLMTP: Bool)], threads: Int = 1, learns: Bool = true,
  memory: (any CapabilityMemory)? = nil, configure: (inout BackendConfiguration) -> Void = { _ in },
  relay change: (inout RelayConfiguration) -> Void = { _ in }, body: (RelayFixture) async throws -> Void
) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
  let configurations = endpoints.enumerated().map { index, backend in
    var configuration = BackendConfiguration(name: "b\(index)", endpoint: backend.endpoint)
    configuration.isLMTP = backend.isLMTP
    configuration.replyTimeout = .seconds(8)
    configuration.connectTimeout = .seconds(2)
    configuration.longestPause = .milliseconds(100)
    configure(&configuration)
    return configuration
  }
  var settings = RelayConfiguration(hostname: "gateway.example")
  settings.tick = .milliseconds(20)
  settings.learnBudget = .seconds(3)
  change(&settings)
  let sink = RecordingSink()
  let relay = BackendRelay(settings, backends: configurations, group: group, memory: memory, events: sink)
  if learns { await relay.learn() }
  let fixture = RelayFixture(relay: relay, sink: sink, names: configurations.map(\.name))
  do {
    try await body(fixture)
  } catch {
    await relay.close()
    try await group.shutdownGracefully()
    throw error
  }
  await relay.close()
  try await group.shutdownGracefully()
}

extension DeliveryOutcome {
  /// `delivered b0 250`, `repeat b0 250`, `refused b0 550`, `unavailable CODE`.
  var short: String {
    switch self {
    case .delivered(let reply, let backend, let isRepeat):
      "\(isRepeat ? "repeat" : "delivered") \(backend) \(reply.code)"
    case .refused(let reply, let backend): "refused \(backend) \(reply.code)"
    case .unavailable(let code, _, _): "unavailable \(code)"
    }
  }

  var detail: String { if case .unavailable(_, let detail, _) = self { detail } else { "" } }
}

extension RecipientAnswer {
  /// `known`, `unknown 550`, `refused 450`, `unavailable`.
  var short: String {
    switch self {
    case .known: "known"
    case .refused(let reply, let isUnknown): "\(isUnknown ? "unknown" : "refused") \(reply.code)"
    case .unavailable: "unavailable"
    }
  }
}
