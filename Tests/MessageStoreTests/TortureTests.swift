import Bytes
import Filtering
import Glibc
import Testing

@testable import MessageStore

/// Lines that survive the process that wrote them.
private struct Record: Sendable {
  let path: String

  func add(_ line: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let bytes = Array("\(line)\n".utf8)
    _ = write(file, bytes, bytes.count)
    close(file)
  }

  var lines: [String] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(file, &block, block.count)
      guard count > 0 else { break }
      bytes += block[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// Holds, releases, sends and deletes as a gateway would, many at once, and writes down what it was told.
private struct Gateway: Sendable {
  let store: MessageStore
  let round: Int
  /// Messages that were told to be kept; entries told to be deleted; what a backend got.
  let kept: Record
  let deleted: Record
  let delivered: Record

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<8 { group.addTask { try await hold(worker) } }
      for _ in 0..<2 { group.addTask { try await send() } }
      group.addTask { try await tidy() }
      try await group.waitForAll()
    }
  }

  private func hold(_ worker: Int) async throws {
    for number in 0..<100_000 {
      let id = "R\(round)-\(worker)-\(number)"
      try await store.keep(
        message(id), held: try order("spam", ["\(id)@d.example"]), legs: [leg("\(id)@copy.example", .copy)])
      kept.add(id)
    }
  }

  private func send() async throws {
    while true {
      let legs = try await store.claim(dueAt: morning + day, most: 5)
      if legs.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      let begun = try await store.beginSending(legs.map(\.id))
      for leg in legs where begun.contains(leg.id) {
        delivered.add(leg.order.recipient.path.text)
      }
      try await store.finish(
        Dictionary(uniqueKeysWithValues: begun.map { ($0, LegEnding.delivered("250")) }), at: morning,
        OutboxTerms())
    }
  }

  private func tidy() async throws {
    while true {
      let page = try await store.list(QuarantineFilter(), after: nil, most: 20)
      for (index, entry) in page.entries.enumerated() {
        if index % 3 == 0 {
          _ = try await store.release(
            entry.id, to: nil, ReleaseTerms(time: morning, expires: morning + day))
        } else if index % 3 == 1 {
          deleted.add(entry.id)
          _ = try await store.delete(entry.id, for: nil, at: morning)
        }
      }
      try await Task.sleep(for: .milliseconds(1))
    }
  }
}

/// A gateway that works as hard as it can is killed at any moment, again and again, in the same folder.
@Suite(.serialized) struct TortureTests {
  @Test func killedAtAnyMoment() async throws {
    let folder = try ScratchFolder()
    for round in 0..<6 {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = folder.path as String, round = round as Int] in
        let store = try MessageStore(folder: path + "/messages")
        let gateway = Gateway(
          store: store, round: round, kept: Record(path: path + "/kept"),
          deleted: Record(path: path + "/deleted"), delivered: Record(path: path + "/delivered"))
        Task {
          // When it is well under way, however slow the machine is.
          while gateway.delivered.lines.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
          try await Task.sleep(for: .milliseconds(50 + round * 83 % 170))
          raise(SIGKILL)
        }
        try await gateway.run()
      }
      try await check(folder)
    }
  }

  private func check(_ folder: ScratchFolder) async throws {
    let store = try MessageStore(folder: folder.messages)
    #expect(store.opening.lost == [])
    let kept = Record(path: folder.path + "/kept").lines
    let deleted = Set(Record(path: folder.path + "/deleted").lines)
    let delivered = Record(path: folder.path + "/delivered").lines
    #expect(!kept.isEmpty && !delivered.isEmpty)
    #expect(delivered.count == Set(delivered).count, "nothing is delivered twice")
    var live: [String: LegState] = [:]
    var last: OutboxLeg.ID = 0
    while true {
      let page = try await store.legs(in: nil, after: last, most: 1000)
      guard let end = page.last else { break }
      for leg in page {
        #expect(live.updateValue(leg.state, forKey: leg.order.recipient.path.text) == nil)
      }
      last = end.id
    }
    let arrived = Set(delivered)
    for (address, state) in live where arrived.contains(address) {
      #expect(state == .unsure, "\(address) was delivered and would be sent again")
    }
    var entries: [String: QuarantineEntry] = [:]
    var cursor: QuarantineCursor?
    var filter = QuarantineFilter()
    filter.state = nil
    repeat {
      let page = try await store.list(filter, after: cursor, most: 1000)
      for entry in page.entries { entries[entry.id] = entry }
      cursor = page.next
    } while cursor != nil
    for id in kept {
      #expect(
        arrived.contains("\(id)@copy.example") || live["\(id)@copy.example"] != nil, "\(id): its leg is lost")
      let entry = try #require(entries[id], "\(id) is lost")
      switch entry.recipients[0].state {
      case .held: #expect(try await store.content(of: id).octets == Int(entry.octets))
      case .released:
        #expect(arrived.contains("\(id)@d.example") || live["\(id)@d.example"] != nil, "\(id): release lost")
      case .deleted: #expect(deleted.contains(id))
      case .lost: Issue.record("\(id) has no file")
      }
    }
    await store.close()
  }
}
