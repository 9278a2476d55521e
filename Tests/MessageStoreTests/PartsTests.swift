import Bytes
import Filtering
import Glibc
import Testing

@testable import MessageStore

/// The parts of one mail are kept together or not at all.
@Suite struct PartsTests {
  private func parts(_ id: String, _ count: Int = 3) throws -> [WaitingPart] {
    try (1...count).map {
      WaitingPart(
        message: message($0 == 1 ? id : "\(id)-\($0)"), held: $0 == 2 ? nil : try order(),
        legs: $0 == 2 ? [leg("x@y.example")] : [])
    }
  }

  @Test func theyAreKeptAtOnce() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(try parts("A"))
    #expect(Set(try await store.everything().map(\.id)) == ["A", "A-3"])
    #expect(try await store.legs(in: .waiting, after: 0, most: 10).map(\.message) == ["A-2"])
    #expect(folder.files == ["A-2.eml", "A-3.eml", "A.eml"])
    #expect(store.use().quarantine.messages == 2 && store.use().outbox.messages == 1)
    #expect(store.use().outbox.octets == "X-Added: yes\r\n".utf8.count + storedContent.count)
    await store.close()
  }

  /// The last of them has no room, by any of the bounds: then none is there, and none takes room.
  @Test func withoutRoomForAllNoneIsKept() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    for narrow in [
      { $0.quarantineMessages = 1 }, { $0.outboxMessages = 0 }, { $0.underWay = 0 },
      { $0.quarantineOctets = 200 }, { $0.freeDisk = .max / 2 }, { $0.hops = 1 }, { $0.recipients = 1 },
    ] as [(inout StoreBounds) -> Void] {
      var bounds = StoreBounds()
      narrow(&bounds)
      store.adopt(bounds)
      await #expect(throws: WaitingFault.self) { try await store.keep(try parts("A")) }
      #expect(folder.files == [] && store.use() == WaitingUse())
    }
    // However many parts one mail has: it begins where others may.
    var bounds = StoreBounds()
    bounds.underWay = 1
    store.adopt(bounds)
    try await store.keep(try parts("A"))
    // More than there may ever be is not a matter of coming again.
    bounds.quarantineMessages = 1
    store.adopt(bounds)
    await #expect {
      try await store.keep(try parts("B"))
    } throws: { fault in
      if case .tooLarge? = fault as? WaitingFault { true } else { false }
    }
    await store.close()
  }

  @Test func aPartThatCannotBeWrittenTakesTheOthersAlong() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("A-3"), held: try order())
    let use = store.use()
    // The file of the third exists, and stays.
    await #expect(throws: WaitingFault.self) { try await store.keep(try parts("A")) }
    #expect(folder.files == ["A-3.eml"] && store.use() == use)
    for faulty in [[], try parts("B", 1) + parts("B", 1)] {
      await #expect(throws: WaitingFault.self) { try await store.keep(faulty) }
    }
    var nameless = try parts("C")
    nameless[2] = WaitingPart(message: message("../C"), held: try order())
    await #expect(throws: WaitingFault.self) { try await store.keep(nameless) }
    nameless[2] = WaitingPart(message: message("C-3"), held: nil)
    await #expect(throws: WaitingFault.self) { try await store.keep(nameless) }
    #expect(folder.files == ["A-3.eml"] && store.use() == use)
    #expect(try await store.everything().map(\.id) == ["A-3"])
    await store.close()
  }

  /// One that is not there: nothing is said of the others either.
  @Test func oneWordIsForAllOfThem() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(try parts("A"), isProvisional: true)
    await #expect(throws: WaitingFault.missing) { try await store.confirm("A", "A-2", "A-4") }
    #expect(try await store.everything().isEmpty)
    #expect(try await store.claim(dueAt: morning, most: 10).isEmpty)
    await #expect(throws: WaitingFault.missing) { try await store.withdraw("A", "A-4", "A-2") }
    #expect(folder.files.count == 3)
    try await store.confirm("A-3", "A-2", "A")
    #expect(Set(try await store.everything().map(\.id)) == ["A", "A-3"])
    #expect(try await store.claim(dueAt: morning, most: 10).count == 1)
    await #expect(throws: WaitingFault.missing) { try await store.withdraw("A", "A-2", "A-3") }
    try await store.keep(try parts("B"), isProvisional: true)
    try await store.withdraw("B", "B-2", "B-3")
    #expect(folder.files == ["A-2.eml", "A-3.eml", "A.eml"])
    #expect(store.use().quarantine.messages == 2 && store.use().outbox.messages == 1)
    await store.close()
  }
}
