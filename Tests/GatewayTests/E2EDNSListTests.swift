import Foundation
import TestSupport
import Testing

/// DNS lists from outside: what a listed client reads, what stands in the log, what becomes of a list that is emptied,
/// answers everything or refuses, and that a key is shown nowhere.
@Suite(.apart) struct E2EDNSListTests {
  private static let key = "k3yk3yk3y"
  private static let zones = """
    [[zone]]
    name = "{key}.bl.test"
    key = "\(key)"
    label = "keyed"
    asks = ["client"]
    weight = 6
    private = true
    probe = "1s"
    removal = "https://bl.test/remove"

    [[zone]]
    name = "dom.test"
    asks = ["sender", "urls"]
    weight = 5
    probe = "1s"
    """
  private static let points = """
    2.0.0.127.\(key).bl.test A 127.0.0.2
    test.dom.test A 127.0.0.2
    """
  private static let listed = """
    9.0.0.127.\(key).bl.test A 127.0.0.4
    9.0.0.127.\(key).bl.test TXT "seen, see https://bl.test/\(key)/127.0.0.9"
    bad.example.dom.test A 127.0.0.2
    9.113.0.203.\(key).bl.test A 127.0.0.2
    """

  private func front(_ settings: [String: String] = [:], names: String) throws -> Front {
    var all = [
      "dns.fixture": "\"names.zone\"", "checks.dnsbl.action": "\"reject\"",
      "checks.reverse_name.mode": "\"off\"", "checks.helo.mode": "\"off\"",
      "checks.sender_domain.mode": "\"off\"",
    ]
    all.merge(settings) { $1 }
    return try Front(all, files: ["Blocklists/zones.toml": Self.zones, "names.zone": names])
  }

  private func answer(_ front: Front, from source: String, sender: String = "a@outside.example") throws
    -> RawReply
  {
    let client = try front.session(from: source)
    let mail = try client.command("MAIL FROM:<\(sender)>")
    return mail.code == 250 ? try client.command("RCPT TO:<user@example.org>") : mail
  }

  /// Other names, and a reload that takes them.
  private func rename(_ front: Front, _ names: String) throws {
    try front.gateway.folder.write("names.zone", names)
    #expect(try front.gateway.weir(["reload"]).succeeded)
  }

  private func wait(_ front: Front, _ code: String, _ words: String, count: Int = 1) throws {
    try front.gateway.waitForLog(within: .seconds(15)) { _ in
      front.gateway.log().count { $0["code"] == code && $0["detail"]?.contains(words) == true } >= count
    }
  }

  @Test func aListedClientIsToldByWhomAndWhy() throws {
    let port = try FreePort.take()
    let front = try front(
      ["metrics.address": "\"127.0.0.1:\(port)\""], names: Self.points + "\n" + Self.listed)
    let reply = try answer(front, from: "127.0.0.9")
    #expect(
      reply.description.hasPrefix(
        "550 5.7.1 Client host 127.0.0.9 is listed by keyed: seen, see https://bl.test/***/127.0.0.9 [DNSBL_LISTED"
      ),
      "\(reply)")
    let line = try front.gateway.waitForLog { $0["code"] == "DNSBL_LISTED" }
    #expect(line.event == "reject" && line["stage"] == "recipient" && line["found"] == "connect")
    #expect(
      line["findings"]?.hasPrefix(
        "DNSBL_LISTED(keyed=127.0.0.4;seen, see https://bl.test/***/127.0.0.9;reject;6.0)") == true, "\(line)"
    )
    #expect(try answer(front, from: "127.0.0.8").code == 250)
    // A domain alone weighs, and is no refusal.
    #expect(try answer(front, from: "127.0.0.8", sender: "a@www.bad.example").code == 250)
    // What lists say of themselves.
    let status = try front.gateway.weir(["status"]).output
    #expect(status.contains("keyed: ") && status.contains("listed 1"), "\(status)")
    let table = try front.gateway.weir(["lists", "zones"])
    #expect(
      table.succeeded && table.output.contains("keyed: well") && table.output.contains("dom.test: well"))
    let client = try RawClient(port: port)
    try client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    client.closeWriting()
    let metrics = try client.readUntilClosed()
    #expect(metrics.contains("weir_dnslist_up{list=\"keyed\"} 1"), "\(metrics)")
    #expect(metrics.contains("weir_dnslist_questions_total{list=\"keyed\",result=\"listed\"} 1"))
    // A key is shown nowhere.
    let said = [
      front.gateway.process.output, front.gateway.process.errors, status, table.output, metrics,
      try front.gateway.weir(["status", "--json"]).output,
      try front.gateway.weir(["lists", "zones", "--json"]).output,
      try front.gateway.weir(["check", "--offline"]).output, reply.description,
    ]
    for text in said { #expect(!text.lowercased().contains(Self.key), "\(text)") }
  }

  /// Emptied, answering everything, refusing: each is an alarm, once; mail goes on; and the list comes back by itself.
  @Test func aSickListIsSwitchedOffAndComesBack() throws {
    let good = Self.points + "\n" + Self.listed
    let front = try front(names: good)
    #expect(try answer(front, from: "127.0.0.9").code == 550)
    for (count, (names, words)) in [
      ("test.dom.test A 127.0.0.2", "does not list its test point 2.0.0.127"),
      ("test.dom.test A 127.0.0.2\n*.\(Self.key).bl.test A 127.0.0.2", "it would list everybody"),
      ("test.dom.test A 127.0.0.2\n*.\(Self.key).bl.test A 127.255.255.254", "the list refuses the question"),
      ("test.dom.test A 127.0.0.2\n*.\(Self.key).bl.test A 203.0.113.80", "outside 127.0.0.0/8"),
    ].enumerated() {
      try rename(front, names)
      try wait(front, "DNSLIST_SICK", words)
      #expect(try answer(front, from: "127.0.0.9").code == 250, "\(words)")
      let table = try front.gateway.weir(["lists", "zones"])
      #expect(table.ending == .exited(1) && table.output.contains("keyed: SICK"), "\(table.output)")
      try rename(front, good)
      try wait(front, "DNSLIST_WELL", "keyed is well again", count: count + 1)
      #expect(try answer(front, from: "127.0.0.9").code == 550, "\(words)")
    }
    let alarms = front.gateway.log().filter { $0["code"] == "DNSLIST_SICK" }
    #expect(alarms.count == 4 && alarms.allSatisfy { !$0.raw.contains(Self.key) })
  }

  /// Which of its names is listed, the peer reads; by the built gateway, for each that the dialogue has.
  @Test func whichNameIsListedIsSaid() throws {
    let names =
      Self.points + "\nbad.example.all.test A 127.0.0.2\ntest.all.test A 127.0.0.2\n"
      + "9.0.0.127.in-addr.arpa PTR mx.bad.example\nmx.bad.example A 127.0.0.9\n"
    let front = try front(["checks.rhsbl.action": "\"reject\""], names: names)
    try front.gateway.folder.write(
      "Blocklists/zones.toml",
      "[[zone]]\nname = \"all.test\"\nasks = [\"helo\", \"client_name\", \"sender\", \"from\", \"reply_to\"]\n"
    )
    #expect(try front.gateway.weir(["reload"]).succeeded)
    func refusal(
      _ source: String = "127.0.0.8", helo: String = "fine.example", sender: String = "a@fine.example",
      from: String = "a@fine.example", replyTo: String = "a@fine.example"
    ) throws -> String {
      let client = try front.gateway.connect(from: source)
      try client.open(ehlo: helo)
      let message = "From: \(from)\r\nReply-To: \(replyTo)\r\n\r\nx\r\n"
      return "\(try client.deliver(from: sender, to: ["user@example.org"], message))"
    }
    for (reply, subject) in [
      (try refusal("127.0.0.9"), "your host's name mx.bad.example"),
      (try refusal(helo: "MX.Bad.example"), "the name mx.bad.example in your greeting"),
      (try refusal(sender: "x@a.bad.example"), "the sender's domain a.bad.example"),
      (try refusal(from: "Me <x@bad.example>"), "the domain bad.example of From"),
      (try refusal(replyTo: "a@fine.example, x@bad.example"), "the domain bad.example of Reply-To"),
    ] {
      #expect(
        reply.hasPrefix("550 5.7.1 Refused: \(subject) is listed by all.test [RHSBL_LISTED "), "\(reply)")
    }
    #expect(try refusal().hasPrefix("250"))
    // What is no host's name is not asked about, and never said back.
    #expect(try refusal(replyTo: "x@{list}.bad.example").hasPrefix("250"))
    let reply = try refusal(from: "<{id}\u{1b}[1m@bad.example\u{7}>")
    #expect(!reply.contains("{") && !reply.contains("\u{1b}") && !reply.contains("\u{7}"), "\(reply)")
  }

  @Test func ownAddressesAreWatched() throws {
    let front = try front(
      ["dns.watch": "[\"203.0.113.9\", \"203.0.113.10\"]"], names: Self.points + "\n" + Self.listed)
    let line = try front.gateway.waitForLog(within: .seconds(15)) { $0["code"] == "OWN_ADDRESS_LISTED" }
    #expect(
      line["detail"]
        == "203.0.113.9, an address of this gateway, is listed by keyed as 127.0.0.2; to get off: https://bl.test/remove"
    )
    #expect(try front.gateway.weir(["status"]).output.contains("OWN ADDRESS  203.0.113.9 is listed by keyed"))
    // Another look says nothing new; its end is said.
    try rename(front, Self.points + "\n" + Self.listed)
    try rename(front, Self.points)
    try wait(front, "OWN_ADDRESS_CLEARED", "203.0.113.9 is no longer listed by keyed")
    #expect(front.gateway.log().count { $0["code"] == "OWN_ADDRESS_LISTED" } == 1)
  }

  /// That nobody asks any more is not said to be the end of a listing.
  @Test func aListThatIsSwitchedOffClearsNobody() throws {
    let front = try front(
      ["dns.watch": "[\"203.0.113.9\"]"], names: Self.points + "\n" + Self.listed)
    try wait(front, "OWN_ADDRESS_LISTED", "203.0.113.9")
    try front.gateway.folder.write(
      "Blocklists/zones.toml", Self.zones.replacing("weight = 6", with: "mode = \"off\""))
    #expect(try front.gateway.weir(["reload"]).succeeded)
    #expect(
      try eventually(within: .seconds(15)) {
        try !front.gateway.weir(["status"]).output.contains("OWN ADDRESS")
      })
    #expect(!front.gateway.log().contains { $0["code"] == "OWN_ADDRESS_CLEARED" })
    // What is listed when it is asked again is news.
    try front.gateway.folder.write("Blocklists/zones.toml", Self.zones)
    #expect(try front.gateway.weir(["reload"]).succeeded)
    try wait(front, "OWN_ADDRESS_LISTED", "203.0.113.9", count: 2)
  }

  @Test func aBrokenZonesFileNeverGoesLive() throws {
    let front = try front(names: Self.points + "\n" + Self.listed)
    try front.gateway.folder.write("Blocklists/zones.toml", Self.zones + "\nweigth = 3\n")
    let check = try front.gateway.weir(["check", "--offline"])
    #expect(check.ending == .exited(1))
    #expect(
      check.output.contains(
        "/Blocklists/zones.toml:16:1: unknown key 'weigth' in [zone[1]]; did you mean 'weight'?"),
      "\(check.output)")
    #expect(try front.gateway.weir(["reload"]).ending == .exited(1))
    #expect(try answer(front, from: "127.0.0.9").code == 550)
    // A sound one does, at once.
    try front.gateway.folder.write(
      "Blocklists/zones.toml", Self.zones.replacing("weight = 6", with: "mode = \"shadow\""))
    #expect(try front.gateway.weir(["reload"]).succeeded)
    #expect(try answer(front, from: "127.0.0.9").code == 250)
  }

  /// The same with a real list server, asked by the gateway's own resolver through a stub.
  @Test func aRealListServer() throws {
    let everybody = ":127.0.0.2:Listed\\, see http://bl.test/?$\n"
    let server = try Rbldnsd([
      .init("bl.test", .ip4set, everybody + "127.0.0.2\n127.0.0.9\n"),
      .init("dom.test", .dnset, ":127.0.1.2:Spam domain\ntest\n.bad.example\n"),
    ])
    let front = try Front(
      [
        "checks.dnsbl.action": "\"reject\"", "checks.rhsbl.action": "\"reject\"",
        "checks.reverse_name.mode": "\"off\"", "checks.helo.mode": "\"off\"",
        "checks.sender_domain.mode": "\"off\"",
        "checks.spf.mode": "\"off\"", "dns.timeout": "\"2s\"",
      ],
      tail: ["bl.test", "dom.test"].map { "[[dns.stub]]\nzone = \"\($0)\"\naddress = \"\(server.place)\"\n" }
        .joined(),
      files: [
        "Blocklists/zones.toml": """
        [[zone]]
        name = "bl.test"
        asks = ["client"]
        weight = 6
        private = true
        probe = "1s"
        [[zone]]
        name = "dom.test"
        asks = ["sender"]
        weight = 6
        """
      ])
    let reply = try answer(front, from: "127.0.0.9")
    #expect(reply.code == 550 && reply.text.contains("listed by bl.test: Listed"), "\(reply)")
    #expect(try answer(front, from: "127.0.0.8").code == 250)
    let domain = try answer(front, from: "127.0.0.8", sender: "a@mail.bad.example")
    #expect(domain.code == 550 && domain.text.contains("listed by dom.test: Spam domain"), "\(domain)")
    try front.gateway.waitForLog { $0["code"] == "RHSBL_LISTED" && $0["found"] == "mail" }
  }
}
