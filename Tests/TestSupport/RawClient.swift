import Foundation
import Synchronization

/// A reply of an SMTP server, as it came.
public struct RawReply: Equatable, Sendable, CustomStringConvertible {
  /// The lines without their CRLF.
  public let lines: [String]

  /// A reply of these lines.
  public init(lines: [String]) {
    self.lines = lines
  }

  /// The three digits of the last line; 0 where there are none.
  public var code: Int { Int(lines.last?.prefix(3) ?? "") ?? 0 }

  /// The enhanced status code (`5.1.1`), or nil where the last line has none.
  public var enhanced: String? {
    guard let last = lines.last, last.count > 4 else { return nil }
    let word = last.dropFirst(4).prefix { $0 != " " }
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else { return nil }
    return String(word)
  }

  /// What stands behind the code on each line, joined with a newline.
  public var text: String { lines.map { String($0.dropFirst(4)) }.joined(separator: "\n") }

  /// The reply as one string, its lines joined with a newline.
  public var description: String { lines.joined(separator: "\n") }
}

/// A blocking SMTP client that sends exactly the bytes it is told to.
public final class RawClient: Sendable {
  private let socket: TCPSocket
  private let pending = Mutex<[UInt8]>([])
  private let patience: Duration

  /// Connects; `source` chooses the local address (`127.0.0.7`), `patience` is how long each reading
  /// waits unless told otherwise. `host` may be `unix:/path`.
  public init(
    _ host: String = "127.0.0.1", port: UInt16, from source: String? = nil, patience: Duration = .seconds(10)
  ) throws {
    socket = try TCPSocket.connected(to: host, port: port, from: source, timeout: patience)
    self.patience = patience
  }

  // MARK: Sending

  /// Sends a line and its CRLF.
  public func send(line: String) throws {
    try send(line + "\r\n")
  }

  /// Sends text as it stands.
  public func send(_ text: String) throws {
    try socket.write(Array(text.utf8))
  }

  /// Sends bytes as they stand.
  public func send(_ bytes: [UInt8]) throws {
    try socket.write(bytes)
  }

  /// Sends bytes one at a time, each in a segment of its own.
  public func drip(_ bytes: [UInt8], every pause: Duration = .milliseconds(1)) throws {
    for byte in bytes {
      try socket.write([byte])
      block(for: pause)
    }
  }

  /// Sends a line and gives the reply to it.
  @discardableResult
  public func command(_ line: String, within limit: Duration? = nil) throws -> RawReply {
    try send(line: line)
    return try reply(within: limit)
  }

  // MARK: Reading

  /// The next whole reply, all lines of it; throws where the peer closes or stays silent before its end.
  public func reply(within limit: Duration? = nil) throws -> RawReply {
    let deadline = ContinuousClock.now + (limit ?? patience)
    var lines: [String] = []
    repeat {
      lines.append(try line(before: deadline, soFar: lines))
    } while lines.last.map { $0.dropFirst(3).first == "-" } ?? false
    return RawReply(lines: lines)
  }

  /// The next line without its CRLF; throws where it does not come.
  public func line(within limit: Duration? = nil) throws -> String {
    try line(before: ContinuousClock.now + (limit ?? patience), soFar: [])
  }

  private func line(before deadline: ContinuousClock.Instant, soFar: [String]) throws -> String {
    while true {
      if let line = takeLine() { return line }
      let left = deadline - ContinuousClock.now
      switch socket.read(within: max(left, .zero)) {
      case .bytes(let bytes): pending.withLock { $0 += bytes }
      case .end: throw HarnessFault("the peer closed; it had said: \(soFar)\(leftOver)")
      case .silence: throw HarnessFault("no whole reply in time; so far: \(soFar)\(leftOver)")
      }
    }
  }

  private var leftOver: String {
    pending.withLock { $0.isEmpty ? "" : " and " + String(decoding: $0, as: UTF8.self) }
  }

  private func takeLine() -> String? {
    pending.withLock { pending in
      guard let end = pending.firstIndex(of: 10) else { return nil }
      var line = pending[..<end]
      if line.last == 13 { line = line.dropLast() }
      let text = String(decoding: line, as: UTF8.self)
      pending.removeSubrange(...end)
      return text
    }
  }

  /// Everything the peer says until it closes; throws where it has not closed in time.
  public func readUntilClosed(within limit: Duration? = nil) throws -> String {
    let deadline = ContinuousClock.now + (limit ?? patience)
    while true {
      switch socket.read(within: max(deadline - ContinuousClock.now, .zero)) {
      case .bytes(let bytes): pending.withLock { $0 += bytes }
      case .end:
        return pending.withLock { pending in
          defer { pending = [] }
          return String(decoding: pending, as: UTF8.self)
        }
      case .silence: throw HarnessFault("the peer has not closed in time\(leftOver)")
      }
    }
  }

  /// Whether the peer says nothing for that long, and does not close either.
  public func isSilent(for time: Duration) -> Bool {
    guard pending.withLock({ $0.isEmpty }) else { return false }
    switch socket.read(within: time) {
    case .silence: return true
    case .end: return false
    case .bytes(let bytes):
      pending.withLock { $0 += bytes }
      return false
    }
  }

  /// Makes the receiving end narrow, so that a peer that writes feels soon that nobody reads; and sending gives
  /// up where nothing is taken for `limit`.
  public func narrow(sendingWithin limit: Duration) {
    socket.shrinkReceiveBuffer(to: 4096)
    socket.setTimeout(SO_SNDTIMEO, limit)
  }

  // MARK: Ending

  /// Says that nothing more will come; replies can still be read.
  public func closeWriting() { socket.closeWriting() }

  /// Closes politely.
  public func close() { socket.close() }

  /// Closes with a reset.
  public func reset() { socket.reset() }
}

extension RawClient {
  /// Opens a session: reads the greeting, says EHLO, gives the reply to it.
  @discardableResult
  public func open(ehlo name: String = "client.example") throws -> RawReply {
    let greeting = try reply()
    guard greeting.code == 220 else { throw HarnessFault("greeting: \(greeting)") }
    return try command("EHLO \(name)")
  }

  /// Runs one transaction, waiting for each reply; the last one is the answer to the message, or the
  /// first that was neither 2xx nor 3xx.
  ///
  /// `message` is sent with its dots stuffed; a CRLF is added where its end lacks one.
  @discardableResult
  public func deliver(
    from sender: String, to recipients: [String], _ message: String = "Subject: test\r\n\r\nHello.\r\n",
    within limit: Duration? = nil
  ) throws -> RawReply {
    let opening = ["MAIL FROM:<\(sender)>"] + recipients.map { "RCPT TO:<\($0)>" } + ["DATA"]
    for line in opening {
      let answer = try command(line, within: limit)
      if answer.code >= 400 { return answer }
    }
    try send(Self.stuffed(Array(message.utf8)))
    return try reply(within: limit)
  }

  /// The bytes that carry `message` after 354: dots doubled, the end of data behind it.
  public static func stuffed(_ message: [UInt8]) -> [UInt8] {
    var wire: [UInt8] = []
    wire.reserveCapacity(message.count + 8)
    var atLineStart = true
    for byte in message {
      if atLineStart && byte == 0x2E { wire.append(0x2E) }
      wire.append(byte)
      atLineStart = byte == 0x0A
    }
    if !wire.isEmpty && !wire.suffix(2).elementsEqual([0x0D, 0x0A]) { wire += [0x0D, 0x0A] }
    return wire + [0x2E, 0x0D, 0x0A]
  }
}
