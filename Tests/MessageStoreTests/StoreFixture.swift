import Bytes
import Filtering
import Glibc
import MailSyntax
import NetAddress
import SMTPProtocol
import Testing

@testable import MessageStore

/// A folder that is gone with the test.
final class ScratchFolder: Sendable {
  let path: String

  /// - Parameter parent: the folder to make it in.
  init(in parent: String = "/tmp") throws {
    var template = Array("\(parent)/weir-messages-test-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit { Self.remove(path) }

  var messages: String { path + "/messages" }

  static func remove(_ path: String) {
    var entry = stat()
    guard lstat(path, &entry) == 0 else { return }
    guard entry.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in names(in: path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  /// The names in a folder, hidden ones too.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  var files: [String] { Self.names(in: messages + "/files") }
  var strays: [String] { Self.names(in: messages + "/strays") }
}

/// A spool file for messages of tests.
final class ScratchSpool: SpoolRegion {
  let descriptor: Int32
  let length: Int

  init(_ bytes: [UInt8], times: Int = 1) throws {
    var template = Array("/tmp/weir-spool-test-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    unlink(template)
    length = bytes.count * times
    for _ in 0..<times { try #require(write(descriptor, bytes, bytes.count) == bytes.count) }
  }

  deinit { close(descriptor) }

  func beginning(most: Int) async -> [UInt8]? { nil }

  func octets(_ range: Range<Int>) -> [UInt8]? {
    let octets = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = max(0, pread(descriptor, buffer.baseAddress, range.count, off_t(range.lowerBound)))
    }
    return octets.count == range.count ? octets : nil
  }
}

let morning = Timestamp(milliseconds: 1_790_000_000_000)
let day = Duration.seconds(86_400)

func path(_ text: String) -> Path { PathParser.parse(whole: "<\(text)>") ?? .null }

func recipient(_ text: String) -> Envelope.Recipient { Envelope.Recipient(path: path(text)) }

let content = Array(
  "Subject: invoice\r\nFrom: a@b.example\r\n\r\n..a line that begins with a dot\r\nand one that does not\r\n"
    .utf8)
/// The same as it is stored.
let storedContent = Array(
  "Subject: invoice\r\nFrom: a@b.example\r\n\r\n.a line that begins with a dot\r\nand one that does not\r\n"
    .utf8)

func client() -> ClientIdentity {
  var client = ClientIdentity(
    address: IPAddress(v4: 0xc000_0207), port: 4711, name: "mail.example", helo: "helo.example",
    isExtended: true)
  client.login = "anna"
  client.tls = ClientIdentity.TLS(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", subject: "CN=x")
  return client
}

func message(_ id: String, _ held: HeldMessage? = nil, header: String = "X-Added: yes\r\n") -> WaitingMessage
{
  var parameters = MailParameters()
  parameters.body = .eightBit
  parameters.envelopeID = "QQ314159"
  return WaitingMessage(
    id: id, received: morning, sender: path("a@b.example"), parameters: parameters, client: client(),
    content: held ?? HeldMessage(memory: content), header: Array(header.utf8), subject: "invoice 发票",
    from: "\"A\" <a@b.example>")
}

func order(
  _ folder: String = "spam", _ recipients: [String] = ["c@d.example", "e@f.example"],
  expires: Timestamp = morning + day
) throws -> QuarantineOrder {
  QuarantineOrder(
    folder: try #require(QuarantineFolder(folder)), recipients: recipients.map(recipient), expires: expires,
    score: 9.5, code: "RULE_QUARANTINE", rule: "INVOICE_CN", findings: "INVOICE_CN(6.0),HELO_BARE_IP(3.5)")
}

func leg(_ recipientText: String, _ kind: LegKind = .redirect, lifetime: Duration = day) -> OutboxOrder {
  OutboxOrder(
    kind: kind, sender: path("a@b.example"), recipient: recipient(recipientText),
    header: Array("X-Redirected: yes\r\n".utf8), hops: 2, expires: morning + lifetime)
}

extension WaitingContent {
  /// All of it, in pieces.
  func all(piece: Int = 7) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let next = try await read(from: bytes.count, most: piece)
      if next.isEmpty { return bytes }
      bytes += next
    }
  }
}

extension HeldMessage {
  var wire: [UInt8] {
    guard let spool else { return memory }
    var rest = [UInt8](repeating: 0, count: spool.length)
    #expect(pread(spool.descriptor, &rest, rest.count, 0) == rest.count)
    return memory + rest
  }
}

extension MessageStore {
  func everything(_ change: (inout QuarantineFilter) -> Void = { _ in }) async throws -> [QuarantineEntry] {
    var filter = QuarantineFilter()
    filter.state = nil
    change(&filter)
    return try await list(filter, after: nil, most: 1000).entries
  }
}
