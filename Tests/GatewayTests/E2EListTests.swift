import TestSupport
import Testing

/// The local lists: what they block, what they allow, how their reasons reach reply and log, and the command
/// that asks and edits them.
@Suite(.apart) struct E2EListTests {
  private static let files = [
    "Blocklists/block.cidr": """
    # strangers
    127.0.1.0/24   seen in May
    127.0.2.7
    127.0.3.0/24   until=2020-01-31 long over
    127.0.4.0/24   until=2099-01-31 not yet over
    127.0.5.0/24   wide
    127.0.6.0/24   both
    """,
    "Blocklists/allow-friends.cidr": "127.0.5.9\n127.0.6.0/24\n127.0.7.0/24 friends\n",
    "Blocklists/block.helo": "bad.helo.example no such host\n=only.example\n",
    "Blocklists/allow.helo": "good.bad.helo.example\n",
    "Blocklists/block.senders": "spammer@mail.example known\n@whole.example\n.subs.example\n",
    "Blocklists/allow.senders": "nice@whole.example\n",
    "Blocklists/block.domains": "listed.example a domain\n=exact.example\n",
    "Blocklists/block.recipients": "gone@example.org left us\ntrap@example.org trap never existed\n",
  ]

  private func front(_ settings: [String: String] = [:]) throws -> Front {
    try Front(settings, networks: ["127.0.9.0/24"], files: Self.files)
  }

  /// The answer to RCPT.
  private func answer(
    _ front: Front, from source: String = "127.0.0.1", helo: String = "client.example",
    sender: String = "a@outside.example", to recipient: String = "user@example.org"
  ) throws -> RawReply {
    let client = try front.gateway.connect(from: source)
    try client.open(ehlo: helo)
    let mail = try client.command("MAIL FROM:<\(sender)>")
    return mail.code == 250 ? try client.command("RCPT TO:<\(recipient)>") : mail
  }

  @Test func addresses() throws {
    let front = try front()
    let listed = try answer(front, from: "127.0.1.1")
    #expect(
      listed.description.hasPrefix("550 5.7.1 Client host 127.0.1.1 is refused: seen in May [CLIENT_LISTED "))
    let line = try front.gateway.waitForLog { $0["code"] == "CLIENT_LISTED" }
    #expect(line.event == "reject" && line["stage"] == "recipient" && line["found"] == "connect")
    #expect(line["from"] == "<a@outside.example>" && line["to"] == "<user@example.org>")
    #expect(line.raw.contains("block.cidr:2") && line.raw.contains("seen in May"))
    for (source, code) in [
      ("127.0.2.7", 550), ("127.0.2.8", 250), ("127.0.3.1", 250), ("127.0.4.1", 550), ("127.0.5.1", 550),
      // The longest prefix wins; on the same prefix, allow.
      ("127.0.5.9", 250), ("127.0.6.1", 250), ("127.0.7.1", 250), ("127.0.8.1", 250), ("127.0.9.1", 250),
    ] { #expect(try answer(front, from: source).code == code, "\(source)") }
  }

  /// An allowed address lifts blocks and score, and neither syntax nor relay control.
  @Test func anAllowedAddressLiftsBlocksOnly() throws {
    let front = try front(["checks.own_domain.action": "\"reject\""])
    let ally = "127.0.7.1"
    #expect(try answer(front, from: ally, helo: "bad.helo.example").code == 250)
    #expect(try answer(front, from: ally, sender: "spammer@mail.example").code == 250)
    #expect(try answer(front, from: ally, sender: "user@example.org").code == 250)
    #expect(try answer(front, from: ally, to: "x@elsewhere.example").code == 550)
    #expect(try answer(front, from: ally, to: "x@").code == 501)
  }

  @Test func greetingsSendersAndDomains() throws {
    let front = try front()
    for (helo, code) in [
      ("bad.helo.example", 550), ("sub.BAD.helo.example", 550), ("good.bad.helo.example", 250),
      ("only.example", 550), ("sub.only.example", 250), ("xbad.helo.example", 250),
    ] { #expect(try answer(front, helo: helo).code == code, "\(helo)") }
    for (sender, code) in [
      ("spammer@mail.example", 550), ("SPAMMER@Mail.Example", 550), ("other@mail.example", 250),
      ("any@whole.example", 550), ("nice@whole.example", 250), ("any@sub.whole.example", 250),
      ("any@x.subs.example", 550), ("any@subs.example", 250), ("any@listed.example", 550),
      ("any@deep.listed.example", 550), ("any@exact.example", 550), ("any@sub.exact.example", 250), ("", 250),
    ] { #expect(try answer(front, sender: sender).code == code, "\(sender)") }
    try front.gateway.waitForLog { $0.raw.contains("block.domains:2") }
    let log = front.gateway.log()
    #expect(
      log.contains {
        $0["code"] == "HELO_LISTED" && $0.raw.contains("block.helo:1") && $0["found"] == "hello"
      })
    #expect(
      log.contains {
        $0["code"] == "SENDER_LISTED" && $0.raw.contains("block.senders:1") && $0["found"] == "mail"
      })
    #expect(log.contains { $0["code"] == "SENDER_LISTED" && $0.raw.contains("block.domains:1") })
    let reply = try answer(front, sender: "any@listed.example")
    #expect(reply.text.contains("any@listed.example is refused: a domain"))
  }

  @Test func recipientsAndTraps() throws {
    let front = try front(["limits.trap_block": "\"2s\""])
    let client = try front.session(from: "127.0.0.3")
    try client.command("MAIL FROM:<a@outside.example>")
    #expect(try client.command("RCPT TO:<Gone@example.org>").text.contains("left us"))
    #expect(try client.command("RCPT TO:<user@example.org>").code == 250)
    let trapped = try client.command("RCPT TO:<trap@example.org>")
    #expect(trapped.code == 550 && trapped.enhanced == "5.1.1" && !trapped.text.contains("trap never"))
    let next = try front.gateway.connect(from: "127.0.0.3").reply()
    #expect(next.code == 421 && next.enhanced == "4.7.0")
    #expect(try answer(front, from: "127.0.0.4").code == 250)
    try front.gateway.waitForLog { $0["code"] == "RECIPIENT_TRAP" && $0.raw.contains("block.recipients:2") }
    #expect(
      try eventually(within: .seconds(8), every: .milliseconds(200)) {
        try front.gateway.connect(from: "127.0.0.3").reply().code == 220
      })
    // A relay network's clients are no strangers: they are neither refused nor blocked.
    #expect(try answer(front, from: "127.0.9.1", to: "gone@example.org").code == 250)
    #expect(try front.gateway.connect(from: "127.0.9.1").reply().code == 220)
  }

  @Test func enforcedAtConnect() throws {
    let front = try front(["actions.enforce_at": "\"connect\""])
    let client = try front.gateway.connect(from: "127.0.1.1")
    let reply = try client.reply()
    #expect(reply.description.hasPrefix("554 5.7.1 Client host 127.0.1.1 is refused: seen in May ["))
    #expect(client.isClosed())
    let line = try front.gateway.waitForLog { $0["code"] == "CLIENT_LISTED" }
    #expect(
      line["stage"] == "connect" && line["found"] == "connect" && line["from"] == "-" && line["to"] == "-")
    #expect(try answer(front, from: "127.0.0.1").code == 250)
  }

  // MARK: weir lists

  @Test func checkSaysWhatMatchesAndWhatWins() throws {
    let front = try front()
    func check(_ value: String) throws -> CommandResult { try front.gateway.weir(["lists", "check", value]) }
    let both = try check("127.0.5.9")
    #expect(both.ending == .exited(0))
    let lines = both.output.split(separator: "\n")
    #expect(lines.contains { $0.contains("allow-friends.cidr:1") && $0.contains("WINS") })
    #expect(lines.contains { $0.contains("block.cidr:6") && $0.contains("lost") && $0.contains("wide") })
    #expect(try check("127.0.1.1").ending == .exited(1))
    let expired = try check("127.0.3.1")
    #expect(expired.ending == .exited(0) && expired.output.contains("expired"))
    let free = try check("192.0.2.1")
    #expect(free.ending == .exited(0) && free.output.contains("no entry matches"))
    #expect(try check("spammer@mail.example").ending == .exited(1))
    #expect(try check("trap@example.org").output.contains("trap"))
    #expect(try check("bad.helo.example").ending == .exited(1))
    #expect(try check("127.0.0.0/8").ending == .exited(2))
    let json = try front.gateway.weir(["lists", "check", "--json", "127.0.1.1"])
    #expect(json.ending == .exited(1) && json.output.contains("\"reason\" : \"seen in May\""))
  }

  @Test func entriesAreAddedAndRemoved() throws {
    let front = try front()
    #expect(try answer(front, from: "127.0.0.8").code == 250)
    let added = try front.gateway.weir([
      "lists", "add", "block.cidr", "127.0.0.8", "--reason", "by hand", "--until", "2099-12-31",
    ])
    #expect(added.ending == .exited(0), "\(added)")
    #expect(added.output.contains("block.cidr:8"))
    let refused = try answer(front, from: "127.0.0.8")
    #expect(refused.code == 550 && refused.text.contains("by hand"))
    #expect(
      try front.gateway.folder.read("Blocklists/block.cidr").hasPrefix(
        "# strangers\n127.0.1.0/24   seen in May\n"))
    let removed = try front.gateway.weir(["lists", "remove", "block.cidr", "127.0.0.8"])
    #expect(removed.ending == .exited(0), "\(removed)")
    #expect(try answer(front, from: "127.0.0.8").code == 250)
    for arguments in [
      ["lists", "remove", "block.cidr", "127.0.0.8"], ["lists", "add", "block.cidr", "127.0.0.300"],
      ["lists", "add", "block.cidr", "127.0.0.8", "--until", "tomorrow"],
      ["lists", "add", "block.nothing", "x"], ["lists", "add", "../weir.toml", "127.0.0.8"],
      ["lists", "add", "block.cidr", "127.0.0.8", "--reason", "two\nlines"],
    ] {
      let result = try front.gateway.weir(arguments)
      #expect(result.ending == .exited(1) && !result.errors.isEmpty, "\(arguments): \(result)")
    }
    let trap = try front.gateway.weir(["lists", "add", "block.recipients", "bait@example.org", "--trap"])
    #expect(trap.ending == .exited(0))
    #expect(try answer(front, from: "127.0.0.8", to: "bait@example.org").code == 550)
    #expect(try front.gateway.connect(from: "127.0.0.8").reply().code == 421)
  }

  @Test func withoutAGatewayTheEditCountsFromTheNextStart() throws {
    let front = try front()
    front.gateway.terminate()
    let added = try front.gateway.weir(["lists", "add", "block.cidr", "127.0.0.8"])
    #expect(added.ending == .exited(0) && added.output.contains("no gateway is running"), "\(added)")
    try front.gateway.restart()
    #expect(try answer(front, from: "127.0.0.8").code == 550)
  }
}
