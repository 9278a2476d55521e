import Bytes
import Filtering
import Foundation
import MailSyntax
import MessageStore
import NetAddress
import SMTPProtocol
import enum SMTPServer.Clock
import TestSupport
import Testing

/// A gateway whose state folder holds mail that waits from its first start on.
enum Waiting {
  static func path(_ text: String) throws -> Path {
    try #require(PathParser.parse(whole: text.isEmpty ? "" : "<\(text)>") ?? (text.isEmpty ? .null : nil))
  }

  static func recipient(_ text: String) throws -> Envelope.Recipient {
    Envelope.Recipient(path: try path(text))
  }

  /// A message as a session would have it kept: its text, dots doubled.
  static func message(
    _ id: String, _ text: String? = nil, from sender: String = "a@outside.example", subject: String? = nil
  ) throws -> WaitingMessage {
    let client = ClientIdentity(
      address: try #require(IPAddress("192.0.2.7")), port: 4711, name: "mail.outside.example",
      helo: "helo.outside.example", isExtended: true)
    return WaitingMessage(
      id: id, received: Clock.now, sender: try path(sender), client: client,
      content: HeldMessage(memory: stuffed(text ?? Mail.text(id))),
      header: Array("Received: from outside.example by mx.example.org id \(id)\r\n".utf8),
      subject: subject ?? id, from: "\"A\" <a@outside.example>")
  }

  private static func stuffed(_ text: String) -> [UInt8] {
    Array((text.hasPrefix(".") ? "." : "").utf8) + Array(text.replacing("\r\n.", with: "\r\n..").utf8)
  }

  static func order(
    _ folder: String = "spam", _ recipients: [String] = [Mail.user], expires: Timestamp? = nil
  ) throws -> QuarantineOrder {
    QuarantineOrder(
      folder: try #require(QuarantineFolder(folder)), recipients: try recipients.map(recipient),
      expires: expires ?? Clock.now + .seconds(86_400), score: 9.5, code: "RULE_QUARANTINE",
      rule: "INVOICE_CN", findings: "INVOICE_CN(6.0),HELO_BARE_IP(3.5)")
  }

  static func leg(
    _ text: String = Mail.user, _ kind: LegKind = .redirect, lifetime: Duration = .seconds(86_400)
  )
    throws -> OutboxOrder
  {
    OutboxOrder(
      kind: kind, sender: try path("a@outside.example"), recipient: try recipient(text),
      header: WaitingMark.handedOn(kind, by: "mx.example.org", id: "x", date: Clock.now.rfc5322), hops: 2,
      expires: Clock.now + lifetime)
  }

  /// A gateway before `backend`, started with what `fill` puts away.
  static func gateway(
    before backend: ScriptedBackend, _ settings: [String: String] = [:], extra: [String] = [],
    fill: (MessageStore) async throws -> Void
  ) async throws -> Gateway {
    let folder = try ScratchFolder("gateway")
    try await store(in: folder, fill)
    let configuration = try GatewayConfiguration(
      before: backend, extra: ["health_interval = \"1s\""] + extra
    ) {
      $0.settings = ["outbox.retry": "[\"1s\"]"].merging(settings) { $1 }
      $0.liftClientLimits()
    }
    return try Gateway(
      toml: configuration.toml(folder: folder.path), in: folder,
      ports: configuration.listeners.map { ($0.host, $0.port) })
  }

  /// The store of a gateway that does not run.
  static func store<Value>(in folder: ScratchFolder, _ work: (MessageStore) async throws -> Value)
    async throws
    -> Value
  {
    try FileManager.default.createDirectory(
      atPath: folder.file("state"), withIntermediateDirectories: true)
    let store = try MessageStore(folder: folder.file("state/messages"))
    let value = try await work(store)
    await store.close()
    return value
  }
}

extension Gateway {
  /// What `weir quarantine list --json` or `weir outbox list --json` shows.
  func listed(_ command: String, _ arguments: [String] = []) throws -> [[String: Any]] {
    let result = try weir([command, "list", "--json"] + arguments)
    guard result.succeeded,
      let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
      let rows = report[command == "outbox" ? "legs" : "entries"] as? [[String: Any]]
    else { throw HarnessFault("\(command): \(result)") }
    return rows
  }

  /// The files of messages that wait.
  func waitingFiles() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.file("state/messages/files")))?.sorted()
      ?? []
  }

  func events(_ code: String) -> [LogLine] { log().filter { $0["code"] == code } }

  /// Waits until so many events of a code are told.
  @discardableResult
  func waitForEvents(_ code: String, _ count: Int = 1, within limit: Duration = .seconds(10)) throws
    -> [LogLine]
  {
    guard eventually(within: limit, { events(code).count >= count }) else {
      throw HarnessFault("\(events(code).count) of \(count) \(code) in:\n\(process.output)\(process.errors)")
    }
    return events(code)
  }
}
