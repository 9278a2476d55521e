import Foundation
import TestSupport
import Testing

/// What the gateway offers is what every backend has, so that nothing accepted has to be refused or bent.
@Suite(.apart) struct BackendCapabilityTests {
  private static func behaviour(without missing: String..., size: String = "SIZE 104857600")
    -> BackendBehaviour
  {
    BackendBehaviour { behaviour in
      behaviour.capabilities = behaviour.capabilities.filter { word in
        !missing.contains { word.hasPrefix($0) }
      }
      if let place = behaviour.capabilities.firstIndex(where: { $0.hasPrefix("SIZE") }) {
        behaviour.capabilities[place] = size
      }
    }
  }

  private static func eachHas(_ words: [String], in offered: [String]) -> [Bool] {
    words.map { word in offered.contains { $0 == word || $0.hasPrefix(word + " ") } }
  }

  @Test func theOfferIsWhatAllBackendsHave() throws {
    let full = try ScriptedBackend()
    let noDSN = try ScriptedBackend(Self.behaviour(without: "DSN", size: "SIZE 20000000"))
    let noUTF8 = try ScriptedBackend(Self.behaviour(without: "SMTPUTF8", "BINARYMIME"))
    func offer(_ backends: [ScriptedBackend]) throws -> [String] {
      try Gateway(
        GatewayConfiguration(
          backends: backends.enumerated().map { .init("b\($0.offset)", port: $0.element.port) })
      ).offered()
    }
    let theirs = ["8BITMIME", "SMTPUTF8", "DSN", "BINARYMIME"]
    let own = ["PIPELINING", "ENHANCEDSTATUSCODES", "CHUNKING", "LIMITS", "HELP"]
    let alone = try offer([full])
    #expect(Self.eachHas(theirs, in: alone) == [true, true, true, true])
    #expect(Self.eachHas(own, in: alone) == [true, true, true, true, true])
    // Ours is the smaller: 50 MiB.
    #expect(alone.contains("SIZE 52428800"), "\(alone)")
    let two = try offer([full, noDSN])
    #expect(Self.eachHas(theirs, in: two) == [true, true, false, true])
    // Theirs is the smaller, less 4 KiB.
    #expect(two.contains("SIZE \(20_000_000 - 4096)"), "\(two)")
    let three = try offer([full, noDSN, noUTF8])
    #expect(Self.eachHas(theirs, in: three) == [true, false, false, false])
    #expect(Self.eachHas(own, in: three) == [true, true, true, true, true])
  }

  @Test func theSmallerSizeIsEnforcedBeforeAndBehindTheContent() throws {
    let backend = try ScriptedBackend(Self.behaviour(without: "CHUNKING", size: "SIZE 14096"))
    let gateway = try Gateway.before(backend)
    #expect(try gateway.offered().contains("SIZE 10000"))
    let client = try gateway.connect()
    try client.open()
    let early = try client.command("MAIL FROM:<\(Mail.sender)> SIZE=10001")
    #expect(early.code == 552 && early.enhanced == "5.3.4", "\(early)")
    #expect(
      try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("big", size: 12_000)).code == 552)
    #expect(
      try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("fits", size: 9_000)).code == 250)
    #expect(backend.messages.map(\.subject) == ["fits"])
  }

  /// What was learned is there at the next start, before the backend is; and it is learned again when it is back.
  @Test func whatWasLearnedIsKeptInTheStateFolder() throws {
    let backend = try ScriptedBackend(Self.behaviour(without: "DSN"))
    let port = backend.port
    let gateway = try Gateway.before(backend, extra: ["health_interval = \"1s\""])
    #expect(try gateway.send(Mail.text("one")).code == 250)
    gateway.terminate()
    let stored = try gateway.folder.read("state/capabilities")
    #expect(stored.contains("main") && stored.contains("SMTPUTF8") && !stored.contains("DSN"), "\(stored)")
    backend.stop()
    #expect(eventually { !FreePort.answers("127.0.0.1", port) })
    try gateway.restart()
    let offered = try gateway.offered()
    #expect(Self.eachHas(["8BITMIME", "SMTPUTF8", "DSN"], in: offered) == [true, true, false])
    let second = try ScriptedBackend(Self.behaviour(without: "SMTPUTF8"), port: port)
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(100)) {
        try Self.eachHas(["8BITMIME", "SMTPUTF8", "DSN"], in: gateway.offered()) == [true, false, true]
      })
    withExtendedLifetime(second) {}
  }

  /// The backend lost an extension since the client was greeted: 451, and from the next greeting on it is gone.
  @Test(arguments: [
    ("8BITMIME", " BODY=8BITMIME", ""), ("DSN", " RET=HDRS ENVID=abc", ""), ("DSN", "", " NOTIFY=FAILURE"),
  ])
  func anExtensionThatIsGone(_ word: String, _ mail: String, _ recipient: String) throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend, extra: ["session_messages = 1"])
    let client = try gateway.connect()
    #expect(try client.open().lines.contains { $0.hasSuffix(word) })
    #expect(try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("before")).code == 250)
    backend.behaviour = Self.behaviour(without: word)
    try client.command("MAIL FROM:<\(Mail.sender)>\(mail)")
    #expect(try client.command("RCPT TO:<\(Mail.user)>\(recipient)").code == 250)
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(Mail.text("needs").utf8)))
    let reply = try client.reply()
    #expect(reply.code == 451, "\(reply)")
    try gateway.waitForLog { $0["code"] == "BACKEND_LACKS_EXTENSION" && $0.raw.contains(word) }
    #expect(backend.messages.map(\.subject) == ["before"])
    #expect(
      try eventually(within: .seconds(5), every: .milliseconds(50)) {
        try !gateway.offered().contains(word)
      })
    // Nothing that needs no extension suffers from it.
    #expect(try gateway.send(Mail.text("after")).code == 250)
  }

  /// SMTPUTF8 was said, the backend has lost it: dropped where all is ASCII, else 451.
  @Test func smtputf8IsDroppedWhereAllIsASCII() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend, extra: ["session_messages = 1", "recipients = \"any\""])
    let client = try gateway.connect()
    try client.open()
    #expect(try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("before")).code == 250)
    backend.behaviour = Self.behaviour(without: "SMTPUTF8")
    func send(_ sender: String, _ message: String) throws -> RawReply {
      let mail = try client.command("MAIL FROM:<\(sender)> SMTPUTF8")
      guard mail.code == 250 else { return mail }
      try client.command("RCPT TO:<\(Mail.user)>")
      try client.command("DATA")
      try client.send(RawClient.stuffed(Array(message.utf8)))
      return try client.reply()
    }
    #expect(try send(Mail.sender, Mail.text("ascii")).code == 250)
    #expect(backend.messages.last?.senderParameters.contains("SMTPUTF8") == false)
    let header = Mail.text("header").replacing("Subject: header", with: "Subject: hëader")
    #expect(try send(Mail.sender, header).code == 451)
    #expect(try send("sënder@outside.example", Mail.text("address")).code == 451)
    #expect(backend.messages.map(\.subject) == ["before", "ascii"])
  }

  /// BDAT leaves as DATA where the backend lacks CHUNKING, dots stuffed; the bytes are the same.
  @Test func chunksBecomeData() throws {
    let backend = try ScriptedBackend(Self.behaviour(without: "CHUNKING", "BINARYMIME"))
    let gateway = try Gateway.before(backend)
    let message = Mail.text("chunks", size: 5000)
    let bytes = Array(message.utf8)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)>")
    try client.command("RCPT TO:<\(Mail.user)>")
    // Cut in the middle of a CRLF and in front of a dot.
    let cut = try #require(message.range(of: "\r\n..line")).lowerBound.utf16Offset(in: message) + 1
    for part in [bytes[..<cut], bytes[cut..<(cut + 1)]] {
      try client.send(Array("BDAT \(part.count)\r\n".utf8) + part)
      #expect(try client.reply().code == 250)
    }
    let last = bytes[(cut + 1)...]
    try client.send(Array("BDAT \(last.count) LAST\r\n".utf8) + last)
    #expect(try client.reply().code == 250)
    #expect(backend.messages.map(\.withoutTrace) == [message])
    #expect(backend.messages.map(\.isChunked) == [false])
  }

  /// Binary content leaves by BDAT alone, as it came.
  @Test(arguments: [500, 600_000]) func binaryGoesByChunk(size: Int) throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let header = Array(Mail.text("binary").utf8)
    let content =
      header + (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) } + [0x0D, 0x0A, 0x2E, 0x0A]
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)> BODY=BINARYMIME")
    try client.command("RCPT TO:<\(Mail.user)>")
    #expect(try client.command("DATA").code == 503)
    try client.send(Array("BDAT \(content.count) LAST\r\n".utf8) + content)
    let reply = try client.reply()
    #expect(reply.code == 250, "\(reply)")
    let taken = try backend.waitForMessages(1)
    #expect(taken[0].isChunked && taken[0].senderParameters.contains("BODY=BINARYMIME"))
    #expect(taken[0].content.suffix(content.count).elementsEqual(content))
    #expect(taken[0].content.starts(with: Array("Received: from ".utf8)))
    #expect(!backend.commands.contains("DATA"))
  }

  @Test func deliveryStatusParametersArePassedOn() throws {
    let backend = try ScriptedBackend()
    let gateway = try Gateway.before(backend)
    let client = try gateway.connect()
    try client.open()
    try client.command("MAIL FROM:<\(Mail.sender)> RET=HDRS ENVID=QQ+2B314159 BODY=8BITMIME SIZE=300")
    try client.command("RCPT TO:<\(Mail.user)> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;u+2Bx@example.org")
    try client.command("RCPT TO:<second@example.org> NOTIFY=NEVER")
    try client.command("DATA")
    try client.send(RawClient.stuffed(Array(Mail.text("dsn").utf8)))
    #expect(try client.reply().code == 250)
    let taken = try #require(backend.messages.first)
    let words = Set(taken.senderParameters.split(separator: " ").map(String.init))
    #expect(words.isSuperset(of: ["RET=HDRS", "ENVID=QQ+2B314159", "BODY=8BITMIME"]), "\(words)")
    // The size that the backend is told is the true one, our header included.
    #expect(words.contains("SIZE=\(taken.content.count)"), "\(words) \(taken.content.count)")
    #expect(
      taken.recipients == [
        .init(address: Mail.user, parameters: "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;u+2Bx@example.org"),
        .init(address: "second@example.org", parameters: "NOTIFY=NEVER"),
      ])
  }
}
