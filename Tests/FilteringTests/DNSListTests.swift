import Checks
import DNS
import Filtering
import Foundation
import NetAddress
import Settings
import Synchronization
import TestSupport
import Testing

/// DNS lists: how zones.toml is read, how a list's health is told, and that a key is shown nowhere.
@Suite struct DNSListTests {
  private func read(_ text: String, secret: (String) -> String? = { _ in nil }) -> (DNSZones, [String]) {
    let (zones, problems) = DNSZones.read(text: text, file: "zones.toml", secret: secret)
    return (zones, problems.map(\.description))
  }

  private func table(_ records: [String]) throws -> DNSTable {
    var table = DNSTable()
    for record in records {
      let words = record.split(separator: " ").map(String.init)
      let name = try #require(DNSName(words[0]))
      if let address = IPAddress(words[1]) {
        table.add(name, .a, .address(address))
      } else {
        table.set(DNSQuestion(name, .a), .failed(words[1] == "TIMEOUT" ? .timeout : .server(code: 2)))
      }
    }
    return table
  }

  private func probe(_ zone: String, _ records: String...) async throws -> DNSZone.Probe {
    let (zones, problems) = read("[[zone]]\nname = \"bl.example\"\n" + zone)
    #expect(problems.isEmpty)
    return await (try #require(zones.all.first)).probe(Lookups(try table(records), until: .now + .seconds(5)))
  }

  // MARK: The shipped file

  @Test func theShippedFileIsSoundAndNoListRejectsAlone() throws {
    let file = Repository.root + "/Blocklists/zones.toml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let (zones, problems) = read(text)
    #expect(problems.isEmpty)
    let labels = zones.all.filter(\.isInUse).map(\.label)
    #expect(
      labels == ["spamhaus-zen", "spamcop", "psbl", "mailspike", "dnswl", "spamhaus-dbl", "surbl"])
    #expect(zones.all.allSatisfy { !$0.removal.isEmpty })
  }

  /// Every block that is commented out is sound as well, once its `#` is gone.
  @Test func theListsThatAreOffParseToo() throws {
    let text = try String(contentsOfFile: Repository.root + "/Blocklists/zones.toml", encoding: .utf8)
    var isText = true
    let open = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
      guard line.hasPrefix("#"), let next = line.dropFirst().first, next != " ", next != "#" else {
        return String(line)
      }
      isText = false
      return String(line.dropFirst())
    }.joined(separator: "\n")
    #expect(!isText)
    let (zones, problems) = read(open) { $0 == "/etc/weir/spamhaus.key" ? "abcdefghij1234567890\n" : nil }
    #expect(problems.isEmpty)
    #expect(zones.all.count >= 18 && Set(zones.all.map(\.label)).count == zones.all.count)
    #expect(zones.all.contains { $0.asks == [.addressHash] })
    for zone in zones.all where zone.kind == .allow { #expect(zone.asks.isSubset(of: [.client, .trace])) }
  }

  @Test(arguments: ["shorteners.hosts", "redirectors.hosts"])
  func theShippedDataAboutLinksIsSound(_ name: String) throws {
    let text = try String(contentsOfFile: Repository.root + "/Blocklists/" + name, encoding: .utf8)
    let (hosts, problems) = HostList.read(text: text, file: name)
    #expect(problems.isEmpty && hosts.count >= 10)
    #expect(ListFileName(name) == .other)
  }

  // MARK: What is wrong in the file

  @Test(arguments: [
    (
      "[[zone]]\nname = \"bl.example\"\nask = [\"client\"]", 3,
      "unknown key 'ask' in [zone[0]]; did you mean 'asks'?"
    ),
    ("[[zone]]\nname = \"bl.example\"", 1, "zone[0].asks"),
    ("[[zone]]\nasks = [\"client\"]", 1, "zone[0].name: a list has a name"),
    ("[[zone]]\nname = \"b l\"\nasks = [\"client\"]", 2, "not a domain name"),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\", \"body\"]", 3,
      "zone[0].asks: expected one of client"
    ),
    ("[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = \"6\"", 4, "zone[0].weight"),
    ("[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = -1", 4, "kind = \"allow\""),
    ("[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nkind = \"allow\"\nweight = 1", 5, "negative"),
    ("[[zone]]\nname = \"bl.example\"\nasks = [\"helo\"]\nkind = \"allow\"", 4, "can be forged"),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n[zone.answers]\n\"127.0.0.2-1\" = \"x\"", 5,
      "not an answer"
    ),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n[zone.answers]\n\"10.0.0.2\" = \"x\"", 5,
      "outside 127.0.0.0/8"
    ),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n[zone.answers]\n\"127.0.0.2\" = { mean = \"x\" }",
      5,
      "unknown key 'mean'"
    ),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n[zone.answers]\n\"127.0.0.2\" = { weight = 1 }",
      5,
      "means is missing"
    ),
    (
      "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\n[[zone]]\nname = \"BL.example\"\nasks = [\"client\"]",
      5, "already"
    ),
    ("[[zones]]\nname = \"bl.example\"", 1, "unknown key 'zones'"),
    ("[zone]\nname = \"bl.example\"", 1, "[[zone]]"),
    ("[[zone]]\nname = \"bl.example\nasks = 1", 2, "TOML"),
    (
      "[[zone]]\nname = \"{key}.bl.example\"\nasks = [\"client\"]\nlabel = \"x\"", 2, "{key} stands for a key"
    ),
    ("[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nkey = \"abc\"", 4, "no {key} in its name"),
    ("[[zone]]\nname = \"{key}.bl.example\"\nkey = \"abc\"\nasks = [\"client\"]", 2, "needs a label"),
    ("[[zone]]\nname = \"a1b2c3d4e5f6g7h8i9j0.bl.example\"\nasks = [\"client\"]", 2, "looks like a key"),
    (
      "[[zone]]\nname = \"{key}.bl.example\"\nlabel = \"x\"\nkey_file = \"none\"\nasks = [\"client\"]", 4,
      "cannot be read"
    ),
  ])
  func whatIsWrongIsSaidWithItsPlace(_ text: String, _ line: Int, _ words: String) throws {
    let (_, problems) = read(text)
    #expect(
      problems.contains { $0.hasPrefix("zones.toml:\(line):") && $0.contains(words) }, "\(problems)")
  }

  /// Neither problems nor anything that is shown says a key.
  @Test func aKeyIsSaidNowhere() throws {
    let key = "s3cr3ts3cr3ts3cr3t"
    for text in [
      "name = \"{key}.bl.example\"\nkey = \"\(key)\"\nasks = [\"client\"]",
      "name = \"{key}.bl.example\"\nkey = \"\(key) \(key)\"\nlabel = \"x\"\nasks = [\"client\"]",
      "name = \"{key}.bl.example\"\nkey = \"\(key)\"\nlabel = \"my \(key)\"\nasks = [\"client\"]",
      "name = \"\(key).bl.example\"\nasks = [\"client\"]",
      "name = \"{key}.bl.example\"\nkey = [\"\(key)\"]\nlabel = \"x\"\nasks = [\"client\"]",
      "name = \"{key}.bl.example\"\nkey = \"\(key)\"\nkey_file = \"f\"\nlabel = \"x\"\nasks = [\"client\"]",
      "name = \"{key}.bl.example\"\nkey_file = \"\(key)\"\nlabel = \"x\"\nasks = [\"client\"]",
    ] {
      let (_, problems) = read("[[zone]]\n" + text)
      #expect(!problems.isEmpty && !problems.joined().contains("s3cr3t"), "\(problems)")
    }
    let (zones, problems) = read(
      "[[zone]]\nname = \"{key}.bl.example\"\nkey_file = \"f\"\nlabel = \"x\"\nasks = [\"client\"]"
    ) { $0 == "f" ? "\n  \(key)  # mine\n" : nil }
    #expect(problems.isEmpty && zones.all.map(\.label) == ["x"])
    // Whatever is written wrong around it.
    let whole =
      "[[zone]]\nname = \"{key}.bl.example\"\nkey = \"\(key)\"\nlabel = \"x\"\nasks = [\"client\"]\n"
    for place in whole.indices {
      for other in ["", "\"", "\n", "=", "\u{7}"] {
        let (_, problems) = read(whole.replacingCharacters(in: place...place, with: other))
        #expect(!problems.joined().contains("s3cr3t"), "\(problems)")
      }
    }
  }

  /// As a list's own words repeat it: whole or twice, in whatever letters, at whatever place.
  @Test func aKeyIsTakenOutOfAListsOwnWords() async throws {
    let key = "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3"
    let (zones, problems) = read(
      "[[zone]]\nname = \"{key}.bl.example\"\nkey = \"\(key)\"\nlabel = \"x\"\nasks = [\"client\"]")
    #expect(problems.isEmpty)
    let address = try #require(IPAddress("203.0.113.9"))
    for (text, shown) in [
      ("see https://x.example/\(key)/9", "see https://x.example/***/9"),
      ("9.\(key.uppercased()).bl.example", "9.***"),
      (String(repeating: key, count: 60), String(repeating: "***", count: 60)),
      (String(repeating: "y", count: 190) + key, String(repeating: "y", count: 190) + "***"),
    ] {
      var names = try table(["9.113.0.203.\(key).bl.example 127.0.0.4"])
      names.add(try #require(DNSName("9.113.0.203.\(key).bl.example")), .txt, .text(Array(text.utf8)))
      let listings = await zones.listings(of: address, Lookups(names, until: .now + .seconds(5))).listings
      #expect(listings.first?.reason == shown, "\(listings)")
    }
  }

  // MARK: Health

  @Test func testPointsTellHowAListIs() async throws {
    let client = "asks = [\"client\"]\n"
    #expect(try await probe(client, "2.0.0.127.bl.example 127.0.0.2") == .well)
    #expect(try await probe(client) == .sick("does not list its test point 2.0.0.127"))
    #expect(
      try await probe(client, "2.0.0.127.bl.example 127.0.0.2", "1.0.0.127.bl.example 127.0.0.2")
        == .sick("lists 1.0.0.127 as 127.0.0.2, which is never listed: it would list everybody"))
    #expect(
      try await probe(client, "2.0.0.127.bl.example 127.255.255.254", "1.0.0.127.bl.example 127.255.255.254")
        == .sick("answers 127.255.255.254 (the list refuses the question)"))
    // A parked domain answers everything with the address of a page.
    #expect(
      try await probe(client, "2.0.0.127.bl.example 203.0.113.1", "1.0.0.127.bl.example 203.0.113.1")
        == .sick("answers 203.0.113.1 (outside 127.0.0.0/8: not an answer of a list)"))
    #expect(try await probe(client, "2.0.0.127.bl.example TIMEOUT") == .silent("timeout"))
    #expect(try await probe(client, "2.0.0.127.bl.example FAIL") == .silent("SERVFAIL"))
    // Lists of domains, of IPv6 alone, of hashes, and those with points of their own.
    #expect(try await probe("asks = [\"urls\"]", "test.bl.example 127.0.0.2") == .well)
    #expect(
      try await probe("asks = [\"urls\"]", "test.bl.example 127.0.0.2", "invalid.bl.example 127.0.0.2")
        != .well)
    #expect(
      try await probe(
        client + "ipv4 = false\nipv6 = true",
        "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example 127.0.0.2") == .well)
    #expect(try await probe("asks = [\"address_hash\"]") == .well)
    #expect(
      try await probe(
        "asks = [\"sender\"]\ntest_listed = \"dbltest.com\"", "dbltest.com.bl.example 127.0.1.2")
        == .well)
    #expect(try await probe(client + "test_listed = \"none\"") == .well)
    let resolver = NoResolver()
    let (zones, _) = read("[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]")
    #expect(await zones.all[0].probe(Lookups(resolver, until: .now)) == .unknown)
  }

  @Test func aSickListSaysSoOnceAndComesBack() {
    let state = ZoneState()
    let said = Said()
    state.observe { said.append($0 ?? "well") }
    #expect(state.isUsable && state.health == .unknown)
    state.getWell()
    #expect(said.all.isEmpty)
    state.fallSick("a")
    state.fallSick("b")
    #expect(!state.isUsable && said.all == ["a"])
    state.getWell()
    state.getWell()
    #expect(state.isUsable && said.all == ["a", "well"])
    // A later generation of the configuration knows what the earlier one knew.
    let text = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = "
    let (old, _) = read(text + "1")
    let (new, _) = read(text + "2")
    old.all[0].state.fallSick("x")
    new.follow(old)
    #expect(new.all[0].state.health == .sick("x") && !new.all[0].state.isUsable)
  }

  /// A list that was emptied or lists everybody must not judge the first messages.
  @Test func aListIsNotAskedBeforeItWasSeenToBeWell() {
    let state = ZoneState()
    let said = Said()
    state.observe { said.append($0 ?? "well") }
    state.holdBack()
    #expect(!state.isUsable && state.health == .awaited)
    let text = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = "
    let (old, _) = read(text + "1")
    let (new, _) = read(text + "2")
    old.all[0].state.holdBack()
    new.follow(old)
    #expect(!new.all[0].state.isUsable)
    state.getWell()
    #expect(state.isUsable && said.all.isEmpty)
    // What was seen stays seen.
    state.holdBack()
    #expect(state.isUsable && state.health == .well)
    new.all[0].state.fallSick("x")
    new.all[0].state.holdBack()
    #expect(new.all[0].state.health == .sick("x"))
  }

  /// An error that a list answers to mail switches it off at once; while it is off, it is not asked.
  @Test func anErrorInMailSwitchesItOff() async throws {
    let text = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = 5"
    let (zones, _) = read(text)
    var gateway = try GatewayConfiguration(backends: [.init(port: 1)], listeners: [.init(port: 2)])
    gateway.settings = [:]
    let settings = try #require(Settings.read(text: gateway.toml(folder: "/tmp"), file: "weir.toml").settings)
    var materials = CheckMaterials(
      lists: .empty, relay: RelayControl(domains: settings.relay.domains, networks: []), settings: settings)
    materials.resolves = true
    materials.zones = zones
    let (plan, scores, _) = Catalogue.plan(materials)
    func findings(_ address: String, _ records: [String]) async throws -> [String] {
      let facts = ConnectFacts(
        address: try #require(IPAddress(address)), port: 1, listener: "x", isRelayNetwork: false,
        time: .init(milliseconds: 0))
      let lookups = Lookups(try table(records), until: .now + .seconds(5))
      let found = await CheckPlan.examineWaiting(plan.connect, facts, at: .connect, scores: scores, lookups)
      return found.filter { $0.finding.code.name.hasPrefix("DNSBL") }.map(\.logForm)
    }
    let listed = "7.2.0.192.bl.example 127.0.0.2"
    #expect(try await findings("192.0.2.7", [listed]) == ["DNSBL_LISTED(bl.example=127.0.0.2;5.0)"])
    #expect(
      try await findings("192.0.2.8", ["8.2.0.192.bl.example 127.255.255.255"])
        == ["DNSBL_UNAVAILABLE(bl.example=127.255.255.255 (the list refuses the question))"])
    #expect(try await findings("192.0.2.7", [listed]) == ["DNSBL_UNAVAILABLE(bl.example=off)"])
    let counts = zones.all[0].state.counts
    #expect(counts.asked == 2 && counts.listed == 1 && counts.failed == 1)
    zones.all[0].state.getWell()
    #expect(try await findings("192.0.2.7", [listed]) == ["DNSBL_LISTED(bl.example=127.0.0.2;5.0)"])
  }

  @Test func ownAddressesAreFoundInListsOfBadSenders() async throws {
    let (zones, problems) = read(
      """
      [[zone]]
      name = "bl.example"
      asks = ["client"]
      removal = "https://bl.example/remove"
      [[zone]]
      name = "wl.example"
      kind = "allow"
      asks = ["client"]
      [[zone]]
      name = "slow.example"
      asks = ["client"]
      """)
    #expect(problems.isEmpty)
    var names = try table([
      "9.113.0.203.bl.example 127.0.0.4", "9.113.0.203.wl.example 127.0.0.2",
      "9.113.0.203.slow.example TIMEOUT",
    ])
    names.add(try #require(DNSName("9.113.0.203.bl.example")), .txt, .text(Array("spam \u{7}seen".utf8)))
    let address = try #require(IPAddress("203.0.113.9"))
    let found = await zones.listings(of: address, Lookups(names, until: .now + .seconds(5)))
    #expect(found.unknown == ["slow.example"])
    #expect(found.listings.map(\.label) == ["bl.example"] && found.listings.map(\.codes) == ["127.0.0.4"])
    #expect(
      found.listings.first?.reason == "spam \\x07seen"
        && found.listings.first?.removal == "https://bl.example/remove")
  }
}

/// One's own addresses, where a list says nothing.
@Suite struct SilentListTests {
  /// One zone says nothing until another was asked; where nobody asks another meanwhile, the time is up for all.
  private final class HalfSilent: Resolver {
    private enum State {
      case nobodyElse, other, over
    }

    let table: DNSTable
    let silent: DNSName
    private let state = Mutex(State.nobodyElse)

    init(table: DNSTable, silent: DNSName) {
      self.table = table
      self.silent = silent
    }

    func remembered(_ question: DNSQuestion) -> DNSAnswer? { nil }

    func resolve(_ question: DNSQuestion, until deadline: ContinuousClock.Instant) async -> DNSAnswer {
      guard question.name.isWithin(silent) else {
        let isOver = state.withLock {
          if $0 == .nobodyElse { $0 = .other }
          return $0 == .over
        }
        return isOver ? .failed(.timeout) : table.remembered(question) ?? .noName
      }
      for _ in 0..<300 where state.withLock({ $0 == .nobodyElse }) {
        try? await Task.sleep(for: .milliseconds(10))
      }
      state.withLock { if $0 == .nobodyElse { $0 = .over } }
      return .failed(.timeout)
    }
  }

  @Test func aSilentListLeavesTheOthersTheirTime() async throws {
    let (zones, problems) = DNSZones.read(
      text: """
        [[zone]]
        name = "silent.example"
        asks = ["client"]
        [[zone]]
        name = "bl.example"
        asks = ["client"]
        """, file: "zones.toml")
    #expect(problems.isEmpty)
    var table = DNSTable()
    let listed = try #require(IPAddress("127.0.0.4"))
    table.add(try #require(DNSName("9.113.0.203.bl.example")), .a, .address(listed))
    let resolver = HalfSilent(table: table, silent: try #require(DNSName("silent.example")))
    let address = try #require(IPAddress("203.0.113.9"))
    let found = await zones.listings(
      of: address, Lookups(resolver, until: .now + .seconds(60)))
    #expect(found.listings.map(\.label) == ["bl.example"] && found.unknown == ["silent.example"])
  }
}

/// What an observer heard.
private final class Said: Sendable {
  private let words = Mutex<[String]>([])
  func append(_ word: String) { words.withLock { $0.append(word) } }
  var all: [String] { words.withLock { $0 } }
}
