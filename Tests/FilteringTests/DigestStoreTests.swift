import Bytes
import Filtering
import MailSyntax
import SMTPProtocol
import Testing

/// What is remembered of messages that may come again.
@Suite struct DigestStoreTests {
  private let noon = Timestamp(milliseconds: 1_763_683_200_000)
  private static let text = Array("Date: x\r\nMessage-ID: <y>\r\n\r\nHello.\r\n".utf8)

  private func path(_ text: String) -> Path { PathParser.parse(whole: "<\(text)>") ?? .null }

  private func sent(
    _ sender: String = "a@a.example", to recipients: [String] = ["x@b.example"], _ text: [UInt8] = text,
    spool: [UInt8]? = nil, isReadable: Bool = true, isIdentifiable: Bool = true
  ) -> SentMessage {
    let message = HeldMessage(
      memory: text, spool: spool.map { MemorySpool($0, isReadable: isReadable) },
      octets: UInt64(text.count + (spool?.count ?? 0)))
    return SentMessage(
      sender: path(sender), recipients: recipients.map(path), message: message,
      isIdentifiable: isIdentifiable)
  }

  private func keep(_ word: String, _ sent: SentMessage, in store: DigestStore<String>, weight: Int = 1)
    throws
  {
    store.keep(word, of: sent, try #require(MessageDigest(sent)).whole, weight: weight, at: noon)
  }

  private func take(_ sent: SentMessage, from store: DigestStore<String>, at time: Timestamp) throws
    -> String?
  {
    store.take(sent, try #require(MessageDigest(sent)).whole, at: time)
  }

  // MARK: Digests

  @Test func theOrderOfRecipientsDoesNotCount() throws {
    let one = try #require(MessageDigest(sent(to: ["x@b.example", "y@b.example"])))
    #expect(one == MessageDigest(sent(to: ["y@b.example", "x@b.example"])))
    #expect(one.whole != one.content)
  }

  @Test func everythingElseCounts() throws {
    var other = Self.text
    other[other.count - 4] ^= 1
    let messages = [
      sent(), sent("b@a.example"), sent(to: ["z@b.example"]), sent(to: ["x@b.example", "y@b.example"]),
      sent(to: ["x@b.example", "x@b.example"]), sent(to: ["x@b.examplex@b.example"]), sent(other),
      sent(spool: [1]), sent(spool: [2]),
    ]
    #expect(Set(messages.map { MessageDigest($0)?.whole }).count == messages.count)
    // The content's is the same for all who are left of the recipients.
    #expect(MessageDigest(messages[0])?.content == MessageDigest(messages[3])?.content)
  }

  private func sent(_ text: [UInt8]) -> SentMessage { sent("a@a.example", to: ["x@b.example"], text) }

  /// Where a message is cut between memory and file depends on a setting, and a reload may change that.
  @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 900_000]) func whereItLiesDoesNotCount(_ cut: Int) throws
  {
    let all = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let whole = try #require(MessageDigest(sent(all)))
    let divided = sent("a@a.example", to: ["x@b.example"], Array(all[..<cut]), spool: Array(all[cut...]))
    #expect(MessageDigest(divided) == whole)
    #expect(!divided.isSmall)
  }

  @Test func whatCannotBeReadHasNone() {
    #expect(MessageDigest(sent(spool: [1, 2, 3], isReadable: false)) == nil)
  }

  // MARK: The store

  @Test func itIsTakenOnce() throws {
    let store = DigestStore<String>(capacity: 10, lifetime: .seconds(60))
    #expect(store.isEmpty && !store.mayKnow(sent(), at: noon))
    try keep("one", sent(), in: store)
    #expect(!store.isEmpty && store.mayKnow(sent(), at: noon))
    // Another one of the same sender and length may be it, until the digest says no.
    #expect(store.mayKnow(sent(to: ["z@b.example"]), at: noon))
    #expect(try take(sent(to: ["z@b.example"]), from: store, at: noon) == nil)
    #expect(!store.mayKnow(sent("b@a.example"), at: noon))
    #expect(try take(sent(), from: store, at: noon) == "one")
    #expect(try take(sent(), from: store, at: noon) == nil)
    #expect(store.isEmpty && store.count == 0)
  }

  @Test func whatHasNeitherDateNorIDIsNotKept() throws {
    let store = DigestStore<String>(capacity: 10, lifetime: .seconds(60))
    try keep("one", sent(isIdentifiable: false), in: store)
    #expect(store.isEmpty)
    try keep("one", sent(), in: store)
    #expect(!store.mayKnow(sent(isIdentifiable: false), at: noon))
    let fields = { (text: String) in
      SentMessage(
        sender: .null, recipients: [], message: HeldMessage(memory: []),
        header: MessageHeader(Array(text.utf8))
      ).isIdentifiable
    }
    #expect(fields("date: x\r\nMESSAGE-ID: y\r\n\r\n"))
    #expect(!fields("Date: x\r\n\r\nMessage-ID: y\r\n") && !fields("Message-ID: y\r\n\r\n"))
  }

  @Test func itEndsWithItsLifetime() throws {
    let store = DigestStore<String>(capacity: 10, lifetime: .seconds(60))
    try keep("one", sent(), in: store)
    #expect(store.mayKnow(sent(), at: noon + .seconds(59)))
    #expect(try take(sent(), from: store, at: noon + .seconds(60)) == nil)
    // Nobody has to ask for just that one.
    #expect(!store.mayKnow(sent("other@a.example"), at: noon + .seconds(60)) && store.isEmpty)
  }

  @Test func theOldestGoFirst() throws {
    let store = DigestStore<String>(capacity: 3, lifetime: .seconds(60))
    let all = (0..<5).map { sent("s\($0)@a.example") }
    for (number, one) in all.enumerated() { try keep("\(number)", one, in: store) }
    #expect(store.count == 3)
    #expect(all.map { store.mayKnow($0, at: noon) } == [false, false, true, true, true])
    // Kept again it is the newest, and one entry.
    try keep("2 again", all[2], in: store)
    try keep("6", sent("s6@a.example"), in: store)
    #expect(all.map { store.mayKnow($0, at: noon) } == [false, false, true, false, true])
    #expect(try take(all[2], from: store, at: noon) == "2 again")
    // A large one takes the room of several, one larger than all of it finds none.
    try keep("large", sent("large@a.example"), in: store, weight: 3)
    #expect(store.count == 1)
    try keep("huge", sent("huge@a.example"), in: store, weight: 4)
    #expect(store.isEmpty)
  }

  @Test func itsBoundsCanBeChanged() throws {
    let store = DigestStore<String>(capacity: 3, lifetime: .seconds(60))
    let all = (0..<3).map { sent("s\($0)@a.example") }
    for (number, one) in all.enumerated() { try keep("\(number)", one, in: store) }
    store.adopt(capacity: 1, lifetime: .seconds(1))
    #expect(all.map { store.mayKnow($0, at: noon + .seconds(30)) } == [false, false, true])
    store.adopt(capacity: 0, lifetime: .seconds(60))
    try keep("none", all[0], in: store)
    #expect(store.isEmpty)
  }
}

/// A spool file that is none.
private final class MemorySpool: SpoolRegion {
  private let bytes: [UInt8]
  private let isReadable: Bool

  init(_ bytes: [UInt8], isReadable: Bool) {
    self.bytes = bytes
    self.isReadable = isReadable
  }

  var descriptor: Int32 { -1 }
  var length: Int { bytes.count }
  func beginning(most: Int) async -> [UInt8]? { nil }
  func octets(_ range: Range<Int>) -> [UInt8]? { isReadable ? Array(bytes[range]) : nil }
}
