import Foundation
import TestSupport
import Testing

/// The checks on the client, its greeting and the domains of its senders, from outside: what the peer reads and what
/// the log says, with names from `dns.fixture`.
@Suite(.apart) struct E2EClientTests {
  /// Everything that a good client says, and what is wrong in one place.
  struct Case: Sendable, CustomTestStringConvertible {
    var code: String
    var source = "127.0.0.2"
    var helo = "good.example"
    var sender = "a@outside.example"
    var from = "a@outside.example"
    var stage = "recipient"
    var found: String
    var reply: String
    var evidence: String

    var testDescription: String { "\(code) of \(evidence)" }
  }

  private static let names = """
    1.0.0.127.in-addr.arpa PTR 127-0-0-1.dyn.example
    127-0-0-1.dyn.example A 127.0.0.1
    2.0.0.127.in-addr.arpa PTR good.example
    good.example A 127.0.0.2
    3.0.0.127.in-addr.arpa PTR a.spam.example
    a.spam.example A 127.0.0.3
    4.0.0.127.in-addr.arpa PTR elsewhere.example
    elsewhere.example A 192.0.2.1
    6.0.0.127.in-addr.arpa FAIL
    outside.example MX 10 mx.outside.example
    mx.outside.example A 192.0.2.25
    null.example MX 0 .
    private.example MX 10 mx.private.example
    mx.private.example A 10.1.2.3
    sick.example TIMEOUT
    tired.example FAIL
    example.org A 192.0.2.80
    """

  private static func front(_ settings: [String: String] = [:]) throws -> Front {
    var all = ["dns.fixture": "\"names\""]
    for check in [
      "reverse_name", "dynamic_name", "helo", "sender_domain", "from_domain", "early_talker", "command_order",
    ] {
      all["checks.\(check).action"] = "\"reject\""
    }
    for check in ["dnsbl", "rhsbl", "urls", "address_hashes"] { all["checks.\(check).mode"] = "\"off\"" }
    all.merge(settings) { $1 }
    return try Front(
      all,
      files: [
        "names": names, "Blocklists/block.domains": "spam.example sends to traps\n",
        "Blocklists/dynamic.patterns": "# homes\n\\d-\\d.*\\.dyn\\. a dial-in line\n",
      ])
  }

  static let cases = [
    Case(
      code: "REVERSE_MISSING", source: "127.0.0.5", found: "connect",
      reply: "550 5.7.25 Client host 127.0.0.5 has no name in DNS", evidence: "REVERSE_MISSING(reject;2.0)"),
    Case(
      code: "REVERSE_UNCONFIRMED", source: "127.0.0.4", found: "connect",
      reply: "550 5.7.25 The name of client host 127.0.0.4 does not lead back to it",
      evidence: "REVERSE_UNCONFIRMED(elsewhere.example;reject;1.0)"),
    Case(
      code: "CLIENT_NAME_LISTED", source: "127.0.0.3", found: "connect",
      reply: "550 5.7.1 Client host 127.0.0.3 is refused by its name: sends to traps",
      evidence: "CLIENT_NAME_LISTED(block.domains:1 spam.example;sends to traps;reject)"),
    Case(
      code: "DYNAMIC_NAME", source: "127.0.0.1", found: "connect",
      reply: "550 5.7.1 The name of client host 127.0.0.1 is that of a home's connection",
      evidence: "DYNAMIC_NAME(dynamic.patterns:2 127-0-0-1.dyn.example;a dial-in line;reject;2.0)"),
    Case(
      code: "HELO_SYNTAX", helo: "good!.example", found: "hello",
      reply: "550 5.7.1 The name in your greeting is no domain name and no address literal",
      evidence: "HELO_SYNTAX(no domain name;reject;3.0)"),
    Case(
      code: "HELO_BARE_ADDRESS", helo: "127.0.0.2", found: "hello",
      reply: "550 5.7.1 The name in your greeting is an address without brackets",
      evidence: "HELO_BARE_ADDRESS(reject;2.0)"),
    Case(
      code: "HELO_OTHER_ADDRESS", helo: "[192.0.2.1]", found: "hello",
      reply: "550 5.7.1 The name in your greeting is the address of somebody else",
      evidence: "HELO_OTHER_ADDRESS(192.0.2.1;reject;2.0)"),
    Case(
      code: "HELO_OWN_NAME", helo: "example.org", found: "hello",
      reply: "550 5.7.1 You are not me: say your own name in the greeting",
      evidence: "HELO_OWN_NAME(example.org;reject)"),
    Case(
      code: "HELO_LOCALHOST", helo: "localhost.localdomain", found: "hello",
      reply: "550 5.7.1 The name in your greeting is every host's name for itself",
      evidence: "HELO_LOCALHOST(reject;2.0)"),
    Case(
      code: "HELO_NOT_QUALIFIED", helo: "pc", found: "hello",
      reply: "550 5.7.1 The name in your greeting is no full name", evidence: "HELO_NOT_QUALIFIED(reject;1.5)"
    ),
    Case(
      code: "HELO_UNRESOLVABLE", helo: "nowhere.example", found: "hello",
      reply: "550 5.7.1 The name in your greeting is not in DNS",
      evidence: "HELO_UNRESOLVABLE(no such name;reject;2.0)"),
    Case(
      code: "HELO_MISMATCH", helo: "elsewhere.example", found: "hello",
      reply: "550 5.7.1 The name in your greeting leads elsewhere", evidence: "HELO_MISMATCH(reject;0.5)"),
    Case(
      code: "SENDER_DOMAIN_MISSING", sender: "a@nowhere.example", found: "mail",
      reply: "550 5.1.8 The domain of sender a@nowhere.example does not exist",
      evidence: "SENDER_DOMAIN_MISSING(nowhere.example: no such name;reject;6.0)"),
    Case(
      code: "SENDER_NULL_MX", sender: "a@null.example", found: "mail",
      reply: "550 5.7.27 The domain of sender a@null.example says that it takes no mail",
      evidence: "SENDER_NULL_MX(null.example;reject;8.0)"),
    Case(
      code: "SENDER_MX_PRIVATE", sender: "a@private.example", found: "mail",
      reply: "550 5.1.8 The domain of sender a@private.example takes mail where nobody can reach it",
      evidence: "SENDER_MX_PRIVATE(private.example: 10.1.2.3;reject;4.0)"),
    Case(
      code: "FROM_DOMAIN_MISSING", from: "a@nowhere.example", stage: "message", found: "message",
      reply: "550 5.7.1 The domain in From does not exist",
      evidence: "FROM_DOMAIN_MISSING(nowhere.example: no such name;reject;4.0)"),
    Case(
      code: "FROM_DOMAIN_NULL_MX", from: "a@null.example", stage: "message", found: "message",
      reply: "550 5.7.1 The domain in From says that it takes no mail",
      evidence: "FROM_DOMAIN_NULL_MX(null.example;reject;1.0)"),
    Case(
      code: "FROM_LISTED", from: "a@b.spam.example", stage: "message", found: "message",
      reply: "550 5.7.1 The domain in From is refused: sends to traps",
      evidence: "FROM_LISTED(block.domains:1 spam.example;sends to traps;reject)"),
  ]

  /// Plays the envelope and, where it is taken, a message; the last reply.
  private func play(_ one: Case, _ front: Front) throws -> RawReply {
    let client = try front.gateway.connect(from: one.source)
    try client.open(ehlo: one.helo)
    try client.command("MAIL FROM:<\(one.sender)>")
    let recipient = try client.command("RCPT TO:<user@example.org>")
    guard recipient.code == 250 else { return recipient }
    try client.command("DATA")
    try client.send("From: \(one.from)\r\nTo: user@example.org\r\nSubject: x\r\n\r\nHello.\r\n.\r\n")
    return try client.reply()
  }

  /// One gateway for all: what differs is the client.
  @Test func eachRefusesAndExplains() throws {
    let front = try Self.front()
    for one in Self.cases {
      let reply = try play(one, front)
      #expect("\(reply)".contains(one.reply) && "\(reply)".contains("[\(one.code) "), "\(one): \(reply)")
      let line = try front.gateway.waitForLog { $0.event == "reject" && $0["code"] == one.code }
      #expect(line["stage"] == one.stage && line["found"] == one.found, "\(line)")
      #expect(line["findings"]?.contains(one.evidence) == true, "\(line)")
      #expect(line["client"]?.hasPrefix(one.source) == true && line["helo"] == one.helo, "\(line)")
      #expect(line["from"] == "<\(one.sender)>" && line["to"] == "<user@example.org>", "\(line)")
      #expect(line["reply"]?.contains(one.reply) == true, "\(line)")
    }
    #expect(front.backend.messages.isEmpty)
  }

  /// The good client passes all of them; one about which DNS does not answer passes as well, and the log says so.
  @Test func goodAndUnknownPass() throws {
    let front = try Self.front()
    var good = Case(code: "", found: "", reply: "", evidence: "")
    #expect(try play(good, front).code == 250)
    let line = try front.gateway.waitForLog { $0.event == "accept" }
    #expect(line["score"] == "0.0", "\(line)")
    for word in ["REVERSE", "HELO", "SENDER", "FROM", "DYNAMIC", "CLIENT_"] {
      #expect(line["findings"]?.contains(word) != true, "\(line)")
    }
    good.source = "127.0.0.6"
    good.helo = "sick.example"
    good.sender = "a@sick.example"
    good.from = "b@tired.example"
    #expect(try play(good, front).code == 250)
    let unknown = try front.gateway.waitForLog { $0.event == "accept" && $0["helo"] == "sick.example" }
    for finding in [
      "REVERSE_UNAVAILABLE(SERVFAIL)", "HELO_UNAVAILABLE(time-out)",
      "SENDER_DOMAIN_UNAVAILABLE(sick.example: time-out)", "FROM_DOMAIN_UNAVAILABLE(tired.example: SERVFAIL)",
    ] {
      #expect(unknown["findings"]?.contains(finding) == true, "\(unknown)")
    }
    #expect(front.backend.messages.count == 2)
  }

  /// Strangers wait for their greeting; one that does not wait is found, and so is one that does not wait for replies.
  @Test func whoDoesNotWaitIsRefused() throws {
    let front = try Self.front([
      "checks.early_talker.delay": "\"1s\"", "checks.early_talker.teaser": "\"one moment\"",
    ])
    let early = try front.gateway.connect(from: "127.0.0.2")
    try early.send(line: "EHLO good.example")
    #expect(try early.reply().lines.first == "220-mx.example.org one moment")
    #expect(try early.reply().code == 250)
    try early.command("MAIL FROM:<a@outside.example>")
    let reply = try early.command("RCPT TO:<user@example.org>")
    #expect("\(reply)".contains("550 5.5.1 You spoke before you were greeted [EARLY_TALKER "), "\(reply)")
    let line = try front.gateway.waitForLog { $0.event == "reject" && $0["code"] == "EARLY_TALKER" }
    #expect(line["findings"]?.contains("EARLY_TALKER(reject;6.0)") == true, "\(line)")
    #expect(line["found"] == "hello" && line["stage"] == "recipient", "\(line)")

    let hasty = try front.gateway.connect(from: "127.0.0.2")
    #expect(try hasty.reply().lines.count == 2)
    // After HELO nobody has said that commands may come together.
    try hasty.send("HELO good.example\r\nMAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n")
    #expect(try hasty.reply().code == 250)
    #expect(try hasty.reply().code == 250)
    let other = try hasty.reply()
    #expect(
      "\(other)".contains("550 5.5.1 You did not wait for my replies [COMMANDS_OUT_OF_TURN "), "\(other)")
    let second = try front.gateway.waitForLog { $0["code"] == "COMMANDS_OUT_OF_TURN" }
    #expect(second["findings"]?.contains("COMMANDS_OUT_OF_TURN(reject;3.0)") == true, "\(second)")
    #expect(second["found"] == "mail", "\(second)")
  }

  /// Who passed before a restart is known after it, and does not wait; who did not, does.
  @Test func whoPassedIsKnownAfterARestart() throws {
    let front = try Self.front([
      "checks.early_talker.delay": "\"2s\"", "checks.early_talker.teaser": "\"one moment\"",
    ])
    /// Whether the greeting comes in two lines, the second of them after the delay.
    func waits(_ source: String) throws -> Bool {
      let client = try front.gateway.connect(from: source)
      let began = ContinuousClock.now
      let greeting = try client.reply()
      let took = ContinuousClock.now - began
      #expect(
        greeting.code == 220 && (greeting.lines.count == 2) == (took >= .seconds(1.9)), "\(greeting) \(took)")
      return greeting.lines.count == 2
    }
    let good = Case(code: "", found: "", reply: "", evidence: "")
    #expect(try waits(good.source))
    #expect(try play(good, front).code == 250)
    #expect(try !waits(good.source))
    #expect(front.gateway.terminate() == .exited(0))
    #expect(try front.gateway.folder.read("state/clients").hasPrefix("127.0.0.2 "))
    try front.gateway.restart()
    #expect(try !waits(good.source))
    #expect(try waits("127.0.0.5"))
    // What is remembered is a time: one long past is as good as none, and what cannot be read does no harm.
    #expect(front.gateway.terminate() == .exited(0))
    try front.gateway.folder.write("state/clients", "127.0.0.2 1600000000\nnonsense\n127.0.0.4\n")
    try front.gateway.restart()
    #expect(try waits(good.source))
  }

  #if Locations
    @Test(needs { LocationWriter.absence }) func theCountryAndItsReload() throws {
      let folder = try ScratchFolder("locations")
      let file = folder.path + "/country.mmdb"
      try LocationWriter.write(
        [("127.0.0.2/32", #"{"country": {"iso_code": "XX"}}"#)], type: "Test-Country", to: file)
      try LocationWriter.write(
        [
          (
            "127.0.0.3/32",
            #"{"autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"}"#
          )
        ], type: "Test-ASN", to: folder.path + "/asn.mmdb")
      let settings = [
        "checks.country.file": "\"\(file)\"", "checks.country.asn_file": "\"\(folder.path)/asn.mmdb\"",
        "checks.country.block": "[\"XX\"]", "checks.country.networks": "[64500]",
        "checks.country.action": "\"reject\"",
      ]
      let front = try Front(settings)
      func refusal(_ source: String) throws -> String {
        let client = try front.session(from: source)
        try client.command("MAIL FROM:<a@outside.example>")
        return "\(try client.command("RCPT TO:<user@example.org>"))"
      }
      #expect(
        try refusal("127.0.0.2").contains("550 5.7.1 Mail from the country of 127.0.0.2 is not taken here"))
      #expect(
        try refusal("127.0.0.3").contains("550 5.7.1 Mail from the network of 127.0.0.3 is not taken here"))
      #expect(try refusal("127.0.0.4").contains("250"))
      _ = try front.gateway.waitForLog { $0["findings"]?.contains("COUNTRY_LISTED(XX;reject;3.0)") == true }
      _ = try front.gateway.waitForLog {
        $0["findings"]?.contains("NETWORK_LISTED(AS64500 Example Net;reject;3.0)") == true
      }
      // A newer file is taken by a reload.
      try LocationWriter.write(
        [("127.0.0.4/32", #"{"country": {"iso_code": "XX"}}"#)], type: "Test-Country", to: file)
      #expect(try front.reload(settings).succeeded)
      #expect(try refusal("127.0.0.2").contains("250"))
      #expect(try refusal("127.0.0.4").contains("550 5.7.1"))
      // A damaged one is not: the gateway keeps what it has.
      try Data("no such file".utf8).write(to: URL(fileURLWithPath: file))
      let result = try front.reload(settings)
      #expect(!result.succeeded)
      #expect((result.output + result.errors).contains("no file in MaxMind's format"), "\(result)")
      #expect(try refusal("127.0.0.4").contains("550 5.7.1"))
    }
  #endif

  /// What is wrong with the files of these checks, with its place.
  @Test func whatIsWrongIsSaidByCheck() throws {
    let folder = try ScratchFolder("check")
    try folder.write("Blocklists/dynamic.patterns", "sound\\d\n  a(b reason\n.*\n")
    let path = try folder.write(
      "weir.toml",
      """
      hostname = "mx.example.org"
      user = ""
      [[backend]]
      address = "127.0.0.1:9"
      [[listener]]
      address = "127.0.0.1:2525"
      [relay]
      domains = ["example.org"]
      [state]
      folder = "state"
      [dns]
      enabled = false
      [checks.country]
      file = "none.mmdb"
      networks = [64500, "x"]
      allow = ["Germany"]
      [checks.early_talker]
      teaser = "zwei\\nZeilen"
      delay = "5m"
      """)
    let result = try run(Gateway.binary(), ["check", "--config", path, "--offline"])
    #expect(result.ending == .exited(1))
    for line in [
      "\(folder.path)/Blocklists/dynamic.patterns:2:6: ", "\(folder.path)/Blocklists/dynamic.patterns:3:1: ",
      "\(path):14:8: ", "\(path):15:", "\(path):16:", "\(path):18:10: ", "\(path):19:9: ",
    ] {
      #expect(
        result.output.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(line) in \(result.output)")
    }
    #if Locations
      let words = "\(folder.path)/none.mmdb: there is no such file"
    #else
      let words = "not built in"
    #endif
    #expect(result.output.contains(words), "\(result.output)")
    #expect(result.output.contains("checks.country.asn_file: names no file"), "\(result.output)")
  }
}
