import Synchronization
import TestSupport
import Testing

/// The ceilings over all messages in flight: past them 452, none lost, and everything given back.
@Suite(.apart) struct E2ECeilingTests {
  private static let line = String(repeating: "x", count: 998) + "\r\n"
  private static let message = "Subject: large\r\n\r\n" + String(repeating: line, count: 600)

  /// Sends the message from many clients at once until each has its 250; how many 452 there were.
  private func flood(_ front: Front, clients: Int) throws -> Int {
    let refusals = Atomic<Int>(0)
    try together(clients) { index in
      for attempt in 0..<200 {
        let client = try front.session(patience: .seconds(60))
        let answer = try client.deliver(
          from: "a\(index)@outside.example", to: ["user@example.org"], Self.message)
        if answer.code == 250 { return }
        guard answer.code == 452, answer.enhanced == "4.3.1" else {
          throw HarnessFault("attempt \(attempt): \(answer)")
        }
        refusals.add(1, ordering: .relaxed)
        client.close()
        block(for: .milliseconds(100))
      }
      throw HarnessFault("never taken")
    }
    return refusals.load(ordering: .relaxed)
  }

  private func expectAllGivenBack(_ front: Front) throws {
    #expect(try eventually { try front.status("memory") == 0 && front.status("spool") == 0 })
    #expect(try eventually { try front.status("connections") == 0 })
  }

  @Test(arguments: [
    ("LIMIT_MEMORY", ["limits.memory": "\"2MiB\"", "limits.memory_per_message": "\"1MiB\""]),
    (
      "LIMIT_SPOOL",
      ["limits.spool": "\"2MiB\"", "limits.memory_per_message": "\"64KiB\"", "limits.header_size": "4096"]
    ),
  ])
  func pastACeilingThereIs452(_ code: String, _ settings: [String: String]) throws {
    let front = try Front(
      settings.merging(["limits.connections_per_address": "1000"]) { $1 },
      behaviour: .at(.endOfData, .delay(.milliseconds(50))))
    let refusals = try flood(front, clients: 20)
    #expect(refusals > 0)
    #expect(front.backend.messages.count == 20)
    #expect(front.backend.messages.allSatisfy { $0.size > Self.message.utf8.count })
    let line = try front.gateway.waitForLog { $0["code"] == code }
    #expect(line.event == "limit" && line["stage"] == "message" && line["reply"]?.hasPrefix("452") == true)
    try expectAllGivenBack(front)
  }

  /// A message that is larger than the ceiling alone is refused, not waited for.
  @Test func aMessageLargerThanTheCeiling() throws {
    let front = try Front([
      "limits.spool": "\"256KiB\"", "limits.memory_per_message": "\"64KiB\"", "limits.header_size": "4096",
    ])
    let client = try front.session(patience: .seconds(30))
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"], Self.message).code == 452)
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    try expectAllGivenBack(try dropping(client, front))
  }

  private func dropping(_ client: RawClient, _ front: Front) throws -> Front {
    client.close()
    return front
  }
}
