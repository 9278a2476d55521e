import Bytes
import Dispatch
import Filtering
import GRDB
import Glibc
import Testing

@testable import MessageStore

/// Octets of memory that this process has had at most.
private func mostMemory() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}

private func holdAll(_ ids: [String], _ held: HeldMessage, in store: MessageStore) async throws {
  let order = try order()
  try await withThrowingTaskGroup(of: Void.self) { group in
    for id in ids { group.addTask { try await store.keep(message(id, held), held: order) } }
    try await group.waitForAll()
  }
}

@Suite(.serialized) struct ScaleTests {
  @Test func aBurstSharesItsFlushes() async throws {
    let folder = try ScratchFolder()
    let commits = Counter(0)
    let store = try MessageStore(folder: folder.messages, bounds: StoreBounds(), patience: 5) {
      if $0 == .indexCommitted { _ = commits.next() }
    }
    let began = ContinuousClock.now
    try await holdAll((0..<256).map { "M\($0)" }, HeldMessage(memory: content), in: store)
    let took = began.duration(to: .now)
    let transactions = -commits.next() - 1
    print("256 holds at once: \(took), \(transactions) transactions")
    #expect(transactions < 200)
    #expect(folder.files.count == 256)
    #expect(store.use().quarantine.messages == 256)
    await store.close()
  }

  @Test func tooManyAtOnceAreRefusedForNow() async throws {
    let folder = try ScratchFolder()
    var bounds = StoreBounds()
    bounds.underWay = 4
    // The disk takes its time.
    let gate = DispatchSemaphore(value: 0)
    let store = try MessageStore(folder: folder.messages, bounds: bounds, patience: 5) {
      if $0 == .contentBegun { gate.wait() }
    }
    let order = try order()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<4 {
        await withCheckedContinuation { started in
          group.addTask {
            try await withCheckedThrowingContinuation { (kept: CheckedContinuation<Void, any Error>) in
              store.keep([WaitingPart(message: message("M\(number)"), held: order)], isProvisional: false) {
                kept.resume(with: $0)
              }
              started.resume()
            }
          }
        }
      }
      let fault = await #expect(throws: WaitingFault.self) {
        try await store.keep(message("M4"), held: order)
      }
      #expect(fault?.reason == .waitingMailUnavailable)
      for _ in 0..<5 { gate.signal() }
      try await group.waitForAll()
    }
    try await store.keep(message("M5"), held: order)
    #expect(folder.files == ["M0.eml", "M1.eml", "M2.eml", "M3.eml", "M5.eml"])
    await store.close()
  }

  /// Eight messages of 32 MiB each, of which no more is in memory than a few pieces.
  @Test func largeMessagesAreNeverReadWhole() async throws {
    let folder = try ScratchFolder()
    await #expect(processExitsWith: .success) { [path = folder.messages as String] in
      let store = try MessageStore(folder: path)
      var line = [UInt8](repeating: 0x61, count: 1022)
      line += [0x0d, 0x0a]
      let spool = try ScratchSpool(line, times: 32768)
      let held = HeldMessage(memory: content, spool: spool, octets: 32 << 20)
      let before = mostMemory()
      try await holdAll((0..<8).map { "L\($0)" }, held, in: store)
      let grown = mostMemory() - before
      print("8 holds of 32 MiB at once: \(grown >> 10) KiB more memory")
      #expect(grown < 48 << 20)
      let use = store.use().quarantine
      #expect(use.messages == 8 && use.octets > 8 * (32 << 20))
      // Back in the form that goes out: so much in memory, the rest in a file.
      let wire = try await store.content(of: "L7").held(memoryLimit: 65536, grant: nil)
      #expect(wire.memory.count == 65536)
      #expect(wire.memory.count + (wire.spool?.length ?? 0) == 14 + content.count + (32 << 20))
      await store.close()
    }
  }

  @Test func aHundredThousandEntriesOpenFast() async throws {
    // A hundred thousand files are made and removed: in memory where there is a disk of it.
    let folder = try ScratchFolder(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")
    let count = 100_000
    let first = try MessageStore(folder: folder.messages)
    try await first.keep(message("M0"), held: try order(), legs: [leg("x@y.example")])
    try await first.pool.write { db in
      func copy(_ table: String, _ changed: [String: String]) throws {
        let columns = try db.columns(in: table).map(\.name)
        let values = columns.map { changed[$0] ?? $0 }
        try db.execute(
          sql: """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count - 1))
            INSERT INTO \(table) (\(columns.joined(separator: ", ")))
            SELECT \(values.joined(separator: ", ")) FROM n, (SELECT * FROM \(table)) AS old
            """)
      }
      try copy("message", ["key": "key + i", "id": "'M' || i"])
      try copy("entry", ["key": "key + i", "id": "'M' || i", "message": "message + i", "since": "since + i"])
      try copy("recipient", ["entry": "entry + i"])
      try copy("leg", ["key": "key + i", "message": "message + i", "next": "next + i"])
    }
    await first.close()
    for number in 1..<count {
      close(open("\(folder.messages)/files/M\(number).eml", O_CREAT | O_WRONLY, 0o600))
    }
    let began = ContinuousClock.now
    let store = try MessageStore(folder: folder.messages)
    let opened = began.duration(to: .now)
    #expect(store.opening == StoreOpening() && store.use().quarantine.messages == count)
    let page = try await store.list(QuarantineFilter(), after: nil, most: 50)
    #expect(page.entries.count == 50 && page.entries[0].id == "M\(count - 1)")
    let listed = began.duration(to: .now)
    #expect(try await store.claim(dueAt: morning + .milliseconds(9), most: 100).count == 10)
    let claimed = began.duration(to: .now)
    var filter = QuarantineFilter()
    filter.recipient = "nobody@anywhere"
    #expect(try await store.list(filter, after: nil, most: 50).entries.isEmpty)
    let searched = began.duration(to: .now)
    print(
      "\(count) entries: opened in \(opened), 50 listed in \(listed - opened), claimed in \(claimed - listed), searched in \(searched - claimed)"
    )
    #expect(opened < .seconds(10))
    #expect(listed - opened < .seconds(2) && claimed - listed < .seconds(2))
    await store.close()
  }
}
