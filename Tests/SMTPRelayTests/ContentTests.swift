import Bytes
import Filtering
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

/// When content is written, how large it is said to be, and which reply answers it.
@Suite struct ContentTests {
  @Test(arguments: ["250 2.0.0 Taken", "550 5.7.1 No", "4", "garbage"])
  func whatComesWithTheWordToSendAnswersNothing(line: String) async throws {
    let backend = try ScriptedBackend(.at(.data, .reply("354 Go ahead\r\n\(line)"), .normal))
    try await withRelay(backend) { relay in
      let outcome = await relay.deliver(relay.delivery())
      #expect(outcome.short == "unavailable BACKEND_LOST")
      #expect(outcome.detail.contains("before the content was sent"))
      #expect(await eventuallyAsync { backend.openSessionCount == 0 })
      #expect(!String(decoding: backend.input(ofSession: 1), as: UTF8.self).contains("Received:"))
      #expect(backend.messages.isEmpty)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  /// Held in memory, and more than the system takes at once.
  private static let large: HeldMessage = {
    var line = [UInt8](repeating: UInt8(ascii: "x"), count: 65_534)
    line += [13, 10]
    var content: [UInt8] = []
    content.reserveCapacity(line.count * 400)
    for _ in 0..<400 { content += line }
    return HeldMessage(memory: content)
  }()

  @Test func anAnswerBeforeAllIsWrittenIsNone() async throws {
    let backend = try ScriptedBackend(.at(.content, .reply("250 2.0.0 Taken"), .normal))
    try await withRelay(backend) { relay in
      let outcome = await relay.deliver(relay.delivery(message: Self.large, budget: .seconds(60)))
      #expect(outcome.short == "unavailable BACKEND_LOST")
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
    }
  }

  @Test func whatTheSystemDoesNotTakeAtOnceArrivesAndIsAnswered() async throws {
    let backend = try ScriptedBackend(.at(.content, .delay(.milliseconds(300)), .normal))
    try await withRelay(backend, configure: { $0.replyTimeout = .seconds(60) }) { relay in
      let outcome = await relay.deliver(relay.delivery(message: Self.large, budget: .seconds(60)))
      #expect(outcome.short == "delivered b0 250")
      #expect(backend.messages.first?.size == 19 + Self.large.memory.count)
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.sessionCount == 1)
    }
  }

  @Test func sizeCountsNoStuffing() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      func size(_ header: String, _ memory: String, from start: Int, spool: [UInt8] = []) async throws
        -> String
      {
        let plain = relay.delivery()
        let whole = memory + String(decoding: spool, as: UTF8.self)
        let doubled = ("\r\n" + whole).split(separator: "\r\n.", omittingEmptySubsequences: false).count - 1
        let held = HeldMessage(
          memory: Array(memory.utf8), spool: spool.isEmpty ? nil : try FileSpool(spool),
          octets: UInt64(whole.utf8.count - doubled))
        let delivery = Delivery(
          id: "T", sender: plain.sender, parameters: .none, recipients: plain.recipients,
          client: plain.client, message: held, header: Array(header.utf8), bodyStart: start,
          isHeaderASCII: true, isIdentifiable: true, budget: .seconds(5))
        #expect(await relay.deliver(delivery).short == "delivered b0 250")
        let message = try #require(backend.messages.last)
        #expect(message.senderParameters == "SIZE=\(message.content.count)")
        return message.text
      }
      let dots = String(repeating: "..\r\n", count: 1000)
      #expect(try await size("", "A: b\r\n\r\n" + dots, from: 0).utf8.count == 8 + 3000)
      _ = try await size("Received: x\r\n", "A: b\r\n\r\n..x\r\n", from: 0)
      _ = try await size("..new: x\r\n", "A: b\r\n\r\n", from: 0)
      _ = try await size("", "..old: x\r\nA: b\r\n\r\n", from: 10)
      // An edited header: what it replaces had doubled dots, and so has it.
      let text = try await size("..new: x\r\nB: c\r\n", "..old: x\r\nB: b\r\n\r\n..x\r\n", from: 16)
      #expect(text == ".new: x\r\nB: c\r\n\r\n.x\r\n")
      _ = try await size("R: x\r\n", "A: b\r\n\r\n", from: 0, spool: Array(dots.utf8))
    }
  }

  @Test func longRepliesArePassedOnInPart() async throws {
    let line = String(repeating: "y", count: 470)
    let reply = (0..<99).map { _ in "550-5.7.1 \(line)" }.joined(separator: "\r\n") + "\r\n550 5.7.1 end"
    let backend = try ScriptedBackend(.at(.endOfData, .reply(reply)))
    try await withRelay(backend) { relay in
      guard case .refused(let reply, _) = await relay.deliver(relay.delivery()) else {
        Issue.record("not refused")
        return
      }
      #expect(reply.code == 550 && reply.enhancedText == "5.7.1")
      #expect(reply.lines.reduce(0) { $0 + $1.utf8.count } == 2048)
      #expect(reply.lines.first == line)
    }
  }
}
