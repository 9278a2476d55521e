import Filtering
import Foundation
import SMTPProtocol
import TestSupport
import Testing

@testable import SMTPRelay

@Suite struct DeliveryTests {
  @Test func messageArrivesAsItIsHeld() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let outcome = await relay.deliver(relay.delivery(to: ["one@b.example", "two@b.example"]))
      #expect(outcome.short == "delivered b0 250")
      let message = try #require(backend.messages.first)
      #expect(message.sender == "a@a.example")
      #expect(message.addresses == ["one@b.example", "two@b.example"])
      #expect(
        String(decoding: message.wire, as: UTF8.self)
          == "Received: by weir\r\n" + RelayFixture.text + ".\r\n")
      #expect(backend.offences.isEmpty)
    }
  }

  @Test func sessionsAreKeptAndEnvelopesPipelined() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      for _ in 0..<5 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.messages.count == 5)
      #expect(backend.sessionCount == 1)
      let input = String(decoding: backend.input(ofSession: 1), as: UTF8.self)
      let size = 19 + RelayFixture.text.utf8.count
      #expect(
        input.hasPrefix(
          "EHLO gateway.example\r\nMAIL FROM:<a@a.example> SIZE=\(size)\r\nRCPT TO:<known@b.example>\r\nDATA\r\nReceived"
        ))
    }
  }

  @Test func withoutPipeliningStepByStep() async throws {
    let backend = try ScriptedBackend(.withoutPipelining)
    try await withRelay(backend) { relay in
      #expect(
        await relay.deliver(relay.delivery(to: ["one@b.example", "two@b.example"])).short
          == "delivered b0 250")
      #expect(backend.messages.first?.addresses.count == 2)
      #expect(backend.offences.isEmpty)
    }
  }

  @Test func backendThatKnowsOnlyHELO() async throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knowsOnlyHELO = true })
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.messages.first?.senderParameters == "")
    }
  }

  @Test(arguments: [
    (BackendStep.mail, "450 4.2.0 later"), (.mail, "550 5.7.1 not from you"), (.data, "451 4.3.0 later"),
    (.data, "554 5.6.0 no"), (.endOfData, "452 4.3.1 full"), (.endOfData, "550 5.7.1 spam"),
  ])
  func refusalsArePassedOn(step: BackendStep, reply: String) async throws {
    let backend = try ScriptedBackend(.at(step, .reply(reply), .normal))
    try await withRelay(backend) { relay in
      let outcome = await relay.deliver(relay.delivery())
      guard case .refused(let refusal, "b0") = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(refusal.summary == reply)
      #expect(backend.messages.isEmpty)
      // The session goes on, after RSET where a transaction was open.
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(step == .data || backend.sessionCount == 1)
      // The second message may have gone another way meanwhile.
      if step == .data {
        #expect(await eventuallyAsync { backend.commands.contains("RSET") })
      } else {
        #expect(!backend.commands.contains("RSET"))
      }
    }
  }

  @Test func stepwiseRefusalsArePassedOn() async throws {
    for step in [BackendStep.mail, .data, .endOfData] {
      var behaviour = BackendBehaviour.withoutPipelining
      behaviour.actions[step] = [.reply("550 5.7.1 no"), .normal]
      let backend = try ScriptedBackend(behaviour)
      try await withRelay(backend) { relay in
        #expect(await relay.deliver(relay.delivery()).short == "refused b0 550")
        #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
        #expect(backend.messages.count == 1)
        #expect(step == .data || backend.sessionCount == 1)
      }
    }
  }

  @Test func parametersAreSaidWhereOffered() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      var parameters = MailParameters()
      parameters.body = .eightBit
      parameters.isInternationalized = true
      parameters.returnKind = "HDRS"
      parameters.envelopeID = "E1"
      var ofRecipient = RecipientParameters()
      ofRecipient.notify = "NEVER"
      ofRecipient.originalRecipient = "rfc822;x@y.example"
      let plain = relay.delivery(parameters: parameters)
      let delivery = Delivery(
        id: "T", sender: plain.sender, parameters: parameters,
        recipients: [relay.recipient("known@b.example", parameters: ofRecipient)], client: plain.client,
        message: plain.message, header: [], bodyStart: 0, isHeaderASCII: false, isIdentifiable: true,
        budget: .seconds(5))
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      let message = try #require(backend.messages.first)
      #expect(
        message.senderParameters
          == "SIZE=\(RelayFixture.text.utf8.count) BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=E1")
      #expect(message.recipients.first?.parameters == "NOTIFY=NEVER ORCPT=rfc822;x@y.example")
    }
  }

  @Test func binaryGoesByChunk() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let content: [UInt8] = [0, 13, 10, 46, 13, 10, 10, 0, 255]
      var parameters = MailParameters()
      parameters.body = .binary
      let delivery = relay.delivery(
        parameters: parameters, message: HeldMessage(memory: content, isBinary: true))
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      let message = try #require(backend.messages.first)
      #expect(message.isChunked)
      #expect(message.content == Array("Received: by weir\r\n".utf8) + content)
      #expect(message.senderParameters.contains("BODY=BINARYMIME"))
    }
  }

  @Test func binaryStopsBeforeItsContentWhereARecipientIsRefused() async throws {
    let backend = try ScriptedBackend(
      BackendBehaviour { $0.recipientReplies["bad@b.example"] = ["550 5.1.1 gone"] })
    try await withRelay(backend) { relay in
      let delivery = relay.delivery(
        to: ["known@b.example", "bad@b.example"], message: HeldMessage(memory: [1, 2, 3], isBinary: true))
      #expect(await relay.deliver(delivery).short == "unavailable RECIPIENT_CHANGED")
      #expect(!backend.commands.contains { $0.hasPrefix("BDAT") })
      #expect(backend.messages.isEmpty)
    }
  }

  @Test func spooledMessageFollowsItsMemory() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let lines = (0..<60_000).map { "line \($0) of a long message\r\n" }.joined()
      let spool = try FileSpool(Array(lines.utf8))
      let held = HeldMessage(
        memory: Array(RelayFixture.text.utf8), spool: spool,
        octets: UInt64(RelayFixture.text.utf8.count + lines.utf8.count))
      for _ in 0..<2 {
        #expect(
          await relay.deliver(relay.delivery(message: held, budget: .seconds(60))).short == "delivered b0 250"
        )
      }
      let message = try #require(backend.messages.last)
      #expect(backend.messages.count == 2)
      #expect(
        String(decoding: message.wire, as: UTF8.self)
          == "Received: by weir\r\n" + RelayFixture.text + lines + ".\r\n")
      #expect(backend.sessionCount == 1)
      #expect(spool.isOpen)
    }
  }

  @Test func editedHeaderReplacesTheFirstOctets() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend) { relay in
      let plain = relay.delivery()
      let delivery = Delivery(
        id: "T", sender: plain.sender, parameters: .none, recipients: plain.recipients, client: plain.client,
        message: HeldMessage(memory: Array("Subject: x\r\n\r\nbody\r\n".utf8)),
        header: Array("Subject: [spam] x\r\n".utf8), bodyStart: 12, isHeaderASCII: true, isIdentifiable: true,
        budget: .seconds(5))
      #expect(await relay.deliver(delivery).short == "delivered b0 250")
      #expect(backend.messages.first?.text == "Subject: [spam] x\r\n\r\nbody\r\n")
    }
  }

  @Test func clientIsToldByXFORWARD() async throws {
    let backend = try ScriptedBackend(.withXFORWARD)
    try await withRelay(backend) { relay in
      for _ in 0..<2 { #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250") }
      #expect(backend.sessionCount == 1)
      for message in backend.messages {
        #expect(
          message.xforward == [
            "NAME": "client.example", "ADDR": "192.0.2.7", "PORT": "4711", "PROTO": "ESMTP",
            "HELO": "helo.example", "SOURCE": "REMOTE",
          ])
      }
    }
  }

  @Test func headerIdentityTellsNothing() async throws {
    let backend = try ScriptedBackend(.withXFORWARD)
    try await withRelay(backend, configure: { $0.identity = .header }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "delivered b0 250")
      #expect(backend.messages.first?.xforward.isEmpty == true)
    }
  }

  @Test func refusedIdentityDeliversNothing() async throws {
    var behaviour = BackendBehaviour.withXFORWARD
    behaviour.actions[.xforward] = [.reply("550 5.7.1 not from you")]
    let backend = try ScriptedBackend(behaviour)
    try await withRelay(backend) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_REFUSED_IDENTITY")
      #expect(backend.messages.isEmpty)
    }
  }

  @Test func identityThatIsNotOfferedDeliversNothing() async throws {
    let backend = try ScriptedBackend()
    try await withRelay(backend, configure: { $0.identity = .xforward }) { relay in
      #expect(await relay.deliver(relay.delivery()).short == "unavailable BACKEND_REFUSED_IDENTITY")
      #expect(backend.commands.allSatisfy { !$0.hasPrefix("MAIL") })
    }
  }
}

/// A spool region over a scratch file that stays open as long as this lives.
final class FileSpool: SpoolRegion {
  let descriptor: Int32
  let length: Int

  init(_ bytes: [UInt8]) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("weir-spool-\(UUID())").path
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
      throw HarnessFault("cannot write \(path)")
    }
    descriptor = open(path, O_RDONLY)
    unlink(path)
    length = bytes.count
  }

  deinit { close(descriptor) }

  func beginning(most: Int) async -> [UInt8]? { nil }

  func octets(_ range: Range<Int>) -> [UInt8]? {
    let octets = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = max(0, pread(descriptor, buffer.baseAddress, range.count, off_t(range.lowerBound)))
    }
    return octets.count == range.count ? octets : nil
  }

  var isOpen: Bool { fcntl(descriptor, F_GETFD) != -1 }
}
