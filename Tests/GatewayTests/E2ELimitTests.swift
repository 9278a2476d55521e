import Foundation
import TestSupport
import Testing

/// How many clients and messages are let in, each limit with its code, and all given back afterwards.
@Suite(.apart) struct E2ELimitTests {
  /// The 421 in place of a greeting, with its reason; nil where the client is greeted.
  private func refusal(_ front: Front, from source: String) throws -> RawReply? {
    let client = try front.gateway.connect(from: source)
    let reply = try client.reply()
    if reply.code == 220 {
      try client.command("QUIT")
      return nil
    }
    #expect(client.isClosed())
    return reply
  }

  private func expectLimit(_ front: Front, _ code: String, client: String? = nil) throws {
    let line = try front.gateway.waitForLog { $0["code"] == code }
    #expect(line.event == "limit", "\(line)")
    if let client { #expect(line["client"] == client) }
    for key in ["id", "stage", "found", "client", "helo", "from", "to", "score", "findings", "reply"] {
      #expect(line[key]?.isEmpty == false, "\(key) is not in \(line)")
    }
  }

  @Test(arguments: [
    ("limits.connections_per_address", "LIMIT_CONNECTIONS_ADDRESS", "127.0.0.1", "127.0.0.2"),
    ("limits.connections_per_subnet", "LIMIT_CONNECTIONS_SUBNET", "127.0.0.2", "127.0.1.1"),
    ("limits.connections", "LIMIT_CONNECTIONS", "127.0.9.9", ""),
  ])
  func connectionsAtOnce(_ key: String, _ code: String, refused: String, welcome: String) throws {
    let front = try Front([key: "2"])
    // Whoever looked whether the port was open was let in before this one, and is gone.
    #expect(try refusal(front, from: "127.0.0.1") == nil)
    #expect(try eventually { try front.status("connections") == 0 })
    let first = try front.session(from: "127.0.0.1")
    let second = try front.session(from: "127.0.0.1")
    let reply = try #require(try refusal(front, from: refused))
    #expect(reply.code == 421 && reply.enhanced?.hasPrefix("4.") == true)
    try expectLimit(front, code, client: refused)
    if !welcome.isEmpty { #expect(try refusal(front, from: welcome) == nil) }
    // One goes, one comes.
    try first.command("QUIT")
    #expect(first.isClosed())
    #expect(try eventually { try refusal(front, from: refused) == nil })
    #expect(try second.command("NOOP").code == 250)
    let turnedAway = try #require(try front.status()["refusedConnections"] as? [String: Int])
    #expect(turnedAway[code, default: 0] >= 1)
  }

  @Test(arguments: [
    ("limits.connection_rate_per_address", "LIMIT_CONNECTION_RATE_ADDRESS", "127.0.0.2"),
    ("limits.connection_rate_per_subnet", "LIMIT_CONNECTION_RATE_SUBNET", "127.0.2.1"),
  ])
  func connectionRates(_ key: String, _ code: String, other: String) throws {
    let front = try Front([key: "\"3/1h\""])
    // Whoever looked whether the port was open came from 127.0.0.1.
    for _ in 0..<3 { #expect(try refusal(front, from: "127.0.1.3") == nil) }
    for _ in 0..<2 { #expect(try refusal(front, from: "127.0.1.3")?.code == 421) }
    try expectLimit(front, code, client: "127.0.1.3")
    #expect(try refusal(front, from: other) == nil)
  }

  @Test func aWindowSlides() throws {
    let front = try Front(["limits.connection_rate_per_address": "\"2/1s\""])
    for _ in 0..<2 { #expect(try refusal(front, from: "127.0.0.3") == nil) }
    #expect(try refusal(front, from: "127.0.0.3") != nil)
    #expect(
      try eventually(within: .seconds(5), every: .milliseconds(100)) {
        try refusal(front, from: "127.0.0.3") == nil
      })
  }

  @Test func messageRates() throws {
    let front = try Front(["limits.message_rate_per_address": "\"2/1h\""])
    let client = try front.session()
    for _ in 0..<2 {
      #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    }
    let refusal = try client.command("MAIL FROM:<a@outside.example>")
    #expect(refusal.code == 450 && refusal.enhanced == "4.7.0")
    try expectLimit(front, "LIMIT_MESSAGE_RATE_ADDRESS")
    let line = try #require(front.gateway.log().last { $0.event == "limit" })
    #expect(line["from"] == "<a@outside.example>" && line["stage"] == "mail")
    let other = try front.session(from: "127.0.0.2")
    #expect(try other.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
  }

  @Test func harvestingEndsInABlock() throws {
    let front = try Front(
      ["limits.unknown_recipients_per_address": "\"3/1h\"", "limits.harvest_block": "\"3s\""],
      behaviour: BackendBehaviour { $0.knownRecipients = ["user@example.org"] })
    let client = try front.session()
    try client.command("MAIL FROM:<a@outside.example>")
    for index in 0..<3 {
      let answer = try client.command("RCPT TO:<guess\(index)@example.org>")
      #expect(answer.description == "550 5.1.1 No such user here")
    }
    let last = try client.command("RCPT TO:<guess3@example.org>")
    #expect(last.code == 421 && client.isClosed())
    try expectLimit(front, "LIMIT_UNKNOWN_RECIPIENTS")
    let again = try #require(try refusal(front, from: "127.0.0.1"))
    #expect(again.code == 421, "\(again)")
    try front.gateway.waitForLog {
      $0["code"] == "CLIENT_BLOCKED_FOR_A_WHILE" && $0.raw.contains("too many unknown recipients")
    }
    let blocks = try #require(try front.status()["blocks"] as? [[String: Any]])
    #expect(blocks.count == 1 && (blocks[0]["network"] as? String)?.hasPrefix("127.0.0.1") == true)
    #expect(try refusal(front, from: "127.0.0.2") == nil)
    #expect(
      try eventually(within: .seconds(10), every: .milliseconds(200)) {
        try refusal(front, from: "127.0.0.1") == nil
      })
  }

  @Test func relayNetworksAreExemptButNotFromTotals() throws {
    let front = try Front(
      [
        "limits.connections_per_address": "1", "limits.connection_rate_per_address": "\"1/1h\"",
        "limits.message_rate_per_address": "\"1/1h\"", "limits.unknown_recipients_per_address": "\"1/1h\"",
        "limits.connections": "4",
      ], behaviour: BackendBehaviour { $0.knownRecipients = ["user@example.org"] }, networks: ["127.0.0.5"])
    #expect(try eventually { try front.status("connections") == 0 })
    let sessions = try (0..<4).map { _ in try front.session(from: "127.0.0.5") }
    for _ in 0..<3 {
      #expect(try sessions[0].deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    }
    try sessions[1].command("MAIL FROM:<a@outside.example>")
    for index in 0..<4 { #expect(try sessions[1].command("RCPT TO:<no\(index)@example.org>").code == 550) }
    #expect(try refusal(front, from: "127.0.0.5")?.code == 421)
    try expectLimit(front, "LIMIT_CONNECTIONS", client: "127.0.0.5")
  }

  @Test func aNetworkHasItsOwnLimits() throws {
    let front = try Front(
      ["limits.message_size": "\"1MiB\""],
      tail: """
        [[limits.network]]
        network = "127.0.0.0/16"
        connections_per_address = 1
        message_size = "10KiB"
        recipients = 1
        errors = 2

        [[limits.network]]
        network = "127.0.0.6/32"
        message_size = "20KiB"
        """)
    let narrow = try front.gateway.connect(from: "127.0.0.7")
    #expect(try narrow.open().lines.contains("250-SIZE 10240"))
    #expect(try refusal(front, from: "127.0.0.7")?.code == 421)
    try narrow.command("MAIL FROM:<a@outside.example>")
    #expect(try narrow.command("RCPT TO:<user@example.org>").code == 250)
    #expect(try narrow.command("RCPT TO:<second@example.org>").code == 452)
    try expectLimit(front, "LIMIT_RECIPIENTS", client: "127.0.0.7")
    #expect(try narrow.command("XYZZY").code == 500)
    #expect(try narrow.command("XYZZY").code == 421)
    try expectLimit(front, "LIMIT_ERRORS", client: "127.0.0.7")
    // The longest prefix counts, and says for itself what it says.
    let longer = try front.gateway.connect(from: "127.0.0.6")
    #expect(try longer.open().lines.contains("250-SIZE 20480"))
    #expect(try refusal(front, from: "127.0.0.6") == nil)
    let outside = try front.gateway.connect(from: "127.1.0.1")
    #expect(try outside.open().lines.contains("250-SIZE 1048576"))
  }

  @Test(arguments: [
    ("limits.commands", "LIMIT_COMMANDS", 4), ("limits.transactions", "LIMIT_TRANSACTIONS", 2),
  ])
  func sessionsHaveAnEnd(_ key: String, _ code: String, _ most: Int) throws {
    let front = try Front([key: "\(most)"])
    let client = try front.session()
    var answers: [Int] = []
    while answers.last != 421, answers.count < 20 {
      let lines = code == "LIMIT_COMMANDS" ? ["NOOP"] : ["MAIL FROM:<a@outside.example>", "RSET"]
      for line in lines where answers.last != 421 { answers.append(try client.command(line).code) }
    }
    #expect(answers == (code == "LIMIT_COMMANDS" ? [250, 250, 250, 421] : [250, 250, 250, 250, 421]))
    #expect(client.isClosed())
    try expectLimit(front, code)
  }

  @Test func whatEHLOSaysOfLimitsIsTrue() throws {
    let front = try Front([
      "limits.recipients": "7", "limits.transactions": "9", "limits.message_size": "123456",
    ])
    let client = try front.gateway.connect()
    let lines = try client.open().lines
    #expect(lines.contains("250-LIMITS MAILMAX=9 RCPTMAX=7") && lines.contains("250-SIZE 123456"))
    let unlimited = try Front([
      "limits.recipients": "\"unlimited\"", "limits.transactions": "\"unlimited\"",
      "limits.message_size": "\"unlimited\"",
    ])
    let free = try unlimited.gateway.connect()
    // Theirs less 4 KiB.
    let open = try free.open()
    #expect(open.lines.contains("250-SIZE \(104_857_600 - 4096)") && !open.text.contains("LIMITS"))
  }

  @Test func sizeIsRefusedAtMailWithItsLine() throws {
    let front = try Front(["limits.message_size": "\"10KiB\""])
    let client = try front.session()
    #expect(try client.command("MAIL FROM:<big@outside.example> SIZE=10241").code == 552)
    let line = try front.gateway.waitForLog { $0["code"] == "MESSAGE_TOO_LARGE" }
    #expect(line.event == "reject" && line["stage"] == "mail" && line["from"] == "<big@outside.example>")
  }

  /// Overload is loop delay: new clients are told to come again until the loops are on time.
  @Test func whoIsLateTakesNobodyNew() throws {
    let front = try Front(["limits.loop_delay": "\"500ms\""])
    var client: RawClient?
    #expect(
      eventually {
        client = try? front.session()
        return client != nil
      })
    front.gateway.process.send(SIGSTOP)
    block(for: .milliseconds(3000))
    front.gateway.process.send(SIGCONT)
    let isRefused = try eventually(within: .seconds(5), every: .zero) {
      let reply = try front.gateway.connect().reply()
      return reply.code == 421 && reply.enhanced == "4.3.2"
    }
    #expect(isRefused)
    try expectLimit(front, "OVERLOAD")
    #expect(try client?.command("NOOP").code == 250)
    #expect(try eventually(within: .seconds(15)) { try front.gateway.connect().reply().code == 220 })
  }

  /// Questions about recipients wait for a probe session; they are not refused for there being four of them.
  @Test func manyUnknownNamesAtOnceAreAllAnswered() throws {
    let front = try Front(
      ["limits.connections_per_address": "100"], behaviour: .at(.recipient, .delay(.milliseconds(30))))
    try together(24) { index in
      let client = try front.session(patience: .seconds(20))
      try client.command("MAIL FROM:<a@outside.example>")
      let answer = try client.command("RCPT TO:<new\(index)@example.org>")
      guard answer.code == 250 else { throw HarnessFault("\(answer)") }
    }
  }
}
