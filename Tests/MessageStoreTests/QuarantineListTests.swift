import Bytes
import Filtering
import NetAddress
import Testing

@testable import MessageStore

@Suite struct QuarantineListTests {
  private func keep(
    _ id: String, _ folder: String, _ recipients: [String], at seconds: Int, subject: String = "",
    code: String = "X", rule: String = "", in store: MessageStore
  ) async throws {
    let message = WaitingMessage(
      id: id, received: morning + .seconds(seconds), sender: path("\(id.lowercased())@sender.example"),
      client: client(), content: HeldMessage(memory: content), subject: subject,
      from: "F%_ <\(id)@from.example>")
    var order = try order(folder, recipients)
    order.code = .init(code)
    order.rule = rule
    try await store.keep(message, held: order)
  }

  private func ids(_ store: MessageStore, _ change: (inout QuarantineFilter) -> Void) async throws -> [String]
  {
    var filter = QuarantineFilter()
    change(&filter)
    return try await store.list(filter, after: nil, most: 100).entries.map(\.id)
  }

  @Test func eachFilterAsksItsOwn() async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    try await keep("A", "spam", ["x@d.example"], at: 1, subject: "100% 发票", code: "C1", rule: "R1", in: store)
    try await keep(
      "B", "spam/cn", ["y@d.example", "x@d.example"], at: 2, code: "C2", rule: "dir/a.rc:7", in: store)
    try await keep("C", "spam-x", ["z@d.example"], at: 3, subject: "plain", in: store)
    try await keep("D", "virus", ["x@d.example"], at: 3, in: store)
    _ = try await store.delete("D", for: nil, at: morning)
    #expect(try await ids(store) { _ in } == ["C", "B", "A"])
    #expect(try await ids(store) { $0.state = nil } == ["D", "C", "B", "A"])
    #expect(try await ids(store) { $0.state = .deleted } == ["D"])
    #expect(try await ids(store) { $0.folder = QuarantineFolder("spam") } == ["A"])
    #expect(
      try await ids(store) {
        $0.folder = QuarantineFolder("spam")
        $0.isNested = true
      } == ["B", "A"])
    #expect(try await ids(store) { $0.recipient = "X@D" } == ["B", "A"])
    #expect(
      try await ids(store) {
        $0.recipient = "x@d"
        $0.state = .deleted
      } == ["D"])
    #expect(try await ids(store) { $0.sender = "b@SENDER" } == ["B"])
    #expect(try await ids(store) { $0.text = "发票" } == ["A"])
    #expect(try await ids(store) { $0.text = "0%" } == ["A"])
    #expect(try await ids(store) { $0.text = "c@from" } == ["C"])
    #expect(try await ids(store) { $0.text = "%_" } == ["C", "B", "A"])
    #expect(try await ids(store) { $0.text = "_%" } == [])
    #expect(try await ids(store) { $0.text = "\\" } == [])
    #expect(try await ids(store) { $0.code = "C2" } == ["B"])
    #expect(try await ids(store) { $0.rule = "a.rc" } == ["B"])
    #expect(try await ids(store) { $0.client = client().address } == ["C", "B", "A"])
    #expect(try await ids(store) { $0.client = IPAddress(v4: 1) } == [])
    #expect(try await ids(store) { $0.since = morning + .seconds(2) } == ["C", "B"])
    #expect(try await ids(store) { $0.until = morning + .seconds(2) } == ["A"])
    let folders = try await store.folders()
    #expect(folders.map(\.folder.description) == ["spam", "spam-x", "spam/cn"])
    #expect(folders.map(\.entries) == [1, 1, 1])
    await store.close()
  }

  /// Pages join without a gap or a repetition, also where many came in one millisecond and more come meanwhile.
  @Test(arguments: [1, 2, 3, 7, 100]) func pagesJoin(most: Int) async throws {
    let folder = try ScratchFolder()
    let store = try MessageStore(folder: folder.messages)
    for number in 0..<10 { try await keep("M\(number)", "f", ["x@d.example"], at: number / 4, in: store) }
    var seen: [String] = []
    var cursor: QuarantineCursor?
    repeat {
      let page = try await store.list(QuarantineFilter(), after: cursor, most: most)
      #expect(page.entries.count <= most)
      seen += page.entries.map(\.id)
      cursor = try page.next.map { try #require(QuarantineCursor($0.description)) }
      if seen.count == 3 { try await keep("NEW", "f", ["x@d.example"], at: 50, in: store) }
    } while cursor != nil
    #expect(seen == (0..<10).reversed().map { "M\($0)" })
    await store.close()
  }

  @Test func cursorsOfStrangersAreRefused() {
    for text in ["", "1", "-", "a-b", "1-2-3", "1-"] { #expect(QuarantineCursor(text) == nil) }
  }
}
