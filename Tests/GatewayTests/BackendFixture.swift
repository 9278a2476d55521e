import Foundation
import Synchronization
import TestSupport
import Testing

/// What the tests between gateway and backend have in common.
enum Mail {
  static let sender = "sender@outside.example"
  static let user = "user@example.org"

  /// A message that can be told from others: header with Date and Message-ID, lines that begin with dots, and
  /// as many octets as asked for.
  static func text(_ id: String, size: Int = 0, header: String = "") -> String {
    let head = """
      From: <sender@outside.example>\r
      To: <user@example.org>\r
      Subject: \(id)\r
      Date: Fri, 20 Nov 2026 12:00:00 +0000\r
      Message-ID: <\(id)@outside.example>\r
      \(header)\r

      """
    var body = "..line of \(id)\r\n.\u{20}\r\n"
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ \(id)\r\n"
    let left = size - head.utf8.count - body.utf8.count
    if left > 0 { body += String(repeating: line, count: left / line.utf8.count + 1) }
    return head + body
  }

  /// A message without the fields that a retry is known by.
  static func anonymous(_ id: String) -> String { "Subject: \(id)\r\n\r\nText of \(id).\r\n" }
}

extension ReceivedMessage {
  /// What came behind the gateway's own trace line; nil where that is not the first field.
  var withoutTrace: String? {
    guard text.hasPrefix("Received: from ") else { return nil }
    var rest = text[...]
    repeat {
      guard let end = rest.range(of: "\r\n") else { return nil }
      rest = rest[end.upperBound...]
    } while rest.hasPrefix("\t") || rest.hasPrefix(" ")
    return String(rest)
  }

  /// Its subject, by which the tests tell messages apart.
  var subject: String { header("Subject").first ?? "" }
}

extension ScriptedBackend {
  /// The recipients that it was asked for, in probes and deliveries, but for the made-up ones of the start.
  var asked: [String] {
    commands.filter { $0.hasPrefix("RCPT TO:<") && !$0.hasPrefix("RCPT TO:<weir-") }
      .map { String($0.dropFirst(9).prefix { $0 != ">" }) }
  }
}

extension GatewayConfiguration {
  /// Nothing of a client's is counted: for tests that send much from one address.
  mutating func liftClientLimits() {
    for key in [
      "connections_per_address", "connections_per_subnet", "connection_rate_per_address",
      "connection_rate_per_subnet", "message_rate_per_address", "message_rate_per_subnet",
      "unknown_recipients_per_address", "unknown_recipients_per_subnet",
    ] { settings["limits.\(key)"] = "\"unlimited\"" }
  }
}

extension Gateway {
  /// A gateway before a scripted backend that has learned what it offers.
  static func before(
    _ backend: ScriptedBackend, extra: [String] = [], files: [String: String] = [:],
    _ change: (inout GatewayConfiguration) -> Void = { _ in }
  ) throws -> Gateway {
    let gateway = try Gateway(GatewayConfiguration(before: backend, extra: extra, change), files: files)
    // The made-up recipient that every backend is asked for at first is out of the way of what a test counts.
    if !extra.contains(where: { $0.hasPrefix("recipients") }), !backend.commands.isEmpty {
      eventually(within: .seconds(5)) {
        backend.commands.last == "RSET" || backend.commands.allSatisfy { !$0.hasPrefix("EHLO") }
      }
    }
    return gateway
  }

  /// Sends one message over a connection of its own; the last reply.
  @discardableResult
  func send(
    _ message: String, from sender: String = Mail.sender, to recipients: [String] = [Mail.user],
    as address: String? = nil, within limit: Duration = .seconds(20)
  ) throws -> RawReply {
    let client = try connect(from: address)
    try client.open()
    let reply = try client.deliver(from: sender, to: recipients, message, within: limit)
    client.close()
    return reply
  }

  /// The replies to RCPT for each of the recipients, in a transaction that comes to nothing.
  func ask(_ recipients: [String], from sender: String = Mail.sender) throws -> [RawReply] {
    let client = try connect()
    try client.open()
    try client.command("MAIL FROM:<\(sender)>")
    let replies = try recipients.map { try client.command("RCPT TO:<\($0)>") }
    client.close()
    return replies
  }

  /// The EHLO keywords that it offers now.
  func offered() throws -> [String] {
    let client = try connect()
    let reply = try client.open()
    client.close()
    return reply.lines.dropFirst().map { String($0.dropFirst(4)) }
  }
}

/// Runs so many pieces of work, each on a thread of its own, and gives what they came to; the first error is
/// thrown. Expectations belong behind it: a thread does not know whose test it is.
func inParallel<Value: Sendable>(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Value) throws
  -> [Value]
{
  try (0..<count).map { index in Background { try work(index) } }.map { try $0.value(within: .seconds(180)) }
}

/// Runs a piece of work on a thread of its own; `value` waits for its end.
final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)

  init(_ work: @escaping @Sendable () throws -> Value) {
    let thread = Thread { [self] in
      let outcome = Result { try work() }
      result.withLock { $0 = outcome }
    }
    thread.stackSize = 512 * 1024
    thread.start()
  }

  func value(within limit: Duration = .seconds(30)) throws -> Value {
    var outcome: Result<Value, any Error>?
    eventually(within: limit) {
      outcome = result.withLock { $0 }
      return outcome != nil
    }
    guard let outcome else { throw HarnessFault("it did not end in time") }
    return try outcome.get()
  }
}
