import Bytes
import Filtering
import MailSyntax
import MessageViews
import NetAddress
import SMTPProtocol
import Synchronization
import Testing

@testable import Checks

/// What is read of a message where memory is short or the message long, and that nobody takes it for all there is.
@Suite struct MessageContentTests {
  /// Grants so many octets.
  private final class Grant: MemoryGrant {
    private let left: Mutex<Int>
    private let most: Int

    init(_ octets: Int) {
      left = Mutex(octets)
      most = octets
    }

    var taken: Int { most - left.withLock { $0 } }

    func reserveMemory(_ octets: Int) -> Bool {
      left.withLock { left in
        guard octets <= left else { return false }
        left -= octets
        return true
      }
    }
  }

  /// Says what it was given.
  private struct Inspector: FileInspector {
    func inspect(_ octets: [UInt8], name: String, isWhole: Bool) async -> FileInspection {
      var inspection = FileInspection()
      inspection.type = "\(name) \(octets.count) \(isWhole)"
      return inspection
    }
  }

  private static let header = """
    Subject: http://subject.test/\r
    MIME-Version: 1.0\r
    Content-Type: multipart/mixed; boundary=b\r
    \r

    """
  private static let body = """
    --b\r
    \r
    see http://text.test/ \r
    --b\r
    Content-Type: application/octet-stream; name=a.bin\r
    Content-Transfer-Encoding: base64\r
    \r
    AAAA\r
    --b\r
    Content-Type: application/octet-stream; name=b.bin\r
    Content-Transfer-Encoding: base64\r
    \r
    AAAAAAAAAAAA\r
    --b--\r

    """
  private static let octets = Array((header + body).utf8)

  private func facts(_ octets: [UInt8], grant: Grant?, most: Int = 8 << 20) throws -> MessageFacts {
    let now = Timestamp(milliseconds: 0)
    let connect = ConnectFacts(
      address: try #require(IPAddress("192.0.2.7")), port: 1, listener: "x", isRelayNetwork: false, time: now)
    let sender = try #require(PathParser.parse(whole: "x@outside.example", limits: .sender))
    let mail = MailFacts(
      connect: connect, hello: Hello(name: "x", isExtended: true), sender: sender, parameters: .none,
      time: now)
    return MessageFacts(
      mail: mail, recipients: [], header: MessageHeader(octets),
      message: HeldMessage(memory: octets, grant: grant), contentLimit: most)
  }

  private func hosts(_ views: MessageViews) -> [String] { views.links.map(\.target.host).sorted() }

  @Test func whatIsMadeOfItIsCounted() async throws {
    let grant = Grant(1 << 20)
    let views = await (try facts(Self.octets, grant: grant)).views()
    #expect(hosts(views) == ["subject.test", "text.test"])
    #expect(views.omitted == [])
    #expect(grant.taken == 6 * Self.octets.count)
  }

  @Test func withoutMemoryTheHeaderIsRead() async throws {
    let grant = Grant(6 * Self.octets.count - 1)
    let views = await (try facts(Self.octets, grant: grant)).views()
    #expect(hosts(views) == ["subject.test"])
    // But for the empty line behind it.
    #expect(views.octets.count == Self.header.utf8.count - 2)
    #expect(views.omitted == .octets)
    #expect(grant.taken == 0)
  }

  @Test(arguments: [false, true]) func whatIsLongerThanTheLimitIsCut(_ isLarge: Bool) async throws {
    var octets = Self.octets
    if isLarge { octets += [UInt8](repeating: 0x78, count: 100_000) }
    let most = Self.octets.count - 40
    let facts = try facts(octets, grant: nil, most: most)
    let views = await facts.views()
    #expect(views.octets.count == most)
    #expect(views.omittedParts == .octets)
    let inspections = await AttachmentsCheck.inspections(facts, Inspector())
    #expect(inspections.map(\.type) == ["a.bin 3 true", "b.bin 0 false"])
  }

  /// The header is always read, however little else may be.
  @Test func theHeaderIsNeverCut() async throws {
    let views = await (try facts(Self.octets, grant: nil, most: 10)).views()
    #expect(hosts(views) == ["subject.test"])
    #expect(!views.isWhole)
  }

  @Test func decodedAttachmentsAreCounted() async throws {
    let views = 6 * Self.octets.count
    let grant = Grant(views + 9)
    let enough = try facts(Self.octets, grant: grant)
    #expect(
      await AttachmentsCheck.inspections(enough, Inspector()).map(\.type) == ["a.bin 3 true", "b.bin 9 true"])
    // The largest of them, since they are looked at in turn.
    #expect(grant.taken == views + 9)
    let little = try facts(Self.octets, grant: Grant(views + 8))
    let inspections = await AttachmentsCheck.inspections(little, Inspector())
    #expect(inspections.map(\.faults) == [[.unread], [.unread]])
  }
}
