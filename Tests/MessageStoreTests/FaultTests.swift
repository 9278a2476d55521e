import Bytes
import Filtering
import GRDB
import Glibc
import Testing

@testable import MessageStore

@Suite struct FaultTests {
  @Test func boundsRefuseAndEvictNothing() async throws {
    let folder = try ScratchFolder()
    var bounds = StoreBounds()
    bounds.quarantineMessages = 2
    bounds.outboxMessages = 1
    let store = try MessageStore(folder: folder.messages, bounds: bounds)
    try await store.keep(message("A"), held: try order())
    try await store.keep(message("B"), held: try order())
    let refusal = await #expect(throws: WaitingFault.self) {
      try await store.keep(message("C"), held: try order())
    }
    #expect(refusal?.reason == .waitingMailFull)
    #expect(refusal?.detail == "2 messages in the quarantine, of 2 (quarantine.messages)")
    try await store.keep(message("D"), held: nil, legs: [leg("x@y.example")])
    await #expect(throws: WaitingFault.self) {
      try await store.keep(message("E"), held: nil, legs: [leg("x@y.example")])
    }
    #expect(folder.files == ["A.eml", "B.eml", "D.eml"])
    // Room that was given back is room.
    _ = try await store.delete("A", for: nil, at: morning)
    try await store.keep(message("C"), held: try order())
    // What could not be delivered is never dropped, whatever the bounds are.
    let legs = try await store.claim(dueAt: morning, most: 1)
    try await store.finish([legs[0].id: .refused("550")], at: morning, OutboxTerms())
    #expect(store.use().quarantine.messages == 3 && store.use().outbox.messages == 0)
    bounds.quarantineMessages = 10
    bounds.quarantineOctets = store.use().quarantine.octets + 10
    store.adopt(bounds)
    let size = ContentWriting.most(message("F"))
    let (used, bound) = (store.use().quarantine.octets, bounds.quarantineOctets)
    #expect(size > 10 && size < bound)
    let crowded = await #expect(throws: WaitingFault.self) {
      try await store.keep(message("F"), held: try order())
    }
    #expect(
      crowded
        == .full("\(used) octets in the quarantine, of \(bound) (quarantine.size), and \(size) are to come"))
    // What can never have room is not asked to come again.
    bounds.quarantineOctets = size - 1
    bounds.outboxOctets = 0
    store.adopt(bounds)
    let large = await #expect(throws: WaitingFault.self) {
      try await store.keep(message("F"), held: try order())
    }
    #expect(large == .tooLarge("\(size) octets, and quarantine.size allows \(size - 1) in all"))
    #expect(large?.reason == .waitingMailTooLarge)
    await #expect(throws: WaitingFault.tooLarge("\(size) octets, and outbox.size allows 0 in all")) {
      try await store.keep(message("F"), held: nil, legs: [leg("x@y.example")])
    }
    // Nor have the parts of one mail that never fit together.
    bounds.quarantineOctets = 2 * size - 1
    store.adopt(bounds)
    let both = WaitingFault.tooLarge("\(2 * size) octets, and quarantine.size allows \(2 * size - 1) in all")
    await #expect(throws: both) {
      try await store.keep(
        ["F", "G"].map { WaitingPart(message: message($0), held: try order(), legs: []) })
    }
    bounds.quarantineOctets = .max
    bounds.freeDisk = .max / 2
    store.adopt(bounds)
    let full = await #expect(throws: WaitingFault.self) {
      try await store.keep(message("F"), held: try order())
    }
    #expect(full?.reason == .waitingMailFull)
    bounds.freeDisk = 0
    bounds.recipients = 1
    store.adopt(bounds)
    await #expect(throws: WaitingFault.self) { try await store.keep(message("F"), held: try order()) }
    #expect(folder.files == ["B.eml", "C.eml", "D.eml"])
    await store.close()
    let again = try MessageStore(folder: folder.messages)
    #expect(again.use() == store.use(), "what was refused took no room")
    await again.close()
  }

  @Test func aFullDiskRefusesAndLosesNothing() async throws {
    let folder = try ScratchFolder()
    let disk = folder.path + "/disk"
    mkdir(disk, 0o700)
    guard mount("tmpfs", disk, "tmpfs", 0, "size=3m") == 0 else {
      print("skipped: aFullDiskRefusesAndLosesNothing: no right to mount a small disk")
      return
    }
    defer { umount2(disk, Int32(MNT_DETACH)) }
    var bounds = StoreBounds()
    bounds.freeDisk = 0
    let store = try MessageStore(folder: disk + "/messages", bounds: bounds)
    let large = Array(repeating: Array("0123456789abcdef0123456789abcdef\r\n".utf8), count: 3000).flatMap {
      $0
    }
    var told: [String] = []
    var faults: [WaitingFault] = []
    for number in 0..<60 {
      do {
        // Small ones at the end fill what the large ones leave, until the index has no room either.
        let bytes = number < 40 ? large : content
        try await store.keep(message("M\(number)", HeldMessage(memory: bytes)), held: try order())
        told.append("M\(number)")
      } catch let fault as WaitingFault { faults.append(fault) }
    }
    #expect(told.count > 5 && faults.count > 5)
    #expect(
      faults.allSatisfy { $0.reason == .waitingMailFull },
      "\(faults.filter { $0.reason != .waitingMailFull })")
    func names() -> [String] { ScratchFolder.names(in: disk + "/messages/files") }
    #expect(names() == told.map { "\($0).eml" }.sorted())
    #expect(store.use().quarantine.messages == told.count)
    let listed = try await store.list(QuarantineFilter(), after: nil, most: 1000).entries
    #expect(Set(listed.map(\.id)) == Set(told))
    await store.close()

    let again = try MessageStore(folder: disk + "/messages", bounds: bounds)
    #expect(again.opening == StoreOpening())
    for id in told {
      #expect(try await again.content(of: id).octets > 0)
    }
    // Room comes back with what is deleted.
    for id in told.prefix(5) { #expect(try await again.delete(id, for: nil, at: morning) == 2) }
    try await again.keep(message("AFTER"), held: try order())
    await again.close()
  }

  @Test func anIndexThatIsLockedElsewhereRefusesForNow() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages, patience: 0.2)
    try await store.keep(message("A"), held: try order())
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: folder.messages + "/index.sqlite", configuration: configuration)
    try await other.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
    let fault = await #expect(throws: WaitingFault.self) {
      try await store.keep(message("B"), held: try order())
    }
    #expect(fault == .unavailable("index.sqlite: locked by another process"))
    #expect(fault?.reason == .waitingMailUnavailable)
    #expect(folder.files == ["A.eml"])
    #expect(try await store.everything().map(\.id) == ["A"], "looking is not locked out")
    try await other.writeWithoutTransaction { try $0.rollback() }
    try other.close()
    try await store.keep(message("B"), held: try order())
    #expect(store.use().quarantine.messages == 2)
    await store.close()
  }

  @Test func oneProcessHasTheFolder() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    let error = #expect(throws: MessageStoreError.self) { try MessageStore(folder: folder.messages) }
    #expect(error?.description.contains("another process") == true)
    await store.close()
    await #expect(throws: WaitingFault.self) { try await store.keep(message("A"), held: try order()) }
    await #expect(throws: WaitingFault.self) { _ = try await store.everything() }
  }

  /// Octets of the index are overwritten at its beginning, in its middle, everywhere.
  @Test(arguments: [0..<16, 4096..<8192, 0..<200_000])
  func aDamagedIndexIsToldAndNothingIsDeleted(_ range: Range<Int>) async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    for number in 0..<50 { try await store.keep(message("M\(number)"), held: try order()) }
    _ = try await store.index.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    await store.close()
    let file = open(folder.messages + "/index.sqlite", O_RDWR)
    let size = Int(lseek(file, 0, SEEK_END))
    let damaged = range.clamped(to: 0..<size)
    let octets = [UInt8](repeating: 0xa5, count: damaged.count)
    #expect(pwrite(file, octets, octets.count, off_t(damaged.lowerBound)) == octets.count)
    close(file)
    let error = #expect(throws: MessageStoreError.self) { try MessageStore(folder: folder.messages) }
    let text = error?.description ?? ""
    #expect(
      text.contains("index.sqlite") && text.contains("damaged") && text.contains("untouched"), "\(text)")
    #expect(folder.files.count == 50 && folder.strays.isEmpty)
  }

  @Test func aMissingIndexBesideMessagesIsTold() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("A"), held: try order())
    await store.close()
    for name in ScratchFolder.names(in: folder.messages) where name.hasPrefix("index.sqlite") {
      unlink("\(folder.messages)/\(name)")
    }
    for _ in 0..<2 {
      let error = #expect(throws: MessageStoreError.self) { try MessageStore(folder: folder.messages) }
      #expect(error?.description.contains("missing or empty") == true)
    }
    #expect(folder.files == ["A.eml"] && folder.strays.isEmpty)
  }

  @Test func anIndexOfANewerVersionIsLeftAlone() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("A"), held: try order())
    try await store.index.pool.write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('2-of-tomorrow')")
    }
    await store.close()
    let error = #expect(throws: MessageStoreError.self) { try MessageStore(folder: folder.messages) }
    #expect(error?.description.contains("newer version") == true)
    #expect(folder.files == ["A.eml"])
  }

  @Test func aFileThatSomebodyRemovedIsClosedAndTold() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await store.keep(message("A"), held: try order(), legs: [leg("x@y.example")])
    try await store.keep(message("B"), held: try order())
    await store.close()
    unlink(folder.messages + "/files/A.eml")
    let again = try MessageStore(folder: folder.messages)
    #expect(again.opening.lost == ["A"])
    #expect(again.use().quarantine.messages == 1)
    #expect(try await again.entry("A")?.recipients.map(\.state) == [.lost, .lost])
    #expect(try await again.list(QuarantineFilter(), after: nil, most: 10).entries.map(\.id) == ["B"])
    #expect(try await again.claim(dueAt: morning, most: 10).isEmpty)
    #expect(try await again.legs(in: .lost, after: 0, most: 10).count == 1)
    #expect(try await again.release("A", to: nil, ReleaseTerms(time: morning, expires: morning)) == [])
    await again.close()
    let third = try MessageStore(folder: folder.messages)
    #expect(third.opening == StoreOpening(), "told once")
    await third.close()
  }

  @Test func straysAreKeptAWeekAndOthersFilesAreNoneOfOurs() async throws {
    let folder = try ScratchFolder()
    await (try MessageStore(folder: folder.messages)).close()
    // An index that is not new: then files it does not know were never told of.
    for name in ["S.eml", ".new-T", "README", "a b.eml"] {
      close(open("\(folder.messages)/files/\(name)", O_CREAT | O_WRONLY, 0o600))
    }
    let store = try MessageStore(folder: folder.messages)
    #expect(store.opening.strays == ["S"])
    #expect(folder.files == ["README", "a b.eml"])
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let present = Timestamp(milliseconds: Int64(now.tv_sec) * 1000)
    _ = try await store.expire(at: present + .seconds(6 * 86_400))
    #expect(folder.strays == ["S.eml"])
    _ = try await store.expire(at: present + .seconds(8 * 86_400))
    #expect(folder.strays == [])
    await store.close()
  }
}
