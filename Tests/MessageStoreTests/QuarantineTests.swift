import Bytes
import Filtering
import Glibc
import MailSyntax
import SMTPProtocol
import Testing

@testable import MessageStore

@Suite struct QuarantineTests {
  @Test func whatIsHeldIsShownAsItCame() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("4F2A"), held: try order())
    let entry = try #require(try await store.entry("4F2A"))
    #expect(entry.message == "4F2A")
    #expect(entry.sender == path("a@b.example"))
    #expect(entry.subject == "invoice 发票")
    #expect(entry.from == "\"A\" <a@b.example>")
    #expect(entry.client == client())
    #expect(entry.since == morning)
    #expect(entry.order == (try order()))
    #expect(entry.recipients.map(\.state) == [.held, .held])
    let stored = Array("X-Added: yes\r\n".utf8) + storedContent
    #expect(entry.octets == UInt64(stored.count))
    #expect(try await store.content(of: "4F2A").all() == stored)
    #expect(folder.files == ["4F2A.eml"])
    #expect(store.use().quarantine == WaitingUse.Part(messages: 1, octets: stored.count))
    #expect(store.use().outbox == WaitingUse.Part())
    var status = stat()
    #expect(stat(folder.messages + "/files/4F2A.eml", &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(stat(folder.messages + "/index.sqlite", &status) == 0 && status.st_mode & 0o777 == 0o600)
    await store.close()

    let again = try MessageStore(folder: folder.messages)
    #expect(again.opening == StoreOpening())
    #expect(try await again.entry("4F2A") == entry)
    #expect(again.use().quarantine == WaitingUse.Part(messages: 1, octets: stored.count))
    await again.close()
  }

  @Test func commitsWaitForTheDisk() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    let modes = try await store.index.change { db in
      (
        try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? 0,
        try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
      )
    }
    #expect(modes.0 == 2)
    #expect(modes.1 == "wal")
    await store.close()
  }

  /// The dots, the header's replacement and the border between memory and file, wherever it lies.
  @Test func contentIsUnstuffedAcrossAllBorders() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    for border in 0...content.count {
      let held = HeldMessage(
        memory: Array(content[..<border]), spool: try ScratchSpool(Array(content[border...])),
        octets: UInt64(storedContent.count))
      try await store.keep(message("B\(border)", held), held: try order())
      let kept = try await store.content(of: "B\(border)")
      let expected = Array("X-Added: yes\r\n".utf8) + storedContent
      #expect(try await kept.all(piece: 1000) == expected, "\(border)")
      let wire = try await kept.held(memoryLimit: border, grant: nil)
      #expect(wire.wire == Array("X-Added: yes\r\n".utf8) + content, "\(border)")
      #expect(wire.memory.count == min(border, expected.count + 1))
      #expect(wire.octets == UInt64(expected.count))
    }
    await store.close()
  }

  @Test func aReplacedHeaderIsNotKeptTwice() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    let body = try #require(content.indices.first { content[$0...].starts(with: Array("\r\n\r\n".utf8)) })
    let replaced = WaitingMessage(
      id: "R", received: morning, sender: .null, client: client(), content: HeldMessage(memory: content),
      header: Array("Subject: [SPAM] invoice\r\n".utf8), bodyStart: body + 2)
    try await store.keep(replaced, held: try order())
    let expected =
      "Subject: [SPAM] invoice\r\n\r\n.a line that begins with a dot\r\nand one that does not\r\n"
    #expect(try await store.content(of: "R").all() == Array(expected.utf8))
    #expect(try await store.entry("R")?.sender == .null)
    await store.close()
  }

  @Test func binaryContentIsKeptOctetForOctet() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    let octets: [UInt8] = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) } + Array("\n.\n..\n".utf8)
    let held = HeldMessage(
      memory: Array(octets[..<1000]), spool: try ScratchSpool(Array(octets[1000...])), isBinary: true)
    try await store.keep(message("BIN", held, header: ""), held: try order())
    let kept = try await store.content(of: "BIN")
    #expect(try await kept.all(piece: 10_000) == octets)
    let wire = try await kept.held(memoryLimit: 10, grant: nil)
    #expect(wire.isBinary && wire.wire == octets)
    await store.close()
  }

  @Test func deletedForAllIsGoneAndStaysOpenForWhoReadsIt() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("D"), held: try order())
    #expect(try await store.delete("D", for: ["c@d.example", "nobody@d.example"], at: morning + day) == 1)
    #expect(folder.files == ["D.eml"])
    let kept = try await store.content(of: "D")
    #expect(try await store.delete("D", for: nil, at: morning + day) == 1)
    #expect(try await store.delete("D", for: nil, at: morning + day) == 0)
    #expect(folder.files == [])
    #expect(store.use() == WaitingUse())
    #expect(try await kept.all().suffix(storedContent.count) == storedContent[...])
    await #expect(throws: WaitingFault.missing) { _ = try await store.content(of: "D") }
    // What became of it can still be looked up, until its time is over.
    let entry = try #require(try await store.entry("D"))
    #expect(entry.recipients.map(\.state) == [.deleted, .deleted])
    #expect(entry.recipients.map(\.changed) == [morning + day, morning + day])
    #expect(try await store.list(QuarantineFilter(), after: nil, most: 10).entries.isEmpty)
    await #expect(throws: WaitingFault.missing) { _ = try await store.delete("X", for: nil, at: morning) }
    await store.close()
  }

  @Test func onlyAgeRemovesWhatIsHeld() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("OLD"), held: try order(expires: morning + day))
    try await store.keep(message("NEW"), held: try order(expires: morning + .seconds(90_000)))
    try await store.keep(message("GONE"), held: try order(expires: morning + day))
    _ = try await store.delete("GONE", for: nil, at: morning)
    let early = try await store.expire(at: morning + .milliseconds(day.milliseconds - 1))
    #expect(early.entries.isEmpty && early.isComplete)
    #expect(folder.files == ["NEW.eml", "OLD.eml"])
    let due = try await store.expire(at: morning + day)
    #expect(due.entries.map(\.id) == ["OLD"] && due.isComplete)
    #expect(folder.files == ["NEW.eml"])
    #expect(try await store.everything().map(\.id) == ["NEW"])
    #expect(store.use().quarantine.messages == 1)
    await store.close()
  }

  @Test func foldersAreNamesAndNoPaths() {
    for name in ["spam", "a/b/c", "2026-11", "_x", "发票", "a.b", "1/2/3/4/5/6/7/8"] {
      #expect(QuarantineFolder(name)?.description == name)
    }
    let wrong = [
      "", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../a", ".hidden", "a/.b", "a b", "a\\b", "a\u{0}",
      "a\n", "1/2/3/4/5/6/7/8/9", String(repeating: "x", count: 65), "a%", "~", "a\u{202e}b",
    ]
    for name in wrong { #expect(QuarantineFolder(name) == nil, "\(name)") }
  }

  @Test func anIDIsUsedOnceAndIsNoPath() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("A"), held: try order())
    await #expect(throws: WaitingFault.self) { try await store.keep(message("A"), held: try order("other")) }
    for id in ["", "../A", "a/b", "a.b", String(repeating: "A", count: 65)] {
      await #expect(throws: WaitingFault.self) { try await store.keep(message(id), held: try order()) }
    }
    await #expect(throws: WaitingFault.self) { try await store.keep(message("B"), held: nil) }
    #expect(folder.files == ["A.eml"])
    #expect(store.use().quarantine.messages == 1)
    #expect(try await store.content(of: "A").all().isEmpty == false)
    await store.close()
  }
}
